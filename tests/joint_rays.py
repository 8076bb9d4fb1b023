"""Cameras around moving points and the rays by which they see them, for tests of calibration."""

import numpy as np

from geoself_jax.calibrate.views import Pose, Views

FOCAL = 1100.0


def ring(count: int, seed: int = 0) -> Pose:
    """Cameras about 5 m around the origin that look at it, z up."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * (np.arange(count) + rng.uniform(-0.2, 0.2, count)) / max(count, 3)
    center = np.stack([5 * np.cos(angle), 5 * np.sin(angle), rng.uniform(1, 2, count)], -1)
    forward = rng.uniform(-0.3, 0.3, (count, 3)) - center
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    return Pose.of(np.stack([right, np.cross(forward, right), forward], -2), center)


def walking(frames: int, joints: int, seed: int = 0) -> np.ndarray:
    """(F, J, 3) a cloud of joints that changes its form and goes about, metres."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(-1.3, 1.3, (frames, 1, 3)) * [1, 1, 0.1]
    return place + rng.normal(0, 0.4, (frames, joints, 3))


def seen(pose: Pose, points: np.ndarray, *, px: float = 0.0, seed: int = 0) -> Views:
    """Detections of the points; errors of `px` pixels on each axis; each frame a block."""
    local = np.einsum("vab,fvjb->fvja", pose.R, points[:, None] - pose.center[:, None])
    assert (local[..., 2] > 0.5).all()
    rays = local[..., :2] / local[..., 2:] * np.exp(pose.log_focal)[:, None, None]
    rays = rays + np.random.default_rng(seed).normal(0, px / FOCAL, rays.shape)
    frames, views, joints = rays.shape[:3]
    return Views(
        rays,
        np.ones((frames, views, joints)),
        np.full(views, FOCAL),
        np.zeros(frames, int),
        np.arange(frames),
    )


def apart(found: Pose, true: Pose) -> tuple[float, float]:
    """Largest rotation error, degrees, and distance of centres, metres, after the best fit."""
    U, _, Vt = np.linalg.svd(np.einsum("vji,vjk->ik", true.R, found.R))
    turn = U @ np.diag([1, 1, np.linalg.det(U @ Vt)]) @ Vt
    own, aim = ((c - c.mean(0)) for c in (found.center @ turn.T, true.center))
    own = own * np.sum(own * aim) / np.sum(own**2)
    angle = np.einsum("vij,vij->v", found.R @ turn.T, true.R)
    degrees = np.degrees(np.arccos(np.clip((angle - 1) / 2, -1, 1)))
    return float(degrees.max()), float(np.linalg.norm(own - aim, axis=1).max())
