"""Re-projection with a discriminator of poses: the paper's row that needs 3D, of other people.

The real poses are the built-in synthetic people's, unpaired with anything: nobody of the training
recording. A discriminator of two layers sees root-relative poses in camera axes, least-squares
losses (Mao et al. 2017, ICCV).
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.ablation.own_loop import OwnLoop
from geoself_jax.core import step
from geoself_jax.core.config import Config
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.evaluate.scores import in_cameras
from geoself_jax.runtime.restore import Trained

WEIGHT_PX = 20.0
"""Pixels that a pose which the discriminator sees through counts as much as."""
REAL_FRAMES = 8000


class Discriminator(nn.Module):
    """Poses to a score: 1 for real ones, 0 for others."""

    width: int = 256

    @nn.compact
    def __call__(self, pose_3d: jax.Array) -> jax.Array:
        """Scores (poses, joints, 3)."""
        x = pose_3d.reshape(len(pose_3d), -1)
        for _ in range(2):
            x = nn.leaky_relu(nn.Dense(self.width)(x), 0.2)
        return nn.Dense(1)(x)[:, 0]


def real_poses() -> np.ndarray:
    """(poses, joints, 3) of synthetic people in camera axes, root-relative, metres."""
    people = load("synthetic:train", synthetic_frames=REAL_FRAMES)
    assert people.pose_world is not None
    poses = in_cameras(people.pose_world, people)
    poses = poses - poses[:, :, people.skeleton.root, None]
    return poses.reshape(-1, *poses.shape[2:]).astype(np.float32)


def train_adversarially(config: Config, recording: Recording, labels: np.ndarray) -> Trained:
    """Trains one row with a discriminator in addition to `config.objective`.

    Args:
        config: Of the row.
        recording: To learn from.
        labels: Its triangulated joints: where its rooms are, nothing else.
    """
    loop = OwnLoop(config, recording, labels)
    real = jnp.asarray(real_poses())
    judge = Discriminator()
    judged: Any = judge.apply
    judge_optimizer = optax.adam(1e-4)
    judge_params = judge.init(jax.random.key(config.seed), real[:2])

    def one(carry: Any, _: None) -> tuple[Any, jax.Array]:
        state, judge_params, judge_state = carry
        batch, key, dropout = loop.drawn(state.step)

        def loss_of(params: Any) -> tuple[jax.Array, Any]:
            (pose_3d, root, *_), stats = loop.lifted(params, state.batch_stats, batch, dropout)
            loss = step.objective_loss(
                pose_3d, root, batch, config.objective, skeleton=loop.model.skeleton
            )
            poses = pose_3d.reshape(-1, *pose_3d.shape[2:])
            seen_through = jnp.mean((judged(judge_params, poses) - 1) ** 2)
            return loss + WEIGHT_PX * seen_through, (stats, poses)

        (loss, (stats, fake)), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params)
        updates, opt_state = loop.optimizer.update(gradient, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        chosen = real[jax.random.randint(key, (len(fake),), 0, len(real))]

        def judging(params: Any) -> jax.Array:
            right = jnp.mean((judged(params, chosen) - 1) ** 2)
            return right + jnp.mean(judged(params, jax.lax.stop_gradient(fake)) ** 2)

        judge_gradient = jax.grad(judging)(judge_params)
        updates, judge_state = judge_optimizer.update(judge_gradient, judge_state)
        judge_params = optax.apply_updates(judge_params, updates)
        state = step.TrainState(params, stats, opt_state, state.step + 1, state.skipped)
        return (state, judge_params, judge_state), loss

    carry = loop.run((loop.state, judge_params, judge_optimizer.init(judge_params)), one)
    return loop.trained(carry[0])
