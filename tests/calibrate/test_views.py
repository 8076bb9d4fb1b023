"""Rotations, cameras that move, and which rays are of which frame."""

import numpy as np
import pytest
from joint_rays import ring, seen, walking
from scipy.spatial.transform import Rotation

from geoself_jax.calibrate.views import Pose, angle_between, cross, rotation

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("size", [0.0, 1e-13, 1e-8, 1e-3, 1.0, 3.1])
def test_rotation_is_scipys(size):
    vector = RNG.normal(size=(2, 5, 3))
    vector *= size / np.linalg.norm(vector, axis=-1, keepdims=True)
    wanted = Rotation.from_rotvec(vector.reshape(-1, 3)).as_matrix().reshape(2, 5, 3, 3)
    np.testing.assert_allclose(rotation(vector), wanted, atol=1e-14)


def test_cross_takes_the_cross_product():
    a, b = RNG.normal(size=(2, 7, 3))
    np.testing.assert_allclose((cross(a) @ b[..., None])[..., 0], np.cross(a, b), atol=1e-14)


@pytest.mark.parametrize("degrees", [0.0, 1e-9, 1e-5, 0.3, 25.0, 90.0, 179.0])
def test_the_angle_between_rotations_is_exact_at_any_size(degrees):
    axis = RNG.normal(size=3)
    first = Rotation.random(random_state=1).as_matrix()
    turn = Rotation.from_rotvec(np.radians(degrees) * axis / np.linalg.norm(axis)).as_matrix()
    assert angle_between(turn @ first, first) == pytest.approx(degrees, rel=1e-6, abs=1e-12)


def test_a_step_turns_a_camera_about_its_own_axes_and_moves_its_centre():
    pose, step = ring(3), RNG.normal(0, 0.3, (3, 7))
    there = pose.moved(step)
    turn = Rotation.from_rotvec(step[:, :3]).as_matrix()
    np.testing.assert_allclose(there.R, turn @ pose.R, atol=1e-14)
    np.testing.assert_allclose(there.center, pose.center + step[:, 3:6])
    np.testing.assert_allclose(there.log_focal, step[:, 6])
    assert isinstance(there, Pose)


def test_frames_are_chosen_by_number_or_mask():
    views = seen(ring(3), walking(6, 4))
    some, mask = np.array([1, 4]), np.isin(np.arange(6), [1, 4])
    for few in (views.frames(some), views.frames(mask)):
        np.testing.assert_array_equal(few.rays, views.rays[some])
        np.testing.assert_array_equal(few.block, [1, 4])
        assert few.views == 3 and few.focal is views.focal
