"""Triangulation in a unit that the rig sets: one camera far from the others changes nothing."""

import numpy as np
import pytest
import tiny

from geoself_jax.data.recording import HostCamera
from geoself_jax.data.triangulated import triangulate_by_reach


def seen_from(arrays, far):
    """Points, noisy pixels and cameras, the last so much farther, with a lens as much longer."""
    K, R, center = (arrays[name][0].copy() for name in ("K", "R", "center"))
    points = arrays["pose_world"]
    middle = points.mean((0, 1))
    center[3] = middle + far * (center[3] - middle)
    K[3, :2, :2] *= far
    cameras = (np.repeat(array[None], len(points), 0) for array in (K, 0 * arrays["dist"][0], R))
    pixels = tiny.observe(points, *cameras, np.repeat(center[None], len(points), 0))
    pixels += np.random.default_rng(0).normal(0, tiny.NOISE_PX, pixels.shape)
    return points, pixels.astype(np.float32), HostCamera(K, R, center)


@pytest.mark.parametrize("far", [30, 300, 3000])
def test_one_camera_far_away_does_not_drag_the_unit_along(tiny_arrays, far):
    off = {}
    for times in (1, far):
        points, pixels, camera = seen_from(tiny_arrays, times)
        confidence = np.ones(pixels.shape[:-1], np.float32)
        found, metres = triangulate_by_reach(pixels, confidence, camera)
        off[times] = np.linalg.norm(metres * found - points, axis=-1).mean()
        assert 0.5 < metres < 2
    assert off[far] == pytest.approx(off[1], rel=0.05)


def test_the_unit_of_a_usual_rig_is_that_of_its_mean(tiny_arrays):
    _, pixels, camera = seen_from(tiny_arrays, 1)
    confidence = np.ones(pixels.shape[:-1], np.float32)
    _, metres = triangulate_by_reach(pixels, confidence, camera)
    apart = np.linalg.norm(camera.center - camera.center.mean(0), axis=-1)
    assert metres == np.median(apart) / 4
