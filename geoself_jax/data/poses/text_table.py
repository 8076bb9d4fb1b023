"""Tables of numbers as text, both ways."""

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import IO

import numpy as np

from geoself_jax.core.errors import data_error

_CHUNK = 4096  # rows whose text is held at a time
_LARGEST = 1e12  # frames, seconds or units of length


def write_rows(
    stream: IO[str], table: np.ndarray, formats: Sequence[str], between: str, missing: str
) -> None:
    """Writes a line a row.

    Args:
        stream: Where to.
        table: (rows, columns); NaN where missing.
        formats: `%.6f` and the like, one a column.
        between: Stands between two cells.
        missing: Text of a missing number.
    """
    line = between.join(formats) + "\n"
    for start in range(0, len(table), _CHUNK):
        rows = table[start : start + _CHUNK].tolist()
        stream.write("".join([line % tuple(row) for row in rows]).replace("nan", missing))


def read_rows(source: str, rows: Iterable[tuple[int, Sequence[str]]], columns: int) -> np.ndarray:
    """(rows, columns) float64; an empty cell is NaN.

    Args:
        source: The file, for messages.
        rows: Number of the line in the file, and its cells; empty cells beyond the last column do
            not count.
        columns: Number of columns.

    Raises:
        GeoselfError: A line has more or fewer cells, a cell is no number or too large (65).
    """
    values = array("d")
    for line, cells in rows:
        if len(cells) != columns and (len(cells) < columns or any(cells[columns:])):
            why = f"{len(cells)} cells, wanted {columns}"
            raise data_error(f"{source}, line {line}", why, "write it again")
        try:
            values.extend([float(cell) if cell else math.nan for cell in cells[:columns]])
        except ValueError as error:
            raise data_error(
                f"{source}, line {line}", str(error)[:90], "fix the cell, or leave it empty"
            ) from error
    table = np.array(values).reshape(-1, columns)
    wild = np.argwhere(np.abs(table) > _LARGEST)
    if len(wild):
        row, column = wild[0]
        raise data_error(
            f"{source}, row {row + 1}, column {column + 1}: {table[row, column]:g}",
            "no such place or time",
            "fix the cell, or leave it empty",
        )
    return table
