"""DeepLabCut's .h5 (pandas) and .csv: a row a picture, columns x, y, likelihood of each body part.

Columns are named (scorer, body part, coordinate), with several animals (scorer, individual, body
part, coordinate): an individual is a track.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.data.detections.rows import head, instances_of, skeleton_of_names
from geoself_jax.data.instances import Instances
from geoself_jax.errors import data_error
from geoself_jax.safe_load import load_hdf5, load_text
from geoself_jax.skeleton import Skeleton

H5 = (".h5", ".hdf5", ".hdf")
MAGIC = "HDF\r\n\x1a\n"
_COLUMNS = "non_index_axes"
_COORDS = {"x": 0, "y": 1, "likelihood": 2}

Column = tuple[str, ...]


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if path.suffix.lower() in H5 and MAGIC in head(path):
        names = set(_tables(path, 1 << 32)) if path.stat().st_size < 1 << 32 else set()
        return "an HDF5 file of a pandas table" if names else None
    if path.suffix.lower() == ".csv" and head(path).startswith("scorer,"):
        return "a csv whose first row is the scorer"
    return None


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people of every picture.

    Args:
        path: The file.
        skeleton: Of the body parts, in the file's order; None where they are a known skeleton's.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such a file; body parts of no known skeleton (65).
    """
    if path.suffix.lower() == ".csv":
        columns, values = _from_csv(path, max_bytes)
    else:
        columns, values = _from_table(path, max_bytes)
    individuals = list(dict.fromkeys(column[:-2] for column in columns))
    parts = list(dict.fromkeys(column[-2] for column in columns))
    kept = skeleton_of_names(str(path), parts, skeleton)
    place = {column: number for number, column in enumerate(columns)}
    rows, frame, tracks = [], [], []
    for individual in individuals:
        picked = [
            [place.get((*individual, part, coord), -1) for coord in _COORDS] for part in parts
        ]
        if any(-1 in of_part for of_part in picked):
            raise _odd(path, f"a body part of {individual[-1] if individual else 'the animal'}")
        found = values[:, picked]
        there = np.flatnonzero(np.isfinite(found[..., :2]).all(-1).any(-1))
        rows.append(found[there])
        frame.append(there)
        tracks += [individual[-1] if individual else ""] * len(there)
    return instances_of(
        str(path),
        np.concatenate(frame),
        np.concatenate(rows),
        tracks if len(individuals) > 1 else None,
        len(values),
        kept,
    )


def _odd(path: Path, what: str) -> Exception:
    return data_error(
        f"{path}: {what} lacks x, y or likelihood", "DeepLabCut writes all three", "write it anew"
    )


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


def _from_table(path: Path, max_bytes: int) -> tuple[list[Column], np.ndarray]:
    tables = _tables(path, max_bytes)
    if len(tables) != 1:
        raise data_error(
            f"{path}: {len(tables)} pandas tables", "wanted one, as DeepLabCut writes", "check it"
        )
    table = next(iter(tables.values()))
    try:
        named, values = _appendable(table) if "table" in table else _fixed(table)
        columns = [tuple(str(level) for level in column) for column in named]
        values = np.asarray(values, np.float64)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise data_error(
            f"{path}: a pandas table without the columns of detections ({error})",
            "wanted (scorer, body part, coordinate)",
            "check the file",
        ) from error
    return _checked(path, columns, values)


def _appendable(table: dict[str, Any]) -> tuple[Sequence[Any], np.ndarray]:
    return table["@" + _COLUMNS][0][1], table["table"]["values_block_0"]


def _fixed(table: dict[str, Any]) -> tuple[Sequence[Any], np.ndarray]:
    levels = range(int(table["@block0_items_nlevels"]))
    named = [
        table[f"block0_items_level{i}"][np.asarray(table[f"block0_items_label{i}"])] for i in levels
    ]
    return list(zip(*named, strict=True)), table["block0_values"]


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


def _from_csv(path: Path, max_bytes: int) -> tuple[list[Column], np.ndarray]:
    lines = list(csv.reader(load_text(path, max_bytes=max_bytes).splitlines()))
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
            values[number] = [float(cell) if cell else np.nan for cell in line[1:]]
        except ValueError as error:
            raise data_error(
                f"{path}: line {number + len(heads) + 1} has {len(line) - 1} cells ({error})",
                f"wanted {width - 1} numbers",
                "write the file anew",
            ) from error
    return _checked(path, columns, values)


_CSV_HEADS = ["scorer", "individuals", "bodyparts", "coords"]
