"""The optimizer: Adam, its gradient clipped, its rate by a schedule, its weights averaged."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Int

from geoself_jax.config import OptimizerConfig


class Average(NamedTuple):
    """Weights averaged over the steps, part of the optimizer's state.

    Attributes:
        params: The average.
        steps: How many are in it.
    """

    params: Any
    steps: Int[Array, ""]


def make_optimizer(
    config: OptimizerConfig, pretrain: int, total: int
) -> optax.GradientTransformation:
    """Adam as configured; a constant rate in stage one, the schedule's in stage two."""
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


def exchanged(params: Any, opt_state: Any) -> tuple[Any, Any]:
    """The average in place of the weights, and they in its; as they are where nothing averages.

    Done twice it changes nothing.
    """
    if not isinstance(opt_state[-1], Average):
        return params, opt_state
    average = opt_state[-1]
    return average.params, (*opt_state[:-1], average._replace(params=params))


def _average(decay: float) -> optax.GradientTransformation:
    """Keeps an exponential average of the weights, a plain one of the first few steps."""

    def init(params: Any) -> Average:
        return Average(jax.tree.map(jnp.copy, params), jnp.zeros((), jnp.int32))

    def update(updates: Any, state: Average, params: Any = None) -> tuple[Any, Average]:
        count = optax.safe_increment(state.steps)
        share = jnp.maximum(1 - decay, 1 / count)
        new = optax.apply_updates(params, updates)
        return updates, Average(optax.incremental_update(new, state.params, share), count)

    return optax.GradientTransformation(init, update)


def _clip(most: float) -> optax.GradientTransformation:
    """Clips the gradient by its norm without the layer of uncertainties, which clips no pose's."""

    def without_spread(path: Any, leaf: jax.Array) -> jax.Array:
        return jnp.zeros_like(leaf) if "spread" in jax.tree_util.keystr(path) else leaf

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        norm = optax.tree.norm(jax.tree_util.tree_map_with_path(without_spread, updates))
        clipped = jax.tree.map(lambda g: jnp.where(norm < most, g, g / norm * most), updates)
        return clipped, state

    return optax.GradientTransformation(optax.clip_by_global_norm(most).init, update)
