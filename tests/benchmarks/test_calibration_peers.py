"""Scores of other programs' cameras: the way to aniposelib and back, and freed lenses."""

import cv2
import numpy as np

from benchmarks.calibration.aniposelib_peer import (
    SETTINGS,
    from_aniposelib,
    points_for,
    to_aniposelib,
)
from benchmarks.calibration.free_intrinsics import freed
from benchmarks.calibration.scoring import errors
from benchmarks.calibration.step_floor import counted
from geoself_jax.calibrate.views import Pose, Views, rotation


def _ring(count: int, rng: np.random.Generator) -> Pose:
    """Cameras on a ring of 4 m that look at its middle, turned a little."""
    angle = np.arange(count) * 2 * np.pi / count + 0.3
    center = np.stack([4 * np.cos(angle), 4 * np.sin(angle), np.full(count, 1.5)], -1)
    forward = -center / np.linalg.norm(center, axis=1, keepdims=True)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    R = np.stack([right, np.cross(forward, right), forward], 1)
    return Pose.of(rotation(rng.normal(0, 0.05, (count, 3))) @ R, center)


def test_cameras_come_back_from_aniposelibs_parameters() -> None:
    pose = _ring(4, np.random.default_rng(0))
    rvec, tvec = to_aniposelib(pose.R, pose.center)
    R, center = from_aniposelib(rvec, tvec)
    np.testing.assert_allclose(R, pose.R, atol=1e-12)
    np.testing.assert_allclose(center, pose.center, atol=1e-12)
    assert errors(R, center, pose.R, pose.center)["worst_degrees"] < 1e-5


def test_its_parameters_project_as_opencv_does() -> None:
    rng = np.random.default_rng(1)
    pose = _ring(3, rng)
    points = rng.normal(size=(20, 3))
    K = np.array([[1100.0, 0, 500], [0, 1105, 480], [0, 0, 1]])
    for R, center, rvec, tvec in zip(
        pose.R, pose.center, *to_aniposelib(pose.R, pose.center), strict=True
    ):
        theirs = cv2.projectPoints(points, rvec, tvec, K, np.zeros(5))[0][:, 0]
        seen = (points - center) @ R.T @ K.T
        np.testing.assert_allclose(theirs, seen[:, :2] / seen[:, 2:], atol=1e-8)


def test_a_turned_camera_in_its_parameters_is_scored_as_turned() -> None:
    pose = _ring(4, np.random.default_rng(2))
    R = pose.R.copy()
    R[2] = rotation(np.radians(np.array([0, 1.5, 0]))) @ R[2]
    found = errors(*from_aniposelib(*to_aniposelib(R, pose.center)), pose.R, pose.center)
    np.testing.assert_allclose(found["worst_degrees"], 1.5, atol=1e-6)


def test_points_are_those_that_two_cameras_saw_and_sure_ones_have_high_scores() -> None:
    rng = np.random.default_rng(3)
    pixels = rng.uniform(0, 1000, (50, 3, 4, 2))
    confidence = rng.uniform(0, 1, (50, 3, 4))
    confidence[:, 0] = 0
    every = points_for(pixels, confidence, SETTINGS["extrinsics alone, all joints"])
    assert every.shape == (3, 200, 2)
    assert np.isnan(every[0]).all()
    np.testing.assert_array_equal(every[1], pixels[:, 1].reshape(-1, 2))
    sure = points_for(pixels, confidence, SETTINGS["as anipose"])
    least = np.clip(np.percentile(confidence, 90), 0.8, 0.95)
    assert sure.shape[1] == np.sum((confidence[:, 1:] >= least).all(1))


def test_a_wrong_focal_length_and_principal_point_are_found() -> None:
    rng = np.random.default_rng(4)
    pose = _ring(4, rng)
    points = rng.uniform(-1, 1, (40, 6, 3))
    seen = np.einsum("vab,fvjb->fvja", pose.R, points[:, None] - pose.center[:, None])
    rays = seen[..., :2] / seen[..., 2:]
    focal = np.full(4, 1000.0)
    rays[:, 1] = rays[:, 1] * 1.03 + np.array([12, -7]) / 1000
    rays += rng.normal(0, 1, rays.shape) / 1000
    block = np.arange(40) // 4
    views = Views(rays, np.ones(rays.shape[:-1]), focal, np.zeros(40, int), block)
    found = freed(views, pose, 1, principal=True)
    off = found.change - [np.log(1.03), 12, -7]
    assert np.all(np.abs(off) < 4 * found.error)
    assert np.all(found.error < [0.005, 3, 3])
    unmoved = freed(views, pose, 0, principal=False)
    assert unmoved.change.shape == (1,)
    assert abs(unmoved.change[0]) < 0.01


def test_counts_grow_with_the_joints_and_no_faster() -> None:
    one, ten = counted(100, 4, 17), counted(1000, 4, 17)
    for few, many in zip(one, ten, strict=True):
        assert many == 10 * few
    assert one.least < one.stored
