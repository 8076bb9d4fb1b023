"""How much of the footage is new, and how sure cameras are of what is."""

import numpy as np
import pytest
from joint_rays import ring, seen, walking
from scipy.spatial.transform import Rotation

from geoself_jax.calibrate.bundle import Free, Solution, adjust
from geoself_jax.calibrate.footage import blocks_of
from geoself_jax.calibrate.points import nearest_points
from geoself_jax.calibrate.uncertainty import expected_errors

FPS = 10.0
BODY = np.random.default_rng(0).normal(0, 0.4, (12, 3))


def blocks(points, clip=None):
    frames = len(points)
    clip = np.zeros(frames, int) if clip is None else clip
    return blocks_of(points, clip, np.arange(frames), FPS)


def test_a_body_that_stands_still_is_one_block_however_long_it_stands():
    rng = np.random.default_rng(1)
    still = BODY + rng.normal(0, 0.01, (600, 12, 3))
    assert (blocks(still) == 0).all()
    assert (blocks(still, np.arange(600) // 100) == 0).all()


def test_each_place_is_a_block_of_four_seconds():
    place = np.repeat(np.arange(5.0), 40)[:, None, None] * [2.0, 0, 0]
    found = blocks(BODY + place)
    np.testing.assert_array_equal(found, np.repeat(np.arange(5), 40))


def test_each_posture_at_one_place_is_a_block():
    rng = np.random.default_rng(2)
    form = np.repeat(rng.normal(0, 0.4, (4, 12, 3)), 40, 0)
    assert len(np.unique(blocks(form))) == 4


def test_coming_back_is_nothing_new():
    place = np.repeat([0.0, 2, 0, 2, 0], 40)[:, None, None] * [1.0, 0, 0]
    np.testing.assert_array_equal(blocks(BODY + place), np.repeat([0, 1, 0, 1, 0], 40))


def test_the_unit_does_not_matter_and_missing_joints_do_not():
    place = np.repeat(np.arange(4.0), 40)[:, None, None] * [2.0, 0, 0]
    points = BODY + place
    points[::3, 2] = np.nan
    for unit in (1e-3, 1, 1e3):
        np.testing.assert_array_equal(blocks(unit * points), np.repeat(np.arange(4), 40))


FREE = Free.all_but_first(3)
TRUE, SCALE = ring(3), np.full(5, 4.0)


def settled(seed, blocks=None):
    """Cameras from 60 frames with errors of 3 px, and what is expected of them."""
    points = walking(60, 5)
    views = seen(TRUE, points, px=3, seed=seed)
    if blocks is not None:
        views = views._replace(block=blocks)
    start = Solution(TRUE, nearest_points(views, TRUE), None, 0.0)
    found = adjust(views, start, SCALE)
    return views, found, expected_errors(views, found, SCALE, FREE)


def test_expected_errors_are_the_errors():
    """Over 20 draws of the errors, within some tens of percent."""
    runs = [settled(seed) for seed in range(20)]
    true = np.array([off(found.pose) for _, found, _ in runs])
    expected = np.mean([(error.degrees, error.center) for _, _, error in runs], 0)
    ratio = expected / np.sqrt(np.mean(true**2, 0))
    assert (ratio > 0.8).all() and (ratio < 1.5).all()


def off(pose):
    """(2, V) degrees and metres by which cameras are off after the mean turn of all."""
    turns = Rotation.from_matrix(np.einsum("vji,vjk->vik", pose.R, TRUE.R)).as_rotvec()
    mean = turns.mean(0)
    own = (pose.center - pose.center.mean(0)) @ Rotation.from_rotvec(mean).as_matrix()
    aim = TRUE.center - TRUE.center.mean(0)
    own = own * np.sum(own * aim) / np.sum(own**2)
    turned = np.degrees(np.linalg.norm(turns - mean, axis=1))
    return np.stack([turned, np.linalg.norm(own - aim, axis=1)])


def test_frames_that_err_alike_make_the_expected_error_larger():
    views, found, _ = settled(0)
    twice = views.frames(np.repeat(np.arange(60), 4))  # each frame four times, as of one who stands
    points = np.repeat(found.points, 4, 0)
    known = expected_errors(twice, found._replace(points=points), SCALE, FREE)
    one_each = twice._replace(block=np.arange(240))
    naive = expected_errors(one_each, found._replace(points=points), SCALE, FREE)
    assert (naive.degrees < 0.95 * known.degrees).all()


def test_one_block_says_nothing():
    _, _, error = settled(0, np.zeros(60, int))
    assert error.blocks == 1
    assert np.isinf(error.degrees).all() and np.isinf(error.center).all()


@pytest.mark.parametrize("unit", [1e-2, 1e2])
def test_the_unit_of_the_cameras_does_not_matter(unit):
    views, found, error = settled(0)
    pose = found.pose._replace(center=found.pose.center * unit)
    scaled = found._replace(pose=pose, points=found.points * unit)
    there = expected_errors(views, scaled, SCALE, FREE)
    np.testing.assert_allclose(there.degrees, error.degrees, rtol=1e-3)
    np.testing.assert_allclose(there.center, error.center * unit, rtol=1e-3)
