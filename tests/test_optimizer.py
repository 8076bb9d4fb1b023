"""Rates by a schedule, and weights averaged over the steps."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax

from geoself_jax.config import OptimizerConfig
from geoself_jax.loop import items, state_of
from geoself_jax.optimizer import begin, make_optimizer
from geoself_jax.step import TrainState
from geoself_jax.trained import load_trained
from geoself_jax.training import train


def test_the_papers_schedule_drops_the_rate_tenfold_after_each_third():
    config = OptimizerConfig(schedule="step", clip_norm=0.0)
    optimizer = make_optimizer(config, pretrain=10, total=40)
    state, rates = optimizer.init({"w": np.zeros(1)}), []
    for _ in range(40):
        updates, state = optimizer.update({"w": np.ones(1)}, state)
        rates.append(-float(updates["w"][0]))  # Adam on a constant gradient moves by its rate
    np.testing.assert_allclose(rates[:20], 1e-3, rtol=1e-3)
    np.testing.assert_allclose(rates[20:30], 1e-4, rtol=1e-3)
    np.testing.assert_allclose(rates[30:], 1e-5, rtol=1e-3)


def trained(optimizer, steps):
    """A state after some steps on a parabola, and the weights after each."""
    params, stats = {"w": jnp.array([3.0, -2.0])}, {"mean": jnp.zeros(())}
    update = optax.with_extra_args_support(optimizer).update
    opt_state, path = begin(optimizer, {"params": params, "batch_stats": stats}), []
    for step in range(steps):
        stats = {"mean": jnp.asarray(float(step) ** 2)}
        updates, opt_state = update(params, opt_state, params, batch_stats=stats)
        params = optax.apply_updates(params, updates)
        path.append([*np.asarray(params["w"]), step**2])
    state = TrainState(params, stats, opt_state, jnp.asarray(steps), jnp.zeros((), jnp.int32))
    return state, np.array(path)


def evaluated(state):
    variables = items(state)["variables"]
    return [*variables["params"]["w"], variables["batch_stats"]["mean"]]


def test_the_average_of_weights_and_batch_norms_is_plain_at_first_then_exponential():
    optimizer = make_optimizer(OptimizerConfig(learning_rate=0.1, average=0.8), 0, 20)
    state, path = trained(optimizer, 5)
    np.testing.assert_allclose(evaluated(state), path.mean(axis=0), rtol=1e-6)
    state, path = trained(optimizer, 7)
    wanted = 0.8 * (0.8 * path[:5].mean(axis=0) + 0.2 * path[5]) + 0.2 * path[6]
    np.testing.assert_allclose(evaluated(state), wanted, rtol=1e-6)


def test_what_is_saved_becomes_the_state_again():
    for average in (0.0, 0.9):
        optimizer = make_optimizer(OptimizerConfig(average=average), 0, 20)
        state, path = trained(optimizer, 3)
        again = state_of(items(state))
        assert jax.tree.structure(again) == jax.tree.structure(state)
        jax.tree.map(np.testing.assert_array_equal, again, state)
        np.testing.assert_allclose(again.params["w"], path[-1][:2], rtol=1e-6)


def test_averaging_changes_what_is_evaluated_but_not_the_way(tiny_config, tiny_recording, tmp_path):
    optimizer = dataclasses.replace(tiny_config.optimizer, average=0.9)
    averaged = dataclasses.replace(tiny_config, optimizer=optimizer)
    losses, weights = [], []
    for name, config in (("newest", tiny_config), ("averaged", averaged)):
        train(config, tmp_path / name, tiny_recording)
        losses.append((tmp_path / name / "metrics.jsonl").read_text().splitlines()[-1])
        variables = load_trained(tmp_path / name, "last").variables
        weights.append(jax.tree.leaves(variables["params"]))
    told = [float(line.split('"loss": ')[1].split(",")[0]) for line in losses]
    assert told[0] == told[1]
    apart = max(float(np.abs(a - b).max()) for a, b in zip(*weights, strict=True))
    assert apart > 1e-4
