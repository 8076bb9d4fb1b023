"""README, CONTRIBUTING and docs/*.md as a reader sees them: blocks, code, headings, links."""

import re
import shlex
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
_NO_SHELL = ("python", "toml", "json", "{")  # languages of fenced blocks, and MyST's directives


class Block(NamedTuple):
    """A fenced block: its language and its text."""

    language: str
    text: str


@cache
def tokens(text):
    markdown = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")
    return markdown.MarkdownIt("commonmark").enable("table").parse(text)


def inlines(text):
    return [child for token in tokens(text) for child in token.children or ()]


def blocks(text):
    """Fenced blocks, in order."""
    return [Block(t.info.strip(), t.content) for t in tokens(text) if t.type == "fence"]


def shell_blocks(text):
    return [b.text for b in blocks(text) if not b.language.startswith(_NO_SHELL)]


def inline_code(text):
    return [token.content for token in inlines(text) if token.type == "code_inline"]


def links(text):
    """Returns the targets of links and images."""
    found = (token.attrs.get("href") or token.attrs.get("src") for token in inlines(text))
    return [link for link in found if link]


def anchors(text):
    """What GitHub and the site call the headings."""
    found = []
    for token, heading in pairwise(tokens(text)):
        if token.type == "heading_open":
            words = "".join(
                t.content for t in heading.children if t.type in ("text", "code_inline")
            )
            name = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
            again = found.count(name)
            found.append(f"{name}-{again}" if again else name)
    return found


def commands(block):
    """The words of each command of a shell block; lines that end in && or a backslash go on."""
    for line in re.sub(r"(\\|(?<=&&))\n\s*", " ", block).splitlines():
        try:
            words = shlex.split(re.sub(r"(^|\s)#.*", "", line))
        except ValueError:  # what a command prints
            continue
        command = []
        for word in [*words, "&&"]:
            if word == "&&":
                yield command
                command = []
            else:
                command.append(word)


def module_of(words):
    """`python -m MODULE ARGUMENTS` or `geoself VERB ARGUMENTS` as (MODULE, ARGUMENTS), or None."""
    match words:
        case [program, verb, *arguments] if Path(program).name == "geoself":
            return f"geoself_jax.{verb}", [word for word in arguments if word != "..."]
        case [python, "-m", module, *arguments] if Path(python).name in ("python", "python3"):
            return module, [word for word in arguments if word != "..."]
    return None
