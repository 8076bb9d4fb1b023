import functools

import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from rigs import bodies, finite, ring

from geoself_jax.geometry import triangulation as tri
from geoself_jax.geometry.camera import Camera, project, world_to_camera

DLT, ROBUST = (jax.jit(f) for f in (tri.triangulate_dlt, tri.triangulate_robust))
BOTH = pytest.mark.parametrize("triangulate", [DLT, ROBUST], ids=["dlt", "robust"])


def seen(views=4, frames=5, joints=17, seed=0):
    rng = np.random.default_rng(seed)
    points = bodies(rng, (frames, joints))
    with jax.enable_x64(True):
        camera = ring(views, rng, (frames,))
        keypoints_2d = project(world_to_camera(jnp.asarray(points)[:, None], camera), camera.K)
    return rng, camera, points, np.asarray(keypoints_2d)


def single(camera):
    return Camera(*(jnp.asarray(np.asarray(array), jnp.float32) for array in camera))


@BOTH
def test_exact_detections_give_back_the_points(triangulate):
    _, camera, points, keypoints_2d = seen()
    found = triangulate(
        jnp.asarray(keypoints_2d, jnp.float32), jnp.ones((5, 4, 17)), single(camera)
    )
    np.testing.assert_allclose(found, points, atol=2e-5)


def test_two_views_agree_with_opencv():
    rng, camera, _, keypoints_2d = seen(views=2)
    noisy = keypoints_2d + rng.normal(0, 1, keypoints_2d.shape)
    K, R, center = (np.asarray(array)[0] for array in camera)
    P = [K[v] @ np.c_[R[v], -R[v] @ center[v]] for v in range(2)]
    theirs = cv2.triangulatePoints(P[0], P[1], noisy[0, 0].T, noisy[0, 1].T)
    theirs = (theirs[:3] / theirs[3]).T
    with jax.enable_x64(True):
        ours = DLT(jnp.asarray(noisy), jnp.ones((5, 2, 17)), camera)[0]
    # both minimise an algebraic error, each its own: they agree to a fraction of the noise
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_weighted_linear_solution_is_the_least_squares_one():
    rng, camera, _, keypoints_2d = seen()
    noisy = keypoints_2d + rng.normal(0, 5, keypoints_2d.shape)
    weight = rng.uniform(0.1, 1, (5, 4, 17))
    rows, right = [], []
    for v in range(4):
        K, R, c = (np.asarray(array)[0, v] for array in camera)
        x, y, _ = np.linalg.solve(K, [*noisy[0, v, 0], 1])
        for a in (x * R[2] - R[0], y * R[2] - R[1]):
            rows.append(np.sqrt(weight[0, v, 0]) * a)
            right.append(np.sqrt(weight[0, v, 0]) * (a @ c))
    wanted = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    with jax.enable_x64(True):
        found = DLT(jnp.asarray(noisy), jnp.asarray(weight), camera)
    np.testing.assert_allclose(found[0, 0], wanted, atol=1e-9)


def test_robust_triangulation_down_weights_one_outlier_view():
    rng, camera, points, keypoints_2d = seen()
    keypoints_2d = keypoints_2d + rng.normal(0, 3, keypoints_2d.shape)
    keypoints_2d[:, 1, 5] += 120
    confidence = jnp.full(keypoints_2d.shape[:-1], 0.8)
    off = {}
    for triangulate in (DLT, ROBUST):
        found = triangulate(jnp.asarray(keypoints_2d, jnp.float32), confidence, single(camera))
        off[triangulate] = np.linalg.norm(found - points, axis=-1)[:, 5].mean()
    assert off[DLT] > 0.1
    assert off[ROBUST] < 0.03


def test_two_views_that_disagree_stay_where_they_met():
    """Reweighting must not leave one ray alone and call the middle of the rig a joint."""
    rng, camera, points, keypoints_2d = seen(views=2)
    keypoints_2d = keypoints_2d.copy()
    keypoints_2d[:, 1] += rng.normal(0, 300, keypoints_2d[:, 1].shape)
    confidence = jnp.broadcast_to(jnp.array([1.0, 0.05])[:, None], (5, 2, 17))
    found = ROBUST(jnp.asarray(keypoints_2d, jnp.float32), confidence, single(camera))
    middle = np.asarray(camera.center).mean(1)[:, None]
    assert np.linalg.norm(found - middle, axis=-1).min() > 0.01
    linear = DLT(jnp.asarray(keypoints_2d, jnp.float32), confidence**2, single(camera))
    off, linear_off = (np.linalg.norm(x - points, axis=-1) for x in (found, linear))
    assert np.median(off) < 2 * np.median(linear_off)


@BOTH
def test_missing_joints_do_not_count_and_one_view_is_not_enough(triangulate):
    _, camera, points, keypoints_2d = seen()
    keypoints_2d = keypoints_2d.copy()
    confidence = np.ones((5, 4, 17))
    keypoints_2d[0, 0, 3] = np.nan
    confidence[0, 0, 3] = 0
    keypoints_2d[0, 1:, 4] = np.nan
    confidence[0, 1:, 4] = 0
    found = np.asarray(
        triangulate(jnp.asarray(keypoints_2d, jnp.float32), jnp.asarray(confidence), single(camera))
    )
    np.testing.assert_allclose(found[0, 3], points[0, 3], atol=2e-5)
    assert np.isnan(found[0, 4]).all()
    assert np.isfinite(np.delete(found[0], 4, axis=0)).all() and np.isfinite(found[1:]).all()


@BOTH
def test_parallel_rays_meet_nowhere(triangulate):
    _, camera, _, keypoints_2d = seen()
    same = single(Camera(*(np.repeat(array[:, :1], 4, axis=1) for array in camera)))
    twice = jnp.asarray(np.repeat(keypoints_2d[:, :1], 4, axis=1), jnp.float32)
    assert np.isnan(triangulate(twice, jnp.ones((5, 4, 17)), same)).all()


@BOTH
def test_gradient_is_finite_at_exact_and_at_missing_detections(triangulate):
    _, camera, _, keypoints_2d = seen()
    keypoints_2d = jnp.asarray(keypoints_2d, jnp.float32).at[0, 0, 0].set(jnp.nan)
    weight = jnp.ones((5, 4, 17)).at[0, 0, 0].set(0)

    def total(weight):
        return jnp.nansum(triangulate(keypoints_2d, weight, single(camera)))

    assert finite(jax.jit(jax.grad(total))(weight))


@BOTH
def test_jit_equals_eager_and_vmap(triangulate):
    rng, camera, _, keypoints_2d = seen()
    noisy = jnp.asarray(keypoints_2d + rng.normal(0, 3, keypoints_2d.shape), jnp.float32)
    camera = single(camera)
    weight = jnp.ones((5, 4, 17))
    with jax.disable_jit():
        eager = triangulate(noisy, weight, camera)
    np.testing.assert_allclose(triangulate(noisy, weight, camera), eager, atol=1e-4)
    np.testing.assert_allclose(jax.vmap(triangulate)(noisy, weight, camera), eager, atol=1e-4)


def test_a_bodys_root_is_found_from_its_shape_and_all_rays():
    rng, camera, points, keypoints_2d = seen()
    with jax.enable_x64(True):
        local = world_to_camera(jnp.asarray(points)[:, None], camera)
        root, pose_3d = local[:, :, 0], local - local[:, :, :1]
        missing = np.where(rng.uniform(size=(5, 4, 17, 1)) < 0.3, np.nan, keypoints_2d)
        found = tri.triangulate_root(pose_3d, jnp.asarray(missing), jnp.ones((5, 4, 17)), camera)
    np.testing.assert_allclose(found, root, atol=1e-9)


def test_a_wrong_bodys_root_is_the_least_squares_one_of_all_views():
    rng, camera, _, keypoints_2d = seen()
    weight = rng.uniform(0, 1, (5, 4, 17))
    pose_3d = rng.normal(0, 0.4, (5, 4, 17, 3))
    K, R, center = (np.asarray(array)[0] for array in camera)
    rows, right = [], []
    for v in range(4):
        for j in range(17):
            x, y, _ = np.linalg.solve(K[v], [*keypoints_2d[0, v, j], 1])
            body = R[2].T @ pose_3d[0, 2, j]  # the third view's pose, in the world's axes
            for a in (x * R[v, 2] - R[v, 0], y * R[v, 2] - R[v, 1]):
                rows.append(np.sqrt(weight[0, v, j]) * a)
                right.append(np.sqrt(weight[0, v, j]) * a @ (center[v] - body))
    wanted = R[2] @ (np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0] - center[2])
    with jax.enable_x64(True):
        found = tri.triangulate_root(
            jnp.asarray(pose_3d), jnp.asarray(keypoints_2d), jnp.asarray(weight), camera
        )
    np.testing.assert_allclose(found[0, 2], wanted, atol=1e-8)


def test_no_detection_places_no_root():
    _, camera, _, keypoints_2d = seen()
    pixels = jnp.asarray(keypoints_2d, jnp.float32)
    nothing = jnp.zeros((5, 4, 17))
    found = tri.triangulate_root(jnp.zeros((5, 4, 17, 3)), pixels, nothing, single(camera))
    assert np.isnan(found).all()


def test_robust_triangulation_is_the_m_estimate_that_scipy_finds():
    """Cauchy's loss of the pixel errors, each weighted by its confidence, at its minimum."""
    rng, camera, points, keypoints_2d = seen(frames=2, joints=5)
    noisy = keypoints_2d + rng.normal(0, 3, keypoints_2d.shape)
    noisy[:, 1, ::3] += 25.0
    confidence = rng.uniform(0.3, 1, noisy.shape[:-1])
    K, R, center = (np.asarray(array, np.float64) for array in camera)
    with jax.enable_x64(True):
        found = jax.jit(functools.partial(tri.triangulate_robust, iterations=200))(
            jnp.asarray(noisy), jnp.asarray(confidence), camera
        )
    for frame, joint in np.ndindex(2, 5):

        def residuals(x, frame=frame, joint=joint):
            local = np.einsum("vij,vj->vi", R[frame], x - center[frame])
            pixel = np.einsum("vij,vj->vi", K[frame], local / local[:, 2:])[:, :2]
            return np.linalg.norm(pixel - noisy[frame, :, joint], axis=-1)

        def cost(x, frame=frame, joint=joint):
            error = residuals(x, frame, joint)
            return (confidence[frame, :, joint] * np.log1p((error / tri.FINAL_SCALE_PX) ** 2)).sum()

        best = scipy.optimize.minimize(cost, points[frame, joint], tol=1e-12).x
        np.testing.assert_allclose(found[frame, joint], best, atol=5e-4)
