"""Windows of a video of another frame rate are those of the training videos' rate."""

import numpy as np
import pytest

from geoself_jax.core.batch import windows
from geoself_jax.lift.inputs import runs_of
from geoself_jax.lift.window_rate import rate_ratio, windows_at_rate

FRAMES, JOINTS, TIME = 9, 3, 60


def moving(seconds):
    """Joints on lines and parabolas of time, pixels."""
    speed = np.arange(1, 2 * JOINTS + 1).reshape(JOINTS, 2)
    return (100 + speed * seconds[:, None, None]).astype(np.float32)


def video(fps):
    seconds = np.arange(int(TIME * fps / 25)) / fps
    keypoints_2d = moving(seconds)
    return keypoints_2d, np.ones(keypoints_2d.shape[:2], np.float32), runs_of(None, len(seconds))


@pytest.mark.parametrize("fps", [12.5, 29.97, 50.0, 60.0, 240.0])
def test_joints_on_lines_are_sampled_at_the_training_rate(fps):
    keypoints_2d, confidence, run = video(fps)
    ratio = rate_ratio(fps, 25.0, FRAMES)
    at = np.arange(len(keypoints_2d))
    pixels, trust = windows_at_rate(keypoints_2d, confidence, run, at, FRAMES, ratio)
    seconds = at[:, None] / fps + (np.arange(FRAMES) - FRAMES // 2) / 25
    inside = (seconds >= 0) & (seconds <= at[-1] / fps)
    expected = moving(seconds.ravel()).reshape(*seconds.shape, JOINTS, 2)
    np.testing.assert_allclose(pixels[inside], expected[inside], atol=1e-3)
    assert (trust == 1).all()
    np.testing.assert_array_equal(pixels[:, FRAMES // 2], keypoints_2d)  # the frame's own
    np.testing.assert_array_equal(pixels[0, 0], keypoints_2d[0])  # beyond the end, its end


def test_twice_the_rate_takes_every_second_frame():
    rng = np.random.default_rng(0)
    keypoints_2d = rng.normal(size=(40, JOINTS, 2)).astype(np.float32)
    confidence = rng.uniform(0.1, 1, (40, JOINTS)).astype(np.float32)
    inner = np.arange(8, 32, 2)
    run = runs_of(None, 40)
    found = windows_at_rate(keypoints_2d, confidence, run, inner, FRAMES, 2.0)
    half = windows(inner // 2, runs_of(None, 20), FRAMES)
    np.testing.assert_array_equal(found[0], keypoints_2d[::2][half])
    np.testing.assert_array_equal(found[1], confidence[::2][half])


def test_of_two_frames_of_which_one_lacks_a_joint_the_nearer_counts():
    keypoints_2d, confidence, run = video(60.0)
    keypoints_2d[30, 1], confidence[30, 1] = np.nan, 0
    at = np.arange(20, 40)
    pixels, trust = windows_at_rate(keypoints_2d, confidence, run, at, FRAMES, 2.4)
    assert (np.isnan(pixels).any(-1) == (trust == 0)).all()
    gone = np.isnan(pixels[..., 0])
    assert gone[..., 1].any() and not gone[..., [0, 2]].any()
    place = at[:, None] + 2.4 * (np.arange(FRAMES) - FRAMES // 2)
    np.testing.assert_array_equal(gone[..., 1], np.abs(place - 30) < 0.5)


def test_windows_stay_in_their_run_of_frames():
    keypoints_2d, confidence, _ = video(50.0)
    frame_id = np.r_[np.arange(60), np.arange(70, 130)]
    pixels, _ = windows_at_rate(
        keypoints_2d, confidence, runs_of(frame_id, 120), np.array([59, 60]), FRAMES, 2.0
    )
    np.testing.assert_array_equal(pixels[0, -1], keypoints_2d[59])
    np.testing.assert_array_equal(pixels[1, 0], keypoints_2d[60])


@pytest.mark.parametrize(
    ("fps", "trained", "frames", "ratio"),
    [(60, 25, 27, 2.4), (25.2, 25, 27, 1), (60, 25, 1, 1), (60, None, 27, 1), (12.5, 25, 27, 0.5)],
)
def test_only_windows_of_another_rate_are_interpolated(fps, trained, frames, ratio):
    assert rate_ratio(fps, trained, frames) == ratio
