"""The training step: pure functions that know nothing of devices."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key, UInt32

from geoself_jax.core import losses
from geoself_jax.core.batch import Batch
from geoself_jax.core.config import ObjectiveConfig
from geoself_jax.core.model import Networks, Prediction
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.geometry.numerics import safe_divide
from geoself_jax.geometry.ray_axes import across_and_along

UNCERTAINTY_WEIGHT = 0.01
"""Of the uncertainties' loss: Adam does not see the scale of their own layer's gradient."""

RUN_ONCE = {"xla_backend_optimization_level": 0}
"""For a program that runs once: optimizing it takes longer than it runs."""

MAX_SKIPPED = 3
"""Updates in a row that are skipped, their loss or gradient not finite: then a run has diverged."""


class TrainState(NamedTuple):
    """All that a run's next step depends on, except the data and the seed.

    Attributes:
        params: Weights of both networks.
        batch_stats: Running means and variances.
        opt_state: Adam's.
        step: Steps done.
        skipped: Updates in a row skipped because they were not finite.
    """

    params: Any
    batch_stats: Any
    opt_state: Any
    step: Int[Array, ""]
    skipped: Int[Array, ""]


def objective_loss(
    pose_3d: Float[Array, "batch views joints 3"],
    root: Float[Array, "batch views 3"],
    batch: Batch,
    objective: ObjectiveConfig,
    *,
    skeleton: Skeleton,
    pretrain: bool = False,
    axis_name: str | None = None,
) -> Float[Array, ""]:
    """The loss of one step: the sum over the batch divided by its total weight.

    Pixels (squared pixels for the squared norm) a joint, metres a joint for labels, squared metres
    for stage one. Paper silent: the unit and the division. Adam does not see them, the clipping of
    the gradient does.

    Args:
        pose_3d, root: Of each view, in its camera's frame, metres.
        batch: What the views show.
        objective: Which loss.
        skeleton: Its joints; `pose_3d` is relative to its root.
        pretrain: Stage one, eq. (6), whatever the objective.
        axis_name: Where each device has a part of the batch: the mean over the devices of what this
            returns on them is the loss of the whole.
    """
    options: dict[str, Any] = {"pretrain": pretrain, "axis_name": axis_name}
    return objective_terms(pose_3d, root, batch, objective, skeleton=skeleton, **options)[0]


def objective_terms(
    pose_3d: Float[Array, "batch views joints 3"],
    root: Float[Array, "batch views 3"],
    batch: Batch,
    objective: ObjectiveConfig,
    *,
    skeleton: Skeleton,
    pretrain: bool = False,
    axis_name: str | None = None,
) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
    """`objective_loss`, of the same arguments, and the terms that it is the sum of, by name."""
    compute, options = _objective_of(objective, pretrain)
    found = compute(pose_3d, root, batch, skeleton=skeleton, **options)
    weight = found.weight
    if axis_name is not None:
        weight = jax.lax.pmean(weight, axis_name)
    terms = {name: safe_divide(total, weight) for name, total in found.terms.items()}
    return safe_divide(found.total, weight), terms


def _objective_of(
    objective: ObjectiveConfig, pretrain: bool
) -> tuple[Callable[..., losses.Objective], dict[str, Any]]:
    """The function that a stage minimizes, and its options."""
    options = {f.name: getattr(objective, f.name) for f in fields(objective)}
    if not pretrain:
        return losses.OBJECTIVES[objective.name], options
    if objective.stage_one == "labels":
        return losses.OBJECTIVES["pseudo_label"], options | {"norm": "plain"}
    return losses.OBJECTIVES["consistency"], options


def mean_uncertainty_loss(
    lifted: Prediction, batch: Batch, *, root_joint: int, axis_name: str | None = None
) -> Float[Array, ""]:
    """`losses.uncertainty_loss` against the poses' distances from labels, a mean over joints.

    Where the networks say it, with that of the distances across the ray and along it added. The
    poses learn nothing from it.

    Args:
        lifted: Poses, metres, and their uncertainties.
        batch: Whose labels the poses are compared with, both relative to the root.
        root_joint: Left out: it is 0 by definition.
        axis_name: As for `objective_loss`.
    """
    relative = batch.label - batch.label[..., root_joint, None, :]
    pose_3d, root = jax.lax.stop_gradient(
        (jnp.asarray(lifted.pose_3d), jnp.asarray(lifted.root_position))
    )
    distance = jnp.linalg.norm(pose_3d - relative, axis=-1)
    seen = jnp.any(batch.confidence > 0, axis=-1, keepdims=True)  # else nothing to lift
    counted = seen & (jnp.arange(distance.shape[-1]) != root_joint) & jnp.isfinite(distance)
    weight = counted.astype(distance.dtype)
    said = jnp.asarray(lifted.uncertainty)
    total = jnp.sum(losses.uncertainty_loss(said, distance, weight))
    if lifted.uncertainty_axes is not None:
        each = jnp.asarray(lifted.uncertainty_axes)
        parts = across_and_along(jnp.asarray(pose_3d - relative), pose_3d + root[..., None, :])
        for i, axes in enumerate((2, 1)):  # across the ray in a plane, along it on a line
            off = losses.uncertainty_loss(each[..., i], parts[..., i], weight, axes=axes)
            total += jnp.sum(off)
    count = jnp.sum(weight)
    if axis_name is not None:
        count = jax.lax.pmean(count, axis_name)
    return safe_divide(total, count)


def middle_frame(batch: Batch, joints: int) -> Batch:
    """What the batch shows at the middle of its windows: what is lifted, and judged."""
    first = batch.confidence.shape[-1] // joints // 2 * joints
    at = slice(first, first + joints)
    return batch._replace(
        keypoints_2d=batch.keypoints_2d[..., at, :],
        confidence=batch.confidence[..., at],
        label=batch.label[..., at, :],
    )


def initial_state(
    model: Networks, optimizer: optax.GradientTransformation, seed: int | UInt32[Array, ""]
) -> TrainState:
    """Fresh weights, a pure function of the seed."""
    joints, frames = model.skeleton.joints, model.config.frames

    def draw(seed: UInt32[Array, ""]) -> TrainState:
        variables = model.init(
            jax.random.key(seed),
            jnp.zeros((2, frames, joints, 2)),
            jnp.ones((2, frames, joints)),
            jnp.broadcast_to(jnp.eye(3), (2, 3, 3)),
        )
        return TrainState(
            variables["params"],
            variables.get("batch_stats", {}),  # a backbone may have none
            optimizer.init(variables["params"]),
            step=jnp.zeros((), jnp.int32),
            skipped=jnp.zeros((), jnp.int32),
        )

    seed = jnp.asarray(seed, jnp.uint32)
    if isinstance(seed, jax.core.Tracer):  # within another program, e.g. of several seeds
        return draw(seed)
    return jax.jit(draw, compiler_options=RUN_ONCE)(seed)


def lift_in_training(
    model: Networks, params: Any, batch_stats: Any, batch: Batch, key: Key[Array, ""]
) -> tuple[Any, Any]:
    """The networks' `Prediction` of a batch in training, and their new batch statistics.

    Args:
        model: Of the weights.
        params, batch_stats: Its variables.
        batch: What its views show.
        key: For dropout.
    """
    lifted, updates = model.apply(
        {"params": params, "batch_stats": batch_stats},
        batch.keypoints_2d,
        batch.confidence,
        batch.camera.K,
        train=True,
        rngs={"dropout": key},
        mutable=["batch_stats"],
    )
    return lifted, updates.get("batch_stats", {})


def train_step(
    state: TrainState,
    batch: Batch,
    key: Key[Array, ""],
    *,
    model: Networks,
    optimizer: optax.GradientTransformation,
    objective: ObjectiveConfig,
    pretrain: bool = False,
    axis_name: str | None = None,
) -> tuple[TrainState, dict[str, Float[Array, ""]]]:
    """One update: pure, the same on one device or many.

    All views of the batch go through the networks together, so that batch statistics are shared. An
    update whose loss or gradient is not finite leaves the weights as they were and is counted.

    Args:
        state: Before the step.
        batch: What the step learns from.
        key: For dropout.
        model, optimizer, objective, pretrain: What is trained, how, on which loss.
        axis_name: Of the mapped axis over whose devices the batch is split (pmap); `model` has the
            same.

    Returns:
        The state after the step, and scalars for the log.
    """

    def loss_of(params: Any) -> tuple[jax.Array, Any]:
        lifted, batch_stats = lift_in_training(model, params, state.batch_stats, batch, key)
        pose_3d, root = lifted.pose_3d, lifted.root_position
        shown = middle_frame(batch, model.skeleton.joints)
        loss, terms = objective_terms(
            pose_3d,
            root,
            shown,
            objective,
            skeleton=model.skeleton,
            pretrain=pretrain,
            axis_name=axis_name,
        )
        behind = losses.share_behind(pose_3d + root[..., None, :])
        logged = {"loss": loss, "behind": behind, **terms}
        if lifted.uncertainty is not None:
            off = mean_uncertainty_loss(
                lifted, shown, root_joint=model.skeleton.root, axis_name=axis_name
            )
            logged["uncertainty_loss"] = off
            loss = loss + UNCERTAINTY_WEIGHT * off
        return loss, (batch_stats, logged)

    (loss, (batch_stats, logged)), gradient = jax.value_and_grad(loss_of, has_aux=True)(
        state.params
    )
    if axis_name is not None:
        gradient, loss, logged = jax.lax.pmean((gradient, loss, logged), axis_name)
    norm = optax.tree.norm(gradient)
    finite = jnp.isfinite(loss) & jnp.isfinite(norm)
    updates, opt_state = optimizer.update(gradient, state.opt_state, state.params)
    new = (optax.apply_updates(state.params, updates), batch_stats, opt_state)
    old = (state.params, state.batch_stats, state.opt_state)
    params, batch_stats, opt_state = jax.tree.map(lambda a, b: jnp.where(finite, a, b), new, old)
    skipped = jnp.where(finite, 0, state.skipped + 1)
    metrics = {**logged, "gradient_norm": norm, "skipped": skipped}
    return TrainState(params, batch_stats, opt_state, state.step + 1, skipped), metrics
