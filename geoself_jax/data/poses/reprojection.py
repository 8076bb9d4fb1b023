"""How far joints are from where the 2D detector saw them."""

import numpy as np

from geoself_jax.data.poses.change_axes import in_camera
from geoself_jax.data.poses.sequence import CAMERA, PoseSequence


def reprojection_error(poses: PoseSequence) -> np.ndarray:
    """(T, J) pixels between each joint, projected by eq. (1), and its detection.

    NaN where either is missing or the joint is behind the camera, and everywhere without 2D joints,
    without the camera's position or for root-relative poses, which no camera projects.
    """
    camera, unknown = poses.camera, np.full(poses.pose.shape[:2], np.nan)
    if poses.keypoints_2d is None or camera is None or poses.root_relative:
        return unknown
    if poses.axes != CAMERA and camera.R is None:
        return unknown
    import jax.numpy as jnp

    from geoself_jax.geometry.camera import ray_to_pixel

    pose = in_camera(poses).pose
    with np.errstate(divide="ignore", invalid="ignore"):
        rays = np.where(pose[..., 2:] > 0, pose[..., :2] / pose[..., 2:], np.nan)
    seen = np.asarray(ray_to_pixel(jnp.asarray(rays), jnp.asarray(camera.K, jnp.float32)))
    away = np.linalg.norm(seen - poses.keypoints_2d, axis=-1)
    return np.where(detected(poses), away, np.nan)


def detected(poses: PoseSequence) -> np.ndarray:
    """(T, J) whether the detector found each joint, as far as is known: confidence above 0.

    A detection that was rejected as an outlier is none.
    """
    sure = poses.measured_confidence
    return np.zeros(poses.pose.shape[:2], bool) if sure is None else sure > 0
