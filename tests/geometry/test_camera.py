import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rigs import bodies, finite, ring

from geoself_jax.geometry import camera as cam


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def one(camera, view):
    return cam.Camera(*(array[view] for array in camera))


def test_projection_agrees_with_opencv(rng):
    points = bodies(rng, (50,))
    with jax.enable_x64(True):
        camera = one(ring(4, rng), 0)
        K = camera.K.at[0, 1].set(0)  # OpenCV's pinhole has no skew
        ours = cam.project(cam.world_to_camera(jnp.asarray(points), camera), K)
    R, center = np.asarray(camera.R), np.asarray(camera.center)
    rvec, tvec = cv2.Rodrigues(R)[0], -R @ center
    theirs = cv2.projectPoints(points, rvec, tvec, np.asarray(K), None)[0][:, 0]
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_moving_a_pose_between_cameras_equals_the_way_through_the_world(rng):
    source, target = (ring(3, rng) for _ in range(2))
    pose = jnp.asarray(bodies(rng, (3, 17)), jnp.float32)
    moved = cam.transform_between(pose, source, target)
    through = cam.world_to_camera(cam.camera_to_world(pose, source), target)
    np.testing.assert_allclose(moved, through, atol=2e-6)
    back = cam.transform_between(moved, target, source)
    np.testing.assert_allclose(back, pose, atol=4e-6)


def test_transform_is_the_papers_formula_worked_by_hand():
    quarter = jnp.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    first = cam.Camera(jnp.eye(3), jnp.eye(3), jnp.array([0.0, 0, 0]))
    second = cam.Camera(jnp.eye(3), quarter, jnp.array([1.0, 0, 0]))
    moved = cam.transform_between(jnp.array([[3.0, 5, 7]]), first, second)
    np.testing.assert_allclose(moved, [[-5.0, 2, 7]])  # R2 (x - c2) = R2 (2, 5, 7)


def test_pixels_and_rays_are_inverse_with_skew(rng):
    camera = ring(4, rng)
    pixels = jnp.asarray(rng.uniform(0, 1000, (4, 9, 2)), jnp.float32)
    again = cam.ray_to_pixel(cam.pixel_to_ray(pixels, camera.K), camera.K)
    np.testing.assert_allclose(again, pixels, atol=2e-3)


@pytest.mark.parametrize("z", [0.0, -3.0, 1e-9, -0.0])
def test_projection_at_and_behind_the_camera_is_finite_with_finite_gradient(z):
    def u(point):
        return cam.project(point[None], jnp.eye(3)).sum()

    point = jnp.array([1.0, -1, z])
    assert finite(u(point)) and finite(jax.grad(u)(point))


def test_projection_jits_and_maps_to_the_same_numbers(rng):
    camera = ring(4, rng)
    points = jnp.asarray(bodies(rng, (4, 17)) + [0, 0, 4], jnp.float32)
    eager = cam.project(points, camera.K)
    np.testing.assert_allclose(jax.jit(cam.project)(points, camera.K), eager, rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(cam.project)(points, camera.K), eager, rtol=1e-6)


def test_rotation_stays_a_millionth_exact_in_float32(rng):
    points = bodies(rng, (4, 17))
    with jax.enable_x64(True):
        camera = ring(4, rng)
        exact = cam.world_to_camera(jnp.asarray(points), camera)
    camera = cam.Camera(*(jnp.asarray(array, jnp.float32) for array in camera))
    single = cam.world_to_camera(jnp.asarray(points, jnp.float32), camera)
    assert np.abs(np.asarray(single) - np.asarray(exact)).max() < 2e-6  # metres
