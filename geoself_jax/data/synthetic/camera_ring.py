"""Four-camera rigs like Human3.6M's, and the exact projection with lens distortion."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

CAMERA_NAMES = ("front_left", "front_right", "back_left", "back_right")
# Rough places of Human3.6M's cameras, m: a long room, one camera to a corner.
PLACES = np.array([[1.85, 5.0, 1.55], [1.8, -4.9, 1.6], [-1.9, 5.1, 1.5], [-1.85, -4.4, 1.6]])
# Means of the calibration published with Human3.6M: k1 k2 p1 p2 k3.
DISTORTION = np.array([-0.200, 0.240, -0.0017, -0.0004, -0.002])
DISTORTION_SPREAD = np.array([0.006, 0.015, 0.0007, 0.001, 0.006])
IMAGE_SIZE = 1000


@dataclass(frozen=True)
class Rig:
    """x_cam = R (x_world - center); metres, pixels; `dist` in OpenCV's order k1 k2 p1 p2 k3.

    Attributes:
        K: (views, 3, 3).
        dist: (views, 5).
        R: (views, 3, 3), camera axes x right, y down, z forward.
        center: (views, 3).
        image_size: (views, 2) width and height.
    """

    K: Array
    dist: Array
    R: Array
    center: Array
    image_size: Array


def look_at(center: Array, target: Array, roll: Array) -> Array:
    """World-to-camera (views, 3, 3) that look from `center` to `target`; rolls in rad."""
    forward = target - center
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    down = np.cross(forward, right)
    c, s = np.cos(roll)[:, None], np.sin(roll)[:, None]
    return np.stack([c * right + s * down, c * down - s * right, forward], -2)


def draw_rig(rng: np.random.Generator) -> Rig:
    """A rig with places, views and lenses a little different from all others."""
    views = len(PLACES)
    center = PLACES + rng.normal(0.0, [0.12, 0.2, 0.06], (views, 3))
    center[:, 2] = np.clip(center[:, 2], 1.4, 1.75)
    target = rng.normal([0.0, 0.0, 0.92], [0.06, 0.06, 0.04], (views, 3))
    K = np.zeros((views, 3, 3))
    focal = rng.normal(1147.0, 2.5, views)
    K[:, 0, 0], K[:, 1, 1], K[:, 2, 2] = focal, focal + rng.normal(-1.2, 0.7, views), 1.0
    K[:, :2, 2] = rng.normal([513.0, 507.0], [5.0, 6.0], (views, 2))
    return Rig(
        K=K,
        dist=rng.normal(DISTORTION, DISTORTION_SPREAD, (views, 5)),
        R=look_at(center, target, np.radians(rng.normal(0.0, 1.0, views))),
        center=center,
        image_size=np.full((views, 2), IMAGE_SIZE, np.int32),
    )


def to_cameras(points: Array, rig: Rig) -> Array:
    """World points (frames, joints, 3) in every camera's axes: (frames, views, joints, 3), m."""
    views = len(rig.R)
    shift = np.einsum("vij,vj->vi", rig.R, rig.center)
    out = points.reshape(-1, 3) @ rig.R.reshape(views * 3, 3).T - shift.ravel()
    return out.reshape(*points.shape[:2], views, 3).swapaxes(1, 2)


def project(camera_points: Array, rig: Rig) -> Array:
    """Pixels (frames, views, joints, 2) of points in camera axes, with the lens's distortion."""
    x, y = camera_points[..., 0], camera_points[..., 1]
    depth = camera_points[..., 2]
    x, y = x / depth, y / depth
    k1, k2, p1, p2, k3 = rig.dist.T[:, :, None]
    r2 = x * x + y * y
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    u = x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
    v = y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
    fx, fy, cx, cy = (rig.K[:, i, j, None] for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    return np.stack([fx * u + cx, fy * v + cy], -1)
