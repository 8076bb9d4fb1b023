import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from geoself_jax.core import losses, step
from geoself_jax.core.config import AugmentationConfig, ModelConfig, ObjectiveConfig
from geoself_jax.core.model import Networks
from geoself_jax.core.sampling import draw_batch, make_batch
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.training_set import training_views, triangulate_recording
from geoself_jax.train import parallel

MODEL = Networks(
    ModelConfig(width=32, blocks=1, layers=1, root_width=16, root_blocks=1, dropout=0.0), H36M_17
)
OBJECTIVES = ["transform", "reprojection", "pseudo_label"]


@pytest.fixture(scope="module")
def views(tiny_recording):
    return training_views(tiny_recording, triangulate_recording(tiny_recording))


def drawing(batch=32):
    return functools.partial(
        draw_batch,
        batch=batch,
        views=2,
        augmentation=AugmentationConfig(share=0.5),
        skeleton=H36M_17,
    )


def stepping(objective="pseudo_label", optimizer=None, **keywords):
    optimizer = optimizer or optax.sgd(1.0)
    config = ObjectiveConfig(name=objective)
    return optimizer, functools.partial(
        step.train_step, model=MODEL, optimizer=optimizer, objective=config, **keywords
    )


def whole_draw(views, batch=32):
    return parallel.Draw(
        batch=batch,
        views=2,
        frames=len(views.rig_id),
        rig_views=views.confidence.shape[1],
        joints=17,
        make_batch=functools.partial(
            make_batch, augmentation=AugmentationConfig(share=0.5), skeleton=H36M_17
        ),
    )


def advanced(devices, views, steps, objective="pseudo_label", optimizer=None):
    optimizer, one = stepping(objective, optimizer)
    advance = parallel.make_advance(
        one, whole_draw(views), parallel.data_mesh(devices), seed=0, steps=steps
    )
    return advance(step.initial_state(MODEL, optimizer, 0), views)


def test_many_steps_in_one_call_equal_one_step_a_call(views):
    momentum = optax.sgd(0.1, momentum=0.9)  # Adam makes much of rounding
    together, metrics = advanced(1, views, 4, optimizer=momentum)
    optimizer, one = stepping(optimizer=momentum)
    advance = parallel.make_advance(one, whole_draw(views), parallel.data_mesh(1), seed=0, steps=1)
    state = step.initial_state(MODEL, optimizer, 0)
    losses = []
    for _ in range(4):
        state, single = advance(state, views)
        losses.append(float(single["loss"][0]))
    np.testing.assert_allclose(losses, metrics["loss"], rtol=1e-5)
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-6), state, together
    )


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_some_hundred_steps_lower_the_loss(views, objective):
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(3e-3))
    state, metrics = advanced(1, views, 200, objective, optimizer)
    loss = np.asarray(metrics["loss"])
    assert loss[-20:].mean() < 0.6 * loss[:5].mean()
    assert int(state.step) == 200


def test_stage_one_lowers_equation_6(views):
    optimizer, one = stepping(optimizer=optax.adam(3e-3), pretrain=True)
    advance = parallel.make_advance(
        one, whole_draw(views), parallel.data_mesh(1), seed=0, steps=100
    )
    _, metrics = advance(step.initial_state(MODEL, optimizer, 0), views)
    loss = np.asarray(metrics["loss"])
    assert loss[-10:].mean() < 0.5 * loss[:3].mean()


def test_an_update_that_is_not_finite_is_skipped_and_counted(views):
    optimizer, one = stepping("transform", optax.adam(1e-3))
    start = step.initial_state(MODEL, optimizer, 0)
    batch = jax.jit(drawing(8))(views, jax.random.key(0))
    center = batch.camera.center.at[0, 0].set(jnp.inf)
    poisoned = batch._replace(camera=batch.camera._replace(center=center))
    compiled = jax.jit(one)
    state, metrics = compiled(start, poisoned, jax.random.key(1))
    assert not np.isfinite(metrics["loss"])
    assert int(state.skipped) == 1 and int(state.step) == 1
    for name in ("params", "batch_stats", "opt_state"):
        jax.tree.map(np.testing.assert_array_equal, getattr(state, name), getattr(start, name))
    state, _ = compiled(state, batch, jax.random.key(1))
    assert int(state.skipped) == 0


def test_confidence_weighs_and_the_sum_is_divided_once(views):
    """A mean of means would differ: half the instants count ten times less."""
    batch = jax.jit(drawing(8))(views, jax.random.key(0))
    scale = jnp.where(jnp.arange(8) < 4, 1.0, 0.1)[:, None, None]
    pose = jax.random.normal(jax.random.key(2), (*batch.label.shape,)) * 0.3
    root = jnp.broadcast_to(jnp.array([0.0, 0, 5]), (8, 2, 3))
    config = ObjectiveConfig(name="reprojection", norm="plain")

    def loss(b):
        return step.objective_loss(
            pose[: len(b.label)], root[: len(b.label)], b, config, skeleton=H36M_17
        )

    def part(s):
        return jax.tree.map(lambda x: x[s], batch)

    def value(s):
        b = part(s)
        return float(loss(b)) * float(b.confidence.sum()), float(b.confidence.sum())

    weighted = batch._replace(confidence=batch.confidence * scale)
    first, w1 = value(slice(0, 4))
    rest = part(slice(4, 8))
    second = float(step.objective_loss(pose[4:], root[4:], rest, config, skeleton=H36M_17)) * float(
        rest.confidence.sum()
    )
    w2 = float(rest.confidence.sum())
    expected = (first + 0.1 * second) / (w1 + 0.1 * w2)
    np.testing.assert_allclose(float(loss(weighted)), expected, rtol=1e-4)


def test_a_pose_judged_at_the_views_root_does_not_learn_to_make_up_for_the_networks(views):
    batch = jax.jit(drawing(8))(views, jax.random.key(0))
    label = jnp.nan_to_num(batch.label)
    pose, root = label - label[..., :1, :], label[..., 0, :]
    off = root + jnp.array([0.0, 0, 0.3])  # the root network is wrong by 30 cm, the pose is right

    def gradients(root_from):
        config = ObjectiveConfig(name="transform", transform_weight=10.0, root_from=root_from)

        def loss(pose, root):
            return step.objective_loss(pose, root, batch, config, skeleton=H36M_17)

        return jax.jit(jax.grad(loss, argnums=(0, 1)))(pose, off)

    shift = {}
    for root_from in ("network", "views"):
        of_pose, of_root = gradients(root_from)
        assert float(of_root[..., 2].mean()) > 0  # either way the root is pulled back
        shift[root_from] = np.abs(np.asarray(of_pose)[:, :, 1:].sum(2)).mean()  # all joints alike
    assert shift["views"] < 0.25 * shift["network"]


@pytest.mark.parametrize("name", sorted(losses.OBJECTIVES))
def test_the_terms_of_an_objective_add_up_to_its_loss(name, views):
    batch = jax.jit(drawing(8))(views, jax.random.key(0))
    pose = jax.random.normal(jax.random.key(2), batch.label.shape) * 0.3
    root = jnp.broadcast_to(jnp.array([0.0, 0, 5]), (8, 2, 3))
    config = ObjectiveConfig(name=name, root_from="views")
    loss, terms = step.objective_terms(pose, root, batch, config, skeleton=H36M_17)
    several = {"pseudo_label", "transform", "both"}
    assert bool(terms) == (name in several) and np.isfinite(loss)
    if terms:
        np.testing.assert_allclose(sum(map(float, terms.values())), float(loss), rtol=1e-5)


def test_a_call_does_as_many_steps_as_it_is_given_by_one_program(views):
    optimizer, one = stepping(optimizer=optax.adam(1e-3))
    advance = parallel.make_advance(one, whole_draw(views), parallel.data_mesh(1), seed=0, steps=4)
    whole, metrics = advance(step.initial_state(MODEL, optimizer, 0), views)
    state = step.initial_state(MODEL, optimizer, 0)
    for count, first in ((1, 0), (3, 1)):
        state, part = advance(state, views, np.int32(count))
        done = np.asarray(part["loss"])
        np.testing.assert_array_equal(done[:count], metrics["loss"][first : first + count])
        assert not done[count:].any()
    jax.tree.map(np.testing.assert_array_equal, state, whole)
