"""A camera that is elsewhere for a while is refused: the robust adjustment would hide it."""

import numpy as np
import pytest
from joint_rays import FOCAL, ring, seen, walking
from people_seen import changed, recording, report_of

from geoself_jax.calibrate.bundle import Solution
from geoself_jax.calibrate.steady import check_steady, usual_errors
from geoself_jax.core.errors import DATA, GeoselfError

NAMES = ("a", "b", "c")


def moved(share):
    """Three cameras; the third is turned by ten degrees in a share of the frames."""
    pose, points = ring(3), walking(200, 5)
    views = seen(pose, points, px=2)
    views.rays[: int(200 * share), 2] += np.tan(np.radians(10))
    return views, Solution(pose, points, None, 0.0)


def test_a_camera_that_was_moved_is_named_with_how_far_and_how_long():
    with pytest.raises(GeoselfError, match=r"camera c is 2\d\d px off in 45 %.*moved") as error:
        check_steady(*moved(0.45), NAMES)
    assert error.value.code == DATA


def test_a_short_fault_and_detections_errors_are_none():
    check_steady(*moved(0.0), NAMES)
    check_steady(*moved(0.05), NAMES)


def test_errors_are_of_each_part_and_camera_and_unknown_where_it_sees_nobody():
    views, solution = moved(0.5)
    views.weight[100:, 1] = 0
    off = usual_errors(views, solution)
    assert off.shape == (20, 3) and np.isnan(off[10:, 1]).all()
    assert (off[:10, 2] > 0.1 * FOCAL).all() and (off[10:, 2] < 5).all()


def test_two_cameras_whose_names_are_exchanged_in_a_fifth_of_the_footage_are_refused():
    people = recording(3)
    pixels, confidence = people.keypoints_2d.copy(), people.confidence.copy()
    for values in (pixels, confidence):
        values[:48, [0, 1]] = values[:48, [1, 0]]
    with pytest.raises(GeoselfError, match=r"px off in \d+ % of the footage"):
        report_of(changed(people, keypoints_2d=pixels, confidence=confidence))
