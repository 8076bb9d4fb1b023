"""MediaPipe's results in a JSON: a list of frames, each with one or more people's landmarks.

The list is the file, or in an object under `frames`, `results` or the landmarks' key; an object by
frame number is one too. A frame is an object with `pose_landmarks` (Python), `poseLandmarks` (the
older JavaScript) or `landmarks` (the newer one), or that list itself; a landmark is {x, y, z,
visibility}. The world landmarks, in metres, are never read.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_json
from geoself_jax.data.skeletons import MEDIAPIPE_33
from geoself_jax.prepare.detections.landmarks import Landmarks
from geoself_jax.prepare.detections.rows import not_keypoints

_KEYS = ("pose_landmarks", "poseLandmarks", "landmarks")
_LISTS = ("frames", "results", *_KEYS)
"""Keys of an object that may hold the frames; what is under any other is not read."""
_NUMBERS = ("frame", "frame_id", "frame_idx", "frame_index", "frame_number")
_DIGITS = re.compile(r"(frame[ _]?)?(\d{1,15})$", re.IGNORECASE)
_START = re.compile(r'^\s*[\[{].*"visibility"\s*:', re.DOTALL)
_JOINTS = MEDIAPIPE_33.joints

Entry = tuple[int | None, Any]
"""A frame's number, where the file has one, and its content."""


def is_start(text: str) -> bool:
    """Whether a file that starts with this has landmarks with their visibility."""
    return bool(_START.match(text)) and '"keypoints"' not in text


def read(path: Path, max_bytes: int) -> Landmarks:
    """The people in every frame.

    Every entry is a frame. Numbered ones are all frames only if some of them have nobody.

    Raises:
        GeoselfError: Not such a file (65).
    """
    entries = _entries(path, load_json(path, max_bytes=max_bytes))
    numbered = any(number is not None for number, _ in entries)
    frames, rows, numbers, empty = [], [], [], False
    for at, (written, entry) in enumerate(entries):
        number = written if numbered else at
        if number is None or not 0 <= number < 2**31:
            raise data_error(
                f"{path}: entry {at} has no frame number", "others have `frame`", "fix it"
            )
        numbers.append(number)
        people = _people(entry)
        empty |= not people
        for person, found in enumerate(people):
            frames.append(number)
            rows.append(_landmarks(path, f"person {person} of frame {number}", found))
    return Landmarks(
        np.array(frames, np.int64),
        np.array(rows).reshape(-1, _JOINTS, 3),
        max(numbers, default=-1) + 1,
        min(numbers, default=0) if empty or not numbered else None,
        [] if numbered else [f"{path}: no `frame` in it, entries are counted from 0"],
    )


def _entries(path: Path, content: Any) -> list[Entry]:
    """The frames of a list, of the list under a known key, or of an object by frame number."""
    if isinstance(content, list):
        return [(_number(entry), entry) for entry in content]
    keys = list(content) if isinstance(content, dict) else []
    named = [key for key in _LISTS if key in keys and isinstance(content[key], (list, dict))]
    if len(named) == 1:
        return _entries(path, content[named[0]])
    by_number = {key: int(match[2]) for key in keys if (match := _DIGITS.match(key))}
    if named or not by_number or len({*by_number.values()}) < len(by_number):
        listed = ", ".join(named or keys[:8]) or type(content).__name__
        raise data_error(
            f"{path}: no one list of frames: {listed[:200]}",
            f"wanted a list, one under one of {', '.join(_LISTS)}, or landmarks by frame number",
            "save it so",
        )
    return [(number, content[key]) for key, number in by_number.items()]


def _number(entry: Any) -> int | None:
    found = next((entry[k] for k in _NUMBERS if k in entry), None) if type(entry) is dict else None
    return found if type(found) is int else None


def _people(entry: Any) -> list[Any]:
    """Lists of landmarks in a frame."""
    if isinstance(entry, dict):
        entry = next((entry[key] for key in _KEYS if key in entry), None)
    if not isinstance(entry, list) or not entry:
        return []
    return [entry] if isinstance(entry[0], dict) else [person for person in entry if person]


def _landmarks(path: Path, place: str, found: Any) -> np.ndarray:
    try:
        row = np.array([[one["x"], one["y"], one["visibility"]] for one in found], np.float64)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise not_keypoints(str(path), place, f"without {error}") from error
    if row.shape != (_JOINTS, 3):
        raise data_error(
            f"{path}: {place} has {len(row)} landmarks",
            f"wanted {_JOINTS} with x, y, visibility",
            "check the file",
        )
    return row
