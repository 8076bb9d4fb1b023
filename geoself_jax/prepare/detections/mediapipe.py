"""MediaPipe's 33 pose landmarks, as users save them: .npy, .csv or .json (it writes no files).

Its x and y are fractions of the image, from 0 to 1; what is saved may be pixels. The score is the
visibility: z is a depth and no score. A frame without landmarks is NaN, or not in the file.
"""

import dataclasses
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_npy
from geoself_jax.data.files.npz import array_shape
from geoself_jax.data.skeletons import MEDIAPIPE_33
from geoself_jax.prepare.detections import mediapipe_csv, mediapipe_json
from geoself_jax.prepare.detections.landmarks import Landmarks
from geoself_jax.prepare.detections.rows import are_fractions, instances_of, nobody, skeleton_of
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances

JOINTS = MEDIAPIPE_33.joints
_HIPS = [MEDIAPIPE_33.joint_names.index(f"{side}_hip") for side in ("left", "right")]
_AT_HIPS = 0.01
"""How far the middle of the hips may be from 0, 0 in metres about it: rounding, with room."""


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    suffix = path.suffix.lower()
    if suffix == ".npy":
        shape = array_shape(path)
        found = len(shape) == 3 and shape[1] == JOINTS and shape[2] in (3, 4, 5)
        return f"an array of {JOINTS} landmarks a frame" if found else None
    if suffix == ".csv" and mediapipe_csv.is_header(head(path).partition("\n")[0]):
        return f"a csv of {JOINTS} landmarks"
    if suffix == ".json" and mediapipe_json.is_start(head(path)):
        return "a JSON of landmarks a frame"
    return None


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame; `normalized` where the file has fractions of the image.

    Args:
        path: The file.
        skeleton: Another name and order of the landmarks than MediaPipe's.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such a file; no visibility but a depth (65).
    """
    suffix = path.suffix.lower()
    if suffix == ".npy":
        found = _from_array(path, load_npy(path, max_bytes=max_bytes))
    elif suffix == ".csv":
        found = mediapipe_csv.read(path, max_bytes)
    else:
        found = mediapipe_json.read(path, max_bytes)
    if not len(found.frame):
        raise nobody(str(path))
    rows = found.rows
    kept = skeleton_of(str(path), rows.shape[1], skeleton)
    rows[..., 2] = np.where(np.isfinite(rows[..., :2]).all(-1), rows[..., 2], 0)
    read = instances_of(str(path), found.frame, rows, None, found.frames, kept, found.notes)
    fractions = are_fractions(read)
    if fractions:
        _check_image(path, read)
    return dataclasses.replace(read, first=found.first, normalized=fractions)


def _check_image(path: Path, read: Instances) -> None:
    """Refuses the landmarks in metres about the middle of the hips."""
    if read.skeleton is not MEDIAPIPE_33:
        return
    middle = read.keypoints_2d[:, _HIPS].mean(1)
    away = np.abs(middle[np.isfinite(middle).all(-1)]).max(-1)
    if away.size and np.median(away) < _AT_HIPS:
        raise data_error(
            f"{path}: the middle of the hips is at 0, 0",
            "wanted fractions of the image or pixels; these are the world landmarks, in metres",
            "save pose_landmarks",
        )


def _from_array(path: Path, array: np.ndarray) -> Landmarks:
    """One person a frame from x, y, (z,) visibility."""
    if array.ndim != 3 or array.shape[2] not in (3, 4, 5) or array.dtype.kind not in "iuf":
        raise data_error(
            f"{path}: an array of {array.dtype}, shape {array.shape}",
            f"wanted (frames, {JOINTS}, 3) of x, y, visibility, or 4 of x, y, z, visibility",
            "save it so",
        )
    place = 2 if array.shape[2] == 3 else 3
    rows = array[..., [0, 1, place]].astype(np.float64)
    score = rows[..., 2][np.isfinite(rows[..., 2])]
    if score.size and not -0.001 <= score.min() <= score.max() <= 1.001:
        raise data_error(
            f"{path}: the numbers after x, y{', z' if place == 3 else ''} go from "
            f"{score.min():.3g} to {score.max():.3g}",
            "wanted the visibility, 0 to 1; this looks like the depth z, which is no score",
            "save x, y, visibility of each landmark",
        )
    order = "x, y, visibility" if place == 2 else "x, y, z, visibility"
    notes = [f"{path}: read as {order} of MediaPipe's landmarks"]
    return Landmarks(np.arange(len(rows)), rows, len(rows), 0, notes)
