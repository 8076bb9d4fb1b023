"""A scene's poses as they are drawn: relative to the root, upright, on the floor."""

import numpy as np

from geoself_jax.data.poses.sequence import WORLD
from geoself_jax.view.scene import Scene


def camera_axes(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """What turns the scene's points into its camera's axes, (3, 3), and `up` there, (3,).

    Where the camera's place is not known, the scene's own axes are taken for a camera's.
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
    """Each source's (T, J, 3) metres, in the camera's axes, relative to the root joint."""
    R, _ = camera_axes(scene)
    root = scene.skeleton.root
    return {s.name: (s.pose - s.pose[:, root, None]) @ R.T for s in scene.sequences}


def picture_size(scene: Scene) -> tuple[int, int]:
    """Width and height of the camera's picture; of what was seen where that is not known."""
    cameras = [s.camera for s in scene.sequences if s.camera is not None]
    sizes = [camera.image_size for camera in cameras if min(camera.image_size) > 0]
    if sizes:
        return sizes[0]
    seen = detections(scene)
    pixels = np.zeros((1, 2)) if seen is None else np.nan_to_num(seen[0])
    width, height = np.maximum(np.ceil(pixels.reshape(-1, 2).max(0, initial=0)), 1)
    return int(width), int(height)


def detections(scene: Scene) -> tuple[np.ndarray, np.ndarray] | None:
    """(T, J, 2) px and (T, J) confidence of what the camera saw, or None."""
    seen = scene.seen
    if seen is None or seen.keypoints_2d is None or seen.confidence is None:
        return None
    return seen.keypoints_2d, seen.confidence


def on_floor(poses: list[np.ndarray]) -> list[np.ndarray]:
    """Upright poses (T, J, 3), each instant lifted or lowered by what brings its feet to 0.

    The floor is under the lowest joint of all sources: a jump is not seen, but who sits or lies
    does so on the floor.
    """
    heights = np.stack([pose[..., 1] for pose in poses])
    lowest = np.where(np.isfinite(heights), heights, np.inf).min((0, 2))
    lowest = np.where(np.isfinite(lowest), lowest, 0)
    return [pose - np.array([0, 1, 0]) * lowest[:, None, None] for pose in poses]
