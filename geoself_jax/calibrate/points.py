"""Joints from rays of cameras in float64, linear: the start of an adjustment."""

import numpy as np

from geoself_jax.calibrate.views import Pose, Views


def nearest_points(views: Views, pose: Pose) -> np.ndarray:
    """Points nearest to the rays of all views, by weight.

    Args:
        views: Detections.
        pose: Cameras.

    Returns:
        (F, J, 3) in the cameras' unit; of joints without two rays some point or other.
    """
    grown = np.exp(-pose.log_focal)[:, None, None]
    rays = np.concatenate([views.rays * grown, np.ones_like(views.rays[..., :1])], -1)
    rays = rays @ pose.R
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    weight = views.weight[..., None, None]
    across = weight * (np.eye(3) - rays[..., :, None] * rays[..., None, :])
    lhs = across.sum(1) + 1e-12 * np.eye(3)
    rhs = np.einsum("fvjab,vb->fja", across, pose.center)
    return np.asarray(np.linalg.solve(lhs, rhs[..., None])[..., 0])
