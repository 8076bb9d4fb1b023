"""Filled joints and rejected detections are shown on the page, in the frames that are shown."""

import numpy as np
import pytest

from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.poses.sequence import FILLED, REJECTED, WORLD, PoseSequence
from geoself_jax.view.build_scenes import scenes_from_sequences
from geoself_jax.view.choose_scenes import thinned
from geoself_jax.view.page_data import page_facts

FRAMES = 40


@pytest.fixture
def marked():
    pose = np.random.default_rng(0).normal(size=(FRAMES, 17, 3)).astype(np.float32)
    marks = np.zeros((FRAMES, 17), np.uint8)
    marks[10:14, 3], marks[20], marks[[12, 30], 5] = FILLED, FILLED, REJECTED
    frames, up = np.arange(FRAMES), np.array([0.0, 0, 1])
    return PoseSequence("lifted", pose, H36M_17, 50.0, frames, WORLD, up, marks=marks)


def test_stretches_and_notes_are_those_of_the_marks(marked):
    (facts,) = page_facts(scenes_from_sequences([marked]), "marks")[0]["scenes"]
    assert facts["filled"] == [[10, 13], [20, 20]]
    assert facts["rejected"] == [[12, 12], [30, 30]]
    assert [line.split(" frames")[0] for line in facts["notes"]] == ["5 of 40", "2 of 40"]


def test_of_fewer_frames_the_marks_are_theirs(marked):
    (facts,) = page_facts(thinned(scenes_from_sequences([marked]), every=2), "marks")[0]["scenes"]
    assert facts["filled"] == [[5, 6], [10, 10]] and facts["rejected"] == [[6, 6], [15, 15]]


def test_frames_that_another_source_adds_have_no_marks(marked):
    later = marked.replace(name="other", marks=None, frame_id=marked.frame_id + 5)
    (facts,) = page_facts(scenes_from_sequences([marked, later]), "marks")[0]["scenes"]
    assert facts["filled"] == [[10, 13], [20, 20]]
    earlier = marked.replace(frame_id=marked.frame_id + 5)
    (facts,) = page_facts(
        scenes_from_sequences([earlier, marked.replace(name="other", marks=None)]), "m"
    )[0]["scenes"]
    assert facts["filled"] == [[15, 18], [25, 25]]


def test_poses_without_marks_have_no_bars_and_no_notes(marked):
    (facts,) = page_facts(scenes_from_sequences([marked.replace(marks=None)]), "none")[0]["scenes"]
    assert facts["filled"] == facts["rejected"] == facts["notes"] == []
