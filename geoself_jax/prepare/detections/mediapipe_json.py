"""MediaPipe's results in a JSON: a list of frames, each with one or more people's landmarks.

A frame is an object with `pose_landmarks` (Python), `poseLandmarks` (the older JavaScript) or
`landmarks` (the newer one), or that list itself; a landmark is {x, y, z, visibility}. The world
landmarks, in metres, are never read.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_json
from geoself_jax.data.skeletons import MEDIAPIPE_33
from geoself_jax.prepare.detections.rows import not_keypoints

_KEYS = ("pose_landmarks", "poseLandmarks", "landmarks")
_NUMBERS = ("frame", "frame_id", "frame_idx", "frame_index", "frame_number")
_START = re.compile(r'^\s*[\[{].*"visibility"\s*:', re.DOTALL)
_JOINTS = MEDIAPIPE_33.joints


def is_start(text: str) -> bool:
    """Whether a file that starts with this has landmarks with their visibility."""
    return bool(_START.match(text)) and '"keypoints"' not in text


def read(path: Path, max_bytes: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Frames, (N, 33, 3) x, y, visibility, and what was assumed.

    Raises:
        GeoselfError: Not such a file (65).
    """
    content = load_json(path, max_bytes=max_bytes)
    if isinstance(content, dict):
        content = next((v for v in content.values() if isinstance(v, list)), None)
    if not isinstance(content, list):
        raise data_error(f"{path}: no list of frames", "MediaPipe's results are one", "check it")
    numbered = any(_number(entry) is not None for entry in content)
    frames, rows = [], []
    for at, entry in enumerate(content):
        number = _number(entry) if numbered else at
        if number is None or not 0 <= number < 2**31:
            raise data_error(
                f"{path}: entry {at} has no frame number", "others have `frame`", "fix it"
            )
        for person, found in enumerate(_people(entry)):
            frames.append(number)
            rows.append(_landmarks(path, f"person {person} of frame {number}", found))
    notes = [] if numbered else [f"{path}: no `frame` in it, entries are counted from 0"]
    return np.array(frames, np.int64), np.array(rows).reshape(-1, _JOINTS, 3), notes


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
