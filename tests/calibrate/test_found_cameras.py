"""Cameras of built-in people's recordings, found from their joints or refused."""

import numpy as np
import pytest
from people_seen import FRAMES, changed, off, recording, report_of

from geoself_jax.calibrate.metric import parse_scale
from geoself_jax.calibrate.rig_report import text
from geoself_jax.core.errors import DATA, GeoselfError

PEOPLE = recording(3)
BASELINE = float(np.linalg.norm(PEOPLE.camera.center[0, 0] - PEOPLE.camera.center[0, 2]))
SCALE = parse_scale(f"baseline:front_left,back_left={BASELINE}")


@pytest.fixture(scope="module")
def found():
    return report_of(PEOPLE, scale=SCALE)


def test_three_cameras_are_where_they_are_and_as_sure_as_they_say(found):
    degrees, metres = off(found[1], PEOPLE)
    assert degrees.max() < 0.3 and metres.max() < 0.02
    assert (degrees < 4 * found[1].degrees).all() and (metres < 4 * found[1].metres).all()
    assert (found[1].degrees < 0.5).all() and (found[1].residual_px < 5).all()


def test_the_baseline_is_the_given_one(found):
    center = found[1].center
    assert np.linalg.norm(center[0] - center[2]) == pytest.approx(BASELINE)
    assert found[1].unit == f"a baseline of front_left, back_left of {BASELINE:g} m"


def test_z_is_up_about_as_well_as_is_said(found):
    report, up = found[1], PEOPLE.world_up
    seen, true = report.R[..., 2], PEOPLE.camera.R[0] @ up
    tilt = np.degrees(np.arccos(np.sum(seen * true, -1)))
    assert tilt.max() < min(3 * report.vertical.degrees, 15)
    np.testing.assert_array_equal(found[0].world_up, [0, 0, 1])


def test_the_recording_has_the_cameras_and_says_where_they_are_from(found):
    calibrated, report = found
    np.testing.assert_allclose(calibrated.camera.R[0], report.R)
    np.testing.assert_allclose(calibrated.camera.center[0], report.center)
    np.testing.assert_array_equal(calibrated.camera.K, PEOPLE.camera.K)
    np.testing.assert_array_equal(calibrated.keypoints_2d, PEOPLE.keypoints_2d)
    assert "found (known intrinsics) by geoself calibrate" in calibrated.cameras_from
    assert f"{report.degrees.max():.2f} degrees" in calibrated.cameras_from


def test_neither_true_cameras_nor_true_joints_are_looked_at():
    """Bit for bit: and one seed gives one result."""
    people, rng = recording(), np.random.default_rng(0)
    center = rng.normal(0, 3, people.camera.center.shape)
    R = np.tile(np.eye(3), (1, 2, 1, 1))
    blind = changed(people.without_ground_truth(), R=R, center=center, world_up=None)
    for seen, whole in zip(report_of(blind)[1], report_of(people)[1], strict=True):
        np.testing.assert_equal(seen, whole)


def test_two_cameras_are_enough_of_one_who_moves():
    degrees, _ = off(report_of(recording())[1], recording())
    assert degrees.max() < 0.3


def test_other_bodies_and_rigs_are_found_too():
    people = recording(seed=3)
    assert off(report_of(people, bones=True)[1], people)[0].max() < 0.5


def test_the_focal_lengths_are_found_where_they_are_guessed():
    wrong = PEOPLE.camera.K.copy()
    wrong[..., :2, :2] *= 1.05
    report = report_of(changed(PEOPLE, K=wrong), intrinsics="focal", scale=SCALE)[1]
    true = PEOPLE.camera.K[0, :, 0, 0]
    assert np.abs(report.K[:, 0, 0] / true - 1).max() < 0.025
    np.testing.assert_array_equal(report.K[:, :2, 2], wrong[0, :, :2, 2])
    assert off(report, PEOPLE)[0].max() < 0.5


def test_a_principal_point_in_the_middle_counts_as_a_guess():
    """The truth is up to 18 px elsewhere, which no residual shows."""
    people = recording()
    middle = people.camera.K.copy()
    middle[..., :2, 2] = (people.image_size - 1) / 2
    nominal = changed(people, K=middle)
    report = report_of(nominal)[1]
    assert report.centred == people.camera_names and not report_of(people)[1].centred
    degrees, _ = off(report, people)
    assert report.degrees.min() > 0.4 and (degrees < 2 * report.degrees).all()
    assert "are guesses, 1 %" in text([report])


def unseen(people, view, frames=slice(None)):
    pixels, confidence = people.keypoints_2d.copy(), people.confidence.copy()
    pixels[frames, view], confidence[frames, view] = np.nan, 0
    return changed(people, keypoints_2d=pixels, confidence=confidence)


def test_a_third_camera_that_sees_nobody_is_not_among_the_found():
    found, report = report_of(unseen(PEOPLE, 2))
    assert report.cameras == found.camera_names == ("front_left", "front_right")


def other_pixels(people, view, pixels):
    new = people.keypoints_2d.copy()
    new[:, view] = pixels
    return changed(people, keypoints_2d=new)


def still():
    """One who stands for the whole recording, with a detector's errors."""
    people, rng = recording(), np.random.default_rng(0)
    one = np.repeat(people.keypoints_2d[50:51], FRAMES, 0) + rng.normal(0, 2, (FRAMES, 2, 17, 2))
    confidence = np.repeat(people.confidence[50:51], FRAMES, 0)
    return changed(people, keypoints_2d=one.astype(np.float32), confidence=confidence)


REFUSED = {
    "a body that stands still": (still, "different places or postures"),
    "cameras of different people": (
        lambda: other_pixels(recording(), 1, recording(seed=5).keypoints_2d[:, 1]),
        "two rigs fit alike|joints are|is known to|no rig fits",
    ),
    "a camera 2 s out of step": (
        lambda: other_pixels(recording(), 1, np.roll(recording().keypoints_2d[:, 1], 20, 0)),
        "two rigs fit alike|joints are|is known to|no rig fits",
    ),
    "five frames": (
        lambda: recording().select(np.arange(5)),
        "camera front_left shares at most 85 joints with another",
    ),
    "a third camera that sees the person for 5 frames": (
        lambda: unseen(PEOPLE, 2, slice(5, None)),
        "camera back_left shares at most 85 joints with another",
    ),
    "one of two cameras that sees nobody": (
        lambda: unseen(recording(), 1),
        "1 cameras see somebody",
    ),
    "cameras that never see the person together": (
        lambda: unseen(unseen(recording(), 1, slice(120)), 0, slice(120, None)),
        "no frame is seen by two cameras",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_with_the_cause_and_what_would_help(what):
    make, cause = REFUSED[what]
    with pytest.raises(GeoselfError, match=cause) as error:
        report_of(make())
    assert error.value.code == DATA
    assert str(error.value).startswith("rig rig_train00: ") and "\n" not in str(error.value)
    assert len(str(error.value).split(" - ")) >= 3
