"""Cameras with very long lenses, far away: what one of them cannot show is said."""

import dataclasses

import numpy as np
import pytest

from geoself_jax.data.sources import load
from geoself_jax.inspect.perspective import check_perspective
from geoself_jax.inspect.report import of_views
from geoself_jax.inspect.sample import samples_of


@pytest.fixture(scope="module")
def near():
    return load("synthetic:test", synthetic_frames=300)


def farther(recording, times):
    """The cameras that many times as far from the middle, with as much longer lenses."""
    middle = np.nanmedian(recording.pose_world, axis=(0, 1))
    K, center = recording.camera.K.copy(), recording.camera.center
    K[..., :2, :2] *= times
    camera = recording.camera._replace(K=K, center=middle + times * (center - middle))
    moved = dataclasses.replace(recording, camera=camera)
    there = moved.cameras_of(slice(None))
    away = recording.pose_world[:, None].astype(np.float64) - there.center[:, :, None]
    pixels = np.einsum("fvij,fvkj,fvpk->fvpi", there.K, there.R, away)
    pixels = (pixels[..., :2] / pixels[..., 2:]).astype(np.float32)
    return dataclasses.replace(moved, keypoints_2d=pixels)


@pytest.mark.parametrize("times", [1, 4])
def test_a_room_s_cameras_show_how_far_away_people_are(near, times):
    (found,) = check_perspective(samples_of(farther(near, times), 200)[0])
    assert found.severity == "ok"


@pytest.mark.parametrize("times", [20, 1000])
def test_cameras_with_very_long_lenses_are_named_with_what_they_cost(near, times):
    sample = samples_of(farther(near, times), 200)[0]
    (found,) = check_perspective(sample)
    assert found.severity == "warning" and found in of_views(sample)
    assert all(name in found.what for name in near.camera_names)
    away = float(found.evidence.split()[2])
    wanted = times * np.linalg.norm(near.camera.center[0, 0, :2] - [0, 0])
    assert 0.3 * wanted < away < 3 * wanted
    assert "triangulate positions" in found.do
