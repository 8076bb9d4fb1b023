"""Poses of any type and filters of any number: one line, or poses that are still numbers."""

import dataclasses

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.poses.filters import CUTOFFS, parse_filter
from geoself_jax.data.poses.formats import write_poses
from geoself_jax.data.poses.sequence import PoseSequence

FRAMES = 60
POSE = np.random.default_rng(0).normal((0, 0, 4), 0.01, (FRAMES, 17, 3)).astype(np.float32)
UP = np.array([0.0, -1.0, 0.0])
POSES = PoseSequence("lifted", POSE, H36M_17, 50.0, np.arange(FRAMES), "camera", UP)


@pytest.mark.parametrize("odd", [[], [POSES, POSES], POSE, None, {}], ids=str)
def test_what_is_no_sequence_is_refused(odd, tmp_path):
    with pytest.raises(GeoselfError, match=r"poses of type .* wanted one PoseSequence") as refused:
        write_poses(odd, tmp_path / "poses.npz")
    assert refused.value.code == DATA and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".csv", ".trc", ".bvh"])
def test_a_sequence_without_frames_is_refused_where_a_file_cannot_hold_it(ending, tmp_path):
    empty = POSES.replace(pose=POSE[:0], frame_id=np.arange(0))
    with pytest.raises(GeoselfError, match="no frame") as refused:
        write_poses(empty, tmp_path / f"poses{ending}")
    assert refused.value.code == DATA and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"pose": POSE.tolist()},
        {"pose": POSE.astype(str)},
        {"pose": POSE.astype(object)},
        {"pose": POSE + 1j},
        {"pose": POSE[..., :2]},
        {"frame_id": list(range(FRAMES))},
        {"frame_id": np.arange(FRAMES) + 0.5},
        {"frame_id": np.arange(FRAMES - 1)},
        {"fps": "50"},
        {"up": [0, -1, 0]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_arrays_of_another_type_or_length_are_refused(changes):
    with pytest.raises(GeoselfError, match=f"lifted: {'|'.join([*changes, 'pose'])}") as refused:
        dataclasses.replace(POSES, **changes)
    assert refused.value.code == DATA


@pytest.mark.parametrize(
    "text",
    [
        *("butterworth:1e-8", "butterworth:1e-300", "butterworth:nan", "butterworth:1e400"),
        *("one-euro:1e-300,0", "one-euro:1,1e308", "one-euro:1e308,0,1e308", "one-euro:1,nan"),
    ],
)
def test_a_filter_beyond_any_motion_is_refused(text):
    with pytest.raises(GeoselfError, match="wanted a number in") as refused:
        parse_filter(text)
    assert refused.value.code == USAGE


def test_a_cutoff_far_below_the_frame_rate_is_refused():
    fast = POSES.replace(fps=1e6)
    with pytest.raises(GeoselfError, match=r"butterworth:0\.1 - below 1e-05 of the 1e\+06 frames"):
        parse_filter("butterworth:0.1")(fast)


@pytest.mark.parametrize("order", [2, 4, 16])
def test_the_slowest_filter_that_is_taken_gives_poses(order):
    slow = POSES.replace(fps=CUTOFFS[0] / 1e-5)
    found = parse_filter(f"butterworth:{CUTOFFS[0]},{order}")(slow).pose
    assert np.isfinite(found).all() and np.abs(found - POSE).max() < 0.2
