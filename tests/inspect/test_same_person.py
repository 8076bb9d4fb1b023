"""One person under two names: the same footage, or the same body."""

import dataclasses

import numpy as np
import pytest

from benchmarks import planting
from geoself_jax.data import recording
from geoself_jax.inspect import same_person
from geoself_jax.inspect.report import inspect


@pytest.fixture(scope="module")
def twice():
    """The frames of one person a second time, detected again, as somebody else."""
    whole = recording.from_arrays(planting.good_arrays(), "x")
    count, rng = whole.frames, np.random.default_rng(0)
    both = whole.select(np.tile(np.arange(count), 2))
    second = np.arange(2 * count) >= count
    pixels = both.keypoints_2d.copy()
    pixels[count:] += rng.normal(0, 0.7, pixels[count:].shape).astype(np.float32)
    return dataclasses.replace(
        both,
        keypoints_2d=pixels,
        subject_id=second.astype(np.int32),
        subject_names=("anna", "bela"),
        clip_id=both.clip_id + second * len(whole.clip_names),
        clip_names=(*whole.clip_names, *(f"again_{name}" for name in whole.clip_names)),
        clip_actions=(*whole.clip_actions, *whole.clip_actions),
    )


def test_the_same_footage_under_two_names_is_named(twice):
    (verdict,) = same_person.check_copies(twice)
    assert verdict.severity == "warning"
    assert "anna and bela are the same footage under two names" in verdict.line


def test_one_body_under_two_names_is_noted(twice):
    lines = [v.line for v in inspect(twice, "x").verdicts if v.severity == "note"]
    assert any("anna and bela may be one person" in line for line in lines)


def test_two_people_are_two_people(tiny_recording):
    assert len(tiny_recording.subject_names) > 1
    found = inspect(tiny_recording, "x").verdicts
    assert not [v.line for v in found if v.check == same_person.CHECK]
