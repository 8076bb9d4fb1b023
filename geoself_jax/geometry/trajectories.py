"""Trajectory features: local polynomial fits of points over time."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from geoself_jax.geometry.numerics import matmul, safe_divide

ROUNDS = 2
"""Reweighting iterations."""
RIDGE = 0.02
"""Ridge regularization, relative to the weight: too few points imply zero velocity."""
REACH = 4.0
"""Support of the temporal weights, in units of `spread`; points beyond have no weight."""


def fit_paths(
    points: Float[Array, "*batch frames joints 2"],
    weight: Float[Array, "*batch frames joints"],
    *,
    spread: float,
    outlier: float,
) -> tuple[Float[Array, "*batch joints 6"], Float[Array, "*batch joints"]]:
    """Fits a parabola over time to each joint's points, about the middle frame.

    Weighted least squares with Gaussian weights in time, reweighted `ROUNDS` times by
    (1 + (distance / outlier)^2)^-2 (Geman-McClure). Undetermined terms are zero: a single frame
    has no velocity.

    Args:
        points: Finite, in any unit.
        weight: Weight of each point, 0 where missing.
        spread: Standard deviation of the Gaussian, frames.
        outlier: Scale of the residual that is down-weighted, in the unit of `points`.

    Returns:
        Position, velocity and half the acceleration, two numbers each, times 1, `spread` and its
        square: all in the unit of `points`. And the mean weight of the points.
    """
    in_time, near = powers_and_nearness(points.shape[-3], spread)
    powers = jnp.asarray(in_time)
    shape = points.shape[:-3] + points.shape[-2:-1]  # batch and joints
    # Frames first, all other axes flattened: every sum over time is a small matrix product.
    x, y = (jnp.moveaxis(points[..., i], -2, 0).reshape(len(near), -1) for i in range(2))
    first = jnp.moveaxis(weight, -2, 0).reshape(len(near), -1) * near[:, None]
    path = _fit((x, y), first, powers)
    for _ in range(ROUNDS):
        there = [matmul(powers[:, :3], jnp.stack(axis)) for axis in path]
        square = ((x - there[0]) ** 2 + (y - there[1]) ** 2) / outlier**2
        path = _fit((x, y), first / (1 + square) ** 2, powers)
    support = jnp.sum(first, axis=0) / near.sum()
    numbers = [path[axis][power] for power in range(3) for axis in range(2)]
    return jnp.stack(numbers, axis=-1).reshape(*shape, 6), support.reshape(shape)


def powers_and_nearness(
    frames: int, spread: float
) -> tuple[Float[np.ndarray, "frames 5"], Float[np.ndarray, " frames"]]:
    """Returns powers 0 to 4 of each frame's time in units of `spread`, and Gaussian weights.

    Both are 0 beyond `REACH`, where powers would cancel in float32.

    Args:
        frames: Length of the window; time is 0 at its middle frame.
        spread: Standard deviation of the Gaussian, frames.
    """
    time = ((np.arange(frames) - frames // 2) / spread).astype(np.float32)
    within = np.abs(time) <= REACH
    powers = np.where(within[:, None], time[:, None] ** np.arange(5, dtype=np.float32), 0)
    return powers, np.where(within, np.exp(-0.5 * time**2), 0)


def _fit(
    pair: tuple[jax.Array, jax.Array], weight: jax.Array, powers: jax.Array
) -> list[list[jax.Array]]:
    """Returns the coefficients of 1, t and t^2 for x and y, by the normal equations."""
    s0, *sums = matmul(powers.T, weight)
    s1, s2, s3, s4 = (safe_divide(x, s0) for x in sums)
    # Eliminate the position, then solve two equations for velocity and acceleration.
    a11, a12, a22 = s2 - s1 * s1 + RIDGE, s3 - s1 * s2, s4 - s2 * s2 + RIDGE
    determinant = a11 * a22 - a12 * a12
    found = []
    for points in pair:
        b0, b1, b2 = (safe_divide(x, s0) for x in matmul(powers[:, :3].T, weight * points))
        c1, c2 = b1 - s1 * b0, b2 - s2 * b0
        velocity = (a22 * c1 - a12 * c2) / determinant
        bend = (a11 * c2 - a12 * c1) / determinant
        found.append([b0 - s1 * velocity - s2 * bend, velocity, bend])
    return found
