"""Small networks of every parameterization with random numbers, and inputs that are odd."""

import dataclasses
import itertools

import jax
import numpy as np

from geoself_jax.config import ModelConfig
from geoself_jax.exporting import comparing
from geoself_jax.model import Networks
from geoself_jax.skeleton import H36M_17
from geoself_jax.trained import Trained

KINDS = list(itertools.product(["pixel", "ray", "centered_ray"], ["ray", "plain"]))


def random_networks(input_kind, root_kind, root_joint=4):
    """Networks with two blocks each whose every number, statistics too, is random."""
    skeleton = dataclasses.replace(H36M_17, root=root_joint)
    config = ModelConfig(
        width=24, blocks=2, layers=2, root_width=8, root_blocks=1, input=input_kind, root=root_kind
    )
    model, rng = Networks(config, skeleton), np.random.default_rng(0)
    like = jax.eval_shape(
        model.init, jax.random.key(0), np.zeros((1, 17, 2)), np.zeros((1, 17)), np.zeros((1, 3, 3))
    )
    variables = jax.tree.map(
        lambda leaf: rng.normal(0.1, 0.3, leaf.shape).astype(np.float32), dict(like)
    )
    variables["batch_stats"] = jax.tree.map(lambda x: 0.2 + np.abs(x), variables["batch_stats"])
    return Trained(model, variables, {}, {})


def odd_inputs(trained):
    """37 poses: joints missing in every way, nothing seen, infinities, a skewed camera."""
    keypoints_2d, confidence, K = comparing.plausible_inputs(trained, 37)
    keypoints_2d[1], confidence[2] = np.nan, 0  # no joint at all, told in either way
    keypoints_2d[3, :, 1] = np.nan  # half a joint
    keypoints_2d[4, :9], confidence[5, 3:] = np.inf, np.nan
    keypoints_2d[6, trained.model.skeleton.root] = np.nan
    confidence[7, trained.model.skeleton.root] = 0
    K[8:12, 0, 1] = 30
    keypoints_2d[13] += 4000  # far to the side: where the guards are
    return keypoints_2d, confidence, K
