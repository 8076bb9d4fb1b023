"""One person's 3D joints over time, and what is known about them."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.geometry.lenses import Lens

CAMERA, WORLD = "camera", "world"
AXES = (CAMERA, WORLD)
EXPECTED_ERRORS = ("uncertainty", "uncertainty_axes")
"""The attributes that are lengths by which joints may be off."""
MEASURED, PREDICTED, FILLED, REJECTED = range(4)
"""What `marks` says of a joint: lifted from its own detection; predicted by the network without
one; filled between other frames; predicted, its detection being rejected as an outlier."""


@dataclass(frozen=True)
class PoseCamera:
    """The camera that a person was lifted from.

    Attributes:
        name: As in the calibration.
        K: (3, 3) float64, pixels.
        image_size: Width, height in pixels; 0, 0 where not known.
        R: (3, 3) float64, world to camera, or None where not known.
        center: (3,) float64 metres, world, or None where not known; there with `R` or not at all.
        lens: Its distortion, which the sequence's 2D joints are without, or None where not known.
    """

    name: str
    K: np.ndarray
    image_size: tuple[int, int] = (0, 0)
    R: np.ndarray | None = None
    center: np.ndarray | None = None
    lens: Lens | None = None


@dataclass(frozen=True)
class PoseSequence:
    """3D joints of one person in one video. Frames T, joints J.

    Attributes:
        name: Where the poses come from, for people: `lifted`, `ground truth`, `triangulated`.
        pose: (T, J, 3) float32 metres; NaN where missing.
        skeleton: Of the J joints.
        fps: Frames per second of the video.
        frame_id: (T,) int64, each frame's number in its video, from 0, ascending, not all there.
        axes: `camera` (x right, y down, z forward) or `world` (the calibration's).
        up: (3,) float64 unit vector against gravity, in these axes.
        root_relative: Whether each pose is relative to its root joint.
        clip, action, subject: Names; empty where not known.
        camera: The camera of the video, or None.
        keypoints_2d: (T, J, 2) float32 undistorted pixels of that camera; NaN where missing; or
            None.
        confidence: (T, J) float32, 0 where missing; there with `keypoints_2d` or not at all.
        uncertainty: (T, J) float32 metres that each joint, relative to the root, is expected to be
            off, as the network says; NaN where the pose is missing; or None.
        uncertainty_axes: (T, J, 2) float32, the same across the camera's ray to the joint, and
            along it; NaN where the pose is missing; or None.
        marks: (T, J) uint8 where each joint comes from (`MEASURED`, ...); or None.
        contact: (T, J) bool whether each joint rests on the floor, as far as is known; or None.
    """

    name: str
    pose: np.ndarray
    skeleton: Skeleton
    fps: float
    frame_id: np.ndarray
    axes: str
    up: np.ndarray
    root_relative: bool = False
    clip: str = ""
    action: str = ""
    subject: str = ""
    camera: PoseCamera | None = None
    keypoints_2d: np.ndarray | None = None
    confidence: np.ndarray | None = None
    uncertainty: np.ndarray | None = None
    uncertainty_axes: np.ndarray | None = None
    marks: np.ndarray | None = None
    contact: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Raises GeoselfError (65) where the arrays do not fit each other."""
        check(self)

    @property
    def frames(self) -> int:
        """Number of frames T."""
        return len(self.pose)

    @property
    def seconds(self) -> np.ndarray:
        """(T,) time of each frame since frame 0 of its video, seconds."""
        return self.frame_id / self.fps

    @property
    def measured_confidence(self) -> np.ndarray | None:
        """`confidence`, 0 where a joint was filled or its detection rejected; or None."""
        if self.confidence is None or self.marks is None:
            return self.confidence
        return np.where(self.marks < FILLED, self.confidence, 0).astype(self.confidence.dtype)

    def replace(self, **changes: object) -> "PoseSequence":
        """The same with some attributes changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]


def check(poses: PoseSequence) -> None:
    """Makes sure that the arrays fit each other.

    Raises:
        GeoselfError: They do not (65); the first that does not is named.
    """
    _check_types(poses)
    T, J = len(poses.frame_id), poses.skeleton.joints
    shapes = {
        "pose": (poses.pose, (T, J, 3)),
        "keypoints_2d": (poses.keypoints_2d, (T, J, 2)),
        "confidence": (poses.confidence, (T, J)),
        "uncertainty": (poses.uncertainty, (T, J)),
        "uncertainty_axes": (poses.uncertainty_axes, (T, J, 2)),
        "marks": (poses.marks, (T, J)),
        "contact": (poses.contact, (T, J)),
        "up": (poses.up, (3,)),
    }
    for name, (array, wanted) in shapes.items():
        if array is not None and array.shape != wanted:
            raise data_error(
                f"{poses.name}: {name} has shape {array.shape}", f"wanted {wanted}", "fix it"
            )
    if poses.frame_id.ndim != 1 or (np.diff(poses.frame_id) <= 0).any():
        raise data_error(
            f"{poses.name}: frame_id", "wanted each frame once, ascending", "sort the frames"
        )
    if T and poses.frame_id[0] < 0:
        raise data_error(f"{poses.name}: frame_id", "wanted numbers from 0", "count from 0")
    if not (np.isfinite(poses.fps) and poses.fps > 0):
        raise data_error(f"{poses.name}: fps {poses.fps}", "wanted a number above 0", "set it")
    if poses.axes not in AXES:
        raise data_error(f"{poses.name}: axes {poses.axes!r}", f"wanted {' or '.join(AXES)}", "")
    if not abs(np.linalg.norm(poses.up) - 1) < 1e-4:
        raise data_error(f"{poses.name}: up {poses.up}", "wanted a unit vector", "normalize it")
    if np.isinf(poses.pose).any():
        raise data_error(f"{poses.name}: pose", "holds infinity", "write NaN where missing")
    if poses.camera is not None:
        _check_camera(poses.name, poses.camera)


def _check_types(poses: PoseSequence) -> None:
    """Makes sure that all arrays are numpy's, real numbers, and frames whole ones."""
    whole = dict.fromkeys(("frame_id", "marks"), "iu") | {"contact": "b"}
    optional = ("keypoints_2d", "confidence", *EXPECTED_ERRORS, "marks", "contact")
    for name in ("pose", "up", *optional, "frame_id"):
        array, kinds = getattr(poses, name), whole.get(name, "fiu")
        if array is None and name in optional:
            continue
        if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
            found = getattr(array, "dtype", type(array).__name__)
            what = {"b": "truth values", "iu": "whole numbers"}.get(kinds, "numbers")
            wanted = f"wanted a numpy array of {what}"
            raise data_error(f"{poses.name}: {name} of type {found}", wanted, "convert it")
    if not isinstance(poses.fps, int | float | np.integer | np.floating):
        raise data_error(f"{poses.name}: fps {poses.fps!r}", "wanted a number above 0", "set it")


def _check_camera(name: str, camera: PoseCamera) -> None:
    numbers = {"K": (camera.K, (3, 3)), "R": (camera.R, (3, 3)), "center": (camera.center, (3,))}
    for key, (array, wanted) in numbers.items():
        if array is not None and (array.shape != wanted or not np.isfinite(array).all()):
            what = f"{name}: {key} of {camera.name}"
            raise data_error(what, f"wanted {wanted} finite numbers", "fix it")
    R = camera.R
    if R is not None and not np.allclose(R @ R.T, np.eye(3), atol=1e-3):
        raise data_error(f"{name}: R of {camera.name}", "is no rotation: R R^T is not 1", "fix it")
