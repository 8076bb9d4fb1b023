"""DeepLabCut's .h5 (pandas) and .csv: a row per frame, columns x, y, likelihood of each body part.

Columns are named (scorer, body part, coordinate), with several animals (scorer, individual, body
part, coordinate): an individual is a track. A row's label is its frame number, from 0; rows
with other labels (image names) are counted.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_hdf5, load_text
from geoself_jax.prepare.detections.rows import csv_lines, head, instances_of, skeleton_of_names
from geoself_jax.prepare.instances import Instances

H5 = (".h5", ".hdf5", ".hdf")
MAGIC = "HDF\r\n\x1a\n"
_COLUMNS = "non_index_axes"
_COORDS = ("x", "y", "likelihood")

Column = tuple[str, ...]
Table = tuple[list[Column], np.ndarray, Any]
"""Columns, (rows, columns) values, label of each row."""


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if path.suffix.lower() in H5 and MAGIC in head(path):
        names = set(_tables(path, 1 << 32)) if path.stat().st_size < 1 << 32 else set()
        return "an HDF5 file of a pandas table" if names else None
    if path.suffix.lower() == ".csv" and head(path).startswith("scorer,"):
        return "a csv whose first row is the scorer"
    return None


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame.

    Args:
        path: The file.
        skeleton: Of the body parts, in the file's order; None where they are a known skeleton's.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such a file; body parts of no known skeleton (65).
    """
    if path.suffix.lower() == ".csv":
        columns, values, labels = _from_csv(path, max_bytes)
    else:
        columns, values, labels = _from_table(path, max_bytes)
    numbers = _numbers(path, labels, len(values))
    individuals = list(dict.fromkeys(column[:-2] for column in columns))
    parts = list(dict.fromkeys(column[-2] for column in columns))
    kept = skeleton_of_names(str(path), parts, skeleton)
    place = {column: number for number, column in enumerate(columns)}
    rows, frame, tracks = [], [], []
    for individual in individuals:
        found = values[:, [_picked(path, place, individual, part) for part in parts]]
        there = np.flatnonzero(np.isfinite(found[..., :2]).all(-1).any(-1))
        rows.append(found[there])
        frame.append(numbers[there])
        tracks += [individual[-1] if individual else ""] * len(there)
    return instances_of(
        str(path),
        np.concatenate(frame),
        np.concatenate(rows),
        tracks if len(individuals) > 1 else None,
        len(values),
        kept,
    )


def _picked(path: Path, place: dict[Column, int], individual: Column, part: str) -> tuple[int, ...]:
    """The columns of a body part's x, y and likelihood."""
    picked = tuple(place.get((*individual, part, coord), -1) for coord in _COORDS)
    if -1 in picked:
        of = f" of {individual[-1]}" if individual else ""
        raise data_error(
            f"{path}: body part {part}{of} has no {_COORDS[picked.index(-1)]}",
            "wanted x, y and likelihood, as DeepLabCut writes",
            "write the file again",
        )
    return picked


def _numbers(path: Path, labels: Any, rows: int) -> np.ndarray:
    """Frame number of each row."""
    whole = isinstance(labels, np.ndarray) and labels.dtype.kind in "iu"
    if not whole or labels.shape != (rows,):
        return np.arange(rows)
    found, count = np.unique(labels, return_counts=True)
    if rows and (found[0] < 0 or (count > 1).any()):
        bad = found[0] if found[0] < 0 else found[count > 1][0]
        raise data_error(
            f"{path}: frame {bad} {'is negative' if bad < 0 else 'has two rows'}",
            "wanted one row per frame, from 0",
            "write the file again",
        )
    return labels


def _tables(path: Path, max_bytes: int) -> dict[str, dict[str, Any]]:
    """The pandas frames of an HDF5 file, by key."""
    tree = load_hdf5(path, pickled_attributes=(_COLUMNS,), max_bytes=max_bytes)
    if not isinstance(tree, dict):
        return {}
    return {
        key: found
        for key, found in tree.items()
        if isinstance(found, dict) and str(found.get("@pandas_type")) in ("frame", "frame_table")
    }


def _from_table(path: Path, max_bytes: int) -> Table:
    tables = _tables(path, max_bytes)
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
    return *_checked(path, columns, values), labels


def _appendable(table: dict[str, Any]) -> tuple[Sequence[Any], np.ndarray, Any]:
    rows = table["table"]
    return table["@" + _COLUMNS][0][1], rows["values_block_0"], rows["index"]


def _fixed(table: dict[str, Any]) -> tuple[Sequence[Any], np.ndarray, Any]:
    levels = range(int(table["@block0_items_nlevels"]))
    named = [
        table[f"block0_items_level{i}"][np.asarray(table[f"block0_items_label{i}"])] for i in levels
    ]
    return list(zip(*named, strict=True)), table["block0_values"], table["axis1"]


def _checked(
    path: Path, columns: list[Column], values: np.ndarray
) -> tuple[list[Column], np.ndarray]:
    """Columns without the scorer, and their values."""
    whole = values.ndim == 2 and values.shape[1] == len(columns)
    if not whole or not columns or not all(len(column) in (3, 4) for column in columns):
        raise data_error(
            f"{path}: {len(columns)} columns named, values of shape {values.shape}",
            "wanted (scorer, body part, coordinate) for each",
            "check the file",
        )
    return [column[1:] for column in columns], values


def _from_csv(path: Path, max_bytes: int) -> Table:
    lines = csv_lines(path, load_text(path, max_bytes=max_bytes))
    heads = [line for line in lines[:4] if line and line[0] in _CSV_HEADS]
    if [line[0] for line in heads] not in (_CSV_HEADS[:1] + _CSV_HEADS[2:], list(_CSV_HEADS)):
        raise data_error(
            f"{path}: its first rows are not scorer, (individuals,) bodyparts, coords",
            "DeepLabCut writes them so",
            "check the file",
        )
    width = len(heads[0])
    columns = list(zip(*(line[1:] for line in heads), strict=False))
    values = np.empty((len(lines) - len(heads), width - 1))
    for number, line in enumerate(lines[len(heads) :]):
        try:
            cells = [float(cell) if cell else np.nan for cell in line[1:]]
            values[number] = np.reshape(cells, width - 1)
        except ValueError as error:
            raise data_error(
                f"{path}: line {number + len(heads) + 1} has {len(line) - 1} cells ({error})",
                f"wanted {width - 1} numbers",
                "write the file again",
            ) from error
    labels = [line[0] for line in lines[len(heads) :]]
    whole = all(label.isdecimal() and len(label) < 16 for label in labels)
    return *_checked(path, columns, values), np.array(labels, np.int64) if whole else labels


_CSV_HEADS = ["scorer", "individuals", "bodyparts", "coords"]
