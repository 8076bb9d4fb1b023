"""The losses: eqs. (2), (5), (6) and (7), and the rivals that learn from triangulated labels.

All are sums over joints and views, as printed, with one value for each element of the leading batch
shape; what to divide by is the training step's business. A joint whose target is missing (NaN) or
whose weight is 0 contributes 0 with a zero gradient.
"""

from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from geoself_jax.geometry.camera import Camera, project, transform_between
from geoself_jax.geometry.numerics import MIN_DEPTH, finite_or_zero, safe_norm

Norm = Literal["squared", "plain", "robust"]
WeightFrom = Literal["source", "target", "product"]

ROBUST_SCALE_PX = 10.0
"""Pixels at which the robust norm starts to doubt a detection: twice a detector's usual error."""


def penalty(
    residual: Float[Array, "*shape axis"], norm: Norm, *, scale: float = ROBUST_SCALE_PX
) -> Float[Array, "*shape"]:
    """Size of a residual.

    Args:
        residual: Pixels or metres.
        norm: `squared` |e|^2 as the paper prints it; `plain` |e|; `robust` scale^2 log(1 + |e|^2 /
            scale^2), Cauchy's.
        scale: Of the robust norm, in the residual's unit.
    """
    if norm == "plain":
        return safe_norm(residual)
    square = jnp.sum(residual * residual, axis=-1)
    if norm == "squared":
        return square
    if norm == "robust":
        return scale**2 * jnp.log1p(square / scale**2)
    raise ValueError(f"norm {norm!r}: wanted one of {get_args(Norm)}")


def _weighted(
    predicted: Float[Array, "*batch joints axes"],
    target: Float[Array, "*batch joints axes"],
    weight: Float[Array, "*batch joints"],
    norm: Norm,
) -> Float[Array, "*batch joints"]:
    """`weight * |predicted - target|`, 0 where the target is missing or the weight is 0."""
    target, finite = finite_or_zero(target)
    counts = finite & (weight > 0)
    residual = jnp.where(counts[..., None], predicted - target, 0)
    return jnp.where(counts, weight, 0) * penalty(residual, norm)


def _next_view(x: jax.Array, shift: int, axis: int) -> jax.Array:
    """View i + shift in the place of view i."""
    return jnp.roll(x, -shift, axis)


def _next_camera(camera: Camera, shift: int) -> Camera:
    return Camera(
        _next_view(camera.K, shift, -3),
        _next_view(camera.R, shift, -3),
        _next_view(camera.center, shift, -2),
    )


def reprojection_loss(
    keypoints_2d: Float[Array, "*batch views joints 2"],
    confidence: Float[Array, "*batch views joints"],
    pose_camera: Float[Array, "*batch views joints 3"],
    camera: Camera,
    *,
    norm: Norm = "squared",
) -> Float[Array, "*batch"]:
    """Each view's pose against its own 2D: eq. (2), summed over joints and views.

    Args:
        keypoints_2d: Undistorted pixels; NaN where missing.
        confidence: In [0, 1].
        pose_camera: Absolute, in each view's own camera frame, metres.
        camera: The views' cameras, batch shape `*batch views`.
        norm: See `penalty`.
    """
    projected = project(pose_camera, camera.K)
    return jnp.sum(_weighted(projected, keypoints_2d, confidence, norm), axis=(-1, -2))


def transform_reprojection_loss(
    keypoints_2d: Float[Array, "*batch views joints 2"],
    confidence: Float[Array, "*batch views joints"],
    pose_camera: Float[Array, "*batch views joints 3"],
    camera: Camera,
    *,
    norm: Norm = "squared",
    weight_from: WeightFrom = "source",
) -> Float[Array, "*batch"]:
    """Each view's pose, moved into the other views, against their 2D: eq. (5).

    With two views this is eq. (5) as printed. With more, each source's sum over the other views is
    divided by their number, so that eq. (7) weighs its two terms alike for any number of views.

    Args:
        keypoints_2d: Undistorted pixels; NaN where missing.
        confidence: In [0, 1].
        pose_camera: Absolute, in each view's own camera frame, metres.
        camera: The views' cameras, batch shape `*batch views`.
        norm: See `penalty`.
        weight_from: Whose confidence weighs a term. Paper silent on why it prints the source's.
    """
    views = keypoints_2d.shape[-3]
    seen = jnp.any(
        confidence > 0, axis=-1, keepdims=True
    )  # an empty view says nothing of the others
    total = jnp.zeros(keypoints_2d.shape[:-3], pose_camera.dtype)
    for shift in range(1, views):
        target = _next_camera(camera, shift)
        projected = project(transform_between(pose_camera, camera, target), target.K)
        weight = _pair_weight(confidence, _next_view(confidence, shift, -2), weight_from)
        weight = jnp.where(seen, weight, 0)
        target_2d = _next_view(keypoints_2d, shift, -3)
        total += jnp.sum(_weighted(projected, target_2d, weight, norm), axis=(-1, -2))
    return total / max(views - 1, 1)


def _pair_weight(source: jax.Array, target: jax.Array, weight_from: WeightFrom) -> jax.Array:
    if weight_from == "source":
        return source
    if weight_from == "target":
        return target
    if weight_from == "product":
        return source * target
    raise ValueError(f"weight_from {weight_from!r}: wanted one of {get_args(WeightFrom)}")


def view_consistency_loss(
    pose_camera: Float[Array, "*batch views joints 3"], camera: Camera
) -> Float[Array, "*batch"]:
    """The views' poses against each other in 3D, squared metres: eq. (6), the pre-training loss.

    It looks at no detection, so any rigid body placed right satisfies it; it only conditions the
    root branch.
    """
    views = pose_camera.shape[-3]
    total = jnp.zeros(pose_camera.shape[:-3], pose_camera.dtype)
    for shift in range(1, views):
        moved = transform_between(pose_camera, camera, _next_camera(camera, shift))
        difference = moved - _next_view(pose_camera, shift, -3)
        total += jnp.sum(difference * difference, axis=(-1, -2, -3))
    return total / max(views - 1, 1)


def total_loss(
    keypoints_2d: Float[Array, "*batch views joints 2"],
    confidence: Float[Array, "*batch views joints"],
    pose_camera: Float[Array, "*batch views joints 3"],
    camera: Camera,
    *,
    transform_weight: float = 1.0,
    norm: Norm = "squared",
    weight_from: WeightFrom = "source",
) -> Float[Array, "*batch"]:
    """Eq. (7): eq. (2) + transform_weight * eq. (5). Arguments as there.

    Paper silent: transform_weight (lambda) is not printed; 1 unless said otherwise.
    """
    own = reprojection_loss(keypoints_2d, confidence, pose_camera, camera, norm=norm)
    moved = transform_reprojection_loss(
        keypoints_2d, confidence, pose_camera, camera, norm=norm, weight_from=weight_from
    )
    return own + transform_weight * moved


def label_loss(
    pose_3d: Float[Array, "*batch joints 3"],
    label: Float[Array, "*batch joints 3"],
    weight: Float[Array, "*batch joints"],
    *,
    norm: Norm = "plain",
) -> Float[Array, "*batch"]:
    """A pose against a triangulated one, metres, summed over joints (EpipolarPose's idea).

    Args:
        pose_3d: Predicted, metres.
        label: Target in the same frame, metres; NaN where it could not be triangulated.
        weight: Trust in each joint of the label, >= 0.
        norm: See `penalty`; `robust` takes its scale in metres, 0.1.
    """
    target, finite = finite_or_zero(label)
    counts = finite & (weight > 0)
    residual = jnp.where(counts[..., None], pose_3d - target, 0)
    return jnp.sum(jnp.where(counts, weight, 0) * penalty(residual, norm, scale=0.1), axis=-1)


def uncertainty_loss(
    uncertainty: Float[Array, "*batch joints"],
    distance: Float[Array, "*batch joints"],
    weight: Float[Array, "*batch joints"],
) -> Float[Array, "*batch"]:
    """How badly distances are foretold: a negative log-likelihood, summed over joints.

    Of a point about the one predicted, under a density in space that is proportional to
    exp(-3 r / u): its mean distance is u. A constant is left out.

    Args:
        uncertainty: u, metres, above 0 where it counts.
        distance: r, metres; NaN where there is nothing to compare with.
        weight: Of each joint, >= 0.
    """
    counts = jnp.isfinite(distance) & (weight > 0)
    u, r = jnp.where(counts, uncertainty, 1), jnp.where(counts, distance, 0)
    return jnp.sum(jnp.where(counts, weight, 0) * 3 * (jnp.log(u) + r / u), axis=-1)


def depth_barrier(pose_camera: Float[Array, "*batch joints 3"]) -> Float[Array, "*batch"]:
    """Metres that joints lack to `MIN_DEPTH`, summed: pushes a body out from behind the camera.

    Paper silent: a point behind a camera projects to the same pixel as one before it, so eqs. (2)
    and (5) cannot see it there.
    """
    return jnp.sum(jnp.maximum(MIN_DEPTH - pose_camera[..., 2], 0), axis=-1)


def share_behind(pose_camera: Float[Array, "*batch joints 3"]) -> Float[Array, ""]:
    """Share of all joints that lie nearer than `MIN_DEPTH` or behind the camera."""
    return jnp.mean((pose_camera[..., 2] < MIN_DEPTH).astype(pose_camera.dtype))
