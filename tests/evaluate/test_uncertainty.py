"""Predicted uncertainty: trained with the poses, calibrated, reported and exported."""

import dataclasses
import functools
import json
import re

import jax
import jaxtyping
import numpy as np
import optax
import pytest

from geoself_jax import load_lifter
from geoself_jax.core import step
from geoself_jax.core.batch import Batch
from geoself_jax.core.config import ModelConfig, ObjectiveConfig, OptimizerConfig
from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.model import Networks
from geoself_jax.core.optimizer import make_optimizer
from geoself_jax.core.predict import make_predict
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.poses.formats import read_poses, write_poses
from geoself_jax.data.recording import HostCamera
from geoself_jax.data.training_set import held_out, triangulate_recording
from geoself_jax.evaluate import report
from geoself_jax.evaluate import uncertainty as calibration
from geoself_jax.evaluate.scores import in_cameras, predict_recording
from geoself_jax.export.folder import CARD, SAMPLE
from geoself_jax.export.write import export
from geoself_jax.lift.exported import DESCRIPTION
from geoself_jax.lift.lift_video import lift_video
from geoself_jax.lift.video_detections import videos_of
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.run import train

STEPS = 300


@pytest.fixture(scope="module")
def config(tiny_config):
    """Some hundred steps from triangulated labels."""
    return dataclasses.replace(
        tiny_config,
        model=ModelConfig(
            width=32,
            blocks=1,
            layers=1,
            dropout=0.1,
            root_width=16,
            root_blocks=1,
            uncertainty=True,
            uncertainty_axes=True,
        ),
        objective=ObjectiveConfig(name="pseudo_label"),
        optimizer=OptimizerConfig(learning_rate=4e-3),
        schedule=dataclasses.replace(tiny_config.schedule, length=STEPS, call=100, validate=1),
    )


@pytest.fixture(scope="module")
def run(config, tiny_recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uncertain") / "run"
    train(config, folder, tiny_recording)
    return folder


@pytest.fixture(scope="module")
def held(config, tiny_recording):
    """Returns a recording of held-out subjects."""
    return tiny_recording.select(held_out(config.data, tiny_recording)[1])


@pytest.fixture(scope="module")
def scores(run, held):
    """What `evaluate` reports of the held-out subjects."""
    return report.evaluate(load_trained(run), held, "tiny")[0]


@pytest.fixture(scope="module")
def lift(run):
    """The lifter of its export, every file of which was read back and compared."""
    jaxtyping.config.update("jaxtyping_disable", True)  # see conftest.tiny_export
    try:
        export(run, run.parent / "lifter")
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
    return load_lifter(run.parent / "lifter")


@pytest.fixture(scope="module")
def batch(tiny_recording):
    """Two views of each fourth instant, and their triangulated labels."""
    some = tiny_recording.select(slice(None, None, 4))
    label = in_cameras(triangulate_recording(some), some)[:, :2]
    camera = HostCamera(*(array[:, :2] for array in some.cameras_of(slice(None)))).on_device()
    return Batch(some.keypoints_2d[:, :2], some.confidence[:, :2], camera, label)


def after_steps(batch, **layer):
    """Returns weights and last metrics after 8 clipped AdamW steps, with or without the layer."""
    small = {"width": 16, "blocks": 1, "layers": 1, "root_width": 16, "root_blocks": 1}
    model = Networks(ModelConfig(**small, **layer), H36M_17)
    optimizer = make_optimizer(OptimizerConfig(clip_norm=0.05, weight_decay=0.01), 0, 10)
    objective = ObjectiveConfig(name="pseudo_label")
    one = functools.partial(step.train_step, model=model, optimizer=optimizer, objective=objective)
    state, metrics, compiled = step.initial_state(model, optimizer, 0), {}, jax.jit(one)
    for key in jax.random.split(jax.random.key(1), 8):
        state, metrics = compiled(state, batch, key)
    return state, metrics


def test_poses_are_trained_exactly_as_without_it(batch):
    kinds = {}, {"uncertainty": True}, {"uncertainty": True, "uncertainty_axes": True}
    (plain, base), *others = (after_steps(batch, **layer) for layer in kinds)
    assert "uncertainty_loss" not in base and base["gradient_norm"] > 0.05
    near, kernels = functools.partial(np.testing.assert_allclose, rtol=0, atol=1e-6), []
    for state, metrics in others:
        kernels.append(np.asarray(state.params["lifting"].pop("spread")["kernel"]))
        jax.tree.map(near, state.params, plain.params)
        np.testing.assert_allclose(metrics["loss"], base["loss"], rtol=1e-5)
        assert np.isfinite(metrics["uncertainty_loss"])
    distance, axes = kernels[0], kernels[1].reshape(-1, 17, 3)
    assert min(np.abs(kernel).max() for kernel in (distance, axes[..., 1], axes[..., 2])) > 0
    near(axes[..., 0], distance)  # the expected distance too is learned as without the axes


@pytest.mark.parametrize("which", ["last", "best"])
def test_mean_uncertainty_of_each_checkpoint_equals_the_mean_error_on_held_out_subjects(
    run, held, which
):
    trained = load_trained(run, which)
    prediction = predict_recording(make_predict(trained.model), trained.variables, held)
    triangulated = triangulate_recording(held)
    distance = calibration.distances(prediction, held, triangulated)
    known = np.isfinite(distance)
    predicted = np.where(known, prediction.uncertainty, 0).sum((0, 1))
    found = np.where(known, distance, 0).sum((0, 1))
    root = held.skeleton.root
    np.testing.assert_allclose(np.delete(predicted, root), np.delete(found, root), rtol=1e-4)
    assert (prediction.uncertainty[..., root] == 0).all() and not known[..., root].any()
    assert (np.delete(prediction.uncertainty, root, -1) > 0).all()
    axes, parts = (
        prediction.uncertainty_axes,
        calibration.axis_distances(prediction, held, triangulated),
    )
    predicted, found = (np.where(known[..., None], x, 0).sum((0, 1)) for x in (axes, parts))
    np.testing.assert_allclose(*(np.delete(x, root, 0) for x in (predicted, found)), rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(parts, axis=-1), distance, rtol=1e-4, atol=1e-6)
    assert (axes[..., root, :] == 0).all() and (np.delete(axes, root, -2) > 0).all()


def test_joints_less_sure_across_the_ray_or_along_it_are_farther_off_so(scores):
    for name, result in scores["uncertainty"].items():
        assert list(result["axes"]) == ["across", "along"]
        for axis in result["axes"].values():
            assert axis["rank_correlation"] > 0.1 and axis["error_mm"] < result["error_mm"]
            exact = 1e-3 if name == "triangulation" else 0.2
            assert axis["predicted_mm"] == pytest.approx(axis["error_mm"], rel=exact)
    table = report.table(scores)
    for axis in calibration.AXES:
        assert f"uncertainty {axis} the ray in five bins, lowest first: predicted" in table


def test_joints_of_higher_uncertainty_have_larger_errors(run, held, scores):
    for name in ("ground_truth", "triangulation"):
        result = scores["uncertainty"][name]
        assert result["rank_correlation"] > 0.15
        predicted = [part["predicted_mm"] for part in result["bins"]]
        assert predicted == sorted(predicted) and predicted[0] < 0.8 * predicted[-1]
        assert result["bins"][-1]["error_mm"] > 1.3 * result["bins"][0]["error_mm"]
    assert scores["uncertainty"]["triangulation"]["predicted_mm"] == pytest.approx(
        scores["uncertainty"]["triangulation"]["error_mm"], rel=1e-3
    )
    json.dumps(scores, allow_nan=False)
    table = report.table(scores)
    assert re.search(r"error against ground truth [\d, ]+ mm, rank correlation 0\.", table)
    blind, _, _ = report.evaluate(load_trained(run), held.without_ground_truth(), "tiny")
    assert list(blind["uncertainty"]) == ["triangulation"]


def test_an_export_lifts_it_in_its_every_file(run, lift, held):
    trained = load_trained(run)
    inputs = held.keypoints_2d[:5, 1], held.confidence[:5, 1], held.cameras_of(slice(5)).K[:, 1]
    found, wanted = lift.predict(*inputs), make_predict(trained.model)(trained.variables, *inputs)
    np.testing.assert_allclose(found.uncertainty, wanted.uncertainty, atol=1e-6)
    np.testing.assert_allclose(found.uncertainty_axes, wanted.uncertainty_axes, atol=1e-6)
    assert len(lift(*inputs)) == 2
    folder = run.parent / "lifter"
    info = json.loads((folder / DESCRIPTION).read_text())
    assert [array["name"] for array in info["outputs"]][2:] == [
        "uncertainty",
        "uncertainty_axes",
    ]
    assert "a mean over joints like it, not a bound" in info["conventions"]
    with np.load(folder / SAMPLE) as sample:
        assert sample["uncertainty"].shape == (37, 17)
        assert sample["uncertainty_axes"].shape == (37, 17, 2)
    card = (folder / CARD).read_text()
    assert "pose_3d, root_position, uncertainty, uncertainty_axes = lift.predict(" in card


def test_lifted_poses_carry_it_into_npz_and_json_alone(lift, tiny_recording, tmp_path):
    video = videos_of(tiny_recording, "tiny", "cam2", "clip3")[0]
    nobody = np.arange(len(video.frame_id)) == 7
    confidence = np.where(nobody[:, None], 0, video.confidence)
    poses = lift_video(lift, dataclasses.replace(video, confidence=confidence))
    assert np.isnan(poses.uncertainty[7]).all() and np.isfinite(poses.uncertainty[8]).all()
    for ending, exact in ((".npz", 0), (".json", 6e-6)):
        write_poses(poses, tmp_path / f"a{ending}")
        found = read_poses(tmp_path / f"a{ending}").uncertainty
        np.testing.assert_allclose(found, poses.uncertainty, rtol=0, atol=exact)
        found = read_poses(tmp_path / f"a{ending}").uncertainty_axes
        np.testing.assert_allclose(found, poses.uncertainty_axes, rtol=0, atol=exact)
        assert np.isnan(found[7]).all() and (found[8, 1:] > 0).all()
    predicted = json.loads((tmp_path / "a.json").read_text())
    assert (
        predicted["uncertainty"][7] == [None] * 17 and "metres" in predicted["about"]["uncertainty"]
    )
    write_poses(poses, tmp_path / "a.csv")
    assert read_poses(tmp_path / "a.csv").uncertainty is None
    with pytest.raises(GeoselfError, match="uncertainty has shape") as error:
        poses.replace(uncertainty=poses.uncertainty[:, :5])
    assert error.value.code == DATA


def test_without_held_out_subjects_it_is_not_calibrated_and_one_warning_is_printed(
    config, tiny_recording, tmp_path, capsys
):
    nothing = dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, validation_share=0.0),
        schedule=dataclasses.replace(config.schedule, length=1),
    )
    train(nothing, tmp_path / "run", tiny_recording)
    assert capsys.readouterr().err.count("uncertainties stay as learned") == 1


def test_axes_without_an_uncertainty_are_refused(config, tiny_recording, tmp_path):
    alone = dataclasses.replace(config, model=dataclasses.replace(config.model, uncertainty=False))
    with pytest.raises(GeoselfError, match=r"config\.model\.uncertainty_axes=true") as refused:
        train(alone, tmp_path / "run", tiny_recording)
    assert refused.value.code == USAGE


def test_factors_by_hand_and_where_distances_are_unknown():
    predicted = np.array([[0.1, 0.2, 0.0], [0.3, 0.2, 0.0]])
    found = np.array([[0.2, np.nan, np.nan], [0.6, np.nan, np.nan]])
    np.testing.assert_allclose(calibration.factors(predicted, found), [2, 1, 1], rtol=1e-6)
    assert calibration.report(predicted, found) is None


def test_a_network_without_the_layer_predicts_no_uncertainty(tiny_export, tiny_recording):
    lifted = load_lifter(tiny_export).predict(
        tiny_recording.keypoints_2d[:2, 0], None, tiny_recording.camera.K[0, 0]
    )
    assert lifted.uncertainty is None
    assert optax.tree.norm(lifted.pose_3d) > 0
