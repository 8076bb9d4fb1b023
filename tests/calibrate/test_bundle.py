"""Cameras and joints adjusted together: cost, derivatives and optimum, next to SciPy's."""

import numpy as np
import pytest
from joint_rays import FOCAL, apart, ring, seen, walking
from scipy.optimize import least_squares

from geoself_jax.calibrate import bundle
from geoself_jax.calibrate.bundle import Free, Solution, adjust, cost, pulls
from geoself_jax.calibrate.camera_jacobian import jacobian, off_px, seen_from, squared_errors
from geoself_jax.calibrate.constant_bones import Bones, bone_weight
from geoself_jax.calibrate.points import nearest_points

TRUE = ring(3)
ENDS = np.array([(0, 1), (1, 2), (2, 3)])


def scene(frames=6, joints=4, *, px=3.0):
    """Detections, and a start that is off; some joints are outliers, some are missing."""
    points = walking(frames, joints)
    views, rng = seen(TRUE, points, px=px), np.random.default_rng(3)
    if px:
        views.rays[0, 1, 2] += 0.1
        views.weight[1, 2, 1] = 0
        views.weight[2, :2, 3] = 0  # one view is left: no joint
    step = np.zeros((3, 7))
    step[1:, :6] = rng.normal(0, 0.03, (2, 6))
    start = TRUE.moved(step)
    return views, Solution(start, nearest_points(views, start), None, 0.0), points


def bones_of(points, subjects=1, spread=0.05):
    length = np.linalg.norm(points[:, ENDS[:, 0]] - points[:, ENDS[:, 1]], axis=-1)
    return Bones(ENDS, np.tile(np.median(length, 0), (subjects, 1)), spread)


def vector_of(state):
    parts = [np.zeros((len(state.pose.R) - 1, 6)), state.points]
    parts += [] if state.bones is None else [np.zeros(state.bones.length.shape)]
    return np.concatenate([part.reshape(-1) for part in parts])


def state_of(vector, start):
    """The state after a step from the start: other cameras, joints, logarithms of lengths."""
    cameras = 6 * (len(start.pose.R) - 1)
    step = np.zeros((len(start.pose.R), 7))
    step[1:, :6] = vector[:cameras].reshape(-1, 6)
    points = vector[cameras : cameras + start.points.size].reshape(start.points.shape)
    bones = start.bones
    if bones is not None:
        more = vector[cameras + start.points.size :].reshape(bones.length.shape)
        bones = bones._replace(length=bones.length * np.exp(more))
    return start._replace(pose=start.pose.moved(step), points=points, bones=bones)


def residuals(vector, views, start, scale):
    """What SciPy's `loss="cauchy"` makes the cost of: half of the sum over ln(1 + r^2)."""
    state = state_of(vector, start)
    off = np.sqrt(squared_errors(views, state.pose, state.points)) / scale[:, None]
    parts = [np.where((views.weight > 0).sum(1, keepdims=True) >= 2, off, 0)]
    if state.bones is not None:
        weight = bone_weight(views, state.bones)
        length = np.linalg.norm(state.points[:, ENDS[:, 1]] - state.points[:, ENDS[:, 0]], axis=-1)
        parts.append(np.where(weight > 0, (length / state.bones.length - 1) / 0.05, 0))
    return np.concatenate([part.reshape(-1) for part in parts])


def counted(views):
    """Without joints of one view, of which an adjustment says nothing."""
    enough = (views.weight > 0).sum(1, keepdims=True) >= 2
    return views._replace(weight=np.where(enough, views.weight, 0))


@pytest.mark.parametrize("with_bones", [False, True])
def test_the_optimum_is_scipys(with_bones):
    views, start, points = scene(4)
    views = counted(views)
    if with_bones:
        start = start._replace(bones=bones_of(points))
    scale = np.full((4, 4), 4.0)
    found = adjust(views, start, scale, steps=300, enough=1e-13)
    assert cost(views, start, scale) > 2 * found.cost
    wanted = least_squares(
        residuals, vector_of(found), args=(views, found, scale), loss="cauchy", max_nfev=100
    )
    assert 2 * wanted.cost == pytest.approx(found.cost, rel=1e-6)
    assert max(apart(found.pose, state_of(wanted.x, found).pose)) < 2e-3


def test_the_cost_is_cauchys_of_all_detections_by_weight():
    views, start, _ = scene()
    views.weight[...] *= 0.5
    views.weight[3, 1, 2] = 0.25
    scale, total = np.array([2.0, 3, 4, 5]), 0.0
    for f, v, j in np.argwhere(views.weight > 0):
        x, y, z = start.pose.R[v] @ (start.points[f, j] - start.pose.center[v])
        square = np.sum(((views.rays[f, v, j] - np.array([x, y]) / z) * FOCAL) ** 2)
        total += views.weight[f, v, j] * np.log1p(square / scale[j] ** 2)
    assert cost(views, start, np.tile(scale, (6, 1))) == pytest.approx(total)


def test_the_derivatives_of_projections_are_those_of_finite_differences():
    views, start, _ = scene()
    pose = start.pose._replace(log_focal=np.array([0.0, 0.1, -0.1]))
    by_point, by_camera, off = jacobian(views, pose, start.points)
    there = views.weight[..., None] > 0

    def moved(by_camera=0, by_point=0):
        some = pose.moved(np.zeros((3, 7)) + by_camera)
        return -off_px(views, some, seen_from(some, start.points + by_point))

    np.testing.assert_allclose(off, -moved())
    for k, step in enumerate(1e-6 * np.eye(7)):
        numeric = (moved(by_camera=step) - moved(by_camera=-step)) / 2e-6
        np.testing.assert_allclose(np.where(there, by_camera[..., k], 0), numeric, atol=1e-4)
    for k, step in enumerate(1e-6 * np.eye(3)):
        numeric = (moved(by_point=step) - moved(by_point=-step)) / 2e-6
        np.testing.assert_allclose(np.where(there, by_point[..., k], 0), numeric, atol=1e-4)


@pytest.mark.parametrize("with_bones", [False, True])
def test_what_blocks_and_joints_pull_is_the_costs_gradient(with_bones):
    """Where the joints have settled, what they answer is of second order."""
    views, start, points = scene()
    views, scale = counted(views), np.full((6, 4), 4.0)
    if with_bones:
        start = start._replace(bones=bones_of(points))
    fixed = Free(np.zeros(3, bool), np.zeros(3, bool))
    settled = adjust(views, start, scale, steps=200, free=fixed, enough=1e-14)
    free = Free(np.arange(3) > 0, np.ones(3, bool))
    normal, by_block, by_joint = pulls(views, settled, scale, free)
    assert by_block.shape == (6, len(normal)) and (np.linalg.eigvalsh(normal) > -1e-6).all()
    assert (by_block[:, :6] == 0).all() and (normal[:6] == 0).all()
    if not with_bones:
        assert by_joint.shape == (4, 21)
        np.testing.assert_allclose(by_joint.sum(0), by_block.sum(0), atol=1e-9)
    for k in range(6, 21):
        step = 1e-6 * np.eye(21)[k].reshape(3, 7)
        there, back = (settled._replace(pose=settled.pose.moved(s)) for s in (step, -step))
        numeric = (cost(views, there, scale) - cost(views, back, scale)) / 2e-6
        assert -2 * by_block[:, k].sum() == pytest.approx(numeric, rel=1e-3, abs=0.01)


def test_exact_detections_give_the_exact_cameras_again():
    views, start, points = scene(20, px=0)
    assert max(apart(start.pose, TRUE)) > 0.5
    found = adjust(views, start, np.full(4, 4.0), steps=60, enough=1e-12)
    assert max(apart(found.pose, TRUE)) < 1e-5
    first = TRUE.center[0]
    unit = np.linalg.norm(found.pose.center[1] - first) / np.linalg.norm(TRUE.center[1] - first)
    np.testing.assert_allclose(found.points - first, (points - first) * unit, atol=1e-6)


def test_bones_of_constant_length_put_right_what_errors_did():
    rng, points = np.random.default_rng(0), walking(40, 4)
    rods = rng.normal(0, 1, (40, 3, 3))
    rods *= 0.4 / np.linalg.norm(rods, axis=-1, keepdims=True)
    points[:, 1:] = points[:, :1] + np.cumsum(rods, 1)
    views, fixed = seen(TRUE, points, px=15), Free(np.zeros(3, bool), np.zeros(3, bool))
    start = Solution(TRUE, nearest_points(views, TRUE), None, 0.0)
    off = []
    for bones in (None, bones_of(points, spread=0.003)):
        found = adjust(views, start._replace(bones=bones), np.full(4, 15.0), free=fixed)
        off.append(np.linalg.norm(found.points - points, axis=-1).mean())
    assert off[1] < 0.9 * off[0]


def test_what_is_fixed_stays():
    views, start, _ = scene()
    free = Free(np.array([False, False, True]), np.zeros(3, bool))
    found = adjust(views, start, np.full(4, 4.0), free=free)
    np.testing.assert_array_equal(found.pose.R[:2], start.pose.R[:2])
    np.testing.assert_array_equal(found.pose.center[:2], start.pose.center[:2])
    assert not np.array_equal(found.pose.R[2], start.pose.R[2])
    np.testing.assert_array_equal(found.pose.log_focal, 0)


def test_a_wrong_focal_length_is_found_where_it_is_free():
    views, start, _ = scene(60, px=0)
    wrong = views._replace(rays=views.rays * np.array([1.0, 1.04, 1])[:, None, None])
    free = Free.all_but_first(3, focal=True)
    found = adjust(wrong, start, np.full(4, 4.0), steps=200, free=free, enough=1e-13)
    grown = np.exp(found.pose.log_focal)
    np.testing.assert_allclose(grown[1] / grown[[0, 2]], 1.04, rtol=1e-3)


def test_all_at_once_is_joint_by_joint():
    """Without bones, each joint is eliminated by itself; with bones of no weight, frames are."""
    views, start, points = scene()
    views, scale = counted(views), np.array([2.0, 3, 4, 5])
    none = bones_of(points, spread=1e6)
    found = [
        adjust(views, start._replace(bones=bones), scale, steps=100, enough=1e-12)
        for bones in (None, none)
    ]
    assert found[0].cost == pytest.approx(found[1].cost, rel=1e-6)
    assert max(apart(found[0].pose, found[1].pose)) < 1e-3


def test_a_joint_behind_a_camera_costs_much_and_breaks_nothing():
    views, start, _ = scene()
    behind = start.points.copy()
    behind[0, 0] = start.pose.center[0] - start.pose.R[0, 2]
    there = start._replace(points=behind)
    assert squared_errors(views, there.pose, behind)[0, 0, 0] == 1e8
    found = adjust(views, there, np.full(4, 4.0), steps=30)
    assert np.isfinite(found.cost) and np.isfinite(found.pose.R).all()


def test_many_frames_are_taken_in_parts(monkeypatch):
    views, start, points = scene(30)
    views = counted(views)._replace(subject=np.arange(30) % 2)
    some = start._replace(bones=bones_of(points, subjects=2))
    whole = adjust(views, some, np.full(4, 4.0), steps=4)
    monkeypatch.setattr(bundle, "_CHUNK", 16)
    parts = adjust(views, some, np.full(4, 4.0), steps=4)
    assert parts.cost == pytest.approx(whole.cost, rel=1e-9)
    np.testing.assert_allclose(parts.bones.length, whole.bones.length, rtol=1e-9)
