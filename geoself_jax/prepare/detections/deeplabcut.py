"""DeepLabCut's .h5 (pandas) and .csv: a row per frame, columns x, y, likelihood of each body part.

Columns are named (scorer, body part, coordinate), with several animals (scorer, individual, body
part, coordinate): an individual is a track. A row's label is its frame number, from 0, or the
image's name, which ends in it.
"""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.prepare.detections.deeplabcut_tables import (
    COORDS,
    VARIANCES,
    Column,
    Table,
    pandas_tables,
    read_table,
)
from geoself_jax.prepare.detections.edges_above import edges_above
from geoself_jax.prepare.detections.named_joints import named_joints
from geoself_jax.prepare.detections.rows import (
    LAST_FRAME,
    frame_number,
    instances_of,
    nobody,
)
from geoself_jax.prepare.detections.variances import with_confidence
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances

H5 = (".h5", ".hdf5", ".hdf")
MAGIC = "HDF\r\n\x1a\n"
SINGLE = "single"
"""DeepLabCut's individual that holds the body parts which are there once (a corner of the box)."""


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if path.suffix.lower() in H5 and MAGIC in head(path):
        names = set(pandas_tables(path, 1 << 32)) if path.stat().st_size < 1 << 32 else set()
        return "an HDF5 file of a pandas table" if names else None
    if path.suffix.lower() == ".csv" and head(path).startswith("scorer,"):
        return "a csv whose first row is the scorer"
    return None


def read(
    path: Path,
    *,
    skeleton: Skeleton | None = None,
    max_bytes: int = 1 << 32,
    deviation_px: float | None = None,
) -> Instances:
    """The people in every frame.

    Args:
        path: The file.
        skeleton: Of the body parts to take, by name; None where they are a known skeleton's, or a
            project's configuration above the file joins them (`edges_above`).
        max_bytes: Refuse files that are larger.
        deviation_px: Deviation of a good joint, px, where confidences are to be those of the
            variances; None where the likelihood is it, if there is one.

    Raises:
        GeoselfError: Not such a file; body parts of no known skeleton; no variances that are
            asked for (65).
    """
    table = read_table(path, max_bytes, variances=deviation_px is not None)
    numbers, all_frames, note = _numbers(path, table.labels, len(table.values))
    notes = [note] if note else []
    if table.others:
        notes.append(f"{path}: columns {', '.join(table.others[:8])} are left out")
    _check_once(path, table.columns)
    for sure in (functools.partial(with_confidence, deviation_px=deviation_px), _sure):
        table, said = sure(path, table)
        notes += said
    by_individual, said = _individuals(path, table.columns)
    notes += said
    parts = next(iter(by_individual.values()), [])
    if not parts:
        raise nobody(str(path))
    kept, order, said = named_joints(str(path), parts, skeleton, lambda: edges_above(path, parts))
    parts = [parts[joint] for joint in order]
    notes += said
    place = {column: number for number, column in enumerate(table.columns)}
    rows, frame, tracks = [], [], []
    for individual in by_individual:
        found = table.values[:, [_picked(path, place, individual, part) for part in parts]]
        there = np.flatnonzero(np.isfinite(found[..., :2]).all(-1).any(-1))
        rows.append(found[there])
        frame.append(numbers[there])
        tracks += [individual[-1] if individual else ""] * len(there)
    read = instances_of(
        str(path),
        np.concatenate(frame),
        np.concatenate(rows),
        tracks if len(by_individual) > 1 else None,
        int(numbers.max(initial=-1)) + 1,
        kept,
        notes,
    )
    return dataclasses.replace(read, first=int(numbers.min())) if all_frames else read


def _check_once(path: Path, columns: Sequence[Column]) -> None:
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise data_error(
            f"{path}: two columns of {', '.join(twice)}",
            "wanted one scorer's, once",
            "write a file for each scorer",
        )


def _sure(path: Path, table: Table) -> tuple[Table, list[str]]:
    """With a likelihood of 1 for each part if no column is one, as in hand labels."""
    scores = [i for i, column in enumerate(table.columns) if column[-1] == COORDS[2]]
    if scores and table.values.size and np.isnan(table.values[:, scores]).all():
        smoothed = any(set(pair) <= set(table.others) for pair in VARIANCES)
        raise data_error(
            f"{path}: no likelihood at all, its columns are empty",
            "sleap-io's tables for DeepLabCut lack the scores",
            "take its variances: --confidence-from=variance"
            if smoothed
            else "give the .slp, or the analysis: sleap-convert --format analysis",
        )
    if not table.columns or scores:
        return table, []
    parts = [column[:-1] for column in table.columns if column[-1] == COORDS[0]]
    places = [table.columns.index((*part, axis)) for part in parts for axis in COORDS[:2]]
    place = table.values[:, places].reshape(len(table.values), len(parts), 2)
    sure = np.where(np.isfinite(place).all(-1), 1.0, np.nan)
    columns = [*table.columns, *((*part, COORDS[2]) for part in parts)]
    note = f"{path}: no likelihood, as in labels placed by hand: all confidences are 1"
    return table._replace(columns=columns, values=np.hstack([table.values, sure])), [note]


def _individuals(
    path: Path, columns: Sequence[Column]
) -> tuple[dict[Column, list[str]], list[str]]:
    """Body parts of each individual; those that are there once are no animal's."""
    found: dict[Column, dict[str, None]] = {}
    for column in columns:
        found.setdefault(column[:-2], {})[column[-2]] = None
    parts = {individual: list(names) for individual, names in found.items()}
    alone = parts.get((SINGLE,), [])
    if len(parts) < 2 or alone in [names for key, names in parts.items() if key != (SINGLE,)]:
        return parts, []
    notes = []
    if parts.pop((SINGLE,), None):
        notes = [f"{path}: {', '.join(alone[:8])} of {SINGLE!r} are left out: no animal's parts"]
    return parts, notes


def _picked(path: Path, place: dict[Column, int], individual: Column, part: str) -> tuple[int, ...]:
    """The columns of a body part's x, y and likelihood."""
    picked = tuple(place.get((*individual, part, coord), -1) for coord in COORDS)
    if -1 in picked:
        of = f" of {individual[-1]}" if individual else ""
        raise data_error(
            f"{path}: body part {part}{of} has no {COORDS[picked.index(-1)]}",
            "wanted x, y and likelihood, as DeepLabCut writes",
            "write the file again",
        )
    return picked


def _numbers(path: Path, labels: Any, rows: int) -> tuple[np.ndarray, bool, str]:
    """Frame number of each row, whether all frames have one, and what was assumed (or empty)."""
    whole = isinstance(labels, np.ndarray) and labels.dtype.kind in "iu"
    if not whole or labels.shape != (rows,):
        return _image_numbers(path, labels, rows)
    found, count = np.unique(labels, return_counts=True)
    far = rows and found[-1] > LAST_FRAME  # may be none of int64's
    if rows and (found[0] < 0 or far or (count > 1).any()):
        bad = found[0] if found[0] < 0 else found[-1] if far else found[count > 1][0]
        how = "is negative" if bad < 0 else "is too large" if far else "has two rows"
        raise data_error(
            f"{path}: frame {bad} {how}",
            f"wanted one row per frame, from 0 to {LAST_FRAME}",
            "write the file again",
        )
    return labels.astype(np.int64), True, ""


def _image_numbers(path: Path, labels: Any, rows: int) -> tuple[np.ndarray, bool, str]:
    """Frame numbers by the images' names; rows are counted where these have none.

    Labelled images are some of the video's frames.
    """
    plain = labels.tolist() if isinstance(labels, np.ndarray) else labels
    names = plain if isinstance(plain, list) and len(plain) == rows else []
    images = [
        PurePosixPath("/".join(map(str, name)) if isinstance(name, tuple) else str(name))
        for name in names
    ]
    folders = list(dict.fromkeys(image.parent.name for image in images))
    if len(folders) > 1:
        raise data_error(
            f"{path}: images of {len(folders)} videos, {', '.join(folders[:4])}",
            "a file holds the frames of one camera",
            "write one file per camera",
        )
    numbers = [frame_number(image.name) for image in images]
    known = [number for number in numbers if number is not None]
    if known and len(set(known)) == rows:
        note = f"{path}: frames are numbered by the images, as {images[0].name}"
        return np.array(known), False, note
    return np.arange(rows), True, f"{path}: rows have no frame numbers, they are counted from 0"
