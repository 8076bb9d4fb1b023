"""`geoself-poses/1` as JSON: the same names as in the .npz, and what they mean; null is missing."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_json
from geoself_jax.data.poses import npz_file
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.decimals import finer
from geoself_jax.data.poses.sequence import EXPECTED_ERRORS, PoseSequence

ABOUT = {
    "pose": "pose[frame][joint] is [x, y, z] in metres, or null where missing",
    "axes": "camera: x right, y down, z forward; world: the calibration's",
    "up": "unit vector against gravity in these axes",
    "frame_id": "each frame's number in its video, from 0; its time is frame_id / fps seconds",
    "parents": "index of each joint's parent; -1 has none",
    "keypoints_2d": "[x, y] in pixels, lens distortion removed, or null where missing",
    "uncertainty": "metres that each joint, relative to the root, is expected to be off, or null",
    "uncertainty_axes": "of these [across the camera's ray to the joint, along it], or null",
    "distortion": "of the lens, OpenCV's coefficients (of its fisheye model where fisheye is true)",
    "marks": "0 lifted from its detection, 1 predicted without one, 2 filled between frames, 3 its "
    "detection rejected as an outlier",
    "contact": "whether each joint rests on the floor",
    "R": "x_camera = R (x_world - center), metres",
}
_DECIMALS = {"pose": 6, "keypoints_2d": 3, "confidence": 4, **dict.fromkeys(EXPECTED_ERRORS, 5)}
_LONG = (*_DECIMALS, "marks", "contact")
_LENGTHS = ("pose", *EXPECTED_ERRORS)  # of a person's decimals; smaller bodies' have more
_POINTS = {"pose": 3, "keypoints_2d": 2, "uncertainty_axes": 2}


def write(poses: PoseSequence, path: Path) -> None:
    """Writes all that the sequence holds: a person's joints to a micrometre, pixels to 1/1000."""
    arrays = npz_file.to_arrays(poses)
    names = sorted(arrays, key=lambda name: name in _LONG)  # what is long comes last
    more = finer(poses.pose)
    with whole_file(path) as stream:
        stream.write('{\n"about": ' + json.dumps(ABOUT))
        for name in names:
            value = _plain(name, arrays[name], more)
            text = json.dumps(value, separators=(",", ":"), allow_nan=False)
            stream.write(f',\n"{name}": {text}')
        stream.write("\n}\n")


def read(path: Path) -> PoseSequence:
    """Reads what `write` wrote.

    Raises:
        GeoselfError: Missing (66), damaged or not of this format (65).
    """
    said = load_json(path)
    if not isinstance(said, dict):
        raise data_error(f"{path}: no JSON object", f"wanted {npz_file.FORMAT}", "check the file")
    joints = said.get("joint_names")
    count = len(joints) if isinstance(joints, list) else 0
    known = {name: value for name, value in said.items() if name in npz_file.NAMES}
    arrays = {name: _array(path, name, value, count) for name, value in known.items()}
    return npz_file.from_arrays(arrays, str(path))


def _plain(name: str, array: np.ndarray, more: int) -> Any:
    """Lists and numbers; null for a point that is none. Lengths have `more` decimals."""
    if name not in _DECIMALS:
        return array.tolist()
    decimals = _DECIMALS[name] + (more if name in _LENGTHS else 0)
    values = np.round(array.astype(np.float64), decimals).tolist()
    if name in _POINTS:
        for frame, joint in np.argwhere(np.isnan(array).any(-1)).tolist():
            values[frame][joint] = None
    elif name == "uncertainty":
        return [[None if np.isnan(value) else value for value in frame] for frame in values]
    return values


def _array(path: Path, name: str, value: Any, joints: int) -> np.ndarray:
    empty: dict[str, tuple[int, ...]] = {key: (0, joints, n) for key, n in _POINTS.items()}
    empty |= dict.fromkeys(("confidence", "uncertainty", "marks", "contact"), (0, joints))
    try:
        if name == "contact" and not len(value):
            return np.zeros((0, joints), bool)
        if name in ("left_right", "parents", "frame_id", *empty) and not len(value):
            return np.zeros((0, 2) if name == "left_right" else empty.get(name, 0), np.int64)
        if name in _POINTS:
            missing = [np.nan] * _POINTS[name]
            value = [[missing if point is None else point for point in frame] for frame in value]
            return np.array(value, np.float64)
        if name == "uncertainty":
            return np.array(value, np.float64)  # null is NaN
        return np.array(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise data_error(f"{path}: {name}", f"no table of numbers ({error})", "fix it") from error
