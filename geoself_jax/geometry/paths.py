"""Short paths of points over time, fitted by polynomials: where they are, how fast, which way."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from geoself_jax.numerics import safe_divide

ROUNDS = 2
"""Of weighting anew."""
RIDGE = 0.02
"""Of the weight: what too few points do not tell is taken for a standstill."""


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
        points: In any unit.
        weight: Of each point, 0 where there is none.
        spread: Standard deviation of the Gaussian, frames.
        outlier: Distance from the path at which a point counts little, in the unit of `points`.

    Returns:
        Place, velocity and half the acceleration, two numbers each, times 1, `spread` and its
        square: all in the unit of `points`. And the mean weight that they stand on.
    """
    powers, near = powers_and_nearness(points.shape[-3], spread)
    first = weight * near[:, None]
    path = _fit(points, first, powers)
    for _ in range(ROUNDS):
        exact = jax.lax.Precision.HIGHEST
        there = jnp.einsum("fn,...jnc->...fjc", powers[:, :3], path, precision=exact)
        off = points - there
        square = jnp.sum(off * off, axis=-1) / outlier**2
        path = _fit(points, first / (1 + square) ** 2, powers)
    support = jnp.sum(first, axis=-2) / near.sum()
    return path.reshape(*path.shape[:-2], 6), support


def powers_and_nearness(
    frames: int, spread: float
) -> tuple[Float[np.ndarray, "frames 5"], Float[np.ndarray, " frames"]]:
    """Powers 0 to 4 of each frame's time in units of `spread`, and the Gaussian's weights."""
    time = ((np.arange(frames) - frames // 2) / spread).astype(np.float32)
    return time[:, None] ** np.arange(5, dtype=np.float32), np.exp(-0.5 * time**2)


def _fit(points: jax.Array, weight: jax.Array, powers: np.ndarray) -> jax.Array:
    """Coefficients (..., joints, 3, 2) of 1, t and t^2: the normal equations, solved by hand."""
    exact = functools.partial(jnp.einsum, precision=jax.lax.Precision.HIGHEST)
    total = jnp.sum(weight, axis=-2)
    sums = exact("fn,...fj->n...j", powers[:, 1:], weight)
    s1, s2, s3, s4 = (safe_divide(x, total) for x in sums)
    along = exact("fn,...fjc->n...jc", powers[:, :3], weight[..., None] * points)
    b0, b1, b2 = (safe_divide(x, total[..., None]) for x in along)
    # Eliminate the place, then solve two equations for velocity and acceleration.
    a11, a12, a22 = s2 - s1 * s1 + RIDGE, s3 - s1 * s2, s4 - s2 * s2 + RIDGE
    c1, c2 = b1 - s1[..., None] * b0, b2 - s2[..., None] * b0
    determinant = (a11 * a22 - a12 * a12)[..., None]
    velocity = (a22[..., None] * c1 - a12[..., None] * c2) / determinant
    bend = (a11[..., None] * c2 - a12[..., None] * c1) / determinant
    place = b0 - s1[..., None] * velocity - s2[..., None] * bend
    return jnp.stack([place, velocity, bend], axis=-2)
