"""A wrong frame rate is known by how fast whoever jumps falls."""

import dataclasses

import numpy as np
import pytest

from benchmarks import planting
from geoself_jax.data import recording
from geoself_jax.data.sources import load
from geoself_jax.inspect import frame_rate
from geoself_jax.inspect.sample import one, projected, samples_of

FPS, RISE = 50.0, 2.0  # of the recording; m/s at which whoever jumps leaves the floor


@pytest.fixture(scope="module")
def jumping():
    """Somebody who stands and jumps six times, seen with 3 px of noise by four cameras."""
    source = load("synthetic:test", synthetic_frames=200)
    count = 600
    time = np.arange(count) / FPS % 2 - 0.5
    height = np.where(time > 0, RISE * time - 9.81 * time**2 / 2, 0).clip(0)
    frame = np.flatnonzero(source.rig_id == 0)[0]
    poses = source.pose_world[frame] + height[:, None, None] * np.array([0, 0, 1])
    cameras = samples_of(source)[0].cameras
    pixels = [projected(poses, one(cameras, view))[0] for view in range(source.views)]
    pixels = np.stack(pixels, 1) + np.random.default_rng(0).normal(0, 3, (count, 4, 17, 2))
    frames = source.select(np.full(count, frame))
    return dataclasses.replace(
        frames,
        keypoints_2d=pixels.astype(np.float32),
        confidence=np.ones(pixels.shape[:-1], np.float32),
        frame_id=np.arange(count),
        fps=FPS,
    ).without_ground_truth()


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_gravity_tells_a_wrong_frame_rate_and_the_right_one(jumping, factor):
    wrong = dataclasses.replace(jumping, fps=FPS * factor)
    (verdict,) = frame_rate.check_falls(samples_of(wrong))
    if factor == 1:
        assert verdict.severity == "ok", verdict.line
        return
    assert verdict.severity == "warning"
    assert f"fps {FPS * factor:g} looks wrong" in verdict.line
    right = float(verdict.line.split("with ")[2].split(" frames")[0])
    assert abs(right - FPS) < 0.06 * FPS


def test_nobody_jumps_and_nothing_is_said_of_gravity():
    source = recording.from_arrays(planting.good_arrays(), "x")
    assert frame_rate.check_falls(samples_of(source)) == []


@pytest.mark.parametrize("slowly", [(), np.repeat(np.arange(200, 300), 2)])
def test_three_jumps_that_agree_are_wanted(jumping, slowly):
    three = jumping.select(slice(0, 300))
    assert frame_rate.check_falls(samples_of(dataclasses.replace(three, fps=2 * FPS)))
    frames = np.concatenate([np.arange(200), slowly]).astype(int)  # two jumps, and one half as fast
    few = dataclasses.replace(jumping.select(frames), frame_id=np.arange(len(frames)), fps=2 * FPS)
    assert frame_rate.check_falls(samples_of(few)) == []
