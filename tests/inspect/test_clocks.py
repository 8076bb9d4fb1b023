"""Cameras whose clocks differ are refused for their clocks."""

import numpy as np
import pytest

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


@pytest.mark.parametrize("lags", [(0, 6, 0, 12), (0, 6, 0, 6), (0, 5, 10, 15), (2, 0, 0, 0)])
def test_no_sound_camera_is_called_late_for_others_that_are(lags):
    faulty = planting.good_arrays()
    for view, lag in enumerate(lags):
        faulty = planting.late(lag, view)(faulty) if lag else faulty
    verdicts = inspect(recording.from_arrays(faulty, "x"), "x").verdicts
    alarms = [v.line for v in verdicts if v.severity in ("error", "warning")]
    assert len(alarms) == sum(lag > 0 for lag in lags), alarms
    for view, lag in enumerate(lags):
        name = faulty["camera_names"][view]
        assert any(f"{name} runs {lag} frames" in line for line in alarms) == (lag > 0), alarms


def test_a_camera_that_has_moved_is_not_said_to_have_dropped_frames():
    moved = planting.in_camera("center", lambda a: a + np.array([0.1, 0, 0]))
    faulty = moved(planting.good_arrays())
    lines = [v.line for v in inspect(recording.from_arrays(faulty, "x"), "x").verdicts]
    assert not any("lag changes" in line or " frames late" in line for line in lines)
