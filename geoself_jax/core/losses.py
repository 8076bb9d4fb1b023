"""The losses: eqs. (2), (5), (6) and (7), and the rivals that learn from triangulated labels.

The losses are sums over joints and views, as printed, one value for each element of the leading
batch shape. An objective (`OBJECTIVES`) is what a training step minimizes: losses summed over the
batch, and the weight to divide the sum by. A joint whose target is missing (NaN) or whose weight is
0 contributes 0 with a zero gradient.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from geoself_jax.core.batch import Batch
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.geometry.camera import Camera, project, transform_between
from geoself_jax.geometry.numerics import MIN_DEPTH, finite_or_zero, safe_divide, safe_norm
from geoself_jax.geometry.triangulation import triangulate_root

Norm = Literal["squared", "plain", "robust"]
WeightFrom = Literal["source", "target", "product"]
RootFrom = Literal["network", "views"]

ROBUST_SCALE_PX = 10.0
"""Pixels from which the robust norm down-weights a detection: twice a detector's usual error."""

BARRIER_PX_PER_METRE = 1000.0
"""Weight of `depth_barrier`: the pixels that a metre aside costs at about a metre's depth."""


def penalty(
    residual: Float[Array, "*shape axis"], norm: Norm, *, scale: float = ROBUST_SCALE_PX
) -> Float[Array, "*shape"]:
    """Size of a residual.

    Args:
        residual: Pixels or metres.
        norm: `squared` |e|^2 as the paper prints it; `plain` |e|; `robust` scale^2 log(1 + |e|^2 /
            scale^2), Cauchy's.
        scale: Of the robust norm, in the residual's unit.

    Returns:
        In the residual's unit where `norm` is `plain`, else in its square.

    Raises:
        ValueError: Unknown `norm`.
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
    """Reprojection loss of each pose in its own view: eq. (2), summed over joints and views.

    Args:
        keypoints_2d: Undistorted pixels; NaN where missing.
        confidence: In [0, 1].
        pose_camera: Absolute, in each view's own camera frame, metres.
        camera: The views' cameras, batch shape `*batch views`.
        norm: See `penalty`.

    Returns:
        Pixels, or squared pixels, as `penalty`.
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
    """Reprojection loss of each view's pose in the other views: eq. (5).

    With two views this is eq. (5) as printed. With more, each source's sum over the other views is
    divided by their number, so that eq. (7) weighs its two terms alike for any number of views.

    Args:
        keypoints_2d: Undistorted pixels; NaN where missing.
        confidence: In [0, 1].
        pose_camera: Absolute, in each view's own camera frame, metres.
        camera: The views' cameras, batch shape `*batch views`.
        norm: See `penalty`.
        weight_from: Whose confidence weighs a term. Paper silent on why it prints the source's.

    Returns:
        Pixels, or squared pixels, as `penalty`; 0 for a single view.

    Raises:
        ValueError: Unknown `norm` or `weight_from`.
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
    """Distance of the views' poses from each other in 3D: eq. (6), the pre-training loss.

    It looks at no detection, so any rigid body placed right satisfies it; it only conditions the
    root branch. Each pose's sum over the other views is divided by their number.

    Args:
        pose_camera: Absolute, in each view's own camera frame, metres.
        camera: The views' cameras, batch shape `*batch views`.

    Returns:
        Squared metres, summed over joints and views; 0 for a single view.
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
    """Total loss, eq. (7): eq. (2) + `transform_weight` * eq. (5).

    Args:
        keypoints_2d, confidence, pose_camera, camera: As of `reprojection_loss`.
        transform_weight: lambda. Paper silent: it is not printed; 1 unless said otherwise.
        norm: See `penalty`.
        weight_from: See `transform_reprojection_loss`.

    Returns:
        Pixels, or squared pixels, as `penalty`.
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
    """Distance of a pose from a triangulated one, summed over joints (EpipolarPose's idea).

    Args:
        pose_3d: Predicted, metres.
        label: Target in the same frame, metres; NaN where it could not be triangulated.
        weight: Trust in each joint of the label, >= 0.
        norm: See `penalty`; the scale of `robust` is 0.1 m.

    Returns:
        Metres, or squared metres, as `penalty`.
    """
    target, finite = finite_or_zero(label)
    counts = finite & (weight > 0)
    residual = jnp.where(counts[..., None], pose_3d - target, 0)
    return jnp.sum(jnp.where(counts, weight, 0) * penalty(residual, norm, scale=0.1), axis=-1)


def uncertainty_loss(
    uncertainty: Float[Array, "*batch joints"],
    distance: Float[Array, "*batch joints"],
    weight: Float[Array, "*batch joints"],
    *,
    axes: int = 3,
) -> Float[Array, "*batch"]:
    """Negative log-likelihood of distances under the predicted uncertainty, summed over joints.

    Of a point about the one predicted, under a density in space that is proportional to
    exp(-3 r / u): its mean distance is u. In a plane and on a line it is exp(-2 r / u) and
    exp(-r / u). A constant is left out.

    Args:
        uncertainty: u, metres, above 0 where it counts.
        distance: r, metres; NaN where there is nothing to compare with.
        weight: Of each joint, >= 0.
        axes: Of the space that the points are in: 3, 2 or 1.
    """
    counts = jnp.isfinite(distance) & (weight > 0)
    u, r = jnp.where(counts, uncertainty, 1), jnp.where(counts, distance, 0)
    return jnp.sum(jnp.where(counts, weight, 0) * axes * (jnp.log(u) + r / u), axis=-1)


def depth_barrier(pose_camera: Float[Array, "*batch joints 3"]) -> Float[Array, "*batch"]:
    """Metres that joints lack to `MIN_DEPTH`, summed: pushes a body out from behind the camera.

    Paper silent: a point behind a camera projects to the same pixel as one before it, so eqs. (2)
    and (5) cannot see it there.
    """
    return jnp.sum(jnp.maximum(MIN_DEPTH - pose_camera[..., 2], 0), axis=-1)


def share_behind(pose_camera: Float[Array, "*batch joints 3"]) -> Float[Array, ""]:
    """Share of all joints that lie nearer than `MIN_DEPTH` or behind the camera."""
    return jnp.mean((pose_camera[..., 2] < MIN_DEPTH).astype(pose_camera.dtype))


class Objective(NamedTuple):
    """The value of an objective on a batch: its loss is total / weight.

    Attributes:
        total: Losses summed over the batch: pixels (squared pixels by the squared norm), metres for
            labels, squared metres for `consistency`.
        weight: What counted: joints times confidence; joints for labels and for `consistency`.
        terms: What `total` is the sum of, by name, for the log; none where it is of one piece.
    """

    total: Float[Array, ""]
    weight: Float[Array, ""]
    terms: Mapping[str, Float[Array, ""]] = MappingProxyType({})


def label_objective(
    pose_3d: Float[Array, "batch views joints 3"],
    root: Float[Array, "batch views 3"],
    batch: Batch,
    *,
    skeleton: Skeleton,
    norm: Norm,
    **_: Any,
) -> Objective:
    """Objective of the labels: `label_loss` of the root-relative pose, and of the root position.

    Args:
        pose_3d: Of each view, camera axes, relative to the root, metres.
        root: Of each view, camera frame, metres.
        batch: Labels, camera frame, metres; a view without any detection does not count.
        skeleton: Its joints; `pose_3d` is relative to its root.
        norm: See `penalty`.
    """
    label_root = batch.label[..., skeleton.root, :]
    relative = batch.label - label_root[..., None, :]
    seen = jnp.any(batch.confidence > 0, axis=-1, keepdims=True)  # else nothing to lift
    even = jnp.broadcast_to(seen, relative.shape[:-1]).astype(relative.dtype)
    of_pose = label_loss(pose_3d, relative, even, norm=norm)
    of_root = label_loss(root[..., None, :], label_root[..., None, :], even[..., :1], norm=norm)
    count = jnp.sum(even * jnp.isfinite(relative[..., 0]))
    terms = {"pose_loss": jnp.sum(of_pose), "root_loss": jnp.sum(of_root)}
    return Objective(terms["pose_loss"] + terms["root_loss"], count, terms)


def reprojection_objective(
    pose_3d: Float[Array, "batch views joints 3"],
    root: Float[Array, "batch views 3"],
    batch: Batch,
    *,
    norm: Norm,
    **_: Any,
) -> Objective:
    """Objective of eq. (2) and `depth_barrier`.

    Args:
        pose_3d, root, batch: As of `transform_objective`.
        norm: See `penalty`.
    """
    pose_camera = pose_3d + root[..., None, :]
    data = (batch.keypoints_2d, batch.confidence, pose_camera, batch.camera)
    return _in_pixels(reprojection_loss(*data, norm=norm), pose_camera, batch)


def transform_objective(
    pose_3d: Float[Array, "batch views joints 3"],
    root: Float[Array, "batch views 3"],
    batch: Batch,
    *,
    norm: Norm,
    transform_weight: float,
    weight_from: WeightFrom,
    root_from: RootFrom,
    **_: Any,
) -> Objective:
    """Objective of eq. (7) and `depth_barrier`.

    Args:
        pose_3d: Of each view, camera axes, relative to the root, metres.
        root: Of each view, camera frame, metres.
        batch: Detections, pixels, and cameras.
        norm: See `penalty`.
        transform_weight: lambda.
        weight_from: See `transform_reprojection_loss`.
        root_from: `network`: the loss is evaluated at `root`. `views`: at the root that is
            triangulated from the views' rays (`triangulate_root`), so that the pose does not
            compensate for the root's error; the root then learns with the pose under stop_gradient.
    """
    weights: dict[str, Any] = {"transform_weight": transform_weight, "weight_from": weight_from}
    if root_from == "network":
        pose_camera = pose_3d + root[..., None, :]
        data = (batch.keypoints_2d, batch.confidence, pose_camera, batch.camera)
        return _in_pixels(total_loss(*data, norm=norm, **weights), pose_camera, batch)
    hold = jax.lax.stop_gradient
    seen_from = (batch.keypoints_2d, batch.confidence, batch.camera)
    triangulated = hold(triangulate_root(pose_3d, *seen_from))
    in_front = triangulated[..., 2:] > MIN_DEPTH  # not NaN, and in front of the camera
    triangulated = jnp.where(in_front, triangulated, hold(root))
    weights |= {"norm": norm, "root_from": "network"}
    of_pose = transform_objective(pose_3d, triangulated, batch, **weights)
    of_root = transform_objective(hold(pose_3d), root, batch, **weights)
    terms = {"pose_loss": of_pose.total, "root_loss": of_root.total}
    return Objective(of_pose.total + of_root.total, of_pose.weight, terms)


def both_objective(
    pose_3d: Float[Array, "batch views joints 3"],
    root: Float[Array, "batch views 3"],
    batch: Batch,
    *,
    label_weight: float,
    **options: Any,
) -> Objective:
    """Objective of `transform_objective` and of `label_objective` times `label_weight`.

    Args:
        pose_3d, root: As of `transform_objective`.
        batch: Detections, pixels, cameras, and labels, camera frame, metres.
        label_weight: Pixels of residual that weigh as much as a metre from the label.
        options: Keyword arguments of both objectives.
    """
    of_labels = label_objective(pose_3d, root, batch, **options)
    of_pixels = transform_objective(pose_3d, root, batch, **options)
    share = safe_divide(jax.lax.stop_gradient(of_pixels.weight), of_labels.weight)
    weighted = label_weight * share * of_labels.total
    terms = {"pixel_loss": of_pixels.total, "label_loss": weighted}
    return Objective(of_pixels.total + weighted, of_pixels.weight, terms)


def consistency_objective(
    pose_3d: Float[Array, "batch views joints 3"],
    root: Float[Array, "batch views 3"],
    batch: Batch,
    **_: Any,
) -> Objective:
    """Objective of eq. (6), the paper's stage one.

    Args:
        pose_3d, root: As of `transform_objective`.
        batch: Its cameras; detections and labels are not used.
    """
    pose_camera = pose_3d + root[..., None, :]
    loss = view_consistency_loss(pose_camera, batch.camera)
    return Objective(jnp.sum(loss), jnp.asarray(pose_camera.size / 3, loss.dtype))


def _in_pixels(loss: jax.Array, pose_camera: jax.Array, batch: Batch) -> Objective:
    """A loss in pixels and the barrier of the same poses, by the detections' confidence."""
    barrier = BARRIER_PX_PER_METRE * jnp.sum(depth_barrier(pose_camera), axis=-1)
    return Objective(jnp.sum(loss + barrier), jnp.sum(batch.confidence))


OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "transform": transform_objective,
    "reprojection": reprojection_objective,
    "pseudo_label": label_objective,
    "both": both_objective,
    "consistency": consistency_objective,
}
"""By `config.objective.name`: (pose_3d, root, batch, skeleton=, and each field of
`config.ObjectiveConfig` by name) to an `Objective`. `consistency` is stage one's; alone it learns
no pose."""

ACROSS_VIEWS = {"transform", "both"}
"""Objectives that compare a pose with other views: they need two, and `root_from` applies."""
