"""Prepares a scene's poses for drawing: root-relative, upright, on the floor."""

import numpy as np

from geoself_jax.data.poses.sequence import WORLD
from geoself_jax.view.scene import Scene


def camera_axes(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rotation from the scene's axes to its camera's, (3, 3), and `up` there, (3,).

    Without extrinsics, the scene's own axes are taken as the camera's.
    """
    up = scene.sequences[0].up
    rotations = [
        sequence.camera.R
        for sequence in scene.sequences
        if sequence.camera is not None and sequence.camera.R is not None
    ]
    if scene.sequences[0].axes != WORLD or not rotations:
        return np.eye(3), up
    return rotations[0], rotations[0] @ up


def poses_in_camera(scene: Scene) -> dict[str, np.ndarray]:
    """Returns the root-relative pose of each source, (T, J, 3), metres, camera axes."""
    R, _ = camera_axes(scene)
    root = scene.skeleton.root
    return {s.name: (s.pose - s.pose[:, root, None]) @ R.T for s in scene.sequences}


def image_size_of(scene: Scene) -> tuple[int, int]:
    """Returns the image's width and height, px; the extent of the detections where unknown."""
    cameras = [s.camera for s in scene.sequences if s.camera is not None]
    sizes = [camera.image_size for camera in cameras if min(camera.image_size) > 0]
    if sizes:
        return sizes[0]
    seen = detections(scene)
    pixels = np.zeros((1, 2)) if seen is None else np.nan_to_num(seen[0])
    width, height = np.maximum(np.ceil(pixels.reshape(-1, 2).max(0, initial=0)), 1)
    return int(width), int(height)


def detections(scene: Scene) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns the 2D detections, (T, J, 2) px, and confidence, (T, J); None without any."""
    seen = scene.seen
    if seen is None or seen.keypoints_2d is None or seen.confidence is None:
        return None
    return seen.keypoints_2d, seen.confidence


def on_floor(poses: list[np.ndarray]) -> list[np.ndarray]:
    """Translates upright poses (T, J, 3), metres, so that the lowest joint of each frame is at 0.

    The floor is under the lowest joint of all sources: a jump is not visible, but a sitting or
    lying person is on the floor.
    """
    heights = np.stack([pose[..., 1] for pose in poses])
    lowest = np.where(np.isfinite(heights), heights, np.inf).min((0, 2))
    lowest = np.where(np.isfinite(lowest), lowest, 0)
    return [pose - np.array([0, 1, 0]) * lowest[:, None, None] for pose in poses]
