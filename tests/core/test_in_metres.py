"""Networks in metres are the same networks: every kind of outputs, at another unit of length."""

import itertools

import flax.linen as nn
import jax
import numpy as np
import pytest

from geoself_jax.core import model as networks
from geoself_jax.core.config import ModelConfig
from geoself_jax.core.expansion import expanded
from geoself_jax.core.in_metres import in_metres
from geoself_jax.core.model import Networks
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.runtime.restore import abstract_variables

UNIT = 0.037
SMALL = {"width": 8, "blocks": 1, "layers": 1, "root_width": 8, "root_blocks": 1}


def random_variables(model):
    rng = np.random.default_rng(0)
    like = dict(abstract_variables(model))
    found = jax.tree.map(lambda x: rng.normal(0.1, 0.3, x.shape).astype(np.float32), like)
    return found | {"batch_stats": jax.tree.map(lambda x: 0.2 + np.abs(x), found["batch_stats"])}


def lifted(model, variables):
    rng = np.random.default_rng(1)
    shape = (5, model.config.frames, 17)
    pixels = rng.normal(500, 100, (*shape, 2)).astype(np.float32)
    K = np.tile(np.array([[1000, 0, 500], [0, 1000, 500], [0, 0, 1]], np.float32), (5, 1, 1))
    seen = map(jax.numpy.asarray, (pixels, np.ones(shape, np.float32), K))
    return model.apply(variables, *seen, train=False)


@pytest.mark.parametrize(
    ("root", "kind", "depth"),
    list(
        itertools.product(
            ("ray", "plain"),
            ({}, {"symmetric": True}, {"frames": 3, "uncertainty": True, "uncertainty_axes": True}),
            (0.0, 3.0),
        )
    ),
)
def test_all_outputs_are_the_same_lengths(root, kind, depth):
    config = ModelConfig(**SMALL, **kind, root=root, root_depth=depth, length_unit=UNIT)
    model = Networks(config, H36M_17)
    variables = random_variables(model)
    folded, their = in_metres(*expanded(model, variables))
    assert folded.config.length_unit == 1.0 and folded.config.root_depth > 0
    for ours, wanted in zip(lifted(folded, their), lifted(model, variables), strict=True):
        if wanted is not None:
            np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)
    person = Networks(ModelConfig(**SMALL, **kind, root=root, root_depth=depth), H36M_17)
    ratio = np.asarray(lifted(model, variables).pose_3d / lifted(person, variables).pose_3d)
    np.testing.assert_allclose(ratio[:, 1:], UNIT, rtol=1e-3)


def test_networks_of_people_say_their_depth_too():
    model = Networks(ModelConfig(**SMALL), H36M_17)
    folded, _ = in_metres(model, random_variables(model))
    assert (folded.config.length_unit, folded.config.root_depth) == (1.0, 5.0)


class Unfolded(networks.ResidualNetwork):
    """A backbone whose last layer is not known to be linear."""

    folds = False


def test_a_backbone_that_does_not_fold_keeps_its_unit(monkeypatch):
    monkeypatch.setitem(networks.BACKBONES, "unfolded", Unfolded)
    assert issubclass(Unfolded, nn.Module)
    model = Networks(ModelConfig(**SMALL, backbone="unfolded", length_unit=UNIT), H36M_17)
    variables = random_variables(model)
    same, their = in_metres(model, variables)
    assert same is model and their is variables
