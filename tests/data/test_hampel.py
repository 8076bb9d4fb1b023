"""Outliers of detections by Hampel's filter, as its definition has it."""

import numpy as np
import pytest

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.data.poses.hampel import SMALLEST, Hampel, parse_outliers


def by_definition(rays, frame_id, half, sigmas):
    wrong = np.zeros(rays.shape[:2], bool)
    for n, joint in np.ndindex(*wrong.shape):
        near = rays[np.abs(frame_id - frame_id[n]) <= half, joint]
        near = near[np.isfinite(near).all(-1)]
        if len(near) < 3 or not np.isfinite(rays[n, joint]).all():
            continue
        middle = np.median(near, axis=0)
        spread = 1.4826 * np.median(np.linalg.norm(near - middle, axis=-1))
        away = np.linalg.norm(rays[n, joint] - middle)
        wrong[n, joint] = away > sigmas * max(spread, SMALLEST)
    return wrong


@pytest.mark.parametrize(("window", "sigmas"), [(5, 2.0), (13, 3.0)])
def test_it_is_the_definition_with_gaps_and_missing_joints(window, sigmas):
    rng = np.random.default_rng(0)
    rays = np.cumsum(rng.normal(0, 0.003, (60, 3, 2)), axis=0)
    rays[rng.random((60, 3)) < 0.1] += 0.08
    rays[rng.random((60, 3)) < 0.1] = np.nan
    frame_id = np.cumsum(rng.integers(1, 3, 60))
    found = Hampel(window, sigmas).outliers(rays, frame_id, 25.0)
    wanted = by_definition(rays, frame_id, window // 2, sigmas)
    assert wanted.any() and not wanted.all()
    np.testing.assert_array_equal(found, wanted)


def test_jumps_are_found_and_motion_is_not():
    t = np.arange(200) / 50
    rays = np.stack([0.05 * np.sin(2 * np.pi * t), 0.05 * t], -1)[:, None]
    rays = rays + np.random.default_rng(0).normal(0, 5e-4, rays.shape)
    jumped = rays.copy()
    jumped[[40, 41, 120], 0] += 0.15
    assert not Hampel().outliers(rays, np.arange(200), 50.0).any()
    found = Hampel().outliers(jumped, np.arange(200), 50.0)
    assert np.flatnonzero(found).tolist() == [40, 41, 120]
    assert Hampel().outliers(rays[:0], np.arange(0), 50.0).shape == (0, 1)


def test_the_window_is_half_a_second_unless_given():
    rays = np.zeros((100, 1, 2))
    rays[40:45] = 0.1  # most of a window of 7, few of half a second
    assert not Hampel(7).outliers(rays, np.arange(100), 50.0)[42]
    assert Hampel().outliers(rays, np.arange(100), 50.0)[40:45].all()


def test_its_words_are_read():
    assert parse_outliers("hampel") == Hampel() and parse_outliers("hampel:9") == Hampel(9)
    assert parse_outliers("hampel:9,2.5") == Hampel(9, 2.5)
    for text in ("median", "hampel:8", "hampel:1", "hampel:", "hampel:9,0", "hampel:9,3,1", "9"):
        with pytest.raises(GeoselfError, match="wanted hampel or hampel:WINDOW,SIGMAS") as error:
            parse_outliers(text)
        assert error.value.code == USAGE


def test_of_two_detections_none_is_an_outlier():
    rays = np.array([[[0.0, 0]], [[0.5, 0]]])
    assert not Hampel(5, 0.5).outliers(rays, np.arange(2), 50.0).any()
    third = np.concatenate([rays, [[[0.01, 0]]]])
    assert Hampel(5, 0.5).outliers(third, np.arange(3), 50.0)[1].all()
