"""Formats values as Markdown; names from files are escaped."""

import re
from collections.abc import Sequence
from typing import Any

from geoself_jax.core.errors import one_line

# ASCII punctuation that Markdown, its tables or its automatic links can take for markup. An
# underscore between letters and a colon or a dot within a name are none.
_MARKUP = re.compile(
    r"[!\"#$%&'*+/;<=>?@\[\\\]^`{|}~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=www)\.|:(?=/)", re.I
)


def text(value: Any) -> str:
    """Formats a value as one line: control characters removed, markup escaped by a backslash."""
    line = one_line(value)
    return _MARKUP.sub(lambda found: "\\" + found[0], line)


def figure(value: float | None, digits: int = 1) -> str:
    """Formats a number; a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int = 0) -> list[str]:
    """Returns the lines of a table whose last `numbers` columns are right-aligned."""
    rule = ["---"] * (len(heads) - numbers) + ["---:"] * numbers
    return ["| " + " | ".join(cells) + " |" for cells in (heads, rule, *rows)]
