"""MMPose's JSON of a video: a list of {frame_id, instances}, alone or as instance_info.

The demo writes it with meta_info, the inferencer alone; an instance has keypoints [[x, y], ...] and
keypoint_scores. Every frame is in the list. frame_id counts from 1 (the demo) or 0
(the inferencer): 1 is frame 0 unless there is a 0. It is a clock of all cameras.
"""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_json
from geoself_jax.prepare.detections.named_joints import named_joints
from geoself_jax.prepare.detections.rows import (
    WHOLE,
    body_of,
    instances_of,
    is_nobody,
    nobody,
    not_keypoints,
    same_joints,
    whole_number,
)
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances

_MARK = re.compile(r'^\s*\{\s*"meta_info"\s*:|"(instance_info|instances)"\s*:\s*\[')


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if path.suffix.lower() != ".json":
        return None
    return "a JSON with instances by frame_id" if _MARK.search(head(path)) else None


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame.

    Raises:
        GeoselfError: Not such a file, or nobody in it (65).
    """
    content = load_json(path, max_bytes=max_bytes)
    entries = content.get("instance_info") if isinstance(content, dict) else content
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise data_error(f"{path}: no list of frames", "MMPose's instance_info", "check the file")
    numbers = [_number(path, entry, at) for at, entry in enumerate(entries)]
    base = min(1, *numbers) if numbers else 0
    frame, rows, tracks, places = [], [], [], []
    for number, entry in zip(numbers, entries, strict=True):
        for person, found in enumerate(_people(path, number, entry)):
            if isinstance(found, dict) and is_nobody(found):
                continue
            place = f"instance {person} of frame_id {number}"
            rows.append(_keypoints(path, place, found))
            frame.append(number - base)
            track = found.get("track_id", found.get("instance_id"))
            tracks.append(None if track is None else str(track))
            places.append(place)
    if not rows:
        raise nobody(str(path))
    same_joints(str(path), rows, places)
    meta = content.get("meta_info") if isinstance(content, dict) else None
    names = _names(meta, len(rows[0]))
    values, notes = np.array(rows), list[str]()
    if names:
        kept, order, notes = named_joints(str(path), names, skeleton)
        values = values[:, order]
    else:
        values, kept, notes = body_of(str(path), values, skeleton)
    found = instances_of(
        str(path),
        frame,
        values,
        tracks if any(track is not None for track in tracks) else None,
        max(numbers) - base + 1,
        kept,
        notes,
        assumed=skeleton is None and not names,
    )
    return dataclasses.replace(found, first=min(numbers) - base, counted_from=base)


def _people(path: Path, number: int, entry: dict[str, Any]) -> list[Any]:
    people = [] if is_nobody(entry, "instances") else entry.get("instances")
    if not isinstance(people, list):
        raise data_error(
            f"{path}: no list of instances in frame_id {number}", "MMPose writes one", "fix it"
        )
    return people


def _number(path: Path, entry: dict[str, Any], at: int) -> int:
    number = whole_number(entry.get("frame_id", at))
    if number is None or number >= 2**31:
        what = f"{path}: frame_id {entry.get('frame_id')!r} of entry {at}"
        raise data_error(what, "wanted a number of at least 0", "fix it")
    return number


def _keypoints(path: Path, place: str, found: Any) -> np.ndarray:
    values = found if isinstance(found, dict) else {}
    try:
        pixels = np.array(values.get("keypoints"), np.float64)
        scores = np.array(values.get("keypoint_scores"), np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise not_keypoints(str(path), place, "something else") from error
    if pixels.ndim != 2 or pixels.shape[1] != 2 or scores.shape != pixels.shape[:1]:
        raise not_keypoints(str(path), place, f"of shapes {pixels.shape} and {scores.shape}")
    return np.concatenate([pixels, scores[:, None]], -1)


def _names(meta: Any, joints: int) -> list[str]:
    """The joints' names in order, where the file has them; of a whole body the number says it."""
    names = meta.get("keypoint_id2name") if isinstance(meta, dict) else None
    if not isinstance(names, dict) or len(names) != joints or joints in WHOLE:
        return []
    return [str(names.get(str(i))) for i in range(joints)]
