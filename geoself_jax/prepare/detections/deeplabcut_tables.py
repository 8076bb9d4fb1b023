"""DeepLabCut's tables as they lie in the files: columns, values and a label of each row.

Hand labels (CollectedData) have no likelihood, and rows labelled by image: in one column or, since
DeepLabCut 2.2, in three (labeled-data, video, image). Lightning Pose and its smoother add columns
of their own (`set`, `x_ens_median`, ...), which are no part's x, y or likelihood; variances among
them are read where they are asked for, or where no column is a likelihood.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_hdf5, load_text
from geoself_jax.prepare.detections.rows import cell_number, csv_lines

COORDS = ("x", "y", "likelihood")
VARIANCES = (("x_posterior_var", "y_posterior_var"), ("x_ens_var", "y_ens_var"))
"""Variances of x and y that EKS writes, px^2: of what it smoothed, and of the ensemble before."""

_COLUMNS = "non_index_axes"
_CSV_HEADS = ["scorer", "individuals", "bodyparts", "coords"]

Column = tuple[str, ...]


class Table(NamedTuple):
    """One camera's table.

    Attributes:
        columns: (individual,) body part, coordinate.
        values: (rows, columns) float64; NaN where missing.
        labels: (rows,) whole numbers, or paths of images, or neither.
        others: Names of columns that were left out.
        variances: Coordinates among the columns that are variances; empty where none were read.
    """

    columns: list[Column]
    values: np.ndarray
    labels: Any
    others: list[str]
    variances: tuple[str, ...] = ()


def pandas_tables(path: Path, max_bytes: int) -> dict[str, dict[str, Any]]:
    """The pandas frames of an HDF5 file, by key."""
    tree = load_hdf5(path, pickled_attributes=(_COLUMNS,), max_bytes=max_bytes)
    if not isinstance(tree, dict):
        return {}
    return {
        key: found
        for key, found in tree.items()
        if isinstance(found, dict) and str(found.get("@pandas_type")) in ("frame", "frame_table")
    }


def read_table(path: Path, max_bytes: int, *, variances: bool = False) -> Table:
    """The table of a .csv or HDF5 file.

    Args:
        path: The file.
        max_bytes: Refuse files that are larger.
        variances: Whether to read them where there is a likelihood, too.

    Raises:
        GeoselfError: Not such a file (65).
    """
    if path.suffix.lower() == ".csv":
        return _from_csv(path, max_bytes, variances)
    return _from_hdf5(path, max_bytes, variances)


def _from_hdf5(path: Path, max_bytes: int, variances: bool) -> Table:
    tables = pandas_tables(path, max_bytes)
    if len(tables) != 1:
        raise data_error(
            f"{path}: {len(tables)} pandas tables", "wanted one, as DeepLabCut writes", "check it"
        )
    table = next(iter(tables.values()))
    try:
        named, values, labels = _appendable(table) if "table" in table else _fixed(table)
        columns = [tuple(str(level) for level in column) for column in named]
        values = np.asarray(values, np.float64)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise data_error(
            f"{path}: a pandas table without the columns of detections ({error})",
            "wanted (scorer, body part, coordinate)",
            "check the file",
        ) from error
    _check(path, columns, values.shape)
    kept, others, pair = _sorted_out(columns, variances)
    return Table([columns[i][1:] for i in kept], values[:, kept], labels, others, pair)


def _appendable(table: dict[str, Any]) -> tuple[Sequence[Any], np.ndarray, Any]:
    rows = table["table"]
    return table["@" + _COLUMNS][0][1], rows["values_block_0"], rows["index"]


def _fixed(table: dict[str, Any]) -> tuple[Sequence[Any], np.ndarray, Any]:
    labels = table["axis1"] if "axis1" in table else _levels(table, "axis1")
    return _levels(table, "block0_items"), table["block0_values"], labels


def _levels(table: dict[str, Any], axis: str) -> list[tuple[Any, ...]]:
    """The entries of a pandas index of several levels."""
    levels = range(int(table[f"@{axis}_nlevels"]))
    named = [
        np.asarray(table[f"{axis}_level{i}"])[np.asarray(table[f"{axis}_label{i}"])] for i in levels
    ]
    return list(zip(*named, strict=True))


def _check(path: Path, columns: Sequence[Column], shape: tuple[int, ...]) -> None:
    if shape[1:] != (len(columns),) or not columns or not all(len(c) in (3, 4) for c in columns):
        raise data_error(
            f"{path}: {len(columns)} columns named, values of shape {shape}",
            "wanted (scorer, body part, coordinate) for each",
            "check the file",
        )


def _sorted_out(
    columns: Sequence[Column], variances: bool
) -> tuple[list[int], list[str], tuple[str, ...]]:
    """Places of the columns of coordinates, names of the others, and the pair of variances."""
    ends = {column[-1] for column in columns}
    wanted = variances or COORDS[2] not in ends
    pair = next((pair for pair in VARIANCES if wanted and ends.issuperset(pair)), ())
    coords = (*COORDS, *pair)
    kept = [i for i, column in enumerate(columns) if column[-1] in coords and column[-2]]
    others = (next((n for n in c[::-1] if n), "?") for c in columns if c[-1] not in coords)
    return kept, list(dict.fromkeys(others)), pair


def _from_csv(path: Path, max_bytes: int, variances: bool) -> Table:
    lines = csv_lines(path, load_text(path, max_bytes=max_bytes))
    heads = [line for line in lines[:4] if line and line[0] in _CSV_HEADS]
    if [line[0] for line in heads] not in (_CSV_HEADS[:1] + _CSV_HEADS[2:], list(_CSV_HEADS)):
        raise data_error(
            f"{path}: its first rows are not scorer, (individuals,) bodyparts, coords",
            "DeepLabCut writes them so",
            "check the file",
        )
    named = list(zip(*heads, strict=False))
    width = next((i for i, column in enumerate(named[1:], 1) if any(column)), len(named))
    columns, rows = named[width:], lines[len(heads) :]
    _check(path, columns, (len(rows), len(columns)))
    kept, others, pair = _sorted_out(columns, variances)
    values = np.empty((len(rows), len(kept)))
    for number, line in enumerate(rows):
        try:
            if len(line) != len(named):
                twice = len(line) - width == 2 * (len(named) - width)
                raise ValueError("decimal commas?" if twice else "not as many as the first row")
            values[number] = [cell_number(line[width + i]) for i in kept]
        except ValueError as error:
            raise data_error(
                f"{path}: line {number + len(heads) + 1} has {len(line)} cells ({error})",
                f"wanted {len(named)}, numbers after the first {width}",
                "write the file again",
            ) from error
    labels = ["/".join(line[:width]) for line in rows]
    whole = all(label.isdecimal() and len(label) < 16 for label in labels)
    return Table(
        [columns[i][1:] for i in kept],
        values,
        np.array(labels, np.int64) if whole else labels,
        others,
        pair,
    )
