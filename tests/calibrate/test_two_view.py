"""Relative poses of two views from the rays of their joints."""

import numpy as np
import pytest
from joint_rays import ring, seen, walking

from geoself_jax.calibrate import two_view
from geoself_jax.calibrate.two_view import fit_of, relative_poses, sampson
from geoself_jax.calibrate.views import angle_between, cross, rotation

POSE, POINTS = ring(3), walking(60, 10)
R = POSE.R[1] @ POSE.R[0].T
T = POSE.R[1] @ (POSE.center[0] - POSE.center[1])
T = T / np.linalg.norm(T)


def found(views, seed=0):
    return relative_poses(views, 0, 1, np.random.default_rng(seed))


def off(one):
    """Degrees of rotation and of direction."""
    return float(angle_between(one.R, R)), float(np.degrees(np.arccos(np.clip(one.t @ T, -1, 1))))


def test_the_distance_of_exact_rays_is_none_and_of_others_what_moving_them_takes():
    views = seen(POSE, POINTS)
    x, y = views.rays[:, 0].reshape(-1, 2), views.rays[:, 1].reshape(-1, 2)
    assert np.abs(sampson(x, y, R, T)).max() < 1e-12
    a = np.concatenate([x, np.ones((len(x), 1))], 1) @ (cross(T) @ R).T
    normal = a[:, :2] / np.linalg.norm(a[:, :2], axis=1, keepdims=True)
    shifted = np.abs(sampson(x, y + 1e-4 * normal, R, T))
    assert (shifted < 1.0001e-4).all()  # shared between the two views
    assert (shifted > 0.4e-4).all()


def test_exact_rays_give_the_exact_pose():
    best = found(seen(POSE, POINTS))[0]
    assert max(off(best)) < 1e-5
    assert best.fit == pytest.approx(1, abs=1e-9)


def test_errors_of_pixels_turn_it_by_little():
    best = found(seen(POSE, POINTS, px=3))[0]
    assert max(off(best)) < 1
    assert 0.3 < best.fit < 0.9
    assert best.fit == pytest.approx(fit_of(seen(POSE, POINTS, px=3), 0, 1, best.R, best.t))


def test_a_third_of_outliers_hardly_turns_it():
    views, rng = seen(POSE, POINTS, px=1), np.random.default_rng(1)
    wrong = rng.random(views.weight[:, 1].shape) < 0.33
    views.rays[:, 1][wrong] += rng.normal(0, 0.1, (int(wrong.sum()), 2))
    assert max(off(found(views)[0])) < 0.6


def test_the_confidence_weighs():
    views, rng = seen(POSE, POINTS), np.random.default_rng(1)
    wrong = rng.random(views.weight[:, 1].shape) < 0.6
    views.rays[:, 1][wrong] += rng.normal(0, 0.1, (int(wrong.sum()), 2))
    views.weight[:, 1][wrong] = 1e-3
    assert max(off(found(views)[0])) < 0.05


def test_too_few_joints_give_none():
    views = seen(POSE, POINTS)
    views.weight[9:, 1] = 0
    assert found(views) == []
    views.weight[9:11, 1] = 1
    assert found(views)


def test_the_pose_is_chosen_that_has_the_joints_in_front():
    views = seen(POSE, POINTS)
    x, y = views.rays[:, 0].reshape(-1, 2), views.rays[:, 1].reshape(-1, 2)
    twisted = rotation(np.pi * T) @ R
    assert two_view._in_front(x, y, R, T) == 1
    assert two_view._in_front(x, y, R, -T) == 0
    assert two_view._in_front(x, y, twisted, T) < 0.5


def test_the_derivatives_of_the_distance_are_those_of_finite_differences():
    views, h = seen(POSE, POINTS, px=5), 1e-6
    x, y = (np.concatenate([views.rays[:, v].reshape(-1, 2), np.ones((600, 1))], 1) for v in (0, 1))
    tangent = np.linalg.svd(T[None])[2][1:]
    slopes = [cross(T) @ cross(axis) @ R for axis in np.eye(3)]
    slopes += [cross(axis) @ R for axis in tangent]
    error, jacobian = two_view._with_slopes(x, y, cross(T) @ R, np.stack(slopes))
    np.testing.assert_allclose(error, sampson(x[:, :2], y[:, :2], R, T))

    def moved(step):
        return sampson(x[:, :2], y[:, :2], rotation(step[:3]) @ R, T + step[3:] @ tangent)

    for k, step in enumerate(h * np.eye(5)):
        numeric = (moved(step) - moved(-step)) / (2 * h)
        np.testing.assert_allclose(jacobian[:, k], numeric, atol=1e-6)
