"""Cameras by which joints are no body's are refused: of a mirrored image, above all."""

import numpy as np
import pytest
from joint_rays import ring, seen, walking
from people_seen import changed, recording, report_of

from geoself_jax.calibrate.plausible import bone_spread, check_bones, check_in_front
from geoself_jax.calibrate.views import Pose
from geoself_jax.core.errors import DATA, GeoselfError

ENDS = np.array([[0, 1], [1, 2]])


def mirrored(people, view):
    pixels = people.keypoints_2d.copy()
    pixels[:, view, :, 0] = people.image_size[0, view, 0] - 1 - pixels[:, view, :, 0]
    return changed(people, keypoints_2d=pixels)


@pytest.mark.parametrize("view", [0, 1])
def test_one_of_two_cameras_that_is_mirrored_is_refused(view):
    with pytest.raises(GeoselfError, match=r"behind a camera.*mirrored") as error:
        report_of(mirrored(recording(), view))
    assert error.value.code == DATA


def test_a_body_behind_one_of_two_cameras_is_refused():
    pose = ring(2)
    views = seen(pose, walking(40, 3))
    check_in_front(views, pose)
    away = Pose.of(pose.R * np.array([[1, 1, 1], [-1, 1, -1]])[..., None], pose.center)
    turned = views._replace(rays=views.rays * np.array([[1, 1], [1, -1]])[:, None])
    with pytest.raises(GeoselfError, match="50 % of the joints are behind"):
        check_in_front(turned, away)


def test_bones_that_change_their_length_are_refused():
    points = np.tile([[0, 0, 0], [0, 0, 1.0], [0, 1, 1]], (200, 1, 1))
    check_bones(points, np.zeros(200), ENDS)
    points *= np.random.default_rng(0).uniform(0.1, 2, (200, 1, 1))
    check_bones(points, np.zeros(200), ENDS[:0])
    with pytest.raises(GeoselfError, match="bones' lengths vary by"):
        check_bones(points, np.zeros(200), ENDS)


def test_each_subject_has_lengths_of_its_own():
    body = np.array([[0, 0, 0], [0, 0, 1.0], [0, 1, 1]])
    small_and_large = np.concatenate([np.tile(body, (50, 1, 1)), np.tile(3 * body, (50, 1, 1))])
    assert bone_spread(small_and_large, np.repeat([0, 1], 50), ENDS) == 0
    assert bone_spread(small_and_large, np.zeros(100), ENDS) > 0.5
    assert bone_spread(np.full((100, 3, 3), np.nan), np.zeros(100), ENDS) == 0


@pytest.mark.parametrize("views", [[0], [0, 1]])
def test_detections_of_an_image_of_half_the_size_are_refused(views):
    people = recording()
    pixels = people.keypoints_2d.copy()
    pixels[:, views] /= 2
    with pytest.raises(GeoselfError, match="upper left quarter of its image") as error:
        report_of(changed(people, keypoints_2d=pixels))
    assert error.value.code == DATA
