"""Triangulates many frames by programs that a process compiles once."""

from typing import Literal

import jax
import numpy as np

from geoself_jax.core.in_chunks import in_chunks
from geoself_jax.data.recording import HostCamera
from geoself_jax.geometry.camera import Camera
from geoself_jax.geometry.triangulation import triangulate_dlt, triangulate_robust


def triangulate_frames(
    keypoints_2d: np.ndarray,
    confidence: np.ndarray,
    camera: HostCamera,
    method: Literal["robust", "dlt"] = "robust",
) -> np.ndarray:
    """Triangulates each frame by itself.

    Args:
        keypoints_2d: (frames, views, joints, 2) undistorted pixels; NaN where missing.
        confidence: (frames, views, joints).
        camera: Batch shape (views,), or (frames, views).
        method: `triangulate_robust` or `triangulate_dlt`.

    Returns:
        (frames, joints, 3) world, metres, float32; NaN where fewer than two views see a joint.
    """
    program = {"robust": _robust, "dlt": _dlt}[method]
    shapes = ((3, 3), (3, 3), (3,))
    every = [
        np.broadcast_to(array, (*keypoints_2d.shape[:2], *shape))
        for array, shape in zip(camera, shapes, strict=True)
    ]
    return in_chunks(program, (keypoints_2d, confidence, *every))


@jax.jit
def _robust(
    keypoints_2d: jax.Array, confidence: jax.Array, K: jax.Array, R: jax.Array, center: jax.Array
) -> jax.Array:
    return triangulate_robust(keypoints_2d, confidence, Camera(K, R, center))


@jax.jit
def _dlt(
    keypoints_2d: jax.Array, confidence: jax.Array, K: jax.Array, R: jax.Array, center: jax.Array
) -> jax.Array:
    return triangulate_dlt(keypoints_2d, confidence, Camera(K, R, center))
