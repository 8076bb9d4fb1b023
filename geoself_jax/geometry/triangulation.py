"""Triangulates points from two or more calibrated views, weighted by confidence."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from geoself_jax.geometry.camera import Camera, pixel_to_ray, project, world_to_camera
from geoself_jax.geometry.numerics import MIN_DEPTH, finite_or_zero, rotate, safe_divide, safe_norm
from geoself_jax.geometry.reweighting import DEGENERATE, by_component, intersect

FINAL_SCALE_PX = 10.0
"""Residual, px, that halves a view's weight: twice the usual error of a detector."""


def _rows(
    rays: Float[Array, "*batch views joints 2"], camera: Camera
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Returns two planes through each ray, a . X = b with X relative to the mean camera centre."""
    R = camera.R[..., None, :, :]
    a = rays[..., None] * R[..., 2:, :] - R[..., :2, :]  # views joints 2 3
    center = camera.center - jnp.mean(camera.center, axis=-2, keepdims=True)
    return a, jnp.sum(a * center[..., None, None, :], axis=-1)


def _solve(
    A: Float[Array, "*batch joints 3 3"], b: Float[Array, "*batch joints 3"]
) -> tuple[Float[Array, "*batch joints 3"], Bool[Array, "*batch joints"]]:
    """Solves symmetric A x = b by cofactors; returns x and whether A is invertible."""
    scale = jnp.trace(A, axis1=-2, axis2=-1)[..., None] / 3
    A, b = safe_divide(A, scale[..., None]), safe_divide(b, scale)
    rows = [A[..., i, :] for i in range(3)]
    cofactors = [jnp.cross(rows[(i + 1) % 3], rows[(i + 2) % 3]) for i in range(3)]
    determinant = jnp.sum(rows[0] * cofactors[0], axis=-1)
    good = determinant > DEGENERATE
    x = sum(c * b[..., i, None] for i, c in enumerate(cofactors))
    return x / jnp.where(good, determinant, 1)[..., None], good


def _meet(
    a: jax.Array, b: jax.Array, weight: Float[Array, "*batch views joints"]
) -> tuple[Float[Array, "*batch joints 3"], Bool[Array, "*batch joints"]]:
    """Returns the weighted least-squares intersection of the planes."""
    weighted = a * weight[..., None, None]
    A = jnp.einsum("...vjki,...vjkl->...jil", weighted, a, precision="highest")
    rhs = jnp.sum(weighted * b[..., None], axis=(-4, -2))
    return _solve(A, rhs)


def triangulate_dlt(
    keypoints_2d: Float[Array, "*batch views joints 2"],
    weight: Float[Array, "*batch views joints"],
    camera: Camera,
) -> Float[Array, "*batch joints 3"]:
    """Linear triangulation (DLT) with weighted views.

    The inhomogeneous linear method, in ray coordinates about the mean camera centre (Hartley and
    Zisserman, Multiple View Geometry, 2nd ed., p. 312; their caution about points at infinity does
    not apply to a body in a room).

    Args:
        keypoints_2d: Undistorted pixels; NaN where missing.
        weight: Weight of each squared equation, >= 0, e.g. the confidence.
        camera: The views' cameras, batch shape `*batch views`.

    Returns:
        World, metres; NaN where fewer than two views see the joint or their rays are parallel.
    """
    rays, finite = finite_or_zero(pixel_to_ray(keypoints_2d, camera.K))
    weight = jnp.where(finite, weight, 0)
    point, good = _meet(*_rows(rays, camera), weight)
    good &= jnp.sum(weight > 0, axis=-2) >= 2
    origin = jnp.mean(camera.center, axis=-2)[..., None, :]
    return jnp.where(good[..., None], point + origin, jnp.nan)


def triangulate_robust(
    keypoints_2d: Float[Array, "*batch views joints 2"],
    confidence: Float[Array, "*batch views joints"],
    camera: Camera,
    *,
    iterations: int = 10,
    scale: float = FINAL_SCALE_PX,
    exponent: float = 1.0,
    confidence_power: float = 1.0,
) -> Float[Array, "*batch joints 3"]:
    """Triangulates robustly in pixels: down-weights views that disagree.

    Iteratively reweighted linear triangulation: dividing a view's equations by its depth makes
    their error a pixel error (Hartley and Sturm, Triangulation, CVIU 1997, sec. 4.2); the weight
    (1 + e^2/s^2)^-p then down-weights outliers, with s falling from 8 times `scale` to `scale`. The
    defaults were chosen on the synthetic data by benchmarks/triangulation.py.

    Args:
        keypoints_2d, confidence, camera: As `triangulate_dlt`.
        iterations: Number of reweightings.
        scale: Final s, px.
        exponent: p; 1 is Cauchy's weight, 2 Geman and McClure's.
        confidence_power: Confidence to this power is the prior weight of a squared error.

    Returns:
        As `triangulate_dlt`.
    """
    views = by_component(
        keypoints_2d.reshape(-1, *keypoints_2d.shape[-3:]),
        _in_a_row(camera, keypoints_2d.shape[:-3]),
    )
    weight = jnp.transpose(confidence.reshape(-1, *confidence.shape[-2:]), (1, 2, 0))
    prior = jnp.where(views.seen, weight, 0) ** confidence_power
    point, good = intersect(views, prior, iterations, scale, exponent)
    world = [x + origin for x, origin in zip(point, views.origin, strict=True)]
    found = jnp.where(good, jnp.stack(world), jnp.nan)
    return jnp.transpose(found, (2, 1, 0)).reshape(*confidence.shape[:-2], -1, 3)


def _in_a_row(camera: Camera, batch: tuple[int, ...]) -> Camera:
    """Cameras of all of a batch in one axis, or of its one set of views."""

    def row(x: jax.Array, own: int) -> jax.Array:
        shape = x.shape[x.ndim - own :]
        alone = x.size == math.prod(shape)
        return (x if alone else jnp.broadcast_to(x, (*batch, *shape))).reshape(-1, *shape)

    return Camera(row(camera.K, 3), row(camera.R, 3), row(camera.center, 2))


def _trust(
    point: Float[Array, "*batch joints 3"],
    keypoints_2d: Float[Array, "*batch views joints 2"],
    camera: Camera,
    scale: float | jax.Array,
) -> Float[Array, "*batch views joints"]:
    """Cauchy weight of each view for a world point: 1 / (1 + (error / scale)^2)."""
    observed, _ = finite_or_zero(keypoints_2d)
    seen = project(world_to_camera(point[..., None, :, :], camera), camera.K)
    return 1 / (1 + (safe_norm(seen - observed) / scale) ** 2)


def _pixels(
    point: Float[Array, "*batch joints 3"], camera: Camera
) -> Float[Array, "*batch views joints"]:
    """Returns the pixels per metre in each view at a world point."""
    focal = (camera.K[..., 0, 0] + camera.K[..., 1, 1])[..., None] / 2
    depth = world_to_camera(point[..., None, :, :], camera)[..., 2]
    return focal / jnp.maximum(depth, MIN_DEPTH)


def robust_equations(
    point: Float[Array, "*batch joints 3"],
    keypoints_2d: Float[Array, "*batch views joints 2"],
    confidence: Float[Array, "*batch views joints"],
    camera: Camera,
    scale: float | jax.Array = FINAL_SCALE_PX,
) -> tuple[
    Float[Array, "*batch joints 3 3"], Float[Array, "*batch joints 3"], Float[Array, "*batch 3"]
]:
    """Returns the normal equations A (x - origin) = b of one reweighting of `triangulate_robust`.

    For those who add terms of their own before they solve.

    Args:
        point: Estimate of each joint, world, metres.
        keypoints_2d, confidence, camera: As `triangulate_dlt`.
        scale: Residual that halves a view's weight, px.

    Returns:
        A, in pixels squared per metre squared; b; and the origin, the cameras' mean centre.
    """
    rays, finite = finite_or_zero(pixel_to_ray(keypoints_2d, camera.K))
    a, b = _rows(rays, camera)
    trust = _trust(point, keypoints_2d, camera, scale)
    weight = jnp.where(finite, confidence, 0) * trust * _pixels(point, camera) ** 2
    weighted = a * weight[..., None, None]
    A = jnp.einsum("...vjki,...vjkl->...jil", weighted, a, precision="highest")
    rhs = jnp.sum(weighted * b[..., None], axis=(-4, -2))
    return A, rhs, jnp.mean(camera.center, axis=-2)


def position_covariance(
    point: Float[Array, "*batch joints 3"],
    weight: Float[Array, "*batch views joints"],
    camera: Camera,
) -> Float[Array, "*batch joints 3 3"]:
    """Returns the covariance of a triangulated point, by the geometry of its rays alone.

    The inverse of the normal matrix at the point, to first order in the pixels' errors.

    Args:
        point: World, metres.
        weight: One over the variance of a detection on each axis, px^-2; 0 where one is missing.
        camera: The views' cameras, batch shape `*batch views`.

    Returns:
        Metres squared; NaN where fewer than two views see the point or their rays are parallel.
    """
    local = world_to_camera(point[..., None, :, :], camera)
    a, _ = _rows(safe_divide(local[..., :2], local[..., 2:]), camera)
    weighted = a * (weight * _pixels(point, camera) ** 2)[..., None, None]
    A = jnp.einsum("...vjki,...vjkl->...jil", weighted, a, precision="highest")
    columns = [_solve(A, jnp.broadcast_to(axis, A.shape[:-1])) for axis in jnp.eye(3)]
    good = columns[0][1] & (jnp.sum(weight > 0, axis=-2) >= 2)
    inverse = jnp.stack([column for column, _ in columns], axis=-1)
    return jnp.where(good[..., None, None], inverse, jnp.nan)


def triangulate_root(
    pose_3d: Float[Array, "*batch views joints 3"],
    keypoints_2d: Float[Array, "*batch views joints 2"],
    confidence: Float[Array, "*batch views joints"],
    camera: Camera,
) -> Float[Array, "*batch views 3"]:
    """Returns the root position at which each view's pose is closest to the rays of all views.

    Linear triangulation of one point from all joints' rays, each shifted by its joint; the paper
    has no such step. A single view places the true pose by its size, but draws a wrong one nearer,
    even behind the camera: look at the depth.

    Args:
        pose_3d: Relative to the root, each in its own view's camera axes, metres.
        keypoints_2d, confidence, camera: As `triangulate_dlt`.

    Returns:
        Root in each view's own camera frame, metres; NaN where the rays do not say.
    """
    rays, finite = finite_or_zero(pixel_to_ray(keypoints_2d, camera.K))
    weight = jnp.where(finite, confidence, 0)
    a, b = _rows(rays, camera)
    weighted = a * weight[..., None, None]
    A = jnp.einsum("...vjki,...vjkl->...il", weighted, a, precision="highest")
    body = rotate(jnp.swapaxes(camera.R, -1, -2), pose_3d)  # world axes
    shifted = b[..., None, :, :, :] - jnp.einsum(
        "...vjki,...sji->...svjk", a, body, precision="highest"
    )
    rhs = jnp.einsum("...vjki,...svjk->...si", weighted, shifted, precision="highest")
    root, good = _solve(jnp.broadcast_to(A[..., None, :, :], (*rhs.shape, 3)), rhs)
    root = root + jnp.mean(camera.center, axis=-2)[..., None, :]
    local = world_to_camera(root[..., None, :], camera)[..., 0, :]
    return jnp.where(good[..., None], local, jnp.nan)
