"""A sequence in other axes, or relative to its root."""

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.poses.sequence import CAMERA, WORLD, PoseCamera, PoseSequence


def in_world(poses: PoseSequence) -> PoseSequence:
    """The sequence in the calibration's world, metres; as it is where it already is.

    A root-relative pose is only turned.

    Raises:
        GeoselfError: Its camera's place is not known (65).
    """
    if poses.axes == WORLD:
        return poses
    R, center = _place(poses)
    moved = poses.pose.astype(np.float64) @ R  # R^T of each point, written for rows
    if not poses.root_relative:
        moved = moved + center
    return poses.replace(pose=moved.astype(np.float32), axes=WORLD, up=poses.up @ R)


def in_camera(poses: PoseSequence) -> PoseSequence:
    """The sequence in its camera's frame, metres; as it is where it already is.

    Raises:
        GeoselfError: Its camera's place is not known (65).
    """
    if poses.axes == CAMERA:
        return poses
    R, center = _place(poses)
    pose = poses.pose.astype(np.float64)
    if not poses.root_relative:
        pose = pose - center
    return poses.replace(pose=(pose @ R.T).astype(np.float32), axes=CAMERA, up=R @ poses.up)


def relative_to_root(poses: PoseSequence) -> PoseSequence:
    """Each pose relative to its root joint; all NaN where that joint is missing."""
    root = poses.pose[:, poses.skeleton.root, None]
    return poses.replace(pose=poses.pose - root, root_relative=True)


def _place(poses: PoseSequence) -> tuple[np.ndarray, np.ndarray]:
    camera: PoseCamera | None = poses.camera
    if camera is None or camera.R is None or camera.center is None:
        raise data_error(
            f"{poses.name}: where its camera stands is not known",
            "world axes need its rotation and centre",
            "give a calibration with extrinsics, or keep the camera's axes",
        )
    return camera.R, camera.center
