"""Lags from joints: planted in the built-in people, between frames, and not known at rest."""

import dataclasses
import re

import numpy as np
import pytest
from people_seen import recording

from geoself_jax.calibrate.clip_lags import Lags, find_clip_lags
from geoself_jax.calibrate.recording_cameras import Options, calibrate
from geoself_jax.calibrate.rig_views import relative
from geoself_jax.calibrate.sync import clips_of, in_step
from geoself_jax.calibrate.timeline import timeline_of
from geoself_jax.calibrate.views import Pose
from geoself_jax.core.errors import GeoselfError

NAMES = ("one", "two")
FRAMES = 1600  # clips of 6 s


def late(by: float):
    """Two cameras of one person, the second's images `by` frames later."""
    whole = recording(2, frames=FRAMES)
    there = timeline_of(
        np.nan_to_num(whole.keypoints_2d), whole.confidence, whole.clip_id, whole.frame_id
    )
    moved, weight = there.at(np.arange(whole.frames), 1, -by)
    pixels, confidence = whole.keypoints_2d.copy(), whole.confidence.copy()
    pixels[:, 1] = np.where((weight > 0)[..., None], moved, np.nan)
    confidence[:, 1] = weight
    return dataclasses.replace(whole, keypoints_2d=pixels, confidence=confidence)


def lags_of(made, *, known=False):
    clips = clips_of(made, np.arange(made.frames), 0, np.arange(2))
    R, center = made.camera.R[0], made.camera.center[0]
    poses = (relative(R, center), Pose.of(R, center)) if known else (None, None)
    return find_clip_lags(clips, np.random.default_rng(0), *poses)


@pytest.mark.parametrize(("by", "known"), [(7.0, False), (-3.5, False), (7.0, True), (0.0, False)])
def test_a_planted_lag_is_found_without_a_calibration_and_with_one(by, known):
    found = lags_of(late(by), known=known)
    np.testing.assert_allclose(found.frames, np.tile([0.0, by], (len(found.frames), 1)), atol=0.2)
    assert found.one_clock and not found.left_out


def test_in_step_the_joints_are_where_they_were_at_that_time():
    whole, made = recording(2, frames=FRAMES), late(7.0)
    clips = np.unique(made.clip_id)
    late_by = np.tile([0.0, 7.0], (len(clips), 1))
    lags = Lags(clips, late_by, np.zeros(2), np.zeros_like(late_by), True, ())
    synced = in_step(made, np.arange(made.frames), np.arange(2), lags)
    inner = slice(20, 40)
    both = np.isfinite(synced.keypoints_2d[inner]).all(-1)
    assert both.mean() > 0.9
    np.testing.assert_allclose(
        synced.keypoints_2d[inner][both], whole.keypoints_2d[inner][both], atol=1e-3
    )


def test_lags_of_a_whole_frame_within_their_error_leave_detections_as_they_are():
    made = late(7.0)
    clips = np.unique(made.clip_id)
    late_by = np.tile([0.0, 6.93], (len(clips), 1))
    lags = Lags(clips, late_by, np.zeros(2), np.full_like(late_by, 0.05), True, ())
    synced = in_step(made, np.arange(made.frames), np.arange(2), lags)
    inner = slice(20, 40)
    both = np.isfinite(synced.keypoints_2d[inner, 1]).all(-1)
    whole = recording(2, frames=FRAMES)
    np.testing.assert_array_equal(
        synced.keypoints_2d[inner, 1][both], whole.keypoints_2d[inner, 1][both]
    )
    np.testing.assert_array_equal(
        synced.confidence[inner, 1][both], whole.confidence[inner, 1][both]
    )


def test_the_lag_of_somebody_at_rest_is_unknown():
    made = recording(2, frames=FRAMES)
    rng = np.random.default_rng(0)
    still = made.keypoints_2d[:1] + rng.normal(0, 2, made.keypoints_2d.shape)
    made = dataclasses.replace(made, keypoints_2d=still.astype(np.float32))
    with pytest.raises(GeoselfError, match="lags are not known"):
        lags_of(made)


def test_the_command_puts_cameras_in_step_before_it_finds_them():
    found, (report,) = calibrate(late(7.0), Options(sync=True))
    assert re.search(r"\+(6\.[89]|7\.[01])\d \+- 0\.\d\d \(\+", report.in_step[0])
    assert "put in step" in found.cameras_from
    assert report.residual_px.max() < 4


@pytest.mark.parametrize("by", [40.0, -40.0])
def test_a_lag_that_leaves_few_frames_in_common_is_not_believed(by):
    with pytest.raises(GeoselfError, match="not known from the joints"):
        lags_of(late(by))
