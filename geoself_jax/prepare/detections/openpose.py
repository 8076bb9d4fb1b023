"""OpenPose's folder of one JSON per frame: people, each pose_keypoints_2d = x, y, score ...

The number before `_keypoints` in a file's name is the frame's. A joint that was not found is
0, 0, 0. AlphaPose's folders (`--format open`, an image each) lack the frames with nobody.
"""

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error, joined
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_json
from geoself_jax.data.skeletons import BODY_25
from geoself_jax.prepare.detections.frame_files import frame_files, numbers_of
from geoself_jax.prepare.detections.rows import (
    body_of,
    flat_keypoints,
    instances_of,
    is_nobody,
    nobody,
    same_joints,
)
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances

_FACE_25, _FACE_25B = (15, 16, 17, 18), (1, 2, 3, 4)
"""Eyes and ears of BODY_25 and of BODY_25B; in both, the nose is joint 0."""
_NAMES = ("pose_keypoints_2d", "pose_keypoints", "joints")  # the last is AlphaPose's cmu
_ALPHAPOSE = re.compile(r'"version"\s*:\s*"AlphaPose')
_MOST = 8  # broken files that are named
_PEOPLE = re.compile(r'"people"\s*:\s*\[|"bodies"\s*:\s*\[\s*\{\s*"joints"\s*:')


def recognize(path: Path) -> str | None:
    """Why the folder is one of these, or None."""
    if not path.is_dir():
        return None
    try:
        with os.scandir(path) as entries:
            found = (e for e in entries if e.name.lower().endswith(".json") and e.name[0] != ".")
            name = next((e.name for e in found if e.is_file() and e.stat().st_size), None)
    except OSError:
        return None
    if name is None or not _PEOPLE.search(head(path / name)):
        return None
    return "a folder of JSON with people, one per frame"


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame.

    Args:
        path: The folder.
        skeleton: Of the joints; None for the detector's usual one with as many.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such files; nobody in any; pixels that were scaled (65).
    """
    if not path.is_dir():
        raise data_error(f"{path}: a file", "wanted OpenPose's folder of JSON", "give the folder")
    names = frame_files(path, ".json")
    numbers = numbers_of(path, names, "_keypoints.json", "video_000000000012_keypoints.json")
    frame: list[int] = []
    rows: list[np.ndarray] = []
    tracks: list[str | None] = []
    places: list[str] = []
    everybody = _everybody(path, names, max_bytes)
    for number, name in zip(numbers, names, strict=True):
        for person, found in enumerate(everybody[name]):
            if any(is_nobody(found, name) for name in _NAMES):
                continue
            place = f"person {person} of {name}"
            rows.append(_keypoints(path, place, found))
            frame.append(number)
            tracks.append(_track(found))
            places.append(place)
    if not rows:
        raise nobody(str(path))
    same_joints(str(path), rows, places)
    values, kept, notes = body_of(str(path), np.array(rows), skeleton)
    _check_pixels(path, values)
    if skeleton is None and kept is BODY_25:
        _check_order(path, values)
    tracked = tracks if any(track is not None for track in tracks) else None
    read = instances_of(
        str(path),
        frame,
        values,
        tracked,
        max(numbers) + 1,
        kept,
        notes,
        assumed=skeleton is None,
    )
    if _ALPHAPOSE.search(head(path / names[0])):
        return read
    return dataclasses.replace(read, first=min(numbers))


def _everybody(path: Path, names: Sequence[str], max_bytes: int) -> dict[str, list[Any]]:
    """The people of each file.

    Raises:
        GeoselfError: Files are broken, the first ones are named (65).
    """
    people, errors = {}, []
    for name in names:
        try:
            people[name] = _people(path / name, max_bytes)
        except GeoselfError as error:
            errors.append(error)
            if len(errors) == _MOST:
                break
    if errors:
        raise joined(errors)
    return people


def _people(path: Path, max_bytes: int) -> list[Any]:
    content = load_json(path, max_bytes=max_bytes)
    people = content.get("people", content.get("bodies")) if isinstance(content, dict) else None
    if isinstance(content, dict) and is_nobody(content, "people"):
        return []
    if not isinstance(people, list) or not all(isinstance(found, dict) for found in people):
        raise data_error(f"{path}: no list of people", "OpenPose writes one", "check the file")
    return people


def _keypoints(path: Path, place: str, found: dict[str, Any]) -> np.ndarray:
    return flat_keypoints(str(path), place, _keypoints_of(found))


def _keypoints_of(found: dict[str, Any]) -> Any:
    """The flat list."""
    return next((found[name] for name in _NAMES if name in found), None)


def _track(found: dict[str, Any]) -> str | None:
    value = found.get("person_id", [-1])
    number = value[0] if isinstance(value, list) and value else value
    return str(number) if isinstance(number, int) and number >= 0 else None


def _check_pixels(path: Path, values: np.ndarray) -> None:
    seen = values[values[..., 2] > 0]
    if seen.size and np.abs(seen[:, :2]).max() <= 1:
        raise data_error(
            f"{path}: all joints lie within [-1, 1]",
            "wanted pixels; this was written with --keypoint_scale",
            "run OpenPose with --keypoint_scale 0",
        )


def _check_order(path: Path, values: np.ndarray) -> None:
    """Refuses BODY_25B's order where BODY_25's is meant: the eyes and ears are near the nose."""
    place = np.where(values[..., 2:] > 0, values[..., :2], np.nan)
    away = np.linalg.norm(place - place[:, :1], axis=-1)
    both = np.isfinite(away[:, (*_FACE_25, *_FACE_25B)]).any(-1)
    if not both.any():
        return
    face, other = (np.nanmedian(away[np.ix_(both, group)]) for group in (_FACE_25, _FACE_25B))
    if 3 * other < face:
        raise data_error(
            f"{path}: joints 1 to 4 are {other:.0f} px from joint 0, joints 15 to 18 {face:.0f}",
            "so the face is where BODY_25B has it, and not BODY_25",
            "name the model: --skeleton=body_25b (or body_25)",
        )
