import dataclasses

import jax
import numpy as np
import pytest

from geoself_jax.core.config import ModelConfig
from geoself_jax.core.expansion import expanded
from geoself_jax.core.layers import BatchNorm, Dense
from geoself_jax.core.mirroring import XYZ, of_features, of_points
from geoself_jax.core.model import Networks
from geoself_jax.core.predict import make_predict
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.runtime.restore import abstract_variables

KINDS = {
    "rays": {"input": "ray", "root": "plain"},
    "centred": {},
    "confidence": {"confidence": True, "uncertainty": True},
    "axes": {"uncertainty": True, "uncertainty_axes": True},
    "paths": {"frames": 27, "temporal": "paths", "confidence": True},
    "paths-81": {"frames": 81, "temporal": "paths", "uncertainty": True},
}


@pytest.fixture(scope="module", params=KINDS)
def case(request):
    """Symmetric networks whose every weight is random, a few views, and what is made of them."""
    kind = {"width": 16, "blocks": 1, "root_width": 8, "root_blocks": 1} | KINDS[request.param]
    skeleton = dataclasses.replace(H36M_17, root=0)
    model = Networks(ModelConfig(symmetric=True, **kind), skeleton)
    rng = np.random.default_rng(0)
    variables = jax.tree.map(
        lambda leaf: rng.normal(0.1, 0.3, leaf.shape).astype(np.float32),
        dict(abstract_variables(model)),
    )
    variables["batch_stats"] = jax.tree.map(lambda x: 0.2 + np.abs(x), variables["batch_stats"])
    if model.config.uncertainty:
        variables["batch_stats"]["uncertainty_scale"] = np.ones(17, np.float32)
    if model.config.uncertainty_axes:
        variables["batch_stats"]["uncertainty_axes_scale"] = np.ones((17, 2), np.float32)
    shape = (5, 17) if model.config.frames == 1 else (5, model.config.frames, 17)
    K = np.array([[1100, 0, 510], [0, 1120, 480], [0, 0, 1]], np.float32)
    confidence = rng.uniform(size=shape).astype(np.float32)
    confidence[0, ..., 3] = 0  # a joint that is missing on one side alone
    views = rng.uniform(300, 700, (*shape, 2)).astype(np.float32), confidence
    inputs = (*views, np.broadcast_to(K, (5, 3, 3)))
    return model, variables, inputs, make_predict(model)(variables, *inputs)


def test_a_mirrored_view_gives_the_mirrored_pose(case):
    model, variables, inputs, lifted = case
    flipped = make_predict(model, flip=True)(variables, *inputs)
    assert np.abs(lifted.pose_3d).max() > 0.1
    for a, b in zip(lifted, flipped, strict=True):
        if a is not None:
            np.testing.assert_allclose(a, b, atol=1e-4)


def test_an_ordinary_network_does_not_commute_with_mirroring(case):
    model, _, inputs, _ = case
    plain = model.clone(config=dataclasses.replace(model.config, symmetric=False))
    variables = plain.init(jax.random.key(0), *map(jax.numpy.asarray, inputs))
    one, both = (make_predict(plain, flip=flip)(variables, *inputs) for flip in (False, True))
    assert np.abs(one.pose_3d - both.pose_3d).max() > 1e-2


def test_expanded_they_are_ordinary_networks_of_equal_results(case):
    model, variables, inputs, lifted = case
    plain, weights = expanded(model, variables)
    assert not plain.config.symmetric
    shapes = [
        jax.tree.map(lambda leaf: leaf.shape, dict(tree))
        for tree in (weights, abstract_variables(plain))
    ]
    assert shapes[0] == shapes[1]
    for a, b in zip(make_predict(plain)(weights, *inputs), lifted, strict=True):
        if a is not None:
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_an_ordinary_network_is_expanded_to_itself(case):
    model, variables, _, _ = case
    plain = model.clone(config=dataclasses.replace(model.config, symmetric=False))
    assert expanded(plain, variables) == (plain, variables)


def test_mirrored_twice_the_numbers_are_themselves(case):
    model = case[0]
    for mirror in (of_features(model.config, H36M_17), of_points(H36M_17.mirror, XYZ)):
        numbers = np.arange(len(mirror.source), dtype=np.float32)
        assert not np.array_equal(mirror(numbers), numbers)
        np.testing.assert_array_equal(mirror(mirror(numbers)), numbers)


def test_a_batch_and_its_images_have_one_mean_and_variance():
    x = jax.random.normal(jax.random.key(0), (64, 6)) * 3 + 1
    both = np.concatenate([x[:, :3], x[:, 3:]])  # the same units, twice as many rows
    paired, plain = BatchNorm(paired=True), BatchNorm()
    found, stats = paired.apply(
        paired.init(jax.random.key(0), x, train=False), x, train=True, mutable=["batch_stats"]
    )
    wanted, as_rows = plain.apply(
        plain.init(jax.random.key(0), both, train=False), both, train=True, mutable=["batch_stats"]
    )
    np.testing.assert_allclose(np.concatenate([found[:, :3], found[:, 3:]]), wanted, atol=1e-5)
    for name in ("mean", "var"):
        a, b = (tree["batch_stats"][name] for tree in (stats, as_rows))
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_symmetric_layer_has_half_the_weights():
    key = jax.numpy.zeros(2, jax.numpy.uint32)
    sizes = []
    for paired in (False, True):
        layer = Dense(32, paired=paired)
        variables = layer.init(jax.random.key(0), np.ones((2, 32), np.float32), key, train=False)
        sizes.append(sum(leaf.size for leaf in jax.tree.leaves(variables["params"])))
    assert 2 * sizes[1] == sizes[0]


def test_flipping_is_exact_where_the_root_is_one_of_a_pair():
    """The mirrored root is another joint then: poses are compared about this one."""
    root = next(i for i, j in enumerate(H36M_17.mirror) if i != j)
    model = Networks(
        ModelConfig(width=16, blocks=1, root_width=8, root_blocks=1, root="plain"),
        dataclasses.replace(H36M_17, root=root),
    )
    rng = np.random.default_rng(1)
    variables = jax.tree.map(
        lambda leaf: rng.normal(0.1, 0.3, leaf.shape).astype(np.float32),
        dict(abstract_variables(model)),
    )
    variables["batch_stats"] = jax.tree.map(lambda x: 0.2 + np.abs(x), variables["batch_stats"])
    K = np.broadcast_to(np.diag([1000.0, 1000, 1]).astype(np.float32), (4, 3, 3))
    pixels = rng.uniform(-200, 200, (4, 17, 2)).astype(np.float32)
    confidence, swap = np.ones((4, 17), np.float32), np.array(H36M_17.mirror)
    predict = make_predict(model, flip=True)
    one = predict(variables, pixels, confidence, K)
    other = predict(variables, pixels[:, swap] * np.float32([-1, 1]), confidence, K)
    mirrored = np.asarray(other.pose_3d)[:, swap] * XYZ
    np.testing.assert_allclose(mirrored - mirrored[:, root, None], one.pose_3d, atol=1e-4)
    assert not np.asarray(one.pose_3d)[:, root].any()
