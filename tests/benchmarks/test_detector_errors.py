"""The yardstick of detectors finds what was done to detections."""

import dataclasses

import numpy as np
import pytest

from benchmarks import detector_errors
from benchmarks.ablation.damage import damaged
from benchmarks.detector_errors import Errors, autocorrelation, constant_share, measure, summary
from geoself_jax.data.sources import load


@pytest.fixture(scope="module")
def recording():
    return load("synthetic:test", synthetic_frames=400)


def test_whole_bodies_that_are_exchanged_are_counted_and_exchanged_back(recording):
    mixed, sound = (damaged(recording, ("smooth", share)) for share in (0.2, 0))
    different = np.abs(mixed.keypoints_2d - sound.keypoints_2d).max(-1) > 1
    exchanged = np.nan_to_num(different).sum(-1) > 8
    found = measure(mixed, "truth")
    both = found.decidable
    assert exchanged.mean() > 0.05
    assert (found.exchanged == exchanged)[both].mean() > 0.98
    by_truth, unmixed = (summary(e, 1.0) for e in (found, measure(sound, "truth")))
    assert by_truth["median mm"] == pytest.approx(unmixed["median mm"], rel=0.1)
    assert unmixed["exchanged share"] == 0


def test_the_other_cameras_say_nearly_what_the_truth_says(recording):
    again = damaged(recording, ("smooth", 0.03))
    truth, others = (summary(measure(again, by), 1.0) for by in ("truth", "cameras"))
    for name in truth:
        if name.startswith("autocorrelation") or "Spearman" in name or name == "constant share":
            assert others[name] == pytest.approx(truth[name], abs=0.15), name
    assert truth["median mm"] < others["median mm"] < 1.5 * truth["median mm"]


def test_memory_and_constant_part_are_those_of_known_series():
    rng = np.random.default_rng(0)
    white = rng.normal(size=(400, 3, 4, 2))
    constant = np.broadcast_to(rng.normal(size=(1, 3, 4, 2)), white.shape)
    assert autocorrelation([white], 3) == pytest.approx(0, abs=0.03)
    assert autocorrelation([constant], 3) == pytest.approx(1)
    assert constant_share([white]) < 0.01 and constant_share([constant]) == pytest.approx(1)
    mixed = white + constant
    wanted = (constant**2).mean() / (mixed**2).mean()
    assert constant_share([mixed]) == pytest.approx(wanted, abs=0.05)


def test_a_shift_of_the_whole_body_is_no_error_of_the_detector():
    rng = np.random.default_rng(0)
    shape = (50, 2, 12)
    errors = Errors(
        error_mm=rng.normal(size=(*shape, 2)),
        exchanged=np.zeros(shape[:2], bool),
        decidable=np.ones(shape[:2], bool),
        confidence=rng.uniform(0.5, 1, shape),
        runs=[(0, 49)],
        fps=25.0,
    )
    moved = dataclasses.replace(errors, error_mm=errors.error_mm + np.array([30.0, -10.0]))
    one, other = (detector_errors.pieces(e, 1.0)[0] for e in (errors, moved))
    assert np.allclose(one, other)
