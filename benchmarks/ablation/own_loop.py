"""A training loop for rows that learn more than the networks, unlike `geoself_jax.train.run`.

The steps are the same otherwise (`tests/benchmarks/test_ablation.py` compares the weights). It runs
on one device, without a folder: no checkpoints, no resumption, no curve.
"""

import functools
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core import errors, step
from geoself_jax.core.batch import Batch
from geoself_jax.core.config import Config, as_dict, split_where
from geoself_jax.core.model import Networks
from geoself_jax.core.optimizer import make_optimizer
from geoself_jax.core.sampling import draw_batch
from geoself_jax.data.recording import Recording
from geoself_jax.data.training_set import held_out, resolved, training_views
from geoself_jax.runtime import devices
from geoself_jax.runtime.restore import Trained
from geoself_jax.train.check_config import check_fit
from geoself_jax.train.parallel import step_keys

STEPS_A_CALL = 100


class OwnLoop:
    """What a row's training is made of.

    Args:
        config: Of the row.
        recording: To learn from.
        labels: Its triangulated joints.
    """

    def __init__(self, config: Config, recording: Recording, labels: np.ndarray) -> None:
        check_fit(config, recording)
        learn, _ = held_out(config.data, recording)
        blind = recording.without_ground_truth().select(learn)
        self.model = Networks(resolved(config.model, recording, labels), recording.skeleton)
        metres = self.model.config.metres
        views = training_views(blind.scaled(1 / metres), labels[learn] / np.float32(metres))
        self.data = jax.tree.map(jnp.asarray, views)
        self._training = self.model.clone(compute=devices.compute_type(config))
        self.optimizer = make_optimizer(config.optimizer, 0, config.schedule.length)
        self.config = config
        self.state = step.initial_state(self.model, self.optimizer, config.seed)
        self._draw = functools.partial(
            draw_batch,
            batch=config.schedule.batch,
            views=config.objective.views,
            augmentation=config.augmentation,
            skeleton=recording.skeleton,
        )

    def drawn(self, at: jax.Array) -> tuple[Batch, jax.Array, jax.Array]:
        """A step's batch, the key it was drawn by, and the key of its dropout."""
        key, dropout = step_keys(self.config.seed, at)
        return self._draw(self.data, key), key, dropout

    def lifted(self, params: Any, stats: Any, batch: Batch, dropout: jax.Array) -> tuple[Any, Any]:
        """The networks' `Prediction` in training, and their new batch statistics."""
        return step.lift_in_training(self._training, params, stats, batch, dropout)

    def run(self, carry: Any, one: Callable[[Any, None], tuple[Any, jax.Array]]) -> Any:
        """Takes all steps.

        Args:
            carry: A `step.TrainState` first, then whatever else is learned.
            one: A step, as `jax.lax.scan` wants it, that gives its loss.

        Returns:
            The last carry.

        Raises:
            GeoselfError: A loss is not finite (70).
        """
        advance = jax.jit(
            lambda carry, steps: jax.lax.scan(one, carry, None, length=steps),
            static_argnums=1,
            donate_argnums=0,
        )
        total = self.config.schedule.length
        while (done := int(carry[0].step)) < total:
            carry, loss = advance(carry, min(STEPS_A_CALL, total - done))
            if not np.isfinite(loss).all():
                which = f"seed {self.config.seed}, step {done}"
                what = "not finite any more: training diverged"
                raise errors.GeoselfError(which, what, "lower the rate", errors.DIVERGED)
        return carry

    def trained(self, state: step.TrainState) -> Trained:
        """The networks with what is known of them."""
        record = {
            "config": split_where(self.config)[0],
            "model": as_dict(self.model.config),
            "versions": {name: version(name) for name in ("jax", "flax", "optax")},
        }
        variables = {"params": state.params, "batch_stats": state.batch_stats}
        return Trained(self.model, variables, record, {"step": int(state.step)})
