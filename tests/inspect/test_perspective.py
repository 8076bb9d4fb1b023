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
    """The cameras that many times as far away, moved backwards, with as much longer lenses."""
    K, R, center = (array.copy() for array in recording.camera)
    K[..., :2, :2] *= times
    for rig in np.unique(recording.rig_id):
        middle = recording.pose_world[recording.rig_id == rig].mean((0, 1))
        ahead = R[rig, :, 2]
        depth = ((middle - center[rig]) * ahead).sum(-1, keepdims=True)
        center[rig] -= (times - 1) * depth * ahead
    camera = recording.camera._replace(K=K, center=center)
    moved = dataclasses.replace(recording, camera=camera)
    there = moved.cameras_of(slice(None))
    away = recording.pose_world[:, None].astype(np.float64) - there.center[:, :, None]
    pixels = np.einsum("fvik,fvkj,fvpj->fvpi", there.K, there.R, away)
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
    assert 1.5 * times < away < 6 * times
    assert "triangulate positions" in found.do and "not shorten training" in found.do
