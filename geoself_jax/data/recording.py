"""A recording: detections of one person from synchronized, calibrated cameras; its file format."""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data import validation
from geoself_jax.data.camera_checks import check_cameras
from geoself_jax.data.derive_root import derive_root
from geoself_jax.data.files import npz
from geoself_jax.data.find_skeleton import find_known, known_skeleton, same_joints
from geoself_jax.data.lost_pixels import undistorted, warn_of_lost
from geoself_jax.data.roots import Rootless
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.geometry.camera import Camera
from geoself_jax.geometry.lenses import Lens

FORMAT = "geoself-multiview/1"

_FRAME_ARRAYS = (
    "keypoints_2d",
    "confidence",
    "clip_id",
    "frame_id",
    "subject_id",
    "rig_id",
    "pose_world",
)
_NAMES = ("clip_names", "clip_actions", "subject_names", "rig_names", "camera_names")
_FINGERPRINTED = {
    *("keypoints_2d", "confidence", "clip_id", "subject_id", "rig_id"),
    *("K", "R", "center", "dist", "world_up"),
}


class HostCamera(NamedTuple):
    """A `Camera`, or a batch of them, as numpy arrays, not yet rounded to float32.

    Attributes:
        K: Intrinsics, pixels.
        R: Rotation from world axes to camera axes.
        center: Camera centre in the world, metres.
    """

    K: Float64[np.ndarray, "*batch 3 3"]
    R: Float64[np.ndarray, "*batch 3 3"]
    center: Float64[np.ndarray, "*batch 3"]

    def on_device(self) -> Camera:
        """Returns the same as jax arrays, float32."""
        return Camera(*(jnp.asarray(array, jnp.float32) for array in self))


@dataclass(frozen=True)
class Recording:
    """Detections, cameras and names, as numpy arrays. Frames T, views V, joints J.

    Attributes:
        keypoints_2d: (T, V, J, 2) undistorted pixels; NaN where missing.
        confidence: (T, V, J) in [0, 1]; 0 where missing.
        clip_id: (T,) into `clip_names`; frames of a clip are consecutive in time where `frame_id`
            steps by 1.
        frame_id: (T,) index of the frame within its clip.
        subject_id: (T,) into `subject_names`.
        rig_id: (T,) into `rig_names` and the cameras.
        camera: K in pixels, R and center in metres, each (rigs, V, ...), float64.
        image_size: (rigs, V, 2) width, height in pixels.
        skeleton: Of the J joints.
        clip_names, clip_actions, subject_names, rig_names, camera_names: Names.
        fps: Frames per second.
        world_up: (3,) unit vector against gravity, in the world; None where it is unknown.
        pose_world: (T, J', 3) metres, world; ground truth for evaluation only, or None.
        pose_skeleton: Of the J' joints; None where they are the detections', J' = J.
        assumed_skeleton: Name of the skeleton where the detector's files named no joints and it was
            assumed from their number; else empty.
        fingerprint: SHA-256 of what training uses of the file, before anything is computed from it.
        fingerprints: The same of each of these arrays, by its name.
        dist: (rigs, V, n) coefficients of the lenses whose distortion the pixels are without, None
            where there was none: what a pixel was in the image needs them.
        unit: Metres that are one unit of its lengths: 1, except of what `scaled` returns.
        cameras_from: Where the cameras are from, a line, if not from a calibration: `calibrate`.
    """

    keypoints_2d: np.ndarray
    confidence: np.ndarray
    clip_id: np.ndarray
    frame_id: np.ndarray
    subject_id: np.ndarray
    rig_id: np.ndarray
    camera: HostCamera
    image_size: np.ndarray
    skeleton: Skeleton
    clip_names: tuple[str, ...]
    clip_actions: tuple[str, ...]
    subject_names: tuple[str, ...]
    rig_names: tuple[str, ...]
    camera_names: tuple[str, ...]
    fps: float
    world_up: np.ndarray | None
    pose_world: np.ndarray | None = None
    pose_skeleton: Skeleton | None = None
    assumed_skeleton: str = ""
    fingerprint: str = ""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    dist: np.ndarray | None = None
    unit: float = 1.0
    cameras_from: str = ""

    @property
    def frames(self) -> int:
        """Number of instants T."""
        return self.keypoints_2d.shape[0]

    @property
    def truth_skeleton(self) -> Skeleton:
        """Of the joints of `pose_world`."""
        return self.pose_skeleton or self.skeleton

    @property
    def views(self) -> int:
        """Number of cameras V."""
        return self.keypoints_2d.shape[1]

    @property
    def follows(self) -> np.ndarray:
        """(T - 1,) whether frame i + 1 comes right after frame i in one clip."""
        same_clip = np.diff(self.clip_id) == 0
        return same_clip & (np.diff(self.frame_id) == 1) & (np.diff(self.rig_id) == 0)

    @property
    def runs(self) -> np.ndarray:
        """(T, 2) first and last frame of the run of consecutive frames that each is in."""
        breaks = np.flatnonzero(~self.follows)
        first, last = np.append(0, breaks + 1), np.append(breaks, self.frames - 1)
        run = np.searchsorted(last, np.arange(self.frames))
        return np.stack([first[run], last[run]], axis=1).astype(np.int32)

    def cameras_of(self, frames: slice | np.ndarray) -> HostCamera:
        """Returns the cameras of some frames, batch shape (frames, V)."""
        rig = self.rig_id[frames]
        return HostCamera(*(array[rig] for array in self.camera))

    def select(self, frames: slice | np.ndarray) -> "Recording":
        """Returns some of the frames, e.g. of a slice, indices or a mask of shape (T,)."""
        chosen: dict[str, Any] = {
            name: None if getattr(self, name) is None else getattr(self, name)[frames]
            for name in _FRAME_ARRAYS
        }
        return dataclasses.replace(self, **chosen)

    def select_views(self, views: np.ndarray) -> "Recording":
        """Returns some of the cameras, by their indices, with their detections."""
        return dataclasses.replace(
            self,
            keypoints_2d=self.keypoints_2d[:, views],
            confidence=self.confidence[:, views],
            camera=HostCamera(*(array[:, views] for array in self.camera)),
            image_size=self.image_size[:, views],
            camera_names=tuple(self.camera_names[view] for view in views),
            dist=None if self.dist is None else self.dist[:, views],
        )

    def scaled(self, factor: float) -> "Recording":
        """Returns the recording with all lengths times a factor: cameras' places and ground truth.

        `unit` remembers it.
        """
        pose_world = self.pose_world
        return dataclasses.replace(
            self,
            camera=self.camera._replace(center=self.camera.center * factor),
            pose_world=None if pose_world is None else pose_world * np.float32(factor),
            unit=self.unit / factor,
        )

    def without_ground_truth(self) -> "Recording":
        """Returns the recording without `pose_world`: what training is given."""
        return dataclasses.replace(self, pose_world=None, pose_skeleton=None)


def from_arrays(arrays: Mapping[str, np.ndarray], source: str) -> Recording:
    """Checks the arrays of format `geoself-multiview/1` and undoes lens distortion.

    Where the file gives no root, one is derived (`data.derive_root.derive_root`): a pelvis where
    its joints are a known detector's without one, a centroid where they are no known skeleton's.

    Args:
        arrays: As in the file; see docs/recording.md.
        source: Name for error messages.

    Raises:
        GeoselfError: The arrays contradict the format or each other (65).
    """
    validation.check_names(source, arrays)
    validation.check_shapes(source, arrays)
    validation.check_detections(source, arrays)
    R = check_cameras(source, arrays)
    validation.check_scene(source, arrays)
    camera = HostCamera(arrays["K"].astype(np.float64), R, arrays["center"].astype(np.float64))
    keypoints_2d = arrays["keypoints_2d"].astype(np.float32)
    bent = "dist" in arrays and np.any(arrays["dist"])
    if bent:
        keypoints_2d = _undistorted(source, keypoints_2d, arrays)
    confidence = arrays["confidence"].astype(np.float32)
    missing = ~validation.placed(keypoints_2d)
    keypoints_2d[missing] = np.nan
    up = validation.vertical_of(arrays)
    confidence = np.where(missing, 0, confidence)
    skeleton, pose_skeleton, pose_world = _skeletons(arrays, source)
    if "root" not in arrays:
        skeleton, keypoints_2d, confidence = derive_root(skeleton, keypoints_2d, confidence)
    if pose_skeleton is not None and same_joints(pose_skeleton.joint_names, skeleton.joint_names):
        pose_skeleton = None
    ids: dict[str, Any] = {
        name: arrays[name].astype(np.int32)
        for name in ("clip_id", "frame_id", "subject_id", "rig_id")
    }
    names: dict[str, Any] = {name: tuple(str(text) for text in arrays[name]) for name in _NAMES}
    return Recording(
        keypoints_2d=keypoints_2d,
        confidence=confidence,
        **ids,
        camera=camera,
        image_size=arrays["image_size"],
        skeleton=skeleton,
        **names,
        fps=float(arrays["fps"].item()),
        world_up=None if up is None else up / np.linalg.norm(up),
        pose_world=pose_world,
        pose_skeleton=pose_skeleton,
        assumed_skeleton=str(np.asarray(arrays.get("assumed_skeleton", "")).item()),
        cameras_from=str(np.asarray(arrays.get("cameras_from", "")).item()),
        fingerprint=_fingerprint(arrays, _FINGERPRINTED),
        fingerprints={name: _fingerprint(arrays, {name}) for name in _FINGERPRINTED & set(arrays)},
        dist=arrays["dist"].astype(np.float64) if bent else None,
    )


def read(path: Path | str) -> Recording:
    """Reads a recording from an .npz file of format `geoself-multiview/1`.

    Raises:
        GeoselfError: Missing (66), damaged or contradictory (65).
    """
    large = (*_FRAME_ARRAYS, *validation.IGNORED)
    return from_arrays(npz.read_arrays(Path(path), large=large), str(path))


def write(recording: Recording, path: Path | str) -> None:
    """Writes a recording; its pixels stay undistorted, so no `dist` is written.

    Args:
        recording: Recording to write.
        path: An .npz file; a file already there is replaced, a missing folder is created.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    npz.write_arrays(Path(path), arrays_of(recording))


def arrays_of(recording: Recording) -> dict[str, np.ndarray]:
    """Returns the arrays of format `geoself-multiview/1`; its pixels stay undistorted."""
    if recording.unit != 1:
        recording = dataclasses.replace(recording.scaled(recording.unit), unit=1.0)
    skeleton, camera = recording.skeleton, recording.camera
    arrays = {
        name: getattr(recording, name)
        for name in (*_FRAME_ARRAYS, "image_size")
        if getattr(recording, name) is not None
    }
    arrays["world_up"] = up_array(recording.world_up)
    arrays |= {name: np.array(getattr(recording, name)) for name in _NAMES}
    if skeleton.body_metres is not None:
        arrays["body_metres"] = np.array(skeleton.body_metres)
    if recording.pose_skeleton is not None:
        arrays["pose_joint_names"] = np.array(recording.pose_skeleton.joint_names)
    if recording.assumed_skeleton:
        arrays["assumed_skeleton"] = np.array(recording.assumed_skeleton)
    if recording.cameras_from:
        arrays["cameras_from"] = np.array(recording.cameras_from)
    return arrays | {
        "format": np.array(FORMAT),
        "fps": np.array(recording.fps),
        "joint_names": np.array(skeleton.joint_names),
        "parents": np.array(skeleton.parents),
        "left_right": np.array(skeleton.left_right, np.int32).reshape(-1, 2),
        "root": np.array(skeleton.root),
        "K": camera.K,
        "R": camera.R,
        "center": camera.center,
    }


def up_array(world_up: np.ndarray | None) -> np.ndarray:
    """Returns `world_up` as the format has it: empty where it is unknown."""
    return np.zeros(0) if world_up is None else world_up.astype(np.float64)


def _skeletons(
    arrays: Mapping[str, np.ndarray], source: str
) -> tuple[Skeleton, Skeleton | None, np.ndarray | None]:
    """Of the detections as in the file; of the ground truth; and the truth, with a root."""
    skeleton = skeleton_of(arrays, source)
    if "pose_world" not in arrays:
        return skeleton, None, None
    pose_world = arrays["pose_world"].astype(np.float32)
    names = tuple(str(name) for name in arrays.get("pose_joint_names", ()))
    own = find_known(names) if names else skeleton
    if own is None:
        raise data_error(
            f"{source}: pose_joint_names {names[:3]}... of {len(names)} joints",
            f"truth in its own joints must be a known skeleton's: {', '.join(KNOWN_SKELETONS)}",
            "bring pose_world and pose_joint_names into the order and names of one of them",
        )
    if names or "root" not in arrays:
        there = np.asarray(np.isfinite(pose_world).all(-1), np.float32)
        own, pose_world, _ = derive_root(own, pose_world, there)
    return skeleton, own if names else None, pose_world


def skeleton_of(arrays: Mapping[str, np.ndarray], source: str) -> Skeleton:
    """Returns the skeleton that arrays of the format describe or name.

    Args:
        arrays: As in the file; `joint_names`, and `parents`, `left_right` and `root` if given;
            without `root` joints that are no known skeleton's are `Rootless`.
        source: Name for error messages.

    Raises:
        GeoselfError: Half a description, or joints of no known skeleton (65).
    """
    joint_names = tuple(str(name) for name in arrays["joint_names"])
    there = {name for name in ("parents", "left_right", "root") if name in arrays}
    rootless = there == {"parents", "left_right"} and find_known(joint_names) is None
    if there and len(there) < 3 and not rootless:
        raise data_error(
            f"{source}: of the skeleton only {' and '.join(sorted(there, reverse=True))}",
            "parents, left_right and root describe it together",
            "give all three, or none where the joints are a known skeleton's",
        )
    try:
        if not there:
            return known_skeleton(joint_names)
        kind = Rootless if rootless else Skeleton
        return kind(
            joint_names,
            tuple(int(p) for p in arrays["parents"]),
            tuple((int(a), int(b)) for a, b in arrays["left_right"]),
            0 if rootless else int(arrays["root"].item()),
            _size(arrays.get("body_metres")),
        )
    except GeoselfError as error:
        raise data_error(f"{source}: {error}", "", "") from error


def _size(declared: np.ndarray | None) -> tuple[float, float] | None:
    return None if declared is None else (float(declared[0]), float(declared[1]))


def _fingerprint(arrays: Mapping[str, np.ndarray], names: set[str]) -> str:
    total = hashlib.sha256()
    for name in sorted(names & set(arrays)):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype} {array.shape}".encode())
        total.update(array.data if array.size else b"")
    return total.hexdigest()


def _undistorted(
    source: str, keypoints_2d: np.ndarray, arrays: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Returns undistorted pixels; NaN, with a warning, where a lens model has no ray."""
    result = np.empty_like(keypoints_2d)
    for rig, view in np.ndindex(*arrays["dist"].shape[:2]):
        here = arrays["rig_id"] == rig
        lens = Lens(tuple(arrays["dist"][rig, view].tolist()))
        plain, lost, there = undistorted(keypoints_2d[here, view], arrays["K"][rig, view], lens)
        result[here, view] = plain
        name, camera = arrays["rig_names"][rig], arrays["camera_names"][view]
        warn_of_lost(f"{source}: rig {name}, camera {camera}", lost, there)
    return result
