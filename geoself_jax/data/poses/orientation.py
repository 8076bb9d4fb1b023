"""A sequence turned so that y or z is up, as other programs expect it."""

import dataclasses

import numpy as np

from geoself_jax.core.errors import nearest_name, usage_error
from geoself_jax.data.poses.sequence import CAMERA, WORLD, PoseCamera, PoseSequence

AS_IS = "as-is"
UP = ("y", "z", AS_IS)
NEAR_AN_AXIS = 0.999
"""Cosine to an axis from which on `up` is that axis: within 2.6 degrees."""


def turned(poses: PoseSequence, up: str) -> PoseSequence:
    """The sequence in axes whose y or z is up, or as it is.

    Camera axes are turned by a fixed rotation, however the camera was tilted: (x, -y, -z) for y up,
    (x, z, -y) for z up. World axes whose up is (nearly) an axis are turned by the quarter or half
    turn that takes it there, so coordinates change places and signs and nothing else: z up becomes
    y up by (x, z, -y), y up becomes z up by (x, -z, y). Any other up is taken there by the smallest
    rotation. A sequence that is turned is in world axes then, its camera turned with it.

    Args:
        poses: The sequence.
        up: One of `UP`.

    Raises:
        GeoselfError: No such `up` (64).
    """
    turn = rotation(poses, up)
    if (turn == np.eye(3)).all():
        return poses
    return poses.replace(
        pose=(poses.pose.astype(np.float64) @ turn.T).astype(np.float32),
        axes=WORLD,
        up=turn @ poses.up,
        camera=_turned_camera(poses, turn),
    )


def rotation(poses: PoseSequence, up: str) -> np.ndarray:
    """(3, 3) rotation that `turned` applies to each joint.

    Raises:
        GeoselfError: No such `up` (64).
    """
    if up not in UP:
        raise usage_error(f"up {up!r}", f"wanted {', '.join(UP)}", nearest_name(up, UP))
    if up == AS_IS:
        return np.eye(3)
    target = np.eye(3)["xyz".index(up)]
    source = np.array([0.0, -1, 0]) if poses.axes == CAMERA else poses.up / np.linalg.norm(poses.up)
    axis = int(np.abs(source).argmax())
    if abs(source[axis]) >= NEAR_AN_AXIS:
        source = np.sign(source[axis]) * np.eye(3)[axis]
    return smallest_rotation(source, target)


def smallest_rotation(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The smallest rotation from one unit vector to another; about x where they are opposite."""
    cosine = source @ target
    if cosine < -1 + 1e-9:
        return np.diag([1.0, -1, -1])
    x, y, z = np.cross(source, target)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)


def _turned_camera(poses: PoseSequence, turn: np.ndarray) -> PoseCamera | None:
    """The camera in the turned axes; camera axes have it at the origin, looking along z."""
    camera = poses.camera
    if camera is None:
        return None
    R, center = camera.R, camera.center
    if poses.axes == CAMERA:
        R, center = np.eye(3), np.zeros(3)
    if R is None or center is None:
        return camera
    return dataclasses.replace(camera, R=R @ turn.T, center=turn @ center)
