"""Runs of networks that commute with mirroring (`config.model.symmetric`)."""

import dataclasses
import json

import jax
import jaxtyping
import numpy as np
import pytest

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.evaluate import report
from geoself_jax.export.write import export
from geoself_jax.lift.lifter import load_lifter
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.run import train


def with_model(config, **settings):
    return dataclasses.replace(config, model=dataclasses.replace(config.model, **settings))


@pytest.fixture(scope="module")
def config(tiny_config):
    return with_model(tiny_config, symmetric=True)


@pytest.fixture(scope="module")
def run(config, tiny_recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp("symmetric") / "run"
    train(config, folder, tiny_recording)
    return folder


def test_a_run_is_evaluated_as_ordinary_networks_and_flipping_changes_nothing(run, tiny_recording):
    assert json.loads((run / "run.json").read_text())["model"]["symmetric"] is True
    trained = load_trained(run)
    assert trained.model.config.symmetric is False
    scores = [
        report.evaluate(trained, tiny_recording, "tiny", flip=flip)[0]["mpjpe_mm"]
        for flip in (False, True)
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-2)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.95 * losses[0]


def test_an_export_lifts_as_the_run_does(run, tiny_recording, tmp_path):
    # jaxtyping cannot broadcast the free batch size with which an export is traced.
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        export(run, tmp_path / "export")
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
    lift, trained = load_lifter(tmp_path / "export"), load_trained(run)
    views = [tiny_recording.keypoints_2d[:4, 0], tiny_recording.confidence[:4, 0]]
    K = np.asarray(tiny_recording.camera.K[tiny_recording.rig_id[:4], 0], np.float32)
    wanted = trained.model.apply(trained.variables, *map(jax.numpy.asarray, [*views, K]))
    for found, expected in zip(lift(*views, K), wanted[:2], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_mapped_over_devices_it_ends_with_the_same_weights(config, run, tiny_recording, tmp_path):
    train(dataclasses.replace(config, parallel="pmap"), tmp_path / "pmap", tiny_recording)
    pairs = zip(
        jax.tree.leaves(load_trained(tmp_path / "pmap").variables),
        jax.tree.leaves(load_trained(run).variables),
        strict=True,
    )
    assert max(np.abs(np.asarray(a) - np.asarray(b)).max() for a, b in pairs) < 1e-4


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"input": "pixel"}, "config.model.input=pixel"),
        ({"frames": 9}, "config.model.temporal=convolutions"),
        ({"width": 33}, "config.model.width=33"),
        ({"root_width": 15}, "config.model.root_width=15"),
    ],
)
def test_what_has_no_mirror_image_is_refused(config, settings, named, tiny_recording, tmp_path):
    with pytest.raises(GeoselfError, match=named) as refused:
        train(with_model(config, **settings), tmp_path, tiny_recording)
    assert refused.value.code == USAGE


def test_a_root_that_is_one_of_a_pair_is_refused(config, tiny_recording, tmp_path):
    skeleton = tiny_recording.skeleton
    root = next(i for i, j in enumerate(skeleton.mirror) if i != j)
    other = dataclasses.replace(tiny_recording, skeleton=dataclasses.replace(skeleton, root=root))
    with pytest.raises(GeoselfError, match="it is one of a left and right pair") as refused:
        train(config, tmp_path / "run", other)
    assert refused.value.code == USAGE
