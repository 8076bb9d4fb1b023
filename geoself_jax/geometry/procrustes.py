"""Alignment of one set of points to another: best similarity transform, best scale.

Both fit by least squares over the joints that are there: a joint with a NaN in either set, or with
weight 0, does not count. The result has the unit and the frame of `target`.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from geoself_jax.geometry.numerics import finite_or_zero, matmul, rotate, safe_divide

BLUNT_GAP = 1e-3
"""Gap between the two largest eigenvalues, as a share of the largest, below which the gradient
through the rotation is damped. A person has 0.1 and more: there it changes 1e-4 of the gradient."""


def similarity_align(
    source: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    *,
    weights: Float[Array, "*batch joints"] | None = None,
) -> Float[Array, "*batch joints 3"]:
    """Aligns `source` to `target` by the optimal rotation, uniform scale and translation.

    Never by a reflection: a mirrored pose stays wrong. Where the points do not tell the rotation
    (all in one place, on a line) one of the best is used and the gradient through it is damped;
    where they do not tell the scale (all of `source` in one place) it is 0.

    Args:
        source: Points to move, in any frame and unit; a joint with a NaN comes back as NaN.
        target: Points to move onto, in any frame and unit.
        weights: How much each joint counts in the fit, >= 0; all alike if not given.

    Returns:
        `source` in the frame and unit of `target`.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", PAMI 1991; the rotation by Horn, "Closed-form solution of absolute orientation using
    unit quaternions", JOSA A 1987.
    """
    source, target, weights, there = _counted(source, target, weights)
    source, _ = _about_mean(source, weights)
    target, target_mean = _about_mean(target, weights)
    rotated = rotate(_best_rotation(source, target, weights), source)
    scale = _best_scale(rotated, target, weights)
    return jnp.where(there[..., None], scale * rotated + target_mean, jnp.nan)


def scale_align(
    source: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    *,
    weights: Float[Array, "*batch joints"] | None = None,
) -> Float[Array, "*batch joints 3"]:
    """Scales `source` by the optimal factor to `target`.

    The origin stays where it is, so both are to be root-relative. The number may be negative (a
    pose more than a right angle off) and is 0 where all of `source` is at the origin.

    Args:
        source: Points to scale, root-relative, in any unit; a joint with a NaN comes back as NaN.
        target: Points to come near to, root-relative, in the same axes, in any unit.
        weights: How much each joint counts in the fit, >= 0; all alike if not given.

    Returns:
        `source` in the unit of `target`.

    Source: Rhodin, Salzmann, Fua, "Unsupervised geometry-aware representation for 3D human pose
    estimation", ECCV 2018 (N-MPJPE).
    """
    source, target, weights, there = _counted(source, target, weights)
    scale = _best_scale(source, target, weights)
    return jnp.where(there[..., None], scale * source, jnp.nan)


def _best_rotation(
    source: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    weights: Float[Array, "*batch joints"],
) -> Float[Array, "*batch 3 3"]:
    """Optimal rotation of `source` to `target`: finite points, both centred."""
    products = matmul(jnp.swapaxes(source * weights[..., None], -1, -2), target)
    return _quaternion_to_matrix(_top_eigenvector(_horn_matrix(products)))


def _counted(
    source: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    weights: Float[Array, "*batch joints"] | None,
) -> tuple[
    Float[Array, "*batch joints 3"],
    Float[Array, "*batch joints 3"],
    Float[Array, "*batch joints"],
    Bool[Array, "*batch joints"],
]:
    """Replaces NaN by zeros; returns both sets, the fit weights, and the mask of `source`."""
    source, there = finite_or_zero(source)
    target, target_there = finite_or_zero(target)
    both = (there & target_there).astype(source.dtype)
    return source, target, both if weights is None else both * weights, there


def _about_mean(
    points: Float[Array, "*batch joints 3"], weights: Float[Array, "*batch joints"]
) -> tuple[Float[Array, "*batch joints 3"], Float[Array, "*batch 1 3"]]:
    """Centres points; returns them and the weighted mean; zeros where all coincide."""
    total = jnp.sum(weights, axis=-1)[..., None, None]
    weights = weights[..., None]
    mean = safe_divide(jnp.sum(points * weights, axis=-2, keepdims=True), total)
    about = points - mean
    spread = jnp.max(jnp.abs(about) * (weights > 0), axis=(-2, -1), keepdims=True)
    rounding = 4 * jnp.finfo(mean.dtype).eps * jnp.max(jnp.abs(mean), axis=-1, keepdims=True)
    return jnp.where(spread > rounding, about, 0), mean


def _best_scale(
    source: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    weights: Float[Array, "*batch joints"],
) -> Float[Array, "*batch 1 1"]:
    weights = weights[..., None]
    along = jnp.sum(weights * source * target, axis=(-2, -1), keepdims=True)
    return safe_divide(along, jnp.sum(weights * source * source, axis=(-2, -1), keepdims=True))


def _horn_matrix(products: Float[Array, "*batch 3 3"]) -> Float[Array, "*batch 4 4"]:
    """Symmetric N with q^T N q = sum target . (R(q) source): Horn 1987, section 4.A."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = (
        [products[..., i, j] for j in range(3)] for i in range(3)
    )
    rows = [
        [xx + yy + zz, yz - zy, zx - xz, xy - yx],
        [yz - zy, xx - yy - zz, xy + yx, zx + xz],
        [zx - xz, xy + yx, yy - xx - zz, yz + zy],
        [xy - yx, zx + xz, yz + zy, zz - xx - yy],
    ]
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)


def _top_eigenvector(symmetric: Float[Array, "*batch 4 4"]) -> Float[Array, "*batch 4"]:
    """Unit eigenvector of the largest eigenvalue, with a bounded gradient at multiplicity two.

    The solver's answer plus one step of perturbation theory: the step itself is zero, up to the
    solver's rounding, and its derivative is the eigenvector's. The derivative that comes with
    jnp.linalg.eigh divides by every gap and is NaN where any two eigenvalues are equal.
    """
    values, vectors = jnp.linalg.eigh(jax.lax.stop_gradient(symmetric))
    top, others = vectors[..., -1:], vectors[..., :-1]
    gaps = values[..., -1:] - values[..., :-1]
    blunt = BLUNT_GAP * values[..., -1:]
    inverse_gaps = safe_divide(gaps, gaps * gaps + blunt * blunt)
    slopes = matmul(jnp.swapaxes(others, -1, -2), matmul(symmetric, top))[..., 0] * inverse_gaps
    vector = (top + matmul(others, slopes[..., None]))[..., 0]
    return vector / jnp.sqrt(jnp.sum(vector * vector, axis=-1, keepdims=True))  # never below 1


def _quaternion_to_matrix(quaternion: Float[Array, "*batch 4"]) -> Float[Array, "*batch 3 3"]:
    """Rotation matrix of a unit quaternion (w, x, y, z).

    In the form that stays a rotation times a number when rounding leaves the quaternion not quite
    unit: the scale takes that number up, where 1 - 2 (y y + z z) would shear the pose.
    """
    w, x, y, z = (quaternion[..., i] for i in range(4))
    rows = [
        [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
    ]
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)
