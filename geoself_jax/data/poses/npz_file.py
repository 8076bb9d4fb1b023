"""Our own file of poses, `geoself-poses/1`: an .npz without pickles."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import npz
from geoself_jax.data.poses.sequence import EXPECTED_ERRORS, PoseCamera, PoseSequence
from geoself_jax.geometry.lenses import Lens

FORMAT = "geoself-poses/1"
MARKS = {"format", "pose", "frame_id", "joint_names"}
"""Arrays by whose names a file is known before it is read."""


_TEXTS = ("name", "axes", "clip", "action", "subject")
_NEEDED = ("pose", "joint_names", "parents", "left_right", "root", "fps", "frame_id", "up")
# Kinds of numpy's dtype by name: what a stranger's file may hold there.
_KINDS = {
    **dict.fromkeys(("pose", "fps", "up", "keypoints_2d", "confidence"), "fiu"),
    **dict.fromkeys(EXPECTED_ERRORS, "fiu"),
    **dict.fromkeys(("K", "R", "center", "distortion"), "fiu"),
    "marks": "iu",
    "contact": "b",
    **dict.fromkeys(("parents", "left_right", "root", "frame_id", "image_size"), "iu"),
    **dict.fromkeys((*_TEXTS, "joint_names", "camera_name"), "U"),
    **dict.fromkeys(("root_relative", "fisheye"), "b"),
}
NAMES = ("format", *_KINDS)
"""Of the arrays of a file."""

_SCALARS = (*_TEXTS, "fps", "root", "root_relative", "camera_name", "fisheye")
_CAMERA = {"K": (3, 3), "R": (3, 3), "center": (3,), "image_size": (2,)}


def write(poses: PoseSequence, path: Path) -> None:
    """Writes a sequence as `geoself-poses/1`, metres.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    npz.write_arrays(path, to_arrays(poses))


def read(path: Path) -> PoseSequence:
    """Reads a sequence of `geoself-poses/1`.

    Raises:
        GeoselfError: Missing (66), damaged or not of this format (65).
    """
    return from_arrays(npz.read_arrays(path), str(path))


def to_arrays(poses: PoseSequence) -> dict[str, np.ndarray]:
    """The sequence as the arrays of the file."""
    skeleton, camera = poses.skeleton, poses.camera
    arrays = {
        "format": np.array(FORMAT),
        **{name: np.array(getattr(poses, name), np.str_) for name in _TEXTS},
        "pose": poses.pose.astype(np.float32),
        "root_relative": np.array(poses.root_relative),
        "joint_names": np.array(skeleton.joint_names),
        "parents": np.array(skeleton.parents, np.int32),
        "left_right": np.array(skeleton.left_right, np.int32).reshape(-1, 2),
        "root": np.array(skeleton.root),
        "fps": np.array(float(poses.fps)),
        "frame_id": poses.frame_id.astype(np.int64),
        "up": poses.up.astype(np.float64),
    }
    if poses.keypoints_2d is not None and poses.confidence is not None:
        arrays["keypoints_2d"] = poses.keypoints_2d.astype(np.float32)
        arrays["confidence"] = poses.confidence.astype(np.float32)
    for name in EXPECTED_ERRORS:
        if (off := getattr(poses, name)) is not None:
            arrays[name] = off.astype(np.float32)
    if poses.marks is not None:
        arrays["marks"] = poses.marks.astype(np.uint8)
    if poses.contact is not None:
        arrays["contact"] = poses.contact
    if camera is not None:
        arrays["camera_name"] = np.array(camera.name, np.str_)
        arrays["K"] = camera.K.astype(np.float64)
        arrays["image_size"] = np.array(camera.image_size, np.int32)
        if camera.R is not None and camera.center is not None:
            arrays["R"], arrays["center"] = camera.R, camera.center
        if camera.lens is not None:
            arrays["distortion"] = np.array(camera.lens.coefficients, np.float64)
            arrays["fisheye"] = np.array(camera.lens.fisheye)
    return arrays


def from_arrays(arrays: Mapping[str, np.ndarray], source: str) -> PoseSequence:
    """A sequence from the arrays of a file.

    Raises:
        GeoselfError: They are not of this format, or contradict each other (65).
    """
    _check(arrays, source)
    with np.errstate(over="ignore"):  # beyond float32 is infinity, which is refused
        pose = arrays["pose"].astype(np.float32)
    try:
        skeleton = Skeleton(
            tuple(str(name) for name in arrays["joint_names"]),
            tuple(int(p) for p in arrays["parents"]),
            tuple((int(a), int(b)) for a, b in arrays["left_right"]),
            int(arrays["root"]),
        )
        seen = "keypoints_2d" in arrays and "confidence" in arrays
        off = {name: arrays[name].astype(np.float32) for name in EXPECTED_ERRORS if name in arrays}
        return PoseSequence(
            **{name: str(arrays[name]) for name in _TEXTS if name in arrays},  # type: ignore[arg-type]
            pose=pose,
            skeleton=skeleton,
            fps=float(arrays["fps"]),
            frame_id=arrays["frame_id"].astype(np.int64),
            up=arrays["up"].astype(np.float64),
            root_relative=bool(arrays.get("root_relative", False)),
            camera=_camera(arrays),
            keypoints_2d=arrays["keypoints_2d"].astype(np.float32) if seen else None,
            confidence=arrays["confidence"].astype(np.float32) if seen else None,
            **off,  # type: ignore[arg-type]
            marks=arrays["marks"].astype(np.uint8) if "marks" in arrays else None,
            contact=arrays.get("contact"),
        )
    except GeoselfError as error:
        raise data_error(f"{source}: {error}", "", "") from error


def _camera(arrays: Mapping[str, np.ndarray]) -> PoseCamera | None:
    if "K" not in arrays:
        return None
    placed = "R" in arrays and "center" in arrays
    width, height = arrays.get("image_size", (0, 0))
    return PoseCamera(
        name=str(arrays.get("camera_name", "")),
        K=arrays["K"].astype(np.float64),
        image_size=(int(width), int(height)),
        R=arrays["R"].astype(np.float64) if placed else None,
        center=arrays["center"].astype(np.float64) if placed else None,
        lens=_lens(arrays) if "distortion" in arrays else None,
    )


def _lens(arrays: Mapping[str, np.ndarray]) -> Lens:
    coefficients = tuple(arrays["distortion"].astype(np.float64).tolist())
    fisheye = bool(arrays.get("fisheye", False))
    most = 4 if fisheye else 14
    if len(coefficients) > most or not np.isfinite(coefficients).all():
        found = f"distortion of {len(coefficients)} numbers"
        raise data_error(found, f"wanted at most {most}, finite", "write it again")
    return Lens(coefficients, fisheye)


def _check(arrays: Mapping[str, np.ndarray], source: str) -> None:
    found = str(arrays["format"]) if "format" in arrays else None
    if found != FORMAT:
        raise data_error(
            f"{source}: format {found!r}", f"wanted {FORMAT!r}", "give what lift wrote"
        )
    for name in (*_NEEDED, "name", "axes"):
        if name not in arrays:
            raise data_error(f"{source}: no array {name!r}", f"{FORMAT} needs it", "write it again")
    for name, array in arrays.items():
        if array.dtype.kind not in _KINDS.get(name, array.dtype.kind):
            raise data_error(f"{source}: {name} is {array.dtype}", "another kind of number", "")
        if name in _SCALARS and array.shape != ():
            raise data_error(f"{source}: {name} has shape {array.shape}", "wanted one value", "")
        if name in _CAMERA and array.shape != _CAMERA[name]:
            why = f"wanted {_CAMERA[name]}"
            raise data_error(f"{source}: {name} has shape {array.shape}", why, "")
    ranks = {"pose": 3, "joint_names": 1, "parents": 1, "left_right": 2, "frame_id": 1}
    ranks |= {"distortion": 1} if "distortion" in arrays else {}
    for name, rank in ranks.items():
        shape = arrays[name].shape
        if len(shape) != rank or (name == "left_right" and shape[1] != 2):
            raise data_error(f"{source}: {name} has shape {shape}", f"wanted {rank} axes", "")
