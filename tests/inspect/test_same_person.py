"""One person under two names: the same footage, or the same body."""

import dataclasses

import numpy as np
import pytest

from benchmarks import planting
from geoself_jax.data import recording
from geoself_jax.inspect import same_person
from geoself_jax.inspect.report import inspect


def again(noise_px, share=1.0):
    """The first frames of one person a second time, detected again, as somebody else's."""
    whole = recording.from_arrays(planting.good_arrays(), "x")
    count, rng = whole.frames, np.random.default_rng(0)
    both = whole.select(np.tile(np.arange(count), 2))
    second = np.arange(2 * count) >= count
    pixels = both.keypoints_2d.copy()
    pixels[count:] += rng.normal(0, noise_px, pixels[count:].shape).astype(np.float32)
    other = count + int(share * count)
    pixels[other:] += np.float32(300) * rng.normal(0, 1, pixels[other:].shape).astype(np.float32)
    return dataclasses.replace(
        both,
        keypoints_2d=pixels,
        subject_id=second.astype(np.int32),
        subject_names=("anna", "bela"),
        clip_id=both.clip_id + second * len(whole.clip_names),
        clip_names=(*whole.clip_names, *(f"again_{name}" for name in whole.clip_names)),
        clip_actions=(*whole.clip_actions, *whole.clip_actions),
    )


@pytest.fixture(scope="module")
def twice():
    return again(0.7)


def test_the_same_footage_under_two_names_is_named(twice):
    (verdict,) = same_person.check_copies(twice)
    assert verdict.severity == "warning"
    assert "anna and bela are the same footage under two names" in verdict.line


@pytest.mark.parametrize(("noise_px", "named"), [(1.2, True), (2.4, False)])
def test_footage_is_the_same_within_two_pixels(noise_px, named):
    assert bool(same_person.check_copies(again(noise_px))) == named


@pytest.mark.parametrize(("share", "named"), [(0.3, True), (0.1, False)])
def test_a_fifth_of_the_frames_has_to_be_there_twice(share, named):
    assert bool(same_person.check_copies(again(0.5, share))) == named


def test_two_people_on_one_treadmill_are_two_people():
    count, rng = 600, np.random.default_rng(1)
    whole = recording.from_arrays(planting.good_arrays(), "x")
    stand = whole.keypoints_2d[0]
    limbs = np.arange(whole.skeleton.joints) % 3 > 0  # the others stay within the same few pixels
    pixels = []
    for pace, phase in ((0.9, 0.3), (1.1, 2.0)):
        swing = 40 * np.sin(2 * np.pi * pace * np.arange(count) / 25 + phase)
        moved = stand + (limbs[:, None] * swing[:, None, None] * (1.0, 0.2))[:, None]
        pixels.append(moved + rng.normal(0, 1, moved.shape))
    people = np.repeat([0, 1], count).astype(np.int32)
    both = dataclasses.replace(
        whole.select(np.zeros(2 * count, int)),
        keypoints_2d=np.concatenate(pixels).astype(np.float32),
        confidence=np.ones((2 * count, *whole.confidence.shape[1:]), np.float32),
        subject_id=people,
        subject_names=("anna", "bela"),
    )
    assert same_person.check_copies(both) == []


def test_one_body_under_two_names_is_noted(twice):
    lines = [v.line for v in inspect(twice, "x").verdicts if v.severity == "note"]
    assert any("anna and bela may be one person" in line for line in lines)


@pytest.mark.parametrize(("percent", "noted"), [(1.0, True), (3.0, False)])
def test_bodies_are_alike_within_what_they_are_measured_with(percent, noted):
    skeleton = recording.from_arrays(planting.good_arrays(), "x").skeleton
    poses = np.random.default_rng(0).normal(0, 0.01, (200, skeleton.joints, 3))
    poses += np.random.default_rng(1).uniform(0, 2, (skeleton.joints, 3))
    people = {"anna": poses, "bela": poses * (1 + percent / 100)}
    assert bool(same_person.check_bodies(skeleton, people)) == noted


def test_two_people_are_two_people(tiny_recording):
    assert len(tiny_recording.subject_names) > 1
    found = inspect(tiny_recording, "x").verdicts
    assert not [v.line for v in found if v.check == same_person.CHECK]
