"""Clocks that run at another rate, that lose frames, and clips that start by themselves."""

import dataclasses
import re

import numpy as np
import pytest
from people_seen import recording

from geoself_jax.calibrate.clip_lags import find_clip_lags
from geoself_jax.calibrate.sync import clips_of, in_step, words
from geoself_jax.calibrate.timeline import timeline_of
from geoself_jax.calibrate.views import Pose
from geoself_jax.core.errors import GeoselfError

FRAMES = 1600


def long_clip():
    """Two cameras that see one person, cut together to one clip."""
    whole = recording(2, frames=FRAMES)
    return dataclasses.replace(
        whole, clip_id=np.zeros(FRAMES, np.int32), frame_id=np.arange(FRAMES, dtype=np.int32)
    )


def late(whole, by):
    """The second camera's images `by` (frames,) later."""
    there = timeline_of(
        np.nan_to_num(whole.keypoints_2d), whole.confidence, whole.clip_id, whole.frame_id
    )
    moved, weight = there.at(np.arange(whole.frames), 1, -np.asarray(by))
    pixels, confidence = whole.keypoints_2d.copy(), whole.confidence.copy()
    pixels[:, 1] = np.where((weight > 0)[..., None], moved, np.nan)
    confidence[:, 1] = weight
    return dataclasses.replace(whole, keypoints_2d=pixels, confidence=confidence)


def found_in(made):
    """The lags, by the known cameras."""
    clips = clips_of(made, np.arange(made.frames), 0, np.arange(2))
    R, center = made.camera.R[0], made.camera.center[0]
    t = R[1] @ (center[0] - center[1])
    known = {(0, 1): (R[1] @ R[0].T, t / np.linalg.norm(t))}
    return find_clip_lags(clips, np.random.default_rng(0), known, Pose.of(R, center)), clips


def test_a_clock_that_is_fast_is_found_and_taken_out():
    whole = long_clip()
    made = late(whole, 2 + 0.002 * np.arange(FRAMES))
    lags, clips = found_in(made)
    assert lags.one_clock
    np.testing.assert_allclose(lags.rate[1], 0.002, atol=0.0003)
    np.testing.assert_allclose(lags.at(np.array([0]), np.array([800]))[0, 1], 3.6, atol=0.2)
    assert "ppm fast" in words(lags, clips)[1]
    synced = in_step(made, np.arange(FRAMES), np.arange(2), lags)
    inner = np.arange(100, 1500)
    off = synced.keypoints_2d[inner, 1] - whole.keypoints_2d[inner, 1]
    assert np.nanmedian(np.linalg.norm(off, axis=-1)) < 3


def test_frames_that_were_lost_are_refused_with_their_place():
    steps = np.where(np.arange(FRAMES) < 1200, 1.0, 4.0)
    with pytest.raises(GeoselfError, match="between frames") as error:
        found_in(late(long_clip(), steps))
    text = str(error.value)
    start, end = (int(n) for n in re.findall(r"frames (\d+) and (\d+)", text)[0])
    assert start < 1200 < end
    by = float(
        re.findall(r"front_right against front_left becomes ([-+.\d]+) frames late", text)[0]
    )
    assert 2 < by < 4


def test_clips_that_start_by_themselves_have_lags_of_their_own():
    whole = long_clip()
    clip = np.arange(FRAMES) // 400
    whole = dataclasses.replace(
        whole, clip_id=clip.astype(np.int32), frame_id=(np.arange(FRAMES) % 400).astype(np.int32),
        clip_names=tuple(f"take{k}" for k in range(4)),
    )  # fmt: skip
    own = np.array([1.0, 1.8, 2.6, 1.3])
    lags, _ = found_in(late(whole, own[clip]))
    assert not lags.one_clock
    np.testing.assert_allclose(lags.frames[:, 1], own, atol=0.25)


def test_a_lag_that_the_joints_leave_open_is_not_claimed():
    whole = long_clip()
    rng = np.random.default_rng(0)
    noisy = whole.keypoints_2d + rng.normal(0, 60, whole.keypoints_2d.shape)
    with pytest.raises(GeoselfError, match=r"lag of camera .* known|no lag within"):
        found_in(late(dataclasses.replace(whole, keypoints_2d=noisy.astype(np.float32)), 2.0))
