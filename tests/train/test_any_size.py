"""A recording of any size is the same recording: verdicts, weights and poses, in proportion."""

import dataclasses

import jax
import numpy as np
import pytest

from geoself_jax.core.config import (
    AugmentationConfig,
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    ScheduleConfig,
)
from geoself_jax.core.sampling import draw_samples, instants_of, make_batch, take_frames
from geoself_jax.data.length_unit import length_unit
from geoself_jax.data.training_set import (
    training_views,
    triangulate_in_units,
    triangulate_recording,
)
from geoself_jax.evaluate.report import evaluate
from geoself_jax.inspect.report import inspect
from geoself_jax.lift.lifter import Lifter
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.run import train

SIZES = SMALL, LARGE = (1e-4, 1e4)
LENGTHS = ("mpjpe_mm", "p_mpjpe_mm", "root_error_mm", "triangulation_mm", "bones_mm")
CONFIG = Config(
    data=DataConfig(validation_share=0.3),
    model=ModelConfig(width=64, blocks=1, root_width=32, root_blocks=1, uncertainty=True),
    objective=ObjectiveConfig(name="both", labels="refined", norm="robust", views=2),
    augmentation=AugmentationConfig(share=0.75, limbs=0.1, bend=0.3, tilt=0.2, exchange=0.5),
    schedule=ScheduleConfig(length=20, call=20, batch=32),
)


@pytest.fixture(scope="module")
def walkers(tiny_recording):
    """The tiny recording as that of a body whose size is not known from its joints' names."""
    names = tuple(f"paw_{name}" for name in tiny_recording.skeleton.joint_names)
    skeleton = dataclasses.replace(tiny_recording.skeleton, joint_names=names)
    return dataclasses.replace(tiny_recording, skeleton=skeleton)


def of_size(recording, size):
    return dataclasses.replace(recording.scaled(size), unit=1.0)


@pytest.fixture(scope="module")
def runs(walkers, tmp_path_factory):
    """By size: (folder, its recording, scores)."""
    found = {}
    for size in (1.0, SMALL):
        folder, recording = tmp_path_factory.mktemp("run"), of_size(walkers, size)
        train(CONFIG, folder, recording)
        trained = load_trained(folder)
        found[size] = folder, recording, evaluate(trained, recording, "all")[0]
    return found


@pytest.mark.parametrize("size", SIZES)
def test_the_unit_is_in_proportion(walkers, size):
    unit = length_unit(walkers)
    assert 0.7 < unit < 1.4
    assert length_unit(of_size(walkers, size)) == pytest.approx(size * unit, rel=1e-5)


def test_nobody_has_the_unit_of_people(walkers):
    blind = dataclasses.replace(walkers, confidence=0 * walkers.confidence)
    assert length_unit(blind) == length_unit(walkers.select_views(np.arange(1))) == 1.0


@pytest.mark.parametrize("size", SIZES)
def test_labels_are_in_proportion(walkers, size):
    for method in ("robust", "refined"):
        known = triangulate_recording(walkers, method)
        scaled = triangulate_recording(of_size(walkers, size), method) / size
        np.testing.assert_allclose(scaled, known, atol=2e-4)


def test_training_comes_to_the_same(runs):
    scores, wanted, size = runs[SMALL][2], runs[1.0][2], SMALL
    for name in LENGTHS:
        assert scores[name] / size == pytest.approx(wanted[name], rel=0.005), name
    for name in ("reprojection_px", "cross_view_px"):
        assert scores[name] == pytest.approx(wanted[name], rel=0.005), name


@pytest.mark.parametrize("size", SIZES)
def test_as_many_samples_are_augmented(walkers, size):
    made = []
    for recording in (walkers, of_size(walkers, size)):
        labels, unit = triangulate_in_units(recording)
        views = training_views(recording.scaled(1 / unit), labels)
        views = jax.tree.map(jax.numpy.asarray, views)
        shape = {"frames": len(views.rig_id), "rig_views": recording.views, "joints": 17}
        samples = draw_samples(jax.random.key(0), 0, batch=256, views=2, **shape)
        rows = take_frames(views, instants_of(samples, views.run, 1, pairs=True))
        options = {"augmentation": CONFIG.augmentation, "skeleton": recording.skeleton}
        own = {**options, "augmentation": AugmentationConfig(share=1e-9, exchange=0.5)}
        batch, plain = (make_batch(rows, samples, **o) for o in (options, own))
        made.append(np.any(np.asarray(batch.camera.center != plain.camera.center), axis=(1, 2)))
        made.append(np.any(np.abs(np.asarray(batch.label - plain.label)) > 1e-3, axis=(1, 2, 3)))
    np.testing.assert_array_equal(made[0], made[2])
    np.testing.assert_array_equal(made[1], made[3])
    assert 0.6 < made[1].mean() < 0.9


@pytest.mark.parametrize("size", SIZES)
def test_inspect_says_the_same(walkers, size):
    def said(recording):
        return [(v.severity, v.check) for v in inspect(recording, "walkers").verdicts]

    assert said(of_size(walkers, size)) == said(walkers)


def test_what_is_loaded_answers_in_metres(runs):
    answers = {}
    for which in (1.0, SMALL):
        folder, recording, _ = runs[which]
        model, variables, record, _ = load_trained(folder)
        assert model.config.length_unit == 1.0
        unit = record["recording"]["length_unit"]
        assert unit == record["model"]["length_unit"] == pytest.approx(length_unit(recording))
        seen = (recording.keypoints_2d[:50, 0], recording.confidence[:50, 0])
        K = recording.cameras_of(slice(0, 50)).K[:, 0]
        answers[which] = Lifter(model, variables, record).predict(*seen, K)
    assert (answers[SMALL].uncertainty_axes, answers[1.0].uncertainty_axes) == (None, None)
    for ours, wanted in zip(answers[SMALL][:3], answers[1.0][:3], strict=True):
        np.testing.assert_allclose(ours / SMALL, wanted, atol=0.01 * np.abs(wanted).max())
