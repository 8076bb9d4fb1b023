"""The best similarity transform and the best scale: SciPy, cases by hand, and the bad places."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from geoself_jax.geometry import procrustes

JOINTS = 17

similarity_align = jax.jit(procrustes.similarity_align)  # op by op takes a minute
scale_align = jax.jit(procrustes.scale_align)
both_alignments = pytest.mark.parametrize(
    "align", [similarity_align, scale_align], ids=["similarity", "scale"]
)


def random_poses(seed, batch=64):
    """Poses about as wide, deep and tall as a person, metres, root at the origin."""
    pose = np.random.default_rng(seed).normal(size=(batch, JOINTS, 3)) * [0.2, 0.5, 0.15]
    return (pose - pose[:, :1]).astype(np.float32)


def random_similarity(pose, seed):
    """`pose` under one random rotation, scale in [0.3, 3] and translation a pose."""
    rng = np.random.default_rng(seed)
    R = Rotation.random(len(pose), random_state=seed).as_matrix()
    scale, shift = rng.uniform(0.3, 3, (len(pose), 1, 1)), rng.normal(size=(len(pose), 1, 3))
    return (scale * np.einsum("nij,npj->npi", R, pose) + shift).astype(np.float32)


def scipy_align(source, target, weights=None):
    """One pose in float64: SciPy's rotation, and the scale and translation it implies."""
    source, target = np.float64(source), np.float64(target)
    weights = np.ones(len(source)) if weights is None else np.float64(weights)
    a_mean, b_mean = np.average(source, 0, weights), np.average(target, 0, weights)
    a, b = source - a_mean, target - b_mean
    rotated = Rotation.align_vectors(b, a, weights)[0].apply(a)
    scale = np.sum(weights[:, None] * rotated * b) / np.sum(weights[:, None] * a * a)
    return scale * rotated + b_mean


def numpy_scale_align(source, target):
    return source * np.sum(source * target) / np.sum(source * source)


def largest_difference_mm(found, wanted):
    return float(np.max(np.abs(np.float64(found) - wanted))) * 1000


def test_any_similarity_transform_of_a_pose_aligns_back_onto_it():
    target = random_poses(0)
    aligned = similarity_align(jnp.asarray(random_similarity(target, 1)), jnp.asarray(target))
    assert largest_difference_mm(aligned, target) < 5e-3


def test_a_mirrored_pose_is_not_undone():
    target = random_poses(0)
    mirrored = jnp.asarray(target * np.float32([-1, 1, 1]))
    aligned = similarity_align(mirrored, jnp.asarray(target))
    assert np.min(np.mean(np.linalg.norm(aligned - target, axis=-1), axis=-1)) > 0.05


def test_a_mirrored_pose_keeps_its_handedness():
    target = random_poses(0)
    aligned = similarity_align(jnp.asarray(target * np.float32([-1, 1, 1])), jnp.asarray(target))
    volumes = [np.linalg.det(pose[:, 1:4] - pose[:, :1]) for pose in (np.asarray(aligned), target)]
    assert np.all(volumes[0] * volumes[1] < 0)


def padded(points):
    """A few points as a pose whose other joints are missing (one shape: compiled once)."""
    missing = np.full((JOINTS - len(points), 3), np.nan)
    return jnp.float32(np.vstack([points, missing]))


def test_a_quarter_turn_worked_by_hand_is_found():
    source = padded([[1.0, 0, 0], [-1, 0, 0], [0, 2, 0], [0, -2, 0]])
    # a quarter turn about z (x to y, y to -x), three times as large, moved by (5, 6, 7)
    target = padded([[5.0, 9, 7], [5, 3, 7], [-1, 6, 7], [11, 6, 7]])
    np.testing.assert_allclose(similarity_align(source, target), target, atol=2e-6)


def test_a_misfit_worked_by_hand_is_shared_by_the_best_scale():
    source = padded([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    # no turn helps; scale = (3 + 3 + 1 + 1) / 4 = 2
    aligned = similarity_align(source, source * jnp.asarray([3.0, 1, 1]))
    np.testing.assert_allclose(aligned, 2 * source, atol=1e-6)


@pytest.mark.parametrize("spread", [0.01, 0.05, 0.3])
def test_the_alignment_is_scipys_in_float64(spread):
    target = random_poses(2)
    noise = np.random.default_rng(3).normal(size=target.shape) * spread
    source = random_similarity(np.float32(target + noise), 4)
    wanted = np.stack([scipy_align(a, b) for a, b in zip(source, target, strict=True)])
    found = similarity_align(jnp.asarray(source), jnp.asarray(target))
    assert largest_difference_mm(found, wanted) < 5e-3  # float32: a few roundings of a metre


def test_the_weighted_alignment_is_scipys_in_float64():
    target, rng = random_poses(5), np.random.default_rng(6)
    source = random_similarity(target + np.float32(rng.normal(size=target.shape) * 0.05), 7)
    weights = np.float32(rng.uniform(size=target.shape[:2]))
    wanted = np.stack([scipy_align(*each) for each in zip(source, target, weights, strict=True)])
    found = similarity_align(jnp.asarray(source), jnp.asarray(target), weights=jnp.asarray(weights))
    assert largest_difference_mm(found, wanted) < 5e-3


@both_alignments
def test_missing_joints_on_either_side_do_not_count(align):
    target, source = random_poses(8), random_poses(9)
    holed_source, holed_target = source.copy(), target.copy()
    holed_source[:, 3], holed_target[:, 7] = np.nan, np.nan
    ones = jnp.ones(target.shape[:2])
    weights = ones.at[:, [3, 7]].set(0)
    wanted = align(jnp.asarray(source), jnp.asarray(target), weights=weights).at[:, 3].set(jnp.nan)
    holed = jnp.asarray(holed_source), jnp.asarray(holed_target)
    np.testing.assert_allclose(align(*holed), wanted, atol=2e-6)
    np.testing.assert_allclose(align(*holed, weights=ones), wanted, atol=2e-6)


@both_alignments
def test_a_joint_of_weight_zero_does_not_count_whatever_its_coordinates(align):
    target, source = random_poses(8), random_poses(9)
    weights = jnp.ones(target.shape[:2]).at[:, 5].set(0)
    wanted = align(jnp.asarray(source), jnp.asarray(target), weights=weights)
    target[:, 5] += 100
    found = align(jnp.asarray(source), jnp.asarray(target), weights=weights)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_the_best_scale_worked_by_hand_is_found():
    source, target = padded([[1.0, 0, 0], [0, 1, 0]]), padded([[3.0, 0, 0], [8, 5, 9]])
    np.testing.assert_allclose(scale_align(source, target), 4 * source, rtol=1e-6)


def test_scaling_the_source_changes_nothing_after_the_best_scale():
    source, target = jnp.asarray(random_poses(10)), jnp.asarray(random_poses(11))
    found, wanted = scale_align(7 * source, target), scale_align(source, target)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


LINE = np.linspace(-1, 1, JOINTS)[:, None] * np.float32([0.6, 0, 0.8])
BODY = random_poses(12, 1)[0]
CROSS = np.vstack([np.eye(3), -np.eye(3), np.full((JOINTS - 6, 3), np.nan)])
PHASES = np.arange(JOINTS, dtype=np.float32)[:, None]
BAD_PLACES = {
    "all in one place": (np.ones_like(BODY), np.ones_like(BODY)),
    "all at the origin": (np.zeros_like(BODY), np.zeros_like(BODY)),
    "source in one place": (np.ones_like(BODY), BODY),
    "target in one place": (BODY, np.ones_like(BODY)),
    "on a line": (LINE, LINE),
    "a line onto a body": (LINE, BODY),
    "a body onto a line": (BODY, LINE),
    "on a plane": (BODY * [1, 1, 0], BODY * [1, 1, 0]),
    "mirrored": (BODY * [-1, 1, 1], BODY),
    "a cross mirrored": (-CROSS, CROSS),
    "a nearly mirrored cross": (-CROSS, CROSS * [1.2, 1 + 1e-5, 1]),
    "half a turn": (BODY * [-1, -1, 1], BODY),
    "already there": (BODY, BODY),
    "no joint to count": (BODY, np.full_like(BODY, np.nan)),
    "one joint to count": (BODY, np.where(np.arange(JOINTS)[:, None] == 4, BODY, np.nan)),
    "no source": (np.full_like(BODY, np.nan), BODY),
}


def misfit(align, source, target):
    """Some smooth number that tells the joints that come back apart."""
    return jnp.sum(jnp.where(jnp.isfinite(source), jnp.sin(align(source, target) + PHASES), 0))


misfit_gradients = jax.jit(jax.grad(misfit, argnums=(1, 2)), static_argnums=0)


@both_alignments
@pytest.mark.parametrize("place", BAD_PLACES)
def test_value_and_gradient_are_finite_where(place, align):
    source, target = (jnp.asarray(x, jnp.float32) for x in BAD_PLACES[place])
    assert np.all(np.isfinite(align(source, target)) == np.isfinite(source))
    for gradient in misfit_gradients(align, source, target):
        assert np.all(np.abs(gradient) < 1e3)


@pytest.mark.parametrize(
    ("align", "reference"), [(similarity_align, scipy_align), (scale_align, numpy_scale_align)]
)
def test_the_gradient_is_that_of_finite_differences_in_float64(align, reference):
    target, direction = np.float64(random_poses(13, 2))
    source = np.float64(random_similarity(target[None] + 0.1 * random_poses(14, 1), 15)[0])
    ahead, behind = (reference(source + h * direction, target) for h in (1e-5, -1e-5))
    wanted = np.sum(np.sin(ahead + PHASES) - np.sin(behind + PHASES)) / 2e-5
    gradient, _ = misfit_gradients(align, jnp.float32(source), jnp.float32(target))
    np.testing.assert_allclose(np.sum(gradient * direction), wanted, rtol=2e-3)


def test_in_float64_the_alignment_is_scipys_to_a_nanometre():
    source, target = np.float64(random_poses(16, 2))
    with jax.enable_x64(True):
        found = similarity_align(jnp.asarray(source), jnp.asarray(target))
        assert found.dtype == jnp.float64
    assert largest_difference_mm(found, scipy_align(source, target)) < 1e-6


def test_each_better_fit_lowers_the_squared_error_it_minimizes():
    source, target = jnp.asarray(random_poses(20)), jnp.asarray(random_poses(21))
    fits = (source, scale_align(source, target), similarity_align(source, target))
    none, scale, similarity = (np.sum((fit - target) ** 2, axis=(1, 2)) for fit in fits)
    assert np.all(none > scale)
    assert np.all(scale > similarity)


@both_alignments
def test_compiled_and_op_by_op_agree(align):
    source, target = jnp.asarray(random_poses(18, 2))
    wanted = align.__wrapped__(source, target)
    np.testing.assert_allclose(align(source, target), wanted, atol=5e-6)


@both_alignments
def test_single_batched_and_mapped_agree_for_any_leading_shape(align):
    source, target = jnp.asarray(random_poses(18)), jnp.asarray(random_poses(19))
    wanted, shape = align(source, target), (2, 32, JOINTS, 3)
    mapped = jax.vmap(align)(source.reshape(shape), target.reshape(shape))
    np.testing.assert_allclose(mapped, wanted.reshape(shape), atol=5e-6)
    np.testing.assert_allclose(align(source[3], target[3]), wanted[3], atol=5e-6)
