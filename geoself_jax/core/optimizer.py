"""The optimizer: Adam with gradient clipping and a learning-rate schedule."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import optax

from geoself_jax.core.config import OptimizerConfig


def make_optimizer(
    config: OptimizerConfig, pretrain: int, total: int
) -> optax.GradientTransformation:
    """Returns Adam as configured, at the rate of `learning_rate`.

    Args:
        config: Learning rate, its schedule, gradient clipping and weight decay.
        pretrain: Length of stage one, steps.
        total: Length of both stages, steps.
    """
    rate = learning_rate(config, pretrain, total)
    clip = _clip(config.clip_norm) if config.clip_norm else optax.identity()
    adam = optax.adam(rate)
    if config.weight_decay:
        matrices = functools.partial(jax.tree.map, lambda leaf: leaf.ndim > 1)
        adam = optax.adamw(rate, weight_decay=config.weight_decay, mask=matrices)
    return optax.chain(clip, adam)


def learning_rate(config: OptimizerConfig, pretrain: int, total: int) -> Any:
    """The rate, or its schedule by steps: constant in stage one, as configured in stage two.

    Args:
        config, pretrain, total: As of `make_optimizer`.
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
    return rate


def _clip(most: float) -> optax.GradientTransformation:
    """Clips the gradient by its norm, excluding the uncertainty layer."""

    def without_spread(path: Any, leaf: jax.Array) -> jax.Array:
        return jnp.zeros_like(leaf) if "spread" in jax.tree_util.keystr(path) else leaf

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        norm = optax.tree.norm(jax.tree_util.tree_map_with_path(without_spread, updates))
        clipped = jax.tree.map(lambda g: jnp.where(norm < most, g, g / norm * most), updates)
        return clipped, state

    return optax.GradientTransformation(optax.clip_by_global_norm(most).init, update)
