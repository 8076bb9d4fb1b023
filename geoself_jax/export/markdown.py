"""Markdown from values: names from files stay text, whatever they hold."""

import re
from collections.abc import Sequence
from typing import Any

# ASCII punctuation that Markdown, its tables or its automatic links can take for markup. An
# underscore between letters and a colon or a dot within a name are none.
_MARKUP = re.compile(
    r"[!\"#$%&'*+/;<=>?@\[\\\]^`{|}~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=www)\.|:(?=/)", re.I
)


def text(value: Any) -> str:
    """A value as text of one line: control characters gone, markup escaped by a backslash."""
    line = "".join(c if c.isprintable() else " " for c in str(value))
    return _MARKUP.sub(lambda found: "\\" + found[0], line)


def figure(value: float | None, digits: int = 1) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int = 0) -> list[str]:
    """Lines of a table, its last columns to the right where they hold numbers."""
    rule = ["---"] * (len(heads) - numbers) + ["---:"] * numbers
    return ["| " + " | ".join(cells) + " |" for cells in (heads, rule, *rows)]
