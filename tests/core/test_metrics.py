"""MPJPE and its family: invariances, cases worked by hand, missing joints, and the table."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from geoself_jax.core import metrics

ROOT = 2
JOINTS = 17

jitted = {
    "mpjpe": jax.jit(metrics.mpjpe, static_argnames="root"),
    "n_mpjpe": jax.jit(metrics.n_mpjpe, static_argnames="root"),
    "p_mpjpe": jax.jit(metrics.p_mpjpe),
    "joint_errors": jax.jit(metrics.joint_errors, static_argnames="root"),
}


def traced(name, predicted, target, visible=None):
    """One of the pose measures, compiled, with the root given where it takes one."""
    root = {} if name == "p_mpjpe" else {"root": ROOT}
    return jitted[name](predicted, target, visible=visible, **root)


def measure(name, predicted, target, visible=None):
    """The same from NumPy to NumPy."""
    visible = None if visible is None else jnp.asarray(visible)
    return np.asarray(traced(name, jnp.asarray(predicted), jnp.asarray(target), visible))


def random_poses(seed, batch=32):
    """Poses some metres away from the origin, metres."""
    pose = np.random.default_rng(seed).normal(size=(batch, JOINTS, 3)) * 0.3 + [0.2, -0.4, 5]
    return pose.astype(np.float32)


def scipy_p_mpjpe(predicted, target):
    """In float64, by SciPy's rotation."""
    errors = []
    for a, b in zip(np.float64(predicted), np.float64(target), strict=True):
        a, b = a - a.mean(0), b - b.mean(0)
        rotated = Rotation.align_vectors(b, a)[0].apply(a)
        scale = np.sum(rotated * b) / np.sum(a * a)
        errors.append(np.mean(np.linalg.norm(scale * rotated - b, axis=-1)))
    return np.array(errors)


each_root_relative = pytest.mark.parametrize("name", ["mpjpe", "n_mpjpe"])
each_measure = pytest.mark.parametrize("name", ["mpjpe", "p_mpjpe", "n_mpjpe"])


@each_measure
def test_a_perfect_prediction_has_no_error(name):
    pose = random_poses(0)
    assert np.max(measure(name, pose, pose)) < 5e-6


@each_measure
def test_where_the_body_stands_does_not_count(name):
    predicted, target = random_poses(1), random_poses(2)
    moved = predicted + np.float32([0.5, -0.25, 1])
    wanted = measure(name, predicted, target)
    np.testing.assert_allclose(measure(name, moved, target), wanted, atol=5e-6)


def test_p_mpjpe_is_zero_for_any_similarity_transform_of_the_target():
    target = random_poses(3)
    R = Rotation.random(len(target), random_state=4).as_matrix()
    predicted = np.einsum("nij,npj->npi", R, target).astype(np.float32) * 0.4 + 3
    assert np.max(measure("p_mpjpe", predicted, target)) < 1e-5
    assert np.min(measure("mpjpe", predicted, target)) > 0.05


def test_p_mpjpe_does_not_forgive_a_mirrored_pose():
    target = random_poses(3)
    assert np.min(measure("p_mpjpe", target * np.float32([-1, 1, 1]), target)) > 0.05


def test_p_mpjpe_is_that_of_scipys_rotation_in_float64():
    predicted, target = random_poses(5), random_poses(5) + 0.1 * random_poses(6)
    wanted = scipy_p_mpjpe(predicted, target)
    np.testing.assert_allclose(measure("p_mpjpe", predicted, target), wanted, atol=1e-6)  # 1 um


def test_n_mpjpe_does_not_see_the_scale_of_the_prediction_and_mpjpe_does():
    predicted, target = random_poses(7), random_poses(8)
    wanted = measure("n_mpjpe", predicted, target)
    np.testing.assert_allclose(measure("n_mpjpe", 3 * predicted, target), wanted, atol=5e-6)
    assert np.all(measure("mpjpe", 3 * target, target) > 0.1)


# Three joints, the middle one the root of both; errors 0.3, 0 and 0.4 m, worked by hand.
HAND_PREDICTED = np.float32([[1, 1, 5], [1, 0, 5], [1, -1, 5]])
HAND_TARGET = np.float32([[0.3, 1, 3], [0, 0, 3], [0, -1, 3.4]])


def test_mpjpe_worked_by_hand_counts_the_root():
    found = metrics.mpjpe(jnp.asarray(HAND_PREDICTED), jnp.asarray(HAND_TARGET), root=1)
    np.testing.assert_allclose(found, (0.3 + 0 + 0.4) / 3, rtol=1e-5)


def test_joint_errors_worked_by_hand_are_root_relative():
    found = metrics.joint_errors(jnp.asarray(HAND_PREDICTED), jnp.asarray(HAND_TARGET), root=1)
    np.testing.assert_allclose(found, [0.3, 0, 0.4], atol=1e-6)


def test_n_mpjpe_worked_by_hand():
    predicted = jnp.asarray([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    target = jnp.asarray([[0.0, 0, 0], [1, 0, 0], [0, 3, 0]])
    # scale (1 + 3) / (1 + 1) = 2: errors 0, 1, 1
    np.testing.assert_allclose(metrics.n_mpjpe(predicted, target, root=0), 2 / 3, rtol=1e-6)


def test_pck_and_auc_worked_by_hand():
    errors = jnp.asarray([[0.0, 0.052, 0.2, jnp.nan], [0.149, 0.151, 0.150, 0.0]])
    np.testing.assert_allclose(metrics.pck(errors), [2 / 3, 2 / 4])
    np.testing.assert_allclose(metrics.pck(errors, threshold=0.05), [1 / 3, 1 / 4])
    # thresholds above an error of 0: 30 of 31; above 52 mm: 55 ... 150, 20; above 149 mm: 150, 1
    np.testing.assert_allclose(metrics.auc(errors), [50 / 31 / 3, 31 / 31 / 4], rtol=1e-6)


def test_auc_is_the_mean_of_pck_over_its_thresholds():
    errors = np.abs(random_poses(22)[..., 0])
    errors[3, 5], errors[4] = np.nan, np.nan
    errors = jnp.asarray(errors)
    wanted = np.mean([metrics.pck(errors, threshold=t) for t in metrics.AUC_THRESHOLDS], axis=0)
    np.testing.assert_allclose(metrics.auc(errors), wanted, rtol=1e-6)


def test_auc_has_31_thresholds_from_0_to_150_mm():
    np.testing.assert_allclose(metrics.AUC_THRESHOLDS, np.linspace(0, 0.150, 31))


def test_root_position_error_worked_by_hand_and_nan_without_truth():
    predicted = jnp.asarray([[0.0, 0, 5], [0.0, 0, 5], [jnp.nan, 0, 5]])
    target = jnp.asarray([[0.3, 0.4, 5], [jnp.nan, 0, 5], [0.0, 0, 5]])
    found = metrics.root_position_error(predicted, target)
    np.testing.assert_allclose(found, [0.5, np.nan, np.inf], rtol=1e-6)


@each_measure
def test_joints_without_truth_do_not_count(name):
    predicted, target = random_poses(11), random_poses(12)
    holed, visible = target.copy(), np.ones(target.shape[:2], bool)
    holed[:, [4, 9]], visible[:, [4, 9]] = np.nan, False
    there = [j for j in range(JOINTS) if j not in (4, 9)]
    shown = predicted[:, there], target[:, there]
    wanted = scipy_p_mpjpe(*shown) if name == "p_mpjpe" else measure(name, *shown)
    np.testing.assert_allclose(measure(name, predicted, holed), wanted, atol=5e-6)
    np.testing.assert_allclose(measure(name, predicted, target, visible), wanted, atol=5e-6)


@each_measure
def test_a_pose_with_no_visible_joint_is_nan_and_spoils_no_other(name):
    predicted, target = random_poses(13), random_poses(14)
    wanted = measure(name, predicted, target)
    target[5] = np.nan
    found = measure(name, predicted, target)
    assert np.isnan(found[5])
    np.testing.assert_allclose(np.delete(found, 5), np.delete(wanted, 5), rtol=1e-6)


def test_a_pose_whose_true_root_is_missing_has_no_root_relative_error():
    predicted, target = random_poses(15), random_poses(16)
    target[3, ROOT] = np.nan
    assert np.isnan(measure("joint_errors", predicted, target)[3]).all()
    assert np.isnan([measure(name, predicted, target)[3] for name in ("mpjpe", "n_mpjpe")]).all()
    assert np.isfinite(measure("p_mpjpe", predicted, target)).all()


@each_measure
def test_a_prediction_that_is_not_a_number_is_an_infinite_error_and_not_a_missing_one(name):
    predicted, target = random_poses(17), random_poses(18)
    predicted[3, 7] = np.nan
    found = measure(name, predicted, target)
    assert np.isinf(found[3])
    assert np.isfinite(np.delete(found, 3)).all()
    errors = jnp.asarray(measure("joint_errors", predicted, target))
    assert metrics.pck(errors, threshold=100.0)[3] == pytest.approx(16 / 17)


@each_measure
def test_gradients_are_finite_at_zero_error_and_with_missing_joints(name):
    target = jnp.asarray(random_poses(19))
    holed = target.at[:, 6].set(jnp.nan).at[0].set(jnp.nan)
    gradient = jax.jit(jax.grad(lambda p, t: jnp.nansum(traced(name, p, t))))
    assert np.isfinite(gradient(target, target)).all()
    assert np.isfinite(gradient(target, holed)).all()
    assert np.isfinite(gradient(jnp.zeros_like(target), target)).all()


@each_root_relative  # p_mpjpe's own part is the same; the alignment has its own test
def test_compiled_mapped_and_op_by_op_agree_for_any_leading_shape(name):
    predicted, target = jnp.asarray(random_poses(20)), jnp.asarray(random_poses(21))
    wanted, shape = measure(name, predicted, target), (4, 8, JOINTS, 3)
    one = getattr(metrics, name)(predicted[3], target[3], root=ROOT)
    np.testing.assert_allclose(one, wanted[3], atol=5e-6)
    mapped = jax.vmap(lambda p, t: traced(name, p, t))
    found = mapped(predicted.reshape(shape), target.reshape(shape))
    np.testing.assert_allclose(found.ravel(), wanted, atol=5e-6)


def test_the_table_weighs_poses_over_all_and_actions_in_their_mean():
    per_pose = {"mpjpe": jnp.asarray([0.010, 0.020, 0.030, 0.080]), "pck": np.ones(4)}
    table = metrics.aggregate(per_pose, np.array([0, 0, 0, 2]), ["walk", "sit", "run"])
    assert table["poses"] == 4
    assert table["mpjpe_mm"] == pytest.approx(35)
    assert table["per_action"] == {
        "walk": {"mpjpe_mm": pytest.approx(20), "pck_150": 1, "poses": 3},
        "run": {"mpjpe_mm": pytest.approx(80), "pck_150": 1, "poses": 1},
    }
    assert table["action_mean"] == {"mpjpe_mm": pytest.approx(50), "pck_150": 1}


def test_the_table_leaves_out_nan_joins_actions_of_one_name_and_keeps_infinity():
    per_pose = {"mpjpe": np.array([0.010, np.nan, 0.030, np.nan]), "auc": np.full(4, np.nan)}
    per_pose["root_error"] = np.array([0.1, np.inf, 0.1, 0.1])
    table = metrics.aggregate(per_pose, [0, 1, 2, 3], np.array(["walk", "walk", "sit", "run"]))
    assert table["mpjpe_mm"] == pytest.approx(20)
    assert np.isnan(table["auc"])
    assert np.isinf(table["root_error_mm"])
    assert table["per_action"]["walk"]["mpjpe_mm"] == pytest.approx(10)
    assert table["per_action"]["walk"]["poses"] == 2
    assert np.isnan(table["per_action"]["run"]["mpjpe_mm"])
    assert table["action_mean"]["mpjpe_mm"] == pytest.approx(20)


def test_the_table_knows_every_measure_by_its_reported_name():
    per_pose = {name: np.ones(1) for name in metrics.REPORTED}
    table = metrics.aggregate(per_pose, [0], ["walk"])
    names = {"mpjpe_mm", "p_mpjpe_mm", "n_mpjpe_mm", "pck_150", "auc", "root_error_mm"}
    names |= {"limb_mpjpe_mm", "limb_p_mpjpe_mm"}
    names |= {f"{name}_percent_of_body" for name in ("mpjpe", "p_mpjpe", "n_mpjpe")}
    assert set(table["action_mean"]) == names
    assert table["root_error_mm"] == 1000


def test_limbs_are_measured_from_the_middle_of_the_hips_and_nothing_else_counts():
    target = np.random.default_rng(0).normal(size=(3, 6, 3))
    predicted = target + [10, 20, 30]  # the place does not count
    predicted[:, 4:] += 5  # nor do other joints
    predicted[:, 2] += [0.1, 0, 0]  # one of four is off by 100 mm
    limbs = {"limbs": (0, 1, 2, 3), "hips": (0, 1)}
    found = metrics.limb_mpjpe(jnp.asarray(predicted), jnp.asarray(target), **limbs)
    np.testing.assert_allclose(found, 0.025, atol=1e-5)
    predicted[:, 0] += [0.1, 0, 0]  # a hip: it, less half of it; the others by half of it
    found = metrics.limb_mpjpe(jnp.asarray(predicted), jnp.asarray(target), **limbs)
    np.testing.assert_allclose(found, (0.05 + 0.05 + 0.05 + 0.05) / 4, atol=1e-5)
    target[0, 1] = np.nan  # no middle
    target[1, 3] = np.nan  # one joint fewer
    found = metrics.limb_mpjpe(jnp.asarray(predicted), jnp.asarray(target), **limbs)
    assert np.isnan(found[0]) and np.isclose(found[1], 0.05, atol=1e-5)
