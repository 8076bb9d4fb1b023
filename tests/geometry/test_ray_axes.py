"""A difference's parts across a camera's ray and along it."""

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.geometry.ray_axes import across_and_along


def test_by_hand():
    point = jnp.array([[0.0, 0, 4], [3, 0, 4]])
    found = across_and_along(jnp.array([[0.3, 0.4, -0.2], [0.6, 0.7, 0.8]]), point)
    np.testing.assert_allclose(found, [[0.5, 0.2], [0.7, 1.0]], atol=1e-6)


def test_both_parts_together_are_the_length_and_turning_all_changes_nothing():
    rng = np.random.default_rng(0)
    difference, point = jnp.asarray(rng.normal(size=(2, 5, 7, 3)), jnp.float32)
    parts = across_and_along(difference, point)
    length = np.linalg.norm(difference, axis=-1)
    np.testing.assert_allclose(np.linalg.norm(parts, axis=-1), length, rtol=1e-5)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0].astype(np.float32)
    np.testing.assert_allclose(across_and_along(difference @ turn, point @ turn), parts, atol=1e-5)
    mirror = np.float32([-1, 1, 1])
    np.testing.assert_allclose(across_and_along(difference * mirror, point * mirror), parts)


def test_gradients_are_finite_along_the_ray_and_at_the_camera():
    point = jnp.array([[0.0, 0, 4], [0, 0, 0]])
    gradient = jax.jacobian(across_and_along)(jnp.array([[0.0, 0, 1], [0, 0, 1]]), point)
    assert np.isfinite(gradient).all()
