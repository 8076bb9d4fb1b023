"""Short paths of points over time, fitted by polynomials: where they are, how fast, which way."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from geoself_jax.geometry.numerics import matmul, safe_divide

ROUNDS = 2
"""Of weighting anew."""
RIDGE = 0.02
"""Of the weight: what too few points do not tell is taken for a standstill."""
REACH = 4.0
"""Spreads: points farther off in time have no weight, as their parabola here would be a guess."""


def fit_paths(
    points: Float[Array, "*batch frames joints 2"],
    weight: Float[Array, "*batch frames joints"],
    *,
    spread: float,
    outlier: float,
) -> tuple[Float[Array, "*batch joints 6"], Float[Array, "*batch joints"]]:
    """A parabola of time through each joint's points, as its middle frame sees it.

    Weighted least squares about the middle frame with a Gaussian's weights in time, then `ROUNDS`
    times again with each point's weight times (1 + (distance / outlier)^2)^-2 (Geman-McClure). What
    the points do not tell (one frame alone has no velocity) comes out as zero.

    Args:
        points: In any unit, finite.
        weight: Of each point, 0 where there is none.
        spread: Standard deviation of the Gaussian, frames.
        outlier: Distance from the path at which a point counts little, in the unit of `points`.

    Returns:
        Place, velocity and half the acceleration, two numbers each, times 1, `spread` and its
        square: all in the unit of `points`. And the mean weight that they stand on.
    """
    in_time, near = powers_and_nearness(points.shape[-3], spread)
    powers = jnp.asarray(in_time)
    shape = points.shape[:-3] + points.shape[-2:-1]  # batch and joints
    # Frames first and all else in one: every sum over time is a product with a small matrix.
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
    """Powers 0 to 4 of each frame's time in units of `spread`, and the Gaussian's weights.

    Both are 0 beyond `REACH`: far powers would only cancel each other in float32.
    """
    time = ((np.arange(frames) - frames // 2) / spread).astype(np.float32)
    within = np.abs(time) <= REACH
    powers = np.where(within[:, None], time[:, None] ** np.arange(5, dtype=np.float32), 0)
    return powers, np.where(within, np.exp(-0.5 * time**2), 0)


def _fit(
    pair: tuple[jax.Array, jax.Array], weight: jax.Array, powers: jax.Array
) -> list[list[jax.Array]]:
    """Of x and y, the coefficients of 1, t and t^2: the normal equations, solved by hand."""
    s0, *sums = matmul(powers.T, weight)
    s1, s2, s3, s4 = (safe_divide(x, s0) for x in sums)
    # Eliminate the place, then solve two equations for velocity and acceleration.
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
