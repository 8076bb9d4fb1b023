"""Labels and eq. (7) as one loss whose two weights are learned with the networks.

After Kendall, Gal and Cipolla 2018 (CVPR), for plain norms: each loss divided by a learned scale,
plus the scale's logarithm (for numbers, the likelihood of a Laplace distribution). A scale starts
as large as its loss is. Were scales at their optimum in every step, the gradients of the losses'
logarithms would be added.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.ablation.own_loop import OwnLoop
from benchmarks.ablation.row import changed
from geoself_jax.core import step
from geoself_jax.core.config import Config
from geoself_jax.data.recording import Recording
from geoself_jax.runtime.restore import Trained

PARTS = ("pseudo_label", "transform")
SCALES_RATE = 1e-2


def train_with_learned_weights(config: Config, recording: Recording, labels: np.ndarray) -> Trained:
    """Trains one row.

    Args:
        config: Of the row; `objective.label_weight` is not looked at.
        recording: To learn from.
        labels: Its triangulated joints.

    Returns:
        The networks; their record has `label_weight_px`, what `objective.label_weight` was last.
    """
    loop = OwnLoop(config, recording, labels)
    objectives = [changed(config, objective__name=name).objective for name in PARTS]
    scales_optimizer = optax.adam(SCALES_RATE)

    def parts(params: Any, stats: Any, at: jax.Array) -> tuple[jax.Array, Any]:
        batch, _, dropout = loop.drawn(at)
        (pose_3d, root, *_), stats = loop.lifted(params, stats, batch, dropout)
        skeleton = loop.model.skeleton
        each = [step.objective_loss(pose_3d, root, batch, o, skeleton=skeleton) for o in objectives]
        return jnp.stack(each), stats

    def one(carry: Any, _: None) -> tuple[Any, jax.Array]:
        state, log_scales, scales_state = carry

        def loss_of(learned: Any) -> tuple[jax.Array, Any]:
            params, logs = learned
            each, stats = parts(params, state.batch_stats, state.step)
            return jnp.sum(each / jnp.exp(logs) + logs), stats

        learned = (state.params, log_scales)
        (loss, stats), gradients = jax.value_and_grad(loss_of, has_aux=True)(learned)
        updates, opt_state = loop.optimizer.update(gradients[0], state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        updates, scales_state = scales_optimizer.update(gradients[1], scales_state)
        log_scales = optax.apply_updates(log_scales, updates)
        state = step.TrainState(params, stats, opt_state, state.step + 1, state.skipped)
        return (state, log_scales, scales_state), loss

    at_first, _ = jax.jit(parts)(loop.state.params, loop.state.batch_stats, loop.state.step)
    log_scales = jnp.log(at_first)
    carry = loop.run((loop.state, log_scales, scales_optimizer.init(log_scales)), one)
    trained = loop.trained(carry[0])
    of_labels, of_pixels = np.exp(carry[1])
    return trained._replace(record={**trained.record, "label_weight_px": of_pixels / of_labels})
