"""Cameras around a room and bodies in it, for tests of geometry."""

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.geometry.camera import Camera


def ring(views: int, rng: np.random.Generator, batch: tuple[int, ...] = ()) -> Camera:
    """Cameras on a ring 5 m about the origin, looking inwards; float64 within jax.enable_x64."""
    shape = (*batch, views)
    angle = 2 * np.pi * np.arange(views) / views + rng.uniform(-0.2, 0.2, shape)
    center = np.stack([5 * np.cos(angle), 5 * np.sin(angle), rng.uniform(1.2, 2, shape)], -1)
    forward = np.array([0, 0, 1.0]) + rng.uniform(-0.2, 0.2, (*shape, 3)) - center
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    R = np.stack([right, np.cross(forward, right), forward], axis=-2)
    K = np.broadcast_to(np.diag([1145.0, 1143, 1]), (*shape, 3, 3)).copy()
    K[..., :2, 2] = rng.uniform(490, 520, (*shape, 2))
    K[..., 0, 1] = rng.uniform(-1, 1, shape)
    return Camera(*(jnp.asarray(array) for array in (K, R, center)))


def bodies(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """(*shape, 3) points within a person's reach of the room's middle, metres."""
    return rng.normal(0, 0.4, (*shape, 3)) + [0, 0, 1.0]


def finite(tree: object) -> bool:
    """Whether every array of a tree is finite."""
    return all(bool(np.isfinite(leaf).all()) for leaf in jax.tree.leaves(tree))
