"""Points nearest to the rays of the views."""

import numpy as np
from joint_rays import ring, seen, walking

from geoself_jax.calibrate.points import nearest_points

POSE, POINTS = ring(4), walking(5, 6)


def test_exact_rays_give_the_points():
    np.testing.assert_allclose(nearest_points(seen(POSE, POINTS), POSE), POINTS, atol=1e-9)


def test_a_found_focal_length_is_taken_out_of_the_rays():
    pose = POSE._replace(log_focal=np.array([0.0, 0.05, -0.04, 0.02]))
    np.testing.assert_allclose(nearest_points(seen(pose, POINTS), pose), POINTS, atol=1e-9)


def test_the_point_is_where_the_squared_distances_to_the_rays_are_least():
    views = seen(POSE, POINTS, px=5)
    rays = np.concatenate([views.rays, np.ones((*views.rays.shape[:-1], 1))], -1) @ POSE.R
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)

    def distance(points):
        off = points[:, None] - POSE.center[:, None]
        return np.sum(np.cross(off, rays) ** 2, (1, 3))

    found = nearest_points(views, POSE)
    for step in 1e-3 * np.concatenate([np.eye(3), -np.eye(3)]):
        assert (distance(found) < distance(found + step)).all()


def test_a_missing_detection_counts_nothing():
    views = seen(POSE, POINTS)
    views.rays[2, 1, 3] = 7.0
    views.weight[2, 1, 3] = 0
    np.testing.assert_allclose(nearest_points(views, POSE), POINTS, atol=1e-9)


def test_a_joint_that_nobody_sees_is_finite():
    views = seen(POSE, POINTS)
    views.weight[0, :, 0] = 0
    views.weight[0, 1:, 1] = 0
    assert np.isfinite(nearest_points(views, POSE)).all()
