"""Networks of every parameterization, by numpy alone and by ONNX, on inputs that are odd."""

import dataclasses
import itertools
import json
import runpy

import jax
import numpy as np
import pytest
import safetensors.numpy
from flax.traverse_util import flatten_dict
from processes import ROOT

from geoself_jax.core.config import ModelConfig, as_dict
from geoself_jax.core.model import Networks
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.export import compare
from geoself_jax.lift import exported
from geoself_jax.runtime.restore import Trained, abstract_variables

TOLERANCE = 2e-6  # of a pose's size, at least a metre: some float32 steps
OF_PATHS = 2e-5  # a joint seen far off in time alone is looked for along its parabola
KINDS = {
    "-".join(kinds): dict(zip(("input", "root"), kinds, strict=True))
    for kinds in itertools.product(["pixel", "ray", "centered_ray"], ["ray", "plain"])
}
KINDS |= {
    "pixel-confidence": {"input": "pixel", "confidence": True, "uncertainty": True},
    "centered_ray-confidence-9": {"confidence": True, "frames": 9, "uncertainty": True},
    "ray-3": {"input": "ray", "root": "plain", "frames": 3},
    "paths-3": {"temporal": "paths", "frames": 3, "root": "plain"},
    "paths-confidence-27": {"temporal": "paths", "frames": 27, "confidence": True},
    "paths-81": {"temporal": "paths", "frames": 81, "uncertainty": True},
    "axes": {"uncertainty": True, "uncertainty_axes": True},
}


def random_networks(kind, root_joint=4):
    """Networks with two blocks each whose every number, statistics too, is random."""
    skeleton = dataclasses.replace(H36M_17, root=root_joint)
    config = ModelConfig(
        width=24, blocks=2, layers=2, root_width=8, root_blocks=1, root_depth=5.0, **kind
    )
    model, rng = Networks(config, skeleton), np.random.default_rng(0)
    like = abstract_variables(model)
    variables = jax.tree.map(
        lambda leaf: rng.normal(0.1, 0.3, leaf.shape).astype(np.float32), dict(like)
    )
    variables["batch_stats"] = jax.tree.map(lambda x: 0.2 + np.abs(x), variables["batch_stats"])
    return Trained(model, variables, {}, {})


def odd_inputs(trained):
    """37 poses: joints missing in every way, nothing seen, infinities, a skewed camera.

    Of windows the middle frame is odd, and of some poses all frames.
    """
    inputs = compare.plausible_inputs(trained, 37)
    (keypoints_2d, confidence, K), frames = inputs, trained.model.config.frames
    keypoints_2d[1], confidence[2] = np.nan, 0  # no joint at all, by either input
    if frames > 1:
        confidence[16, : -(frames // 4) or None] = 0  # visible only at the end of the window
        confidence[17, frames // 4 : -(frames // 4) or None, :4] = 0  # or not in its middle
        keypoints_2d, confidence = keypoints_2d[:, frames // 2], confidence[:, frames // 2]
    keypoints_2d[3, :, 1] = np.nan  # half a joint
    keypoints_2d[4, :9], confidence[5, 3:] = np.inf, np.nan
    keypoints_2d[6, trained.model.skeleton.root] = np.nan
    confidence[7, trained.model.skeleton.root] = 0
    K[8:12, 0, 1] = 30
    keypoints_2d[13, :8] -= 1800  # the root far to one side, joints far to the other: behind a
    keypoints_2d[13, 8:] += 1800  # camera that looks at the root
    keypoints_2d[14, :5, 0] = np.inf
    return inputs


@pytest.fixture(scope="module", params=KINDS)
def case(request):
    """Networks, inputs, and what jax makes of them."""
    trained = random_networks(KINDS[request.param])
    inputs = odd_inputs(trained)
    apply = jax.jit(trained.model.apply)
    answer = apply(trained.variables, *map(jax.numpy.asarray, inputs))
    return trained, inputs, [np.asarray(array) for array in compare.outputs_of(answer)]


def agree(found, wanted, trained):
    most = OF_PATHS if trained.model.config.temporal == "paths" else TOLERANCE
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape and a.dtype == np.float32 and np.isfinite(a).all()
        axes = tuple(range(1, b.ndim))
        size = np.maximum(np.abs(b).max(axes, initial=0), 1)  # random weights: 95 m for one of them
        np.testing.assert_array_less(np.abs(a - b).max(axes, initial=0) / size, most)


def test_onnx_lifts_as_jax_lifts(case):
    pytest.importorskip("onnx", reason="pip install onnx")
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install onnxruntime")
    from geoself_jax.export.onnx_networks import onnx_model

    trained, inputs, wanted = case
    session = onnxruntime.InferenceSession(onnx_model(trained, {}))
    for poses in (37, 1, 0):
        given = {name: a[:poses] for name, a in zip(compare.INPUTS, inputs, strict=True)}
        agree(session.run(None, given), [array[:poses] for array in wanted], trained)


def test_numpy_alone_lifts_as_jax_lifts(case, tmp_path):
    trained, inputs, wanted = case
    arrays = flatten_dict(trained.variables, sep="/")
    safetensors.numpy.save_file(dict(arrays), tmp_path / exported.WEIGHTS)
    info = {
        "architecture": as_dict(trained.model.config),
        "skeleton": dataclasses.asdict(trained.model.skeleton),
    }
    (tmp_path / exported.DESCRIPTION).write_text(json.dumps(info))
    lift = runpy.run_path(str(ROOT / "examples/run_safetensors.py"))["lift"]
    with np.errstate(invalid="ignore"):  # infinite pixels
        found = lift(tmp_path, *inputs)
    agree(found, wanted, trained)
