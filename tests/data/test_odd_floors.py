"""Floors where no foot rests, bodies that are no person's, and long windows of the filter."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
from stepping import SKELETON, lifted, steps

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.poses.contact import foot_joints
from geoself_jax.data.poses.filter_runs import at_rows
from geoself_jax.data.poses.floor import Floor, on_floor
from geoself_jax.data.poses.hampel import Hampel
from geoself_jax.lift.cleaning import floor_line


@pytest.fixture(scope="module")
def walk():
    return lifted(steps()[0])[0]


def test_poses_are_left_where_no_foot_rests_on_the_given_floor(walk):
    """Feet were not at rest there, and the root moved by 0.9 m all the same."""
    found = on_floor(walk, Floor(-5.0))
    assert found.frames == 0
    assert "left as they were lifted" in floor_line(found, given=True)
    np.testing.assert_array_equal(found.poses.pose, walk.pose)


def test_a_floor_far_from_the_feet_is_said(walk):
    assert "is the floor there?" in floor_line(on_floor(walk, Floor(1.0)), given=True)
    assert "is the floor there?" not in floor_line(on_floor(walk, Floor(0.0)), given=True)


@pytest.mark.parametrize("every", [5, 3])
def test_empty_rows_between_those_of_a_thinned_video_change_nothing(every):
    """`lift` writes a row for each frame of the video, detected or not."""
    world, _ = steps()
    rows = np.arange(0, len(world), every)
    poses, truth = lifted(world, uncertainty=np.full(world.shape[:2], 0.1, np.float32))
    few = at_rows(poses, rows)
    empty = np.setdiff1d(np.arange(len(world)), rows)
    for name in ("pose", "keypoints_2d", "uncertainty"):
        getattr(poses, name)[empty] = np.nan
    poses.confidence[empty] = 0
    alone, found = on_floor(few, Floor()), on_floor(poses, Floor())
    for name in ("pose", "uncertainty", "contact"):
        np.testing.assert_array_equal(
            getattr(found.poses, name)[rows], getattr(alone.poses, name), err_msg=name
        )
    assert np.isnan(found.poses.pose[empty]).all() and not found.poses.contact[empty].any()
    assert np.isnan(found.poses.uncertainty[empty]).all()
    assert found.frames == alone.frames > len(rows) / 3 and found.poses.frames == len(world)
    off = np.linalg.norm(found.poses.pose[rows, 0] - truth[rows, 0], axis=-1).mean()
    assert off < 0.093


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(SKELETON, body_metres=(0.05, 0.4)),
        dataclasses.replace(SKELETON, joint_names=("tail", *SKELETON.joint_names[1:])),
    ],
)
def test_an_animal_s_feet_are_not_a_person_s(other):
    with pytest.raises(GeoselfError, match="leave --floor out") as caught:
        foot_joints(other)
    assert caught.value.code == DATA
    assert foot_joints(SKELETON)


def test_a_long_window_takes_little_memory():
    rng = np.random.default_rng(0)
    rays = np.cumsum(rng.normal(0, 1e-4, (9000, 1, 2)), 0)
    rays[::500] += 0.5
    tracemalloc.start()
    found = Hampel(999).outliers(rays, np.arange(9000), 1000.0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(np.flatnonzero(found[:, 0]), np.arange(0, 9000, 500))
    assert most < 150e6
