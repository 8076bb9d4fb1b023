"""Triangulates many frames by programs that a process compiles once."""

import math
from typing import Literal

import jax
import numpy as np

from geoself_jax.core.float32 import in_float32
from geoself_jax.core.in_chunks import in_chunks
from geoself_jax.data.recording import HostCamera
from geoself_jax.geometry.camera import Camera
from geoself_jax.geometry.triangulation import triangulate_dlt, triangulate_robust

USUAL_REACH = 4.0
"""Metres: of a rig for people, for which `geometry.numerics.MIN_DEPTH` is."""

_ALONE = 10.0
"""Times the usual distance from the middle: a camera that is farther drags the others' mean."""

Method = Literal["robust", "dlt"]


@in_float32
def triangulate_frames(
    keypoints_2d: np.ndarray,
    confidence: np.ndarray,
    camera: HostCamera,
    method: Method = "robust",
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
    points, metres = triangulate_by_reach(keypoints_2d, confidence, camera, method)
    return points * np.float32(metres)


@in_float32
def triangulate_by_reach(
    keypoints_2d: np.ndarray,
    confidence: np.ndarray,
    camera: HostCamera,
    method: Method = "robust",
) -> tuple[np.ndarray, float]:
    """Triangulates as `triangulate_frames`, but in a unit that makes a rig's reach `USUAL_REACH`.

    So a rig whose lengths are all times s gives the same numbers, bit for bit.

    Args:
        keypoints_2d, confidence, camera, method: As of `triangulate_frames`.

    Returns:
        The points, world, float32, in that unit; and how many metres it is.
    """
    program = {"robust": _robust, "dlt": _dlt}[method]
    shapes = ((3, 3), (3, 3), (3,))
    every = [
        np.broadcast_to(array, (*keypoints_2d.shape[:2], *shape))
        for array, shape in zip(camera, shapes, strict=True)
    ]
    metres = _reach(every[2]) / USUAL_REACH
    every[2] = every[2] / metres
    return in_chunks(program, (keypoints_2d, confidence, *every)), metres


def _reach(center: np.ndarray) -> float:
    """Median distance of the cameras (frames, views, 3) from their middle; usual where it is 0.

    The middle is their mean; where one stands `_ALONE`, the median of each coordinate.
    """
    median = np.median(center, axis=1, keepdims=True)
    apart = np.linalg.norm(center - median, axis=-1)
    usual = np.median(apart, axis=1, keepdims=True)
    alone = ((usual > 0) & (apart > _ALONE * usual)).any(1)[:, None, None]
    middle = np.where(alone, median, center.mean(1, keepdims=True))
    apart = np.linalg.norm(center - middle, axis=-1)
    reach = float(np.median(apart)) if apart.size else 0.0
    return reach if 0 < reach < math.inf else USUAL_REACH


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
