"""Cameras whose clocks differ are refused for their clocks."""

import numpy as np

from benchmarks import planting
from geoself_jax.data import recording
from geoself_jax.inspect import clocks
from geoself_jax.inspect.report import inspect


def test_two_cameras_out_of_step_are_named_with_their_lags():
    faulty = planting.both(planting.late(3, 1), planting.late(-4, 3))(planting.good_arrays())
    lines = [v.line for v in inspect(recording.from_arrays(faulty, "x"), "x").verdicts]
    assert any("front_right runs 3 frames" in line and "late" in line for line in lines)
    assert any("back_right runs 4 frames" in line and "early" in line for line in lines)
    assert not any("lag changes" in line for line in lines)


def test_a_shifted_recording_is_unseen_where_there_is_no_frame():
    whole = recording.from_arrays(planting.good_arrays(), "x")
    moved = clocks.shifted(whole, [0, 3, 0, 0])
    same = np.flatnonzero(whole.clip_id[:-3] == whole.clip_id[3:])
    np.testing.assert_array_equal(moved.confidence[same, 1], whole.confidence[same + 3, 1])
    gone = np.setdiff1d(np.arange(whole.frames), same)
    assert len(gone) == 9 and not moved.confidence[gone, 1].any()
    np.testing.assert_array_equal(moved.confidence[:, 0], whole.confidence[:, 0])
