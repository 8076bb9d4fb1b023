"""Numerical guards at singularities: norms at zero, division by zero, depth at the camera."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

MIN_DEPTH = 0.1
"""Metres. No lens of a pose rig focuses closer; smaller depths are clamped and counted."""


def matmul(a: Float[Array, "..."], b: Float[Array, "..."]) -> Float[Array, "..."]:
    """Matrix product at full precision: a TF32 or bf16 rotation of a body 5 m away costs 1 mm.

    Args:
        a, b: Matrices, (..., m, k) and (..., k, n), in any unit.
    """
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def rotate(
    R: Float[Array, "*#batch 3 3"], points: Float[Array, "*#batch points 3"]
) -> Float[Array, "*batch points 3"]:
    """Rotates every point: R x, written out by component.

    No backend lowers its precision so, and on CPU it fuses where a sum over an axis of three does
    not.

    Args:
        R: Rotation from the axes of `points` to those of the result.
        points: Points or directions, in any unit, which is the result's too.
    """
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    R = R[..., None, :, :]
    rows = [R[..., i, 0] * x + R[..., i, 1] * y + R[..., i, 2] * z for i in range(3)]
    return jnp.stack(rows, axis=-1)


def safe_norm(x: Float[Array, "*shape axis"]) -> Float[Array, "*shape"]:
    """Euclidean norm over the last axis, with zero gradient at zero."""
    square = jnp.sum(x * x, axis=-1)
    zero = square == 0  # not `> 0`: a NaN must stay one
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, square)))


def safe_divide(
    numerator: Float[Array, "*#shape"], denominator: Float[Array, "*#shape"]
) -> Float[Array, "*shape"]:
    """Quotient, and 0 with a zero gradient where the denominator is 0.

    Args:
        numerator, denominator: In any unit; they are broadcast.
    """
    there = denominator != 0
    return jnp.where(there, numerator / jnp.where(there, denominator, 1), 0)


def safe_depth(z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Clamps depth to at least `MIN_DEPTH`, so that a projection stays finite at z <= 0."""
    return jnp.maximum(z, MIN_DEPTH)


def finite_or_zero(
    x: Float[Array, "*shape axis"],
) -> tuple[Float[Array, "*shape axis"], Bool[Array, "*shape"]]:
    """Replaces rows that are not finite by zeros; returns them and the mask of finite rows."""
    finite = jnp.all(jnp.isfinite(x), axis=-1)
    return jnp.where(finite[..., None], x, 0), finite
