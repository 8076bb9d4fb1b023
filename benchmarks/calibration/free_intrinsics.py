"""Whether joints agree with a camera's intrinsics, the cameras' places being held.

One camera's focal length, then its principal point, too, is adjusted together with all joints:
Gauss-Newton with Cauchy's weights, each joint in each frame eliminated. Standard errors are by
clusters, blocks of time and joints (Cameron, Gelbach and Miller 2011, nothing subtracted).
"""

from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.bundle import Solution
from geoself_jax.calibrate.camera_jacobian import jacobian
from geoself_jax.calibrate.points import nearest_points
from geoself_jax.calibrate.solve import joint_scale
from geoself_jax.calibrate.views import Pose, Views

_ROUNDS, _STEPS, _FIRST_PX = 3, 15, 8.0


class Freed(NamedTuple):
    """What one camera's intrinsics would be by the joints.

    Attributes:
        change: (k,) natural logarithm of the factor on the focal length; and with the principal
            point how much it moves, px.
        error: (k,) standard errors.
    """

    change: np.ndarray
    error: np.ndarray


class _Equations(NamedTuple):
    """Of all joints, theirs eliminated; n = F J joints."""

    normal: np.ndarray  # (k, k)
    pull: np.ndarray  # (n, k)
    answer: np.ndarray  # (n, 3, k + 1): what a joint answers to the camera, and its own move
    bend: float  # curvature of Cauchy's function by that of the reweighted squares


def freed(views: Views, pose: Pose, view: int, *, principal: bool) -> Freed:
    """Frees one camera's focal length, or that and its principal point.

    Args:
        views: Detections; its blocks are those of time.
        pose: Cameras, which stay.
        view: Which camera's.
        principal: Whether the principal point is free, too.
    """
    k = 3 if principal else 1
    points, value = nearest_points(views, pose), np.zeros(k)
    scale = np.full(points.shape[1], _FIRST_PX)
    for _ in range(_ROUNDS):
        for _ in range(_STEPS):
            one = _equations(views, pose, view, points, value, scale)
            step = np.linalg.solve(one.normal, one.pull.sum(0))
            move = one.answer[..., -1] - one.answer[..., :-1] @ step
            points, value = points + move.reshape(points.shape), value + step
        there, changed = _changed(views, pose, view, value)
        scale = joint_scale(there, Solution(changed, points, None, 0.0))
    one = _equations(views, pose, view, points, value, scale)
    frames, joints = points.shape[:2]
    spread = np.zeros((k, k))
    for cluster in (np.repeat(views.block, joints), np.tile(np.arange(joints), frames)):
        rows = np.zeros((int(cluster.max()) + 1, k))
        np.add.at(rows, cluster, one.pull)
        spread += rows.T @ rows * len(rows) / (len(rows) - 1)
    inverse = np.linalg.inv(one.normal * one.bend)
    return Freed(value, np.sqrt(np.diag(inverse @ spread @ inverse)))


def _changed(views: Views, pose: Pose, view: int, value: np.ndarray) -> tuple[Views, Pose]:
    """The detections and cameras by other intrinsics of one camera."""
    log_focal, rays = pose.log_focal.copy(), views.rays
    log_focal[view] += value[0]
    if len(value) > 1:
        rays = rays.copy()
        rays[:, view] -= value[1:] / views.focal[view]
    return views._replace(rays=rays), pose._replace(log_focal=log_focal)


def _equations(
    views: Views, pose: Pose, view: int, points: np.ndarray, value: np.ndarray, scale: np.ndarray
) -> _Equations:
    k, count = len(value), views.views
    by_point, by_camera, off = jacobian(*_changed(views, pose, view, value), points)
    square = np.sum(off**2, -1) / scale**2
    two = (views.weight > 0).sum(1, keepdims=True) >= 2
    weight = np.where(two, views.weight, 0.0) / scale**2 / (1 + square)
    own = np.zeros((*off.shape, k))  # (F, V, J, 2, k)
    own[:, view, ..., 0] = by_camera[:, view, ..., 6]
    own[:, view, ..., 1:] = np.eye(2)[:, : k - 1]
    root = np.sqrt(weight)[..., None]
    rows = [
        np.moveaxis(array * (root if array.ndim == 4 else root[..., None]), 1, 2)
        for array in (by_point, own, off)
    ]
    n = points.shape[0] * points.shape[1]
    A, B, r = (array.reshape(n, 2 * count, -1) for array in rows)
    At, Bt = np.swapaxes(A, -1, -2), np.swapaxes(B, -1, -2)
    lhs = At @ A
    lhs += (1e-9 * np.trace(lhs, axis1=-2, axis2=-1)[:, None, None] + 1e-12) * np.eye(3)
    answer = np.linalg.inv(lhs) @ At @ np.concatenate([B, r], -1)
    mixed = Bt @ A
    normal = (Bt @ B).sum(0) - np.einsum("nka,nal->kl", mixed, answer[..., :-1])
    pull = (Bt @ r - mixed @ answer[..., -1:])[..., 0]
    bend = float(np.sum(weight / (1 + square)) / np.sum(weight))
    return _Equations(normal, pull, answer, bend)
