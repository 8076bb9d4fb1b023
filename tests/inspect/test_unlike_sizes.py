"""Bodies of unlike sizes in one file, worlds far away, recordings that hardly show a size."""

import dataclasses

import animals
import numpy as np
import pytest

from geoself_jax.core.config import ModelConfig
from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.model import Prediction
from geoself_jax.data import recording
from geoself_jax.data.length_unit import length_unit
from geoself_jax.data.training_set import resolved, triangulate_in_units, triangulate_recording
from geoself_jax.evaluate.scores import ground_truth_scores
from geoself_jax.evaluate.warnings import warnings_of
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.inspect.report import inspect
from geoself_jax.runtime.restore import Trained
from geoself_jax.train.check_config import unusual_lengths


@pytest.fixture(scope="module")
def paws(tiny_arrays):
    """The tiny recording, its joints no person's."""
    names = np.array([f"paw_{name}" for name in tiny_arrays["joint_names"]])
    return {**tiny_arrays, "joint_names": names}


def without_truth(arrays, **changes):
    return {name: a for name, a in (arrays | changes).items() if name != "pose_world"}


def test_rigs_in_unlike_units_are_a_warning_of_inspect_and_of_train(paws):
    center = paws["center"].copy()
    center[1] *= 10
    mixed = recording.from_arrays(without_truth(paws, center=center), "mixed")
    (verdict,) = (v for v in inspect(mixed, "mixed").verdicts if "times as large" in v.what)
    assert verdict.severity == "warning" and "rig rig1 is" in verdict.what
    assert any("times as large" in line for line in check_before_training("mixed", mixed))
    alike = recording.from_arrays(without_truth(paws), "alike")
    assert not any("times as large" in v.what for v in inspect(alike, "alike").verdicts)


@pytest.mark.parametrize(("away", "refused"), [(1e3, False), (1e6, True)])
def test_a_world_that_single_precision_loses_is_refused(paws, away, refused):
    moved = without_truth(paws, center=paws["center"] + np.array([away, -away, 0]))
    if not refused:
        assert length_unit(recording.from_arrays(moved, "gps")) == pytest.approx(
            length_unit(recording.from_arrays(without_truth(paws), "here")), rel=0.01
        )
        return
    with pytest.raises(GeoselfError, match=r"origin is 1\.41e\+06 m.* subtract about \[9"):
        recording.from_arrays(moved, "gps")


def test_what_is_hardly_seen_has_the_size_of_its_rig_and_goes_through():
    arrays = animals.make_arrays(*animals.SHAPES["no pairs"], size=0.05)
    seen = recording.from_arrays(arrays, "seen")
    rng = np.random.default_rng(0)
    hidden = rng.random(arrays["confidence"].shape) < 0.98
    arrays = arrays | {
        "keypoints_2d": np.where(hidden[..., None], np.nan, arrays["keypoints_2d"]),
        "confidence": np.where(hidden, 0, arrays["confidence"]),
    }
    hardly = recording.from_arrays(arrays, "hardly")
    assert 0.1 < length_unit(hardly) / length_unit(seen) < 10
    assert inspect(hardly, "hardly").verdicts
    labels, _ = triangulate_in_units(hardly, "refined")
    assert labels.shape == (hardly.frames, hardly.skeleton.joints, 3)


def test_bodies_unlike_those_trained_on_are_said(paws):
    rats = recording.from_arrays(without_truth(paws), "rats")
    unit, world = length_unit(rats), triangulate_recording(rats)
    data = {"source": "mice.npz", "sha256": "", "subjects": []}
    for times, said in ((3.0, True), (1.2, False)):
        trained = Trained(None, {}, {"data": data, "recording": {"length_unit": unit / times}}, {})
        lines = warnings_of(trained, rats, "rats", world)
        assert any("3 times as large as those" in line for line in lines) == said


def test_shares_within_150_mm_are_of_people_alone(paws, tiny_arrays):
    for arrays, there in ((paws, False), (tiny_arrays, True)):
        some = recording.from_arrays(arrays, "x").select(slice(0, 5))
        still = np.zeros((5, some.views, some.skeleton.joints, 3), np.float32)
        scores = ground_truth_scores(Prediction(still, still[:, :, 0]), some)
        assert ("pck_150" in scores, "auc" in scores) == (there, there)


def test_lengths_given_in_another_unit_are_said(paws):
    read = recording.from_arrays(without_truth(paws), "x")
    measured = resolved(ModelConfig(), read, triangulate_recording(read))
    assert unusual_lengths(ModelConfig(), measured) == []
    assert unusual_lengths(measured, measured) == []
    wrong = dataclasses.replace(ModelConfig(), length_unit=1000.0, root_depth=0.25)
    lines = unusual_lengths(wrong, measured)
    assert len(lines) == 2 and "length_unit=1000" in lines[0] and "root_depth=0.25" in lines[1]
