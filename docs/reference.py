"""What Sphinx has to know about our docstrings, and two tables that it makes from the package.

Docstrings here are Google's with Markdown's `code`; Sphinx reads reStructuredText.
"""

import ast
import contextlib
import io
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from geoself_jax.runtime import cli

PACKAGE = Path(__file__).parents[1] / "geoself_jax"
_MARKUP = re.compile(r"(?<=\w)_(?!\w)|[*|\\]|--")
_EXAMPLE = re.compile(r"(?m)^(\S.*\n)\n(?= {4}\S)")
_RETURNS = re.compile(r"(?m)^Returns:\n.*$")
_COLON = "\ue000"  # what Napoleon shall not take for the end of a type


def to_restructured_text(docstring: str) -> str:
    """A docstring as Napoleon takes it: `code` is literal, `*`, `|` and `--` mean nothing else.

    Raises:
        ValueError: A backtick that is not closed.
    """
    parts = docstring.split("`")
    if len(parts) % 2 == 0:
        raise ValueError(f"a backtick is not closed in {docstring!r}")
    for i, part in enumerate(parts):
        parts[i] = f"``{part}``" if i % 2 else _MARKUP.sub(_escaped, part)
    return _EXAMPLE.sub(r"\1\n.. code-block:: python\n\n", "".join(parts))


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\{character}" for character in found[0])


def _before_napoleon(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    text = to_restructured_text("\n".join(lines))
    if what in ("data", "attribute"):
        text = text.replace(": ", f"{_COLON} ")
    hidden = _RETURNS.sub(lambda found: "Returns:" + found[0][8:].replace(":", _COLON), text)
    lines[:] = hidden.split("\n")


def _after_napoleon(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    lines[:] = [line.replace(_COLON, ":") for line in lines]


def _on_signature(
    app: Sphinx, what: str, name: str, thing: object, options: object, *signature: str | None
) -> tuple[str | None, ...]:
    return tuple(text and text.replace("jaxlib._jax.Array", "Array") for text in signature)


def _on_member(
    app: Sphinx, what: str, name: str, member: object, skip: bool, options: object
) -> bool | None:
    """Leaves out the fields of named tuples, which their Attributes describe."""
    return True if type(member).__name__ == "_tuplegetter" else None


def _on_missing(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, shown: nodes.TextElement
) -> nodes.reference | None:
    """Finds what a docstring calls by its last name, such as `GeoselfError`."""
    python = env.domains["py"]
    named = [name for name in python.objects if name.endswith(f".{node['reftarget']}")]
    if node["refdomain"] != "py" or len(named) != 1:
        return None
    found = python.resolve_any_xref(env, node["refdoc"], app.builder, named[0], node, shown)
    return found[0][1] if found else None


class ModuleTable(SphinxDirective):
    """Every module of the package, with the first line of its docstring."""

    def run(self) -> list[nodes.Node]:
        """The table's lines, as a definition list."""
        table = nodes.definition_list()
        for path in sorted(PACKAGE.rglob("*.py")):
            self.env.note_dependency(str(path))
            module = path.relative_to(PACKAGE.parent).with_suffix("")
            name = ".".join(part for part in module.parts if part != "__init__")
            said = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
            term = nodes.term("", "", nodes.literal("", name))
            text, _ = self.parse_inline(to_restructured_text(said))
            meaning = nodes.definition("", nodes.paragraph("", "", *text))
            table += nodes.definition_list_item("", term, meaning)
        return [table]


class CommandHelp(SphinxDirective):
    """What `python -m geoself_jax.VERB --help` prints."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The text, as it is printed."""
        main = cli.main_of(self.arguments[0])
        self.env.note_dependency(main.__code__.co_filename)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main(["--help"])
        text = printed.getvalue()
        return [nodes.literal_block(text, text, language="text")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", _after_napoleon, priority=600)
    app.connect("autodoc-process-signature", _on_signature)
    app.connect("autodoc-skip-member", _on_member)
    app.connect("missing-reference", _on_missing)
    app.add_directive("module-table", ModuleTable)
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
