"""Ultralytics' poses: a folder of .txt (save_txt), one a frame, or a JSON of `summary()` a frame.

A line of text is: class, x, y, width, height of the box, x, y, visibility of every joint, and where
they were asked for the confidence and the track; x and y are fractions of the image. Joints of x, y
alone are known by the box (`yolo_layout`). Frames without people have no file. The numbers of
frames are those of the files' names, in a video from 1 (ultralytics/engine/predictor.py writes
`stem_frame`, its frame counted from 1, for a video).
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.prepare.detections import yolo_json, yolo_text
from geoself_jax.prepare.detections.rows import are_fractions, body_of, instances_of, nobody
from geoself_jax.prepare.detections.rows import same_joints as check_joints
from geoself_jax.prepare.instances import Instances


class Person(NamedTuple):
    """One person: frame, place for messages, class, (J, 3) x, y, visibility, name of the track."""

    frame: int
    place: str
    kind: int
    row: np.ndarray
    track: str | None


def recognize(path: Path) -> str | None:
    """Why the folder or file is one of these, or None."""
    return yolo_text.recognize(path) or yolo_json.recognize(path)


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame; `normalized` where the file has fractions of the image.

    Args:
        path: The folder or file.
        skeleton: Of the joints; None for the usual one with as many.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such files; nobody in any; people of several classes (65).
    """
    joints = None if skeleton is None else skeleton.joints
    if path.is_dir():
        first, frames = None, 0
        found, said = yolo_text.people(path, joints, max_bytes)
    else:
        first, said = 0, []
        frames, found = yolo_json.people(path, max_bytes)
    people = [Person(*each) for each in found]
    if not people:
        raise nobody(str(path))
    base = int(path.is_dir() and yolo_text.counts_from_one(path))
    _check_class(path, people)
    check_joints(str(path), [one.row for one in people], [one.place for one in people])
    values, kept, notes = body_of(str(path), np.array([one.row for one in people]), skeleton)
    values, flags = _from_flags(path, values)
    tracks = [one.track for one in people]
    read = instances_of(
        str(path),
        [one.frame - base for one in people],
        values,
        tracks if any(tracks) else None,
        frames,
        kept,
        [*notes, *flags, *said],
        assumed=skeleton is None,
    )
    return dataclasses.replace(read, first=first, counted_from=base, normalized=are_fractions(read))


def _check_class(path: Path, people: Sequence[Person]) -> None:
    kinds = sorted({one.kind for one in people})
    if len(kinds) > 1:
        other = next(one for one in people if one.kind != people[0].kind)
        raise data_error(
            f"{path}: classes {', '.join(map(str, kinds[:8]))}, as in {other.place}",
            "wanted one: they have the same joints but are no one kind of body",
            "keep one: yolo predict classes=0",
        )


def _from_flags(path: Path, values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Labels of a data set have flags 0, 1, 2 where predictions have the visibility."""
    if not ((values[..., 2] == 2).any() and np.isin(values[..., 2], (0, 1, 2)).all()):
        return values, []
    seen = np.concatenate([values[..., :2], values[..., 2:] > 0], -1)
    return seen, [f"{path}: visibility is 0, 1 or 2, as in labels: confidences are 0 or 1"]
