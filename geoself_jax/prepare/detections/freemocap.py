"""FreeMoCap's 2D joints of all cameras in one array, (cameras, frames, points, 2 or 3) px.

`RECORDING/output_data/raw_data/TRACKER_2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy`;
before version 1.4 the name began `mediapipe2dData`. The body's points come first, then hands and
face. The third number is MediaPipe's depth in px, nothing with YOLO, and a score with OpenPose and
RTMPose. What was not found is NaN. Cameras have no names: they are in the order of the names of the
videos in `synchronized_videos`, in lower case, and FreeMoCap triangulates them as the calibration's
first, second, ... (FreeMoCap 1.8.2, skellytracker 2025.10.1024; RTMPose is on a branch of it).
Versions from 2.0 on keep no such file.
"""

import dataclasses
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_npy_entry
from geoself_jax.data.files.npz import array_shape
from geoself_jax.data.skeletons import BODY_25, COCO_17, COCO_23, MEDIAPIPE_33
from geoself_jax.prepare.detections.rows import instances_of, skeleton_of
from geoself_jax.prepare.instances import Instances

NAMED = False
"""Whether the file names its cameras."""

_NAME = re.compile(r"(.*?)_?2ddata_numcams_numframes_numtrackedpoints_pixelxy\.npy", re.IGNORECASE)
_SPATIAL = re.compile(r"(spatialxyz|_3d_xyz|(skeleton|bones)_3d|skel_3d.*)\.(npy|csv)$", re.I)
_VIDEOS, _VIDEO = "synchronized_videos", ".mp4"
_MOST = 256
"""Most cameras: an array of more has its axes in another order."""


class _Body(NamedTuple):
    """The points of a tracker.

    Attributes:
        skeleton: Of the body, whose points come first.
        points: Numbers of all points, with and without hands and face.
        scored: Whether the third number is a score.
    """

    skeleton: Skeleton
    points: tuple[int, ...]
    scored: bool


_BODIES = {
    "mediapipe": _Body(MEDIAPIPE_33, (33, 75, 543, 553), False),
    "yolo": _Body(COCO_17, (17,), False),
    "openpose": _Body(BODY_25, (25, 67, 95, 137), True),
    "rtmpose": _Body(COCO_23, (133,), True),
}


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if _NAME.fullmatch(path.name) and path.is_file():
        return f"FreeMoCap's array of all cameras, {path.name}"
    return None


def cameras(path: Path) -> tuple[str, ...]:
    """Names for the cameras in the file: their videos', where these are there, else `view0`, ...

    Args:
        path: The file.

    Returns:
        Empty where the file is bad, as `why_bad` says.
    """
    shape = array_shape(path)
    if not _is_shape(shape):
        return ()
    folder = path.absolute().parents[2] / _VIDEOS if len(path.absolute().parents) > 2 else path
    videos = list(folder.iterdir()) if folder.is_dir() else []
    found = sorted((each for each in videos if each.suffix.lower() == _VIDEO), key=_key)
    names = tuple(each.stem for each in found)
    whole = len(names) == shape[0] and len({name.lower() for name in names}) == len(names)
    return names if whole else tuple(f"view{number}" for number in range(shape[0]))


def _key(video: Path) -> str:
    return str(video).lower()


def _is_shape(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and 0 < shape[0] <= _MOST and min(shape) > 0 and shape[3] in (2, 3)


def why_bad(path: Path) -> GeoselfError:
    """The error (65) for a file of this name that is not such an array.

    Args:
        path: The file.
    """
    shape = array_shape(path)
    found = f"an array of shape {shape}" if shape else "not a whole array of numbers"
    if _is_shape(shape):
        first = path / cameras(path)[0]
        return data_error(
            f"{path}: the detections of all cameras, {shape[0]}",
            "wanted one camera's",
            f"give {first}, or to prepare the whole recording: --input {path}",
        )
    return data_error(f"{path}: {found}", "wanted (cameras, frames, points, 2 or 3)", "copy it")


def is_spatial(path: Path) -> bool:
    """Whether a file is called like the 3D points that FreeMoCap triangulates."""
    return _SPATIAL.search(path.name) is not None


def spatial(path: Path) -> GeoselfError:
    """The error (65) for these 3D points."""
    return data_error(
        f"{path}: 3D points, as FreeMoCap names those it triangulates",
        "wanted the pixels that each camera saw",
        "give the recording, or output_data/raw_data/..._2dData_..._pixelXY.npy in it",
    )


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """One camera's person in every frame, of the body's joints.

    Args:
        path: `FILE/CAMERA`, a name of `cameras`.
        skeleton: Of the joints, where it is not the tracker's usual one.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such a file; nobody in it; points of no known tracker (65).
    """
    file = path.parent
    if path.name not in cameras(file):
        raise why_bad(path if recognize(path) else file)
    values = load_npy_entry(file, cameras(file).index(path.name), max_bytes=max_bytes)
    if values.dtype.kind not in "iuf":
        raise why_bad(file)
    kept, scored, notes = _joints_of(file, values.shape[1], skeleton)
    scored = scored and values.shape[2] == 3
    rows = np.ones((len(values), kept.joints, 3))
    rows[..., : 2 + scored] = values[:, : kept.joints, : 2 + scored]
    if not scored:
        notes.append(f"{file}: no confidences: 1 wherever there is a joint")
    if not np.isfinite(rows).all(-1).any():
        raise _nobody(path)
    found = instances_of(str(path), range(len(rows)), rows, None, len(rows), kept, notes)
    return dataclasses.replace(found, first=0)


def _nobody(path: Path) -> GeoselfError:
    others = [each for each in cameras(path.parent) if each != path.name]
    named = [f"--camera=NAME={path.parent / each}" for each in others[:1]]
    do = f"name the others', to leave it out: {named[0]} ..." if named else "check the tracker"
    return data_error(f"{path}: nobody in any frame", "", do)


def _joints_of(file: Path, points: int, given: Skeleton | None) -> tuple[Skeleton, bool, list[str]]:
    """The first joints' skeleton, whether the third number is a score, and what is left out."""
    match = _NAME.fullmatch(file.name)
    tracker = match[1].lower() if match else ""
    fits = [name for name, each in _BODIES.items() if points in each.points]
    body = next((_BODIES[name] for name in fits if tracker in (name, "")), None)
    if tracker not in ("", *_BODIES) and (given is None or given.joints != points):
        raise data_error(
            f"{file}: the points of {tracker}",
            f"wanted a body's, of {', '.join(_BODIES)}",
            "run FreeMoCap with one of these, or describe all points: --skeleton=FILE.toml",
        )
    if body is None or (given is not None and given.joints == points):
        scored = tracker in _BODIES and _BODIES[tracker].scored
        return skeleton_of(str(file), points, given), scored, []
    kept = body.skeleton if given is None else skeleton_of(str(file), body.skeleton.joints, given)
    left = points - kept.joints
    said = f"{file}: of {points} points the first {kept.joints} are taken, the body's"
    return kept, body.scored, [said] if left else []
