"""A scene's joints in the pixels of its video: 2D input and lifted poses, through the lens."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.poses.change_axes import in_camera
from geoself_jax.data.poses.sequence import CAMERA, PoseCamera, PoseSequence
from geoself_jax.geometry.lenses import Lens, distort_pixels
from geoself_jax.view.drawn_poses import detections
from geoself_jax.view.scene import Scene

_BEYOND = 1.0  # image sizes outside of the image, beyond which a lens model means nothing


@dataclass(frozen=True)
class VideoJoints:
    """Joints as the video shows them. Frames T, joints J.

    Attributes:
        detected: (T, J, 2) the 2D input, px; NaN where missing.
        confidence: (T, J) of it, in [0, 1]; 0 where missing.
        others: The same two of each further person's 2D input, where sources have their own.
        reprojected: Of each source of the scene, (T, J, 2) px, NaN where missing; None where the
            source cannot be projected.
        notes: What is to know about them, one line each.
    """

    detected: np.ndarray
    confidence: np.ndarray
    others: tuple[tuple[np.ndarray, np.ndarray], ...]
    reprojected: tuple[np.ndarray | None, ...]
    notes: tuple[str, ...]


def video_joints(scene: Scene) -> VideoJoints:
    """Projects every source into its camera's image and applies the lens distortion.

    Raises:
        GeoselfError: No source has a camera (65).
    """
    camera = next((s.camera for s in scene.sequences if s.camera is not None), None)
    if camera is None:
        raise data_error(
            f"{scene.name}: no source says its camera",
            "a video needs it to draw the poses on",
            "give the .npz or .json that lift wrote",
        )
    joints = (scene.frames, scene.skeleton.joints)
    pixels, confidence = detections(scene) or (np.full((*joints, 2), np.nan), np.zeros(joints))
    flat = tuple(_projected(sequence) for sequence in scene.sequences)
    notes = [
        f"{sequence.name} is not drawn on the video: {_why_not(sequence)}"
        for sequence, found in zip(scene.sequences, flat, strict=True)
        if found is None
    ]
    if camera.lens is None:
        notes.append(
            "the lens is not known: joints are drawn as without its distortion, next to where they"
            " are seen towards the image's edges; lift from detections with a calibration"
        )
    return VideoJoints(
        _bent(pixels, camera),
        confidence,
        tuple((_bent(seen, camera), trust) for seen, trust in _others(scene, pixels)),
        tuple(None if each is None else _bent(each, camera) for each in flat),
        tuple(notes),
    )


def _others(scene: Scene, first: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields 2D input that is another person's: sources of one person share theirs."""
    known = [first]
    for sequence in scene.sequences:
        pixels, confidence = sequence.keypoints_2d, sequence.confidence
        if pixels is None or confidence is None:
            continue
        if not any(np.array_equal(pixels, each, equal_nan=True) for each in known):
            known.append(pixels)
            yield pixels, confidence


def _projected(sequence: PoseSequence) -> np.ndarray | None:
    """Returns eq. (1) of each joint, (T, J, 2) undistorted px; None without an absolute place."""
    camera = sequence.camera
    if camera is None or sequence.root_relative:
        return None
    if sequence.axes != CAMERA and (camera.R is None or camera.center is None):
        return None
    pose = in_camera(sequence).pose.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        rays = np.where(pose[..., 2:] > 0, pose / pose[..., 2:], np.nan)
    return np.asarray(rays @ camera.K.T)[..., :2]


def _why_not(sequence: PoseSequence) -> str:
    if sequence.root_relative:
        return "its poses are relative to the root; lift them with --root=absolute"
    return "its camera is not known"


def _bent(pixels: np.ndarray, camera: PoseCamera) -> np.ndarray:
    """Returns undistorted pixels where the lens shows them, NaN far outside of the image."""
    size = np.array(camera.image_size, float)
    if size.all():
        far = (pixels < -_BEYOND * size) | (pixels > (1 + _BEYOND) * size)
        pixels = np.where(far.any(-1, keepdims=True), np.nan, pixels)
    return distort_pixels(pixels, camera.K, camera.lens or Lens())
