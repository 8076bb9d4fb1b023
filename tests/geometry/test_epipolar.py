"""Epipolar distance: zero for one point, OpenCV's for others."""

import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rigs import bodies, ring

from geoself_jax.geometry.camera import Camera, project, world_to_camera
from geoself_jax.geometry.epipolar import epipolar_distance, essential_matrix


@pytest.fixture
def scene():
    """Two cameras in float64, 40 points, and the pixels both see."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(1)
        camera = ring(2, rng)
        source, target = (Camera(*(array[i] for array in camera)) for i in (0, 1))
        points = jnp.asarray(bodies(rng, (40,)))
        pixels = [project(world_to_camera(points, c), c.K) for c in (source, target)]
        yield source, target, *pixels


def fundamental(source, target):
    inverse = [np.linalg.inv(np.asarray(c.K)) for c in (source, target)]
    return inverse[1].T @ np.asarray(essential_matrix(source, target)) @ inverse[0]


def test_pixels_of_one_point_have_no_distance(scene):
    source, target, a, b = scene
    assert float(epipolar_distance(a, b, source, target).max()) < 1e-6


def test_the_distance_is_that_to_opencvs_lines(scene):
    source, target, a, b = scene
    rng = np.random.default_rng(2)
    a, b = (p + rng.normal(0, 20, p.shape) for p in (a, b))
    F = fundamental(source, target)
    squares = []
    for points, others, matrix in ((a, b, F.T), (b, a, F)):
        lines = cv2.computeCorrespondEpilines(np.asarray(others)[:, None], 1, matrix)[:, 0]
        squares.append((np.sum(lines[:, :2] * points, -1) + lines[:, 2]) ** 2)
    ours = epipolar_distance(a, b, source, target)
    assert float(ours.max()) > 10
    np.testing.assert_allclose(ours, np.sqrt((squares[0] + squares[1]) / 2), rtol=1e-6)


def test_it_is_the_same_from_either_side_and_missing_where_a_pixel_is(scene):
    source, target, a, b = scene
    b = b.at[3].set(jnp.nan) + 5
    there, back = epipolar_distance(a, b, source, target), epipolar_distance(b, a, target, source)
    np.testing.assert_allclose(there, back, rtol=1e-9)
    assert np.flatnonzero(np.isnan(there)).tolist() == [3]


def test_cameras_in_one_place_say_nothing_but_stay_finite(scene):
    source, _, a, b = scene
    assert np.isfinite(epipolar_distance(a, b + 30, source, source)).all()


def test_the_gradient_is_finite_where_the_distance_is_zero(scene):
    source, target, a, b = scene
    slope = jax.grad(lambda p: jnp.sum(epipolar_distance(p, b, source, target)))(a)
    assert np.isfinite(slope).all()
    same = jax.grad(lambda p: jnp.sum(epipolar_distance(p, b, source, source)))(a)
    assert np.isfinite(same).all()
