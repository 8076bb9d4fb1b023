"""A JSON list of people, each with image_id and flat keypoints: AlphaPose's and COCO's results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_json
from geoself_jax.prepare.detections.rows import (
    body_of,
    flat_keypoints,
    frame_number,
    instances_of,
    is_nobody,
    nobody,
    same_joints,
    whole_number,
)
from geoself_jax.prepare.instances import Instances

PERSON = 1
"""COCO's category of people."""


def read_people(path: Path, *, skeleton: Skeleton | None, max_bytes: int) -> Instances:
    """The people of a list.

    Raises:
        GeoselfError: Not such a list, or nobody in it (65).
    """
    return people_of(path, load_json(path, max_bytes=max_bytes), skeleton)


def people_of(
    path: Path,
    content: Any,
    skeleton: Skeleton | None,
    *,
    flags: bool = False,
    frames: int = 0,
) -> Instances:
    """People from what the JSON holds.

    Args:
        path: For messages.
        content: The list.
        skeleton: Of the joints; None for the usual one with as many.
        flags: The third number is a visibility flag, not a score.
        frames: Number of frames of the video, if beyond the last person's.

    Raises:
        GeoselfError: Not such a list; images of several videos (65).
    """
    if not isinstance(content, list) or not all(isinstance(found, dict) for found in content):
        raise data_error(f"{path}: not a list of instances", "", "check the file")
    people, notes = _people(path, [f for f in content if not is_nobody(f)])
    if not people:
        raise nobody(str(path))
    places = [f"entry {n} (image_id {found.get('image_id')!r})" for n, found in enumerate(people)]
    rows = _rows(path, people, places)
    same_joints(str(path), rows, places)
    values, kept, left = body_of(str(path), np.array(rows), skeleton)
    if flags:
        values[..., 2] = values[..., 2] > 0
    elif (values[..., 2] == 2).any() and np.isin(values[..., 2], (0, 1, 2)).all():
        raise data_error(
            f"{path}: the third number of all joints is 0, 1 or 2",
            "that is COCO's visibility, and no score",
            "give the annotations with their `images`, or the detector's scores",
        )
    frame = [_frame(path, found, place) for found, place in zip(people, places, strict=True)]
    _check_one_video(path, people, frame)
    notes += left
    return instances_of(
        str(path),
        frame,
        values,
        _tracks(people),
        frames,
        kept,
        notes,
        assumed=skeleton is None,
    )


def _people(
    path: Path, content: Sequence[dict[str, Any]]
) -> tuple[Sequence[dict[str, Any]], list[str]]:
    """Entries of COCO's category of people, or of the only one there is; and what was assumed.

    Ultralytics counts its classes from 0, an animal's model has its own.
    """
    kinds = {repr(found.get("category_id", PERSON)) for found in content}
    if repr(PERSON) in kinds:
        people = [f for f in content if f.get("category_id", PERSON) == PERSON]
        left = len(content) - len(people)
        note = f"{path}: {left} entries of category_id {', '.join(sorted(kinds - {repr(PERSON)}))}"
        return people, [f"{note} are left out, {PERSON} is a person's"] if left else []
    if len(kinds) > 1:
        raise data_error(
            f"{path}: category_id {', '.join(sorted(kinds)[:8])}",
            f"none is {PERSON}, COCO's of people",
            "keep the entries of one category",
        )
    return content, [f"{path}: category_id {kind}, the only one, is taken" for kind in kinds]


def _check_one_video(path: Path, people: Sequence[dict[str, Any]], frame: Sequence[int]) -> None:
    """Refuses two images with one frame number, as from two cameras in one list."""
    named: dict[int, Any] = {}
    for found, number in zip(people, frame, strict=True):
        image = found["image_id"]
        if named.setdefault(number, image) != image:
            raise data_error(
                f"{path}: {named[number]!r} and {image!r} are both frame {number}",
                "a file holds the frames of one camera",
                "write one file per camera, with the frame number at the end of each image name",
            )


def _rows(path: Path, people: Sequence[dict[str, Any]], places: Sequence[str]) -> list[np.ndarray]:
    return [
        flat_keypoints(str(path), place, found.get("keypoints"))
        for found, place in zip(people, places, strict=True)
    ]


def _frame(path: Path, found: dict[str, Any], place: str) -> int:
    image = found.get("image_id")
    number = frame_number(image) if isinstance(image, str) else whole_number(image)
    if number is None:
        raise data_error(
            f"{path}: {place} has no frame number", "wanted one, as 12 or '12.jpg'", "fix it"
        )
    return number


def _tracks(people: Sequence[dict[str, Any]]) -> list[str | None] | None:
    names = [found.get("idx", found.get("track_id")) for found in people]
    if all(name is None for name in names):
        return None
    return [_label(name) for name in names]


def _label(name: Any) -> str | None:
    """A track's name; AlphaPose's are 1, 1.0 or [1.0], by its tracker."""
    while isinstance(name, list) and len(name) == 1:
        name = name[0]
    whole = isinstance(name, float) and name.is_integer()
    return None if name is None else str(int(name) if whole else name)
