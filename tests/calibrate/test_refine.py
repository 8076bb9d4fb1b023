"""Cameras that were knocked are named and put where they are; the others stay."""

import numpy as np
import pytest
from people_seen import changed, off, recording, report_of
from scipy.spatial.transform import Rotation

from geoself_jax.calibrate.refine import unmoved
from geoself_jax.calibrate.uncertainty import CameraError
from geoself_jax.calibrate.views import Pose, angle_between
from geoself_jax.core.errors import DATA, GeoselfError

PEOPLE = recording(3)


def knocked(camera, degrees, metres=0.0, people=PEOPLE):
    """The recording whose calibration was made before one camera was turned and shifted."""
    R, center = people.camera.R.copy(), people.camera.center.copy()
    turn = Rotation.from_rotvec(np.radians(degrees) * np.array([0.6, 0.8, 0]))
    R[0, camera] = turn.as_matrix() @ R[0, camera]
    center[0, camera] += metres * np.array([0.8, 0, 0.6])
    return changed(people, R=R, center=center)


@pytest.fixture(scope="module")
def repaired():
    return report_of(knocked(1, 1.0, 0.05), refine=True)


def test_a_camera_that_was_knocked_by_a_degree_is_named_and_repaired(repaired):
    report = repaired[1]
    np.testing.assert_array_equal(report.moved.any(1), [False, True, False])
    assert report.moved[1, 0] == pytest.approx(1, abs=0.3)
    assert report.moved[1, 1] == pytest.approx(0.05, abs=0.03)
    assert angle_between(report.R[1], PEOPLE.camera.R[0, 1]) < 0.3
    assert np.linalg.norm(report.center[1] - PEOPLE.camera.center[0, 1]) < 0.03
    assert report.before_px[1] > 1.2 * report.residual_px[1]


def test_the_cameras_that_stand_as_before_are_the_same_to_the_bit(repaired):
    for kept in (0, 2):
        np.testing.assert_array_equal(repaired[0].camera.R[0, kept], PEOPLE.camera.R[0, kept])
        there = PEOPLE.camera.center[0, kept]
        np.testing.assert_array_equal(repaired[0].camera.center[0, kept], there)


def test_it_says_so_and_keeps_the_vertical_and_the_unit(repaired):
    assert "repaired by geoself calibrate" in repaired[0].cameras_from
    np.testing.assert_array_equal(repaired[0].world_up, PEOPLE.world_up)
    assert repaired[1].unit == "the given calibration"


def test_a_good_calibration_is_unchanged_to_the_bit():
    same, report = report_of(PEOPLE, refine=True)
    for before, after in zip(PEOPLE.camera, same.camera, strict=True):
        np.testing.assert_array_equal(before, after)
    assert not report.moved.any()
    np.testing.assert_array_equal(report.before_px, report.residual_px)
    assert off(report, PEOPLE)[0].max() < 1e-5


def test_of_two_cameras_nothing_says_which_moved():
    with pytest.raises(GeoselfError, match=r"no two cameras.*without --refine") as error:
        report_of(knocked(1, 3.0, people=recording()), refine=True)
    assert error.value.code == DATA


def of_another_person(people, camera):
    pixels = people.keypoints_2d.copy()
    pixels[:, camera] = recording(3, seed=5).keypoints_2d[:, camera]
    return changed(people, keypoints_2d=pixels)


def zoomed(people, camera):
    K = people.camera.K.copy()
    K[0, camera, :2, :2] *= 1.1
    return changed(people, K=K)


NO_REPAIR = {
    "another person in one camera": (
        lambda: of_another_person(PEOPLE, 1), "joints are|is known to",
    ),
    "a focal length that is wrong": (lambda: zoomed(PEOPLE, 1), "its focal length is"),
    "all cameras in one place": (
        lambda: changed(PEOPLE, center=np.zeros((1, 3, 3))), "stand in one place",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", NO_REPAIR)
def test_no_move_is_claimed_of_what_is_another_fault(what):
    make, cause = NO_REPAIR[what]
    with pytest.raises(GeoselfError, match=cause) as error:
        report_of(make(), refine=True)
    assert error.value.code == DATA


RING = Pose.of(
    np.tile(np.eye(3), (4, 1, 1)), np.array([[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 1.0]])
)
ERROR = CameraError(np.full(4, 0.02), np.full(4, 0.002), 20)


def turned(pose, camera, degrees):
    R = pose.R.copy()
    R[camera] = Rotation.from_euler("x", degrees, degrees=True).as_matrix() @ R[camera]
    return pose._replace(R=R)


def test_what_stands_as_before_is_known_in_any_frame_and_unit():
    turn = Rotation.from_rotvec([0.3, -1, 0.5]).as_matrix()
    other = Pose.of(RING.R @ turn.T, 0.2 * RING.center @ turn.T + [1, 2, 3])
    smaller = ERROR._replace(center=0.2 * ERROR.center)
    assert unmoved(other, RING, smaller) == [0, 1, 2, 3]
    assert unmoved(turned(other, 2, 1.0), RING, smaller) == [0, 1, 3]
    assert unmoved(turned(turned(other, 2, 1.0), 0, -2.0), RING, smaller) == [1, 3]


def test_a_move_smaller_than_the_expected_error_is_none():
    moved = turned(RING, 3, 0.5)
    assert unmoved(moved, RING, ERROR) == [0, 1, 2]
    unsure = ERROR._replace(degrees=np.full(4, 0.4))
    assert unmoved(moved, RING, unsure) == [0, 1, 2, 3]


def test_where_all_moved_none_is_named():
    moved = RING
    for camera, degrees in enumerate((1.0, 3, -2, 6)):
        moved = turned(moved, camera, degrees)
    assert unmoved(moved, RING, ERROR) is None


def test_of_two_pairs_that_moved_together_none_is_named():
    turn = Rotation.from_euler("z", 5, degrees=True).as_matrix()
    R, center = RING.R.copy(), RING.center.copy()
    R[2:], center[2:] = R[2:] @ turn.T, center[2:] @ turn.T
    assert unmoved(Pose.of(R, center), RING, ERROR) is None
