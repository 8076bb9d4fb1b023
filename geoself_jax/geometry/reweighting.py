"""Reweighted triangulation by component, the frames last: what `triangulate_robust` computes.

Bodies are stored with a last axis of 2 or 3. A loop over them as they are takes a CPU five times as
long: each array here is of one component, so that a vector register holds equal things.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from geoself_jax.geometry.camera import Camera
from geoself_jax.geometry.numerics import MIN_DEPTH, safe_divide

DEGENERATE = 1e-5
"""Normalized determinant below which the rays are nearly parallel."""

Point = tuple[jax.Array, jax.Array, jax.Array]
"""x, y and z, each (joints, frames); metres, relative to the cameras' mean centre."""


class Views(NamedTuple):
    """Detections and cameras by component.

    Attributes:
        u, v: Undistorted pixels, 0 where one is missing.
        seen: Where none is missing.
        K, R: Of the cameras, by row and column.
        center: Of the cameras by component, relative to their mean, metres.
        origin: Their mean centre.
    """

    u: Float[Array, "views joints frames"]
    v: Float[Array, "views joints frames"]
    seen: Bool[Array, "views joints frames"]
    K: Float[Array, "3 3 views 1 frames"]
    R: Float[Array, "3 3 views 1 frames"]
    center: Float[Array, "3 views 1 frames"]
    origin: Float[Array, "3 1 frames"]


def by_component(keypoints_2d: Float[Array, "frames views joints 2"], camera: Camera) -> Views:
    """Views of frames.

    Args:
        keypoints_2d: Undistorted pixels; NaN where missing.
        camera: The views' cameras, batch shape (frames, views).
    """
    u, v = jnp.transpose(keypoints_2d, (3, 1, 2, 0))
    seen = jnp.isfinite(u) & jnp.isfinite(v)
    center = jnp.transpose(camera.center, (2, 1, 0))[:, :, None]
    origin = jnp.mean(center, axis=1)
    K, R = (jnp.transpose(m, (2, 3, 1, 0))[:, :, :, None] for m in (camera.K, camera.R))
    u, v = jnp.where(seen, u, 0), jnp.where(seen, v, 0)
    return Views(u, v, seen, K, R, center - origin[:, None], origin)


def intersect(
    views: Views,
    prior: Float[Array, "views joints frames"],
    iterations: int,
    scale: float,
    exponent: float,
) -> tuple[Point, Bool[Array, "joints frames"]]:
    """Intersects rays, first with the prior weights, then with those of `triangulate_robust`.

    Args:
        views: What is seen by which cameras.
        prior: Weight of each squared error.
        iterations: Number of reweightings.
        scale: Final s, px.
        exponent: p.

    Returns:
        The points, and whether the rays of at least two views determine them.
    """
    planes = _planes(views)

    def once(i: int | jax.Array, state: tuple[Point, jax.Array]) -> tuple[Point, jax.Array]:
        point, good = state
        width = scale * 2.0 ** jnp.maximum(0, 4 - i)
        weight = prior * jnp.where(i == 0, 1, _weight(views, point, width, exponent))
        new, held = _meet(planes, weight)
        good = jnp.where(i == 0, held & good, good)
        held &= good  # not where a single view has all the weight: then the last point stays
        x, y, z = (jnp.where(held, n, o) for n, o in zip(new, point, strict=True))
        return (x, y, z), good

    nowhere = jnp.zeros_like(prior[0])
    two = jnp.sum(prior > 0, axis=0) >= 2
    return jax.lax.fori_loop(0, iterations + 1, once, ((nowhere, nowhere, nowhere), two))


def _planes(views: Views) -> list[tuple[list[jax.Array], jax.Array]]:
    """Two planes through each ray, a . X = b, of unit weight in the ray's own coordinates."""
    K, R, center = views.K, views.R, views.center
    y = (views.v - K[1, 2]) / K[1, 1]
    x = (views.u - K[0, 2] - K[0, 1] * y) / K[0, 0]
    normals = [[ray * R[2, i] - R[k, i] for i in range(3)] for k, ray in enumerate((x, y))]
    return [(a, a[0] * center[0] + a[1] * center[1] + a[2] * center[2]) for a in normals]


def _weight(
    views: Views, point: Point, width: float | jax.Array, exponent: float
) -> Float[Array, "views joints frames"]:
    """Squared pixels a metre at a point, times (1 + e^2 / width^2)^-exponent."""
    K, R = views.K, views.R
    moved = [point[i] - views.center[i] for i in range(3)]
    x, y, z = (sum(R[k, i] * moved[i] for i in range(3)) for k in range(3))
    z = jnp.maximum(z, MIN_DEPTH)
    x, y = x / z, y / z
    off_u = K[0, 0] * x + K[0, 1] * y + K[0, 2] - views.u
    off_v = K[1, 1] * y + K[1, 2] - views.v
    trust = 1 / (1 + (off_u * off_u + off_v * off_v) / (width * width))
    focal = (K[0, 0] + K[1, 1]) / 2
    return trust**exponent * (focal / z) ** 2


def _meet(
    planes: list[tuple[list[jax.Array], jax.Array]], weight: Float[Array, "views joints frames"]
) -> tuple[Point, Bool[Array, "joints frames"]]:
    """The weighted least-squares intersection of planes, and whether there is one, by cofactors."""

    def total(i: int, j: int | None) -> jax.Array:
        products = [a[i] * (b if j is None else a[j]) for a, b in planes]
        return jnp.sum(weight * (products[0] + products[1]), axis=0)

    trace = total(0, 0) + total(1, 1) + total(2, 2)
    scale = safe_divide(jnp.asarray(3, trace.dtype), trace)
    xx, xy, xz, yy, yz, zz = (
        scale * total(i, j) for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    )
    x, y, z = (scale * total(i, None) for i in range(3))
    c_xx, c_xy, c_xz = yy * zz - yz * yz, yz * xz - xy * zz, xy * yz - yy * xz
    c_yy, c_yz, c_zz = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    determinant = xx * c_xx + xy * c_xy + xz * c_xz
    good = determinant > DEGENERATE
    by = 1 / jnp.where(good, determinant, 1)
    point = (
        (c_xx * x + c_xy * y + c_xz * z) * by,
        (c_xy * x + c_yy * y + c_yz * z) * by,
        (c_xz * x + c_yz * y + c_zz * z) * by,
    )
    return point, good
