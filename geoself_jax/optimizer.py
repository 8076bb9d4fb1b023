"""The optimizer: Adam, its gradient clipped, its rate by a schedule, its weights averaged."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Int

from geoself_jax.config import OptimizerConfig


class Average(NamedTuple):
    """Variables averaged over the steps, part of the optimizer's state.

    Attributes:
        params: The weights' average.
        batch_stats: Of the running means and variances: those of the newest weights are not theirs.
        steps: How many are in it.
    """

    params: Any
    batch_stats: Any
    steps: Int[Array, ""]


def make_optimizer(
    config: OptimizerConfig, pretrain: int, total: int
) -> optax.GradientTransformation:
    """Adam as configured; a constant rate in stage one, the schedule's in stage two.

    Where weights are averaged, its `update` needs `batch_stats`, the new ones; `begin` makes its
    first state.
    """
    length = max(total - pretrain, 1)
    rate: Any
    if config.schedule == "cosine":
        warmup = min(max(int(config.warmup * length), 1), length - 1)
        peak = config.learning_rate
        rate = peak
        if length > 1:
            rate = optax.warmup_cosine_decay_schedule(0.0, peak, warmup, length)
    else:
        thirds = {length // 3: 0.1, 2 * length // 3: 0.1}
        rate = optax.piecewise_constant_schedule(config.learning_rate, thirds)
    if pretrain:
        first = optax.constant_schedule(config.learning_rate)
        rate = optax.join_schedules([first, rate], [pretrain])
    clip = _clip(config.clip_norm) if config.clip_norm else optax.identity()
    adam = optax.adam(rate)
    if config.weight_decay:
        matrices = functools.partial(jax.tree.map, lambda leaf: leaf.ndim > 1)
        adam = optax.adamw(rate, weight_decay=config.weight_decay, mask=matrices)
    averaging = (_average(config.average),) if config.average else ()
    return optax.chain(clip, adam, *averaging)


def begin(optimizer: optax.GradientTransformation, variables: Mapping[str, Any]) -> optax.OptState:
    """The optimizer's state before the first step of `params` and `batch_stats`."""
    state = optimizer.init(variables["params"])
    if not isinstance(state[-1], Average):
        return state
    batch_stats = jax.tree.map(jnp.copy, variables["batch_stats"])
    return (*state[:-1], state[-1]._replace(batch_stats=batch_stats))


def exchanged(variables: Mapping[str, Any], opt_state: Any) -> tuple[dict[str, Any], Any]:
    """The average in place of the variables, and they in its; as they are where nothing averages.

    Done twice it changes nothing.

    Args:
        variables: `params` and `batch_stats`.
        opt_state: Of the same step.
    """
    average = opt_state[-1]
    if not isinstance(average, Average):
        return dict(variables), opt_state
    kept = {"params": average.params, "batch_stats": average.batch_stats}
    return kept, (*opt_state[:-1], average._replace(**variables))


def _average(decay: float) -> optax.GradientTransformationExtraArgs:
    """Keeps an exponential average of the variables, a plain one of the first few steps."""

    def init(params: Any) -> Average:
        return Average(jax.tree.map(jnp.copy, params), {}, jnp.zeros((), jnp.int32))

    def update(
        updates: Any, state: Average, params: Any = None, *, batch_stats: Any, **_: Any
    ) -> tuple[Any, Average]:
        count = optax.safe_increment(state.steps)
        share = jnp.maximum(1 - decay, 1 / count)
        new = optax.apply_updates(params, updates)
        old = (state.params, state.batch_stats)
        means, stats = optax.incremental_update((new, batch_stats), old, share)
        return updates, Average(means, stats, count)

    return optax.GradientTransformationExtraArgs(init, update)


def _clip(most: float) -> optax.GradientTransformation:
    """Clips the gradient by its norm without the layer of uncertainties, which clips no pose's."""

    def without_spread(path: Any, leaf: jax.Array) -> jax.Array:
        return jnp.zeros_like(leaf) if "spread" in jax.tree_util.keystr(path) else leaf

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        norm = optax.tree.norm(jax.tree_util.tree_map_with_path(without_spread, updates))
        clipped = jax.tree.map(lambda g: jnp.where(norm < most, g, g / norm * most), updates)
        return clipped, state

    return optax.GradientTransformation(optax.clip_by_global_norm(most).init, update)
