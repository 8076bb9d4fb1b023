"""Angles of segments: SciPy's rotations come back, headings do not matter, gradients are finite."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from geoself_jax.geometry import joint_angles as angles

MANY = 200
DEGREE = np.pi / 180
RNG = np.random.default_rng(5)


def turns(order, *limits):
    """Angles within limits, and SciPy's rotation matrices of them in that order."""
    given = np.stack([RNG.uniform(-limit, limit, MANY) for limit in limits], axis=1)
    return given, Rotation.from_euler(order, given).as_matrix()


def test_tilt_list_and_rotation_are_those_that_the_frame_was_turned_by():
    given, R = turns("YXZ", 3.1, 1.4, 3.1)
    tilt, list_, rotation = angles.tilt_list_rotation(jnp.asarray(R))
    np.testing.assert_allclose(np.stack([rotation, list_, tilt], 1), given, atol=2e-5)


def test_opensims_are_those_of_its_own_order():
    given, R = turns("ZXY", 3.1, 1.4, 3.1)
    found = angles.opensim_tilt_list_rotation(jnp.asarray(R))
    np.testing.assert_allclose(np.stack(found, 1), given, atol=2e-5)


def test_tilt_and_list_do_not_depend_on_the_heading():
    _, R = turns("YXZ", 3.1, 1.2, 1.2)
    _, heading = turns("Y", 3.1)
    before, after = (angles.tilt_list_rotation(jnp.asarray(M)) for M in (R, heading @ R))
    np.testing.assert_allclose(before[:2], after[:2], atol=2e-5)


@pytest.mark.parametrize(
    ("axis", "sign", "meaning"),
    [(0, 1, "list: right side down"), (1, 1, "rotation: to the left"), (2, 1, "tilt: backward")],
)
def test_signs_are_those_of_the_table(axis, sign, meaning):
    right_hip, head, forward = np.array([0, 0, 1.0]), np.array([0, 1.0, 0]), np.array([1.0, 0, 0])
    R = Rotation.from_rotvec(0.2 * np.eye(3)[axis]).as_matrix()
    tilt, list_, rotation = angles.tilt_list_rotation(jnp.asarray(R))
    found = {0: list_, 1: rotation, 2: tilt}[axis]
    moved = {0: -(R @ right_hip)[1], 1: -(R @ forward)[2], 2: -(R @ head)[0]}[axis]
    assert float(found) == pytest.approx(sign * 0.2, abs=1e-6), meaning
    assert moved > 0, meaning


def test_a_frame_is_a_rotation_with_its_axis_where_it_was_asked_for():
    one, other = RNG.normal(size=(2, MANY, 3))
    for frame, axis in (
        (angles.frame_of_right(jnp.asarray(one), jnp.asarray(other)), 2),
        (angles.frame_of_up(jnp.asarray(one), jnp.asarray(other)), 1),
    ):
        frame = np.asarray(frame)
        np.testing.assert_allclose(
            frame.swapaxes(1, 2) @ frame, np.broadcast_to(np.eye(3), frame.shape), atol=1e-5
        )
        assert (np.linalg.det(frame) > 0.999).all()
        along = one / np.linalg.norm(one, axis=1, keepdims=True)
        np.testing.assert_allclose(frame[..., axis], along, atol=1e-6)
        assert (np.einsum("ni,ni->n", frame[..., 3 - axis], other) > 0).all()


def test_a_thigh_turned_by_flexion_and_adduction_has_these():
    given, R = turns("ZX", 2.5, 1.2)
    up = R @ np.array([0, 1.0, 0])
    found = angles.flexion_adduction(jnp.eye(3), jnp.asarray(up))
    np.testing.assert_allclose(np.stack(found, 1), given, atol=2e-5)


def test_an_arm_raised_in_a_plane_has_that_elevation_and_plane():
    plane, elevation = RNG.uniform(-3, 3, MANY), RNG.uniform(0.05, 3.05, MANY)
    down = np.stack(
        [np.sin(elevation) * np.sin(plane), -np.cos(elevation), np.sin(elevation) * np.cos(plane)],
        axis=1,
    )
    found = angles.elevation_plane(jnp.eye(3), jnp.asarray(down))
    np.testing.assert_allclose(np.stack(found), np.stack([elevation, plane]), atol=2e-5)


@pytest.mark.parametrize("bent", [1e-3, 0.5, 2.0, np.pi - 1e-3])
def test_bending_is_as_exact_near_a_line_as_between(bent):
    a, b = np.zeros(3), np.array([0, 1.0, 0])
    c = b + [np.sin(bent), np.cos(bent), 0]
    assert float(angles.bending(*map(jnp.asarray, (a, b, c)))) == pytest.approx(bent, rel=2e-4)


def test_nothing_but_an_axis_angle_depends_on_place_size_and_direction():
    points = RNG.normal(size=(3, MANY, 3))
    R = Rotation.random(random_state=3).as_matrix()
    moved = 7.0 * points @ R.T + 0.5
    before, after = (angles.bending(*map(jnp.asarray, p)) for p in (points, moved))
    np.testing.assert_allclose(before, after, atol=1e-4)


def test_an_axis_angle_is_aniposes():
    """By the formulas of compute_angles.py of anipose 1.1.24."""
    a, b, c = RNG.normal(size=(3, MANY, 3))
    z = (a - b) / np.linalg.norm(a - b, axis=1, keepdims=True)
    x = np.eye(3)[0] - z[:, :1] * z
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.cross(z, x)
    expected = np.arctan2(((b - c) * y).sum(1), ((b - c) * x).sum(1))
    found = angles.about_axis(*map(jnp.asarray, (a, b, c)))
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_gradients_are_finite_where_segments_vanish_or_are_in_line():
    at_one_place, in_line = jnp.zeros((3, 3)), jnp.arange(3.0)[:, None] * jnp.ones(3)
    for points in (at_one_place, in_line):
        for angle in (angles.bending, angles.about_axis):
            gradient = jax.grad(lambda p, angle=angle: angle(*p))(points)
            assert np.isfinite(gradient).all(), angle

    def of_frame(points):
        frame = angles.frame_of_right(points[0], points[1])
        return sum(angles.tilt_list_rotation(frame)) + sum(
            angles.flexion_adduction(frame, points[2])
        )

    assert np.isfinite(jax.grad(of_frame)(at_one_place)).all()


def test_compiled_and_mapped_as_called():
    points = jnp.asarray(RNG.normal(size=(MANY, 3, 3)))
    one = lambda p: angles.bending(*p)  # noqa: E731
    mapped = jax.jit(jax.vmap(one))(points)
    np.testing.assert_allclose(mapped, [one(p) for p in points[:5]] + list(mapped[5:]), atol=1e-6)
    np.testing.assert_allclose(mapped, angles.bending(*points.swapaxes(0, 1)), atol=1e-6)
