"""Parabolas of time through short paths: what networks see of a window."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from geoself_jax.geometry import trajectories
from geoself_jax.geometry.trajectories import fit_paths, powers_and_nearness

SPREAD, FRAMES = 3.0, 27
fit = functools.partial(fit_paths, spread=SPREAD, outlier=1.0)


@pytest.fixture(scope="module")
def curves():
    """Coefficients (2, 5, 3, 2) of 1, t and t^2, their points, and weights."""
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=(2, 5, 3, 2))
    time = powers_and_nearness(FRAMES, SPREAD)[0][:, :3]
    points = np.einsum("fn,bjnc->bfjc", time, wanted).astype(np.float32)
    weight = rng.uniform(0.2, 1, (2, FRAMES, 5)).astype(np.float32)
    return wanted, jnp.asarray(points), jnp.asarray(weight)


def test_a_parabola_is_fitted_up_to_the_ridge(curves):
    wanted, points, weight = curves
    found, support = fit(points, weight)
    np.testing.assert_allclose(np.reshape(found, wanted.shape), wanted, atol=0.12)
    assert found.shape == (2, 5, 6) and support.shape == (2, 5)
    assert support.min() > 0.2 and support.max() < 1


def test_without_outliers_and_standstill_it_is_numpys_least_squares(curves, monkeypatch):
    _, points, weight = curves
    monkeypatch.setattr(trajectories, "RIDGE", 0.0)
    monkeypatch.setattr(trajectories, "ROUNDS", 0)
    noisy = points + np.random.default_rng(1).normal(0, 0.1, points.shape).astype(np.float32)
    found, _ = fit(noisy, weight)
    in_time, near = powers_and_nearness(FRAMES, SPREAD)
    for i, j in np.ndindex(2, 5):
        root = np.sqrt(weight[i, :, j] * near)[:, None].astype(np.float64)
        wanted = np.linalg.lstsq(root * in_time[:, :3], root * noisy[i, :, j], rcond=None)[0]
        np.testing.assert_allclose(np.reshape(found[i, j], (3, 2)), wanted, atol=1e-4)


def test_a_point_far_off_its_path_hardly_moves_it(curves):
    _, points, weight = curves
    off = points.at[:, FRAMES // 2].add(10)  # the very frame that is looked at
    before, after = (np.asarray(fit(p, weight)[0]) for p in (points, off))
    assert np.abs(after - before).max() < 0.1


@pytest.mark.parametrize("frames", [27, 81, 243])
@pytest.mark.parametrize("spread", [1.5, 4.5, 13.5])
def test_one_point_stands_still_however_far_off_and_beyond_reach_there_is_none(frames, spread):
    points = jnp.asarray(np.random.default_rng(0).normal(0, 0.1, (frames, frames, 1, 2)), "f4")
    alone = jnp.eye(frames)[..., None]  # of each window another frame is seen
    found, support = map(np.asarray, fit_paths(points, alone, spread=spread, outlier=0.015))
    reached = np.abs(np.arange(frames) - frames // 2) <= trajectories.REACH * spread
    seen = np.asarray(points)[np.arange(frames), np.arange(frames)]
    wanted = np.where(reached[:, None, None], seen, 0)
    np.testing.assert_allclose(found[..., :2], wanted, atol=6e-4)  # two thirds of a pixel
    assert np.abs(found[..., 2:]).max() < 1e-4
    np.testing.assert_array_equal(support[:, 0] > 0, reached)


def test_it_is_the_same_compiled_and_its_gradient_is_finite(curves):
    _, points, weight = curves
    weight = weight.at[0, :, 0].set(0).at[1, 3:, 1].set(0)
    for eager, compiled in zip(fit(points, weight), jax.jit(fit)(points, weight), strict=True):
        np.testing.assert_allclose(eager, compiled, rtol=5e-3, atol=1e-4)  # seen far off alone
    for array in jax.grad(lambda p, w: jnp.sum(fit(p, w)[0] ** 2), argnums=(0, 1))(points, weight):
        assert np.isfinite(array).all()
