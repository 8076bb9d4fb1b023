"""Where cameras see joints, how far from the detections, and how that changes with both."""

import numpy as np

from geoself_jax.calibrate.views import Pose, Views

_BEHIND = 1e8  # squared px that a joint behind a camera counts as


def squared_errors(views: Views, pose: Pose, points: np.ndarray) -> np.ndarray:
    """(F, V, J) squared px between detections and joints; huge behind a camera, 0 if missing.

    Args:
        views: Detections.
        pose: Cameras.
        points: (F, J, 3) joints, in the cameras' unit.
    """
    seen = seen_from(pose, points)
    off = off_px(views, pose, seen)
    square = np.where(seen[..., 2] > 0, np.sum(off**2, -1), _BEHIND)
    return np.where(views.weight > 0, square, 0.0)


def jacobian(
    views: Views, pose: Pose, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Derivatives of the projections, px, by joint (F, V, J, 2, 3) and camera (F, V, J, 2, n).

    n is `Views.unknowns`; a later reading of the detections counts as a move of the projection.
    Also returns the errors (F, V, J, 2), px. All 0 behind a camera.

    Args:
        views, pose, points: As of `squared_errors`.
    """
    seen = seen_from(pose, points)
    front = seen[..., 2] > 0
    z = np.where(front, seen[..., 2], 1.0)
    x, y = (np.where(front, seen[..., i] / z, 0.0) for i in (0, 1))
    f = (views.focal * np.exp(pose.log_focal))[:, None]
    near = np.where(front, f / z, 0.0)[..., None]
    R = pose.R[:, None]  # (V, 1, 3, 3)
    by_point = np.stack(
        [near * (R[..., 0, :] - x[..., None] * R[..., 2, :]),
         near * (R[..., 1, :] - y[..., None] * R[..., 2, :])],
        -2,
    )  # fmt: skip
    turned = f[..., None, None] * np.stack(
        [np.stack([-x * y, 1 + x * x, -y], -1), np.stack([-1 - y * y, x * y, x], -1)], -2
    )
    grown = (f[..., None] * np.stack([x, y], -1))[..., None]
    parts = [turned, -by_point, grown]
    if views.motion is not None and views.tau is not None:
        later = -views.motion * views.focal[:, None, None]
        parts += [later[..., None], (later * views.tau[:, None, None, None])[..., None]]
    by_camera = np.concatenate(parts, -1)
    by_camera = np.where(front[..., None, None], by_camera, 0.0)
    off = np.where(front[..., None], off_px(views, pose, seen), 0.0)
    return by_point, by_camera, off


def seen_from(pose: Pose, points: np.ndarray) -> np.ndarray:
    """(F, V, J, 3) joints in the cameras' axes.

    Args:
        pose: Cameras.
        points: (F, J, 3).
    """
    return np.asarray((points[:, None] - pose.center[:, None]) @ np.swapaxes(pose.R, -1, -2))


def off_px(views: Views, pose: Pose, seen: np.ndarray) -> np.ndarray:
    """(F, V, J, 2) px from projections to detections; 0 where missing.

    Args:
        views: Detections.
        pose: Cameras.
        seen: (F, V, J, 3) of `seen_from`.
    """
    z = np.where(seen[..., 2:] > 0, seen[..., 2:], 1.0)
    grown = np.exp(pose.log_focal)[:, None, None]
    rays = views.rays
    if views.motion is not None and views.tau is not None and pose.clock is not None:
        late = pose.clock[:, 0] + pose.clock[:, 1] * views.tau[:, None]
        rays = rays + late[..., None, None] * views.motion
    off = (rays - grown * seen[..., :2] / z) * views.focal[:, None, None]
    return np.where(views.weight[..., None] > 0, off, 0.0)
