"""Tables of numbers as text, both ways."""

import math
from collections.abc import Sequence
from typing import IO

import numpy as np

from geoself_jax.errors import data_error

_CHUNK = 4096  # rows whose text is held at a time


def write_rows(
    stream: IO[str], table: np.ndarray, formats: Sequence[str], between: str, missing: str
) -> None:
    """Writes a line a row.

    Args:
        stream: Where to.
        table: (rows, columns); NaN where missing.
        formats: `%.6f` and the like, one a column.
        between: Stands between two cells.
        missing: Stands for a missing number.
    """
    line = between.join(formats) + "\n"
    for start in range(0, len(table), _CHUNK):
        rows = table[start : start + _CHUNK].tolist()
        stream.write("".join([line % tuple(row) for row in rows]).replace("nan", missing))


def read_rows(source: str, first: int, lines: Sequence[Sequence[str]], columns: int) -> np.ndarray:
    """(rows, columns) float64 of lines already split into cells; an empty cell is NaN.

    Args:
        source: The file, for messages.
        first: Number of the first line in the file.
        lines: Their cells; empty cells beyond the last column do not count.
        columns: Number of columns.

    Raises:
        GeoselfError: A line has more or fewer cells, a cell is no number (65).
    """
    table = np.empty((len(lines), columns))
    for row, cells in enumerate(lines):
        if len(cells) != columns and (len(cells) < columns or any(cells[columns:])):
            raise data_error(
                f"{source}, line {first + row}",
                f"{len(cells)} cells, wanted {columns}",
                "write it again",
            )
        try:
            table[row] = [float(cell) if cell else math.nan for cell in cells[:columns]]
        except ValueError as error:
            raise data_error(
                f"{source}, line {first + row}", str(error)[:90], "mend the cell, or leave it empty"
            ) from error
    return table
