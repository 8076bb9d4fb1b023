"""One clip of many that is late, frames that do not follow each other, two cameras alone."""

import dataclasses

import numpy as np
import pytest
from people_seen import changed, recording, report_of

from geoself_jax.calibrate.recording_cameras import Options, calibrate
from geoself_jax.core.errors import DATA, GeoselfError

FRAMES = 1600


def in_clips(length):
    """Two cameras of one person, cut into clips."""
    whole = recording(2, frames=FRAMES)
    at = np.arange(FRAMES)
    return dataclasses.replace(
        whole,
        clip_id=(at // length).astype(np.int32),
        frame_id=(at % length).astype(np.int32),
        clip_names=tuple(f"take{k}" for k in range(FRAMES // length)),
        clip_actions=("walk",) * (FRAMES // length),
    )


def with_late_clip(whole, clip, by):
    """The second camera's images of one clip `by` whole frames later."""
    pixels, confidence = whole.keypoints_2d.copy(), whole.confidence.copy()
    here = np.flatnonzero(whole.clip_id == clip)
    pixels[here[by:], 1], confidence[here[by:], 1] = (
        pixels[here[:-by], 1],
        confidence[here[:-by], 1],
    )
    pixels[here[:by], 1], confidence[here[:by], 1] = np.nan, 0
    return changed(whole, keypoints_2d=pixels, confidence=confidence)


def test_one_late_clip_of_many_is_refused():
    with pytest.raises(
        GeoselfError, match=r"clip take3: camera front_right is about \+\d"
    ) as error:
        calibrate(with_late_clip(in_clips(200), 3, 4), Options())
    assert error.value.code == DATA and "--sync" in str(error.value)


def test_one_late_clip_of_very_many_gets_a_lag_of_its_own():
    made = with_late_clip(in_clips(100), 7, 3)
    _, (report,) = calibrate(made, Options(sync=True))
    own = [line for line in report.in_step if "take7:" in line]
    assert abs(float(own[0].split("front_right ")[1].split()[0]) - 3) < 0.2


def test_frames_that_do_not_follow_each_other_are_said():
    whole = recording(2, frames=600)
    sparse = dataclasses.replace(whole, frame_id=2 * whole.frame_id)
    report = report_of(sparse)[1]
    assert "in step is not known" in report.in_step[0]
    assert not report_of(whole)[1].in_step


def test_cameras_with_equal_detections_are_named():
    whole = recording(2)
    same = whole.keypoints_2d.copy()
    same[:, 1] = same[:, 0]
    with pytest.raises(GeoselfError, match="front_left and front_right have the same detections"):
        report_of(changed(whole, keypoints_2d=same))


def test_a_swapped_image_size_is_named():
    whole = recording(2)
    tall = whole.keypoints_2d * np.float32([0.5, 1])
    size = np.tile(np.int32([1000, 500]), (*whole.image_size.shape[:2], 1))
    with pytest.raises(GeoselfError, match=r"outside its image .* swapped"):
        report_of(changed(whole, keypoints_2d=tall, image_size=size))


@pytest.mark.parametrize("intrinsics", ["focal", "guess"])
def test_two_cameras_do_not_find_focal_lengths(intrinsics):
    with pytest.raises(GeoselfError, match="leave their focal lengths open") as error:
        report_of(recording(2), intrinsics=intrinsics)
    assert error.value.code == DATA
