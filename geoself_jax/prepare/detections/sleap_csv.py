"""SLEAP's .csv: a row an instance; track, frame_idx, instance.score, and x, y, score of every node.

SLEAP writes the nodes in the skeleton's order, sleap-io sorts the columns by name, and leaves the
scores out where people placed all. An instance that somebody placed has no score; the prediction it
corrects stays in the file, and only the track says which one that is. sleap-io's own table of
instances has the same columns under other names, after `OF_INSTANCES`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.data.files import load_text
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.prepare.detections.named_joints import named_joints
from geoself_jax.prepare.detections.rows import (
    cell_number,
    csv_lines,
    instances_of,
)
from geoself_jax.prepare.instances import Instances

FIRST = ("track", "frame_idx", "instance.score")
OF_INSTANCES = ("frame_idx", "track", "track_score", "score")
_ENDS = ("x", "y", "score")


def read(path: Path, skeleton: Skeleton | None, max_bytes: int) -> Instances:
    """The animals in every frame.

    Args:
        path: The file.
        skeleton: Of the nodes to take, by name; None where they are a known skeleton's.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such a file; which prediction was corrected is not in it (65).
    """
    lines = _as_sleap(csv_lines(path, load_text(path, max_bytes=max_bytes)))
    nodes, columns = _columns(path, lines[0] if lines else [], skeleton)
    rows, frame, tracks, placed = [], [], [], []
    for number, line in enumerate(lines[1:], 2):
        try:
            if len(line) != len(lines[0]):
                raise ValueError(f"{len(line)} cells")
            cells = [cell_number(line[c]) if c >= 0 else np.nan for c in columns]
            frame.append(int(line[1]))
            if frame[-1] < 0:
                raise ValueError(f"frame {frame[-1]}")
        except ValueError as error:
            raise data_error(
                f"{path}: line {number} ({error})",
                f"wanted track, frame and {3 * len(nodes)} numbers",
                "export the file again",
            ) from error
        rows.append(np.array(cells).reshape(-1, 3))
        tracks.append(line[0] or None)
        placed.append(np.isnan(rows[-1][:, 2]).all())
        if -1 in columns and line[2]:
            raise _not_columns(path)  # predictions whose scores were left out
    kept, order, notes = named_joints(str(path), nodes, skeleton)
    taken = _taken(path, frame, tracks, placed)
    tracks = [tracks[i] for i in taken]
    count = sum(placed)
    note = f"{path}: {count} of {len(taken)} were placed by hand: their confidences are 1"
    return instances_of(
        str(path),
        [frame[i] for i in taken],
        by_hand(np.array([rows[i] for i in taken]))[:, order] if taken else [],
        tracks if any(track is not None for track in tracks) else None,
        0,
        kept,
        [*notes, *([note] if count else [])],
    )


def _as_sleap(lines: list[list[str]]) -> list[list[str]]:
    """The cells in the order of `FIRST`, of sleap-io's table of instances too."""
    if not lines or tuple(lines[0][: len(OF_INSTANCES)]) != OF_INSTANCES:
        return lines
    moved = [[*line[1:2], *line[:1], *line[3:]] for line in lines[1:]]
    return [[*FIRST, *lines[0][len(OF_INSTANCES) :]], *moved]


def by_hand(rows: np.ndarray) -> np.ndarray:
    """(..., joints, 3) x, y, score, with scores of 1 in instances that have places and no score."""
    placed = np.isfinite(rows[..., :2]).all(-1)
    hand = np.isnan(np.where(placed, rows[..., 2], np.nan)).all(-1, keepdims=True)
    rows[..., 2] = np.where(placed & hand, 1, rows[..., 2])
    return rows


def _columns(
    path: Path, header: Sequence[str], skeleton: Skeleton | None
) -> tuple[list[str], list[int]]:
    """The nodes, and the column of x, y and score of each; -1 of a score that no node has."""
    names = list(header[len(FIRST) :])
    nodes = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
    ends = _ENDS if any(name.endswith(".score") for name in names) else _ENDS[:2]
    if not nodes or sorted(names) != sorted(f"{node}.{end}" for node in nodes for end in ends):
        raise _not_columns(path)
    nodes = _in_order(nodes, skeleton)
    place = {name: column for column, name in enumerate(header)}
    return nodes, [place.get(f"{node}.{end}", -1) for node in nodes for end in _ENDS]


def _not_columns(path: Path) -> GeoselfError:
    return data_error(
        f"{path}: its columns are not NODE.x, NODE.y, NODE.score",
        "SLEAP writes them so",
        "export the file again, with scores",
    )


def _in_order(nodes: list[str], skeleton: Skeleton | None) -> list[str]:
    """The nodes in the order of the skeleton that has just these names, if one does."""
    for known in KNOWN_SKELETONS.values() if skeleton is None else (skeleton,):
        place = {normalized(name): number for number, name in enumerate(known.joint_names)}
        if sorted(place) == sorted(normalized(node) for node in nodes):
            return sorted(nodes, key=lambda node: place[normalized(node)])
    return nodes


def _taken(
    path: Path, frame: Sequence[int], tracks: Sequence[str | None], placed: Sequence[bool]
) -> list[int]:
    """All rows except predictions that a row placed by hand corrects: those of its track."""
    by_hand = {(f, t) for f, t, hand in zip(frame, tracks, placed, strict=True) if hand}
    taken = []
    for row, (f, t, hand) in enumerate(zip(frame, tracks, placed, strict=True)):
        if not hand and (f, None) in by_hand:
            raise data_error(
                f"{path}: frame {f} has predictions and what was placed by hand without a track",
                "the file does not say which prediction that corrects",
                "give the .slp, or the analysis: sleap-convert --format analysis",
            )
        if hand or (f, t) not in by_hand:
            taken.append(row)
    return taken
