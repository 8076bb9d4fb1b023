"""Trains a row's seeds side by side, in one program: a single one leaves an accelerator idle.

The steps are those of `geoself_jax.train.run.train` (`tests/benchmarks/test_ablation.py` compares
the weights), without a folder: no checkpoints, no resumption. Uncertainties are not calibrated.
"""

import dataclasses
import functools
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core import errors, step
from geoself_jax.core.batch import TrainingViews, windows
from geoself_jax.core.config import Config, as_dict, split_where
from geoself_jax.core.model import Networks
from geoself_jax.core.optimizer import make_optimizer
from geoself_jax.core.sampling import take_frames
from geoself_jax.data.recording import Recording
from geoself_jax.data.training_set import held_out, resolved, training_views
from geoself_jax.evaluate.held_out import VALIDATION_FRAMES
from geoself_jax.evaluate.scores import in_cameras, lifted
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.runtime import devices
from geoself_jax.runtime.restore import Trained
from geoself_jax.train import parallel
from geoself_jax.train.check_config import check_fit
from geoself_jax.train.loop import make_draw
from geoself_jax.train.schedule import make_stages

CURVE_POINTS = 10

Curve = list[tuple[int, float]]
"""Steps, and millimetres to the triangulated joints of held-out people."""


def train_together(
    config: Config,
    seeds: list[int],
    recording: Recording,
    triangulated: np.ndarray,
    *,
    truth: np.ndarray | None = None,
) -> list[tuple[Trained, Curve]]:
    """Trains one recipe from several seeds.

    Args:
        config: Of the row; its seed is not looked at.
        seeds: Of weights, batches and dropout.
        recording: To learn from.
        triangulated: Its joints by `config.objective.labels`, world, metres.
        truth: Supervision that replaces them: ground truth, for a marked upper bound.

    Returns:
        Networks and curve of each seed. Somebody must be held out, whom the curves are of.

    Raises:
        GeoselfError: Bad data (65); a seed is not finite any more (70).
    """
    recording = recording.without_ground_truth()
    check_fit(config, recording)
    check_before_training(config.data.train, recording)
    learn, held = held_out(config.data, recording)
    labels = triangulated if truth is None else truth
    model = Networks(resolved(config.model, recording, triangulated), recording.skeleton)
    sized = recording.select(learn).scaled(1 / model.config.metres)
    views = training_views(sized, labels[learn] / np.float32(model.config.metres))
    stages = make_stages(config, len(views.rig_id))
    states, advance = make_together(config, seeds, model, views)
    score = make_score(model, recording.select(held), triangulated[held])
    period = max(stages.call, stages.total // CURVE_POINTS)
    curves: list[Curve] = [[] for _ in seeds]
    data = jax.tree.map(jnp.asarray, views)
    for pretrain, first, steps in stages.calls(0):
        states = advance(states, data, pretrain, steps)
        done = first + steps
        if done // period > first // period or done == stages.total:
            for curve, found in zip(curves, score(_variables(states)), strict=True):
                curve.append((done, float(found)))
            diverged = np.flatnonzero(np.asarray(states.skipped) >= step.MAX_SKIPPED)
            if diverged.size:
                which = f"seed {seeds[diverged[0]]}, step {done}"
                what = "not finite any more: training diverged"
                raise errors.GeoselfError(which, what, "lower the rate", errors.DIVERGED)
    found = []
    for i, (seed, curve) in enumerate(zip(seeds, curves, strict=True)):
        variables = jax.tree.map(lambda leaf, i=i: leaf[i], _variables(states))
        record = {
            "config": split_where(dataclasses.replace(config, seed=seed))[0],
            "model": as_dict(model.config),
            "versions": {name: version(name) for name in ("jax", "flax", "optax")},
        }
        found.append((Trained(model, variables, record, {"step": stages.total}), curve))
    return found


def make_together(
    config: Config, seeds: list[int], model: Networks, views: TrainingViews
) -> tuple[step.TrainState, Callable[..., step.TrainState]]:
    """Fresh states, an axis of seeds first, and what takes them some steps on.

    Args:
        config: Of all.
        seeds: Of each.
        model: Its networks.
        views: What they learn from: for its sizes.

    Returns:
        The states, and (states, views, whether in stage one, steps) to the states after the steps;
        the old ones' memory is used again.
    """
    stages = make_stages(config, len(views.rig_id))
    optimizer = make_optimizer(config.optimizer, stages.pretrain, stages.total)
    draw = make_draw(config, model, views)
    training = model.clone(compute=devices.compute_type(config))
    every = jnp.asarray(seeds, jnp.uint32)

    @functools.partial(jax.jit, static_argnums=(2, 3), donate_argnums=0)
    def advance(
        states: step.TrainState, data: TrainingViews, pretrain: bool, steps: int
    ) -> step.TrainState:
        def one(state: step.TrainState, seed: jax.Array) -> step.TrainState:
            key_batch, key_dropout = parallel.step_keys(seed, state.step)
            samples = draw.samples(key_batch, 0, draw.batch)
            batch = draw.make_batch(take_frames(data, draw.instants(samples, data.run)), samples)
            how: dict[str, Any] = {"model": training, "optimizer": optimizer, "pretrain": pretrain}
            return step.train_step(state, batch, key_dropout, objective=config.objective, **how)[0]

        def all_of_them(states: step.TrainState, _: None) -> tuple[step.TrainState, None]:
            return jax.vmap(one)(states, every), None

        return jax.lax.scan(all_of_them, states, None, length=steps)[0]

    start = functools.partial(step.initial_state, model, optimizer)
    return jax.vmap(start)(every), advance


def _variables(states: step.TrainState) -> dict[str, Any]:
    return {"params": states.params, "batch_stats": states.batch_stats}


def make_score(
    model: Networks, held: Recording, triangulated: np.ndarray
) -> Callable[[dict[str, Any]], np.ndarray]:
    """From the variables of several networks to each one's `triangulation_mm` of held-out people.

    What `training` validates by, on the same instants, for all networks in one program.
    """
    count, frames = min(VALIDATION_FRAMES, held.frames), model.config.frames
    at = np.unique(np.linspace(0, held.frames - 1, count).astype(int))
    seen = np.asarray(windows(at, held.runs, frames))
    keypoints_2d, confidence = held.keypoints_2d[seen], held.confidence[seen]
    if frames > 1:
        keypoints_2d, confidence = keypoints_2d.swapaxes(1, 2), confidence.swapaxes(1, 2)
    K = held.camera.K.astype(np.float32)[held.rig_id[at]]
    target = in_cameras(triangulated[at], held.select(at))
    target = target - target[:, :, held.skeleton.root, None]
    there = lifted(held.select(at))[..., None] & np.isfinite(target).all(-1)

    @jax.jit
    def distances(variables: Any, keypoints_2d: Any, confidence: Any, K: Any) -> jax.Array:
        predict: Callable[..., Any] = functools.partial(model.apply, train=False)
        poses = jax.vmap(lambda v: predict(v, keypoints_2d, confidence, K).pose_3d)(variables)
        off = jnp.linalg.norm(poses - jnp.nan_to_num(target), axis=-1)
        return 1000 * jnp.sum(jnp.where(there, off, 0), axis=(1, 2, 3)) / there.sum()

    inputs = [jnp.asarray(array) for array in (keypoints_2d, confidence, K)]
    return lambda variables: np.asarray(distances(variables, *inputs))
