import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rigs import bodies, finite, ring

from geoself_jax.core import losses
from geoself_jax.core.batch import Batch
from geoself_jax.core.config import ObjectiveConfig
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.geometry.camera import Camera, project, transform_between, world_to_camera

NORMS = pytest.mark.parametrize("norm", ["squared", "plain", "robust"])


def scene(views=2, frames=3, seed=0, noise=5.0):
    rng = np.random.default_rng(seed)
    camera = ring(views, rng, (frames,))
    world = jnp.asarray(bodies(rng, (frames, 1, 17)), jnp.float32)
    pose = world_to_camera(world, camera)
    clean = project(pose, camera.K)
    keypoints_2d = clean + jnp.asarray(rng.normal(0, noise, clean.shape), jnp.float32)
    confidence = jnp.asarray(rng.uniform(0.1, 1, clean.shape[:-1]), jnp.float32)
    return keypoints_2d, confidence, pose, camera


@functools.cache
def compiled(**keywords):
    return jax.jit(functools.partial(losses.total_loss, **keywords))


@functools.cache
def gradient_of(**keywords):
    def total(Y, w, X, camera):
        return losses.total_loss(X, w, Y, camera, **keywords).sum()

    return jax.jit(jax.grad(total, argnums=(0, 1)))


def batch_of(seed=0):
    """Detections with a view that sees nobody, cameras, and labels of which one is missing."""
    X, w, Y, camera = scene(seed=seed)
    w = w.at[1, 1].set(0)
    label = (Y + 0.05).at[0, 0, 3].set(jnp.nan)
    return Y, Batch(keypoints_2d=X, confidence=w, camera=camera, label=label)


def objective(name, pose, batch, **options):
    """The objective `name` of absolute poses, the root at joint 0."""
    root = pose[..., 0, :]
    config = dataclasses.replace(ObjectiveConfig(), **options)
    keys = dataclasses.asdict(config)
    relative = pose - root[..., None, :]
    return losses.OBJECTIVES[name](relative, root, batch, skeleton=H36M_17, **keys)


def test_the_objectives_of_pixels_are_the_sums_of_equations_2_and_7():
    Y, batch = batch_of()
    data = (batch.keypoints_2d, batch.confidence, Y, batch.camera)
    for name, loss in (
        ("reprojection", losses.reprojection_loss),
        ("transform", losses.total_loss),
    ):
        found = objective(name, Y, batch, norm="plain")
        np.testing.assert_allclose(found.total, loss(*data, norm="plain").sum(), rtol=1e-5)
        np.testing.assert_allclose(found.weight, batch.confidence.sum(), rtol=1e-6)


def test_the_objective_of_labels_counts_each_joint_of_views_that_see_somebody():
    Y, batch = batch_of()
    moved = Y.at[..., 5, 0].add(0.3)  # one joint 0.3 m off in each view
    found = objective("pseudo_label", moved, batch, norm="plain")
    seen = np.asarray(batch.confidence > 0).any(-1)
    root = 0.05 * np.sqrt(3)  # labels are moved as a whole: only the roots are off by that
    np.testing.assert_allclose(found.total, seen.sum() * (0.3 + root), rtol=1e-3)
    assert found.weight == seen.sum() * 17 - 1


def test_the_objective_of_both_is_eq_7_and_the_labels_each_per_joint():
    Y, batch = batch_of()
    moved = Y.at[..., 5, 0].add(0.3)
    options = {"norm": "plain", "label_weight": 100.0}
    pixels, labels, both = (
        objective(name, moved, batch, **options) for name in ("transform", "pseudo_label", "both")
    )
    wanted = pixels.total / pixels.weight + 100.0 * labels.total / labels.weight
    np.testing.assert_allclose(both.total / both.weight, wanted, rtol=1e-5)


def test_the_objective_of_stage_one_is_equation_6():
    Y, batch = batch_of()
    moved = Y.at[:, 0, 5, 0].add(0.3)
    found = objective("consistency", moved, batch)
    wanted = losses.view_consistency_loss(moved, batch.camera).sum()
    np.testing.assert_allclose(found.total, wanted, rtol=1e-5)
    assert found.weight == Y.size / 3


def test_every_objective_ignores_a_view_that_sees_nobody():
    Y, batch = batch_of()
    elsewhere = Y.at[1, 1].add(jnp.array([0.2, 0.1, 0.3]))
    for name in losses.OBJECTIVES:
        if name != "consistency":  # of poses alone
            found = [objective(name, pose, batch, norm="plain").total for pose in (Y, elsewhere)]
            np.testing.assert_allclose(*found, rtol=1e-6, err_msg=name)


def view(camera, v):
    return Camera(*(array[:, v] for array in camera))


def test_reprojection_loss_is_equation_2():
    X, w, Y, camera = scene()
    wanted = sum(
        w[:, v] * jnp.sum((X[:, v] - project(Y[:, v], camera.K[:, v])) ** 2, -1) for v in (0, 1)
    ).sum(-1)
    np.testing.assert_allclose(losses.reprojection_loss(X, w, Y, camera), wanted, rtol=1e-5)


@pytest.mark.parametrize("weight_from", ["source", "target", "product"])
def test_transform_reprojection_loss_is_equation_5(weight_from):
    X, w, Y, camera = scene()
    wanted = 0
    for i, j in ((0, 1), (1, 0)):
        moved = transform_between(Y[:, i], view(camera, i), view(camera, j))
        error = jnp.sum((X[:, j] - project(moved, camera.K[:, j])) ** 2, -1)
        weight = {"source": w[:, i], "target": w[:, j], "product": w[:, i] * w[:, j]}
        wanted += (weight[weight_from] * error).sum(-1)
    found = losses.transform_reprojection_loss(X, w, Y, camera, weight_from=weight_from)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_with_four_views_each_source_is_averaged_over_its_three_targets():
    X, w, Y, camera = scene(views=4)
    wanted = 0
    for i in range(4):
        for j in set(range(4)) - {i}:
            moved = transform_between(Y[:, i], view(camera, i), view(camera, j))
            error = jnp.sum((X[:, j] - project(moved, camera.K[:, j])) ** 2, -1)
            wanted += (w[:, i] * error).sum(-1) / 3
    np.testing.assert_allclose(
        losses.transform_reprojection_loss(X, w, Y, camera), wanted, rtol=1e-4
    )


def test_view_consistency_loss_is_equation_6_and_zero_for_one_body():
    _, _, Y, camera = scene()
    np.testing.assert_allclose(losses.view_consistency_loss(Y, camera), 0, atol=1e-8)
    moved = Y.at[:, 0].add(jnp.array([0.3, 0, 0.4]))  # a shift of half a metre in each of two terms
    np.testing.assert_allclose(
        losses.view_consistency_loss(moved, camera), 2 * 17 * 0.25, rtol=1e-4
    )


def test_total_loss_is_equation_7():
    X, w, Y, camera = scene()
    wanted = losses.reprojection_loss(X, w, Y, camera) + 0.3 * losses.transform_reprojection_loss(
        X, w, Y, camera
    )
    found = losses.total_loss(X, w, Y, camera, transform_weight=0.3)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@NORMS
def test_losses_vanish_on_exact_detections_with_a_finite_gradient(norm):
    X, w, Y, camera = scene(noise=0.0)
    assert compiled(norm=norm)(X, w, Y, camera).sum() < 0.1
    assert finite(gradient_of(norm=norm)(Y, w, X, camera))
    own = jax.jit(jax.grad(lambda Y: losses.reprojection_loss(X, w, Y, camera, norm=norm).sum()))
    assert finite(own(Y))  # its residual is exactly zero


@NORMS
def test_gradient_is_finite_at_and_behind_the_camera_and_at_zero_confidence(norm):
    X, w, Y, camera = scene()
    Y = Y.at[:, :, 0, 2].set(0.0).at[:, :, 1, 2].set(-2.0).at[:, :, 2].set(0.0)
    w = w.at[:, :, 0].set(0)
    gradient = gradient_of(norm=norm, weight_from="product")
    assert finite(gradient(Y, w, X, camera))
    assert finite(gradient(Y, jnp.zeros_like(w), X, camera))


@NORMS
def test_a_missing_joint_counts_as_one_with_confidence_zero(norm):
    X, w, Y, camera = scene()
    zero = w.at[0, 1, 3].set(0)
    missing = X.at[0, 1, 3].set(jnp.nan)
    for weight_from in ("target", "product"):
        loss = compiled(norm=norm, weight_from=weight_from)
        known = loss(X, zero, Y, camera)
        np.testing.assert_allclose(loss(missing, zero, Y, camera), known, rtol=1e-5)
    loss = compiled(norm=norm)
    source = loss(missing, zero, Y, camera)
    assert finite(source) and source[0] < loss(X, zero, Y, camera)[0]
    assert finite(gradient_of(norm=norm)(Y, zero, missing, camera))


def test_the_right_pose_has_a_lower_loss_than_a_deeper_one_that_projects_alike():
    X, w, Y, camera = scene(noise=0.0)
    deeper = Y * 1.2  # the same pixels in its own view
    own = losses.reprojection_loss(X, w, deeper, camera)
    np.testing.assert_allclose(own, 0, atol=1e-2)  # eq. (2) cannot see depth
    assert (losses.transform_reprojection_loss(X, w, deeper, camera) > 1e5).all()


def test_norms_are_the_numbers_worked_by_hand():
    e = jnp.array([3.0, 4.0])
    assert losses.penalty(e, "squared") == 25
    assert losses.penalty(e, "plain") == 5
    np.testing.assert_allclose(losses.penalty(e, "robust"), 100 * np.log(1.25), rtol=1e-6)


@NORMS
def test_a_pose_that_is_not_finite_is_never_a_small_loss(norm):
    X, w, Y, camera = scene()
    for value in (jnp.nan, jnp.inf):
        assert not np.isfinite(compiled(norm=norm)(X, w, Y.at[0, 0, 3].set(value), camera)[0])


def test_label_loss_is_a_weighted_distance_and_skips_missing_labels():
    pose = jnp.zeros((2, 3))
    label = jnp.array([[0.3, 0.4, 0.0], [jnp.nan] * 3])
    np.testing.assert_allclose(losses.label_loss(pose, label, jnp.array([2.0, 1.0])), 1.0)
    gradient = jax.grad(lambda p: losses.label_loss(p, label, jnp.ones(2)))(pose)
    assert finite(gradient) and (gradient[1] == 0).all()


def test_barrier_pushes_a_joint_behind_the_camera_forward():
    pose = jnp.array([[0.0, 0, 2], [0, 0, -1]])
    np.testing.assert_allclose(losses.depth_barrier(pose), 1.1)
    gradient = jax.grad(losses.depth_barrier)(pose)
    assert gradient[1, 2] < 0 and gradient[0, 2] == 0
    assert losses.share_behind(pose) == 0.5


@NORMS
def test_jit_equals_eager_and_vmap(norm):
    X, w, Y, camera = scene()

    def total(X, w, Y, camera):
        return losses.total_loss(X, w, Y, camera, norm=norm)

    eager = total(X, w, Y, camera)
    np.testing.assert_allclose(compiled(norm=norm)(X, w, Y, camera), eager, rtol=1e-4)
    np.testing.assert_allclose(jax.jit(jax.vmap(total))(X, w, Y, camera), eager, rtol=1e-4)


@pytest.mark.parametrize("axes", [3, 2, 1])
def test_the_loss_of_uncertainties_is_least_at_the_mean_distance(axes):
    """Also of distances drawn from the density itself: in space r^2 exp(-3 r / u), u = 0.07."""
    rng = np.random.default_rng(0)
    distance = jnp.asarray(rng.gamma(axes, 0.07 / axes, (1, 20000)), jnp.float32)
    said = jnp.exp(jnp.linspace(-4, -1.5, 61))

    def loss(u):
        same = jnp.full_like(distance, u)
        return losses.uncertainty_loss(same, distance, jnp.ones_like(distance), axes=axes)[0]

    values = jax.lax.map(loss, said)
    best = float(said[jnp.argmin(values)])
    assert abs(best - float(distance.mean())) < 0.05 * best and abs(best - 0.07) < 0.05 * best
    assert abs(float(jax.grad(loss)(distance.mean()))) < 1e-2 * float(jax.grad(loss)(0.2))


def test_the_loss_of_uncertainties_by_hand_and_of_what_is_not_known():
    u, r = jnp.array([0.1, 0.2, 0.0, 0.3]), jnp.array([0.2, jnp.nan, 0.0, 0.3])
    weight = jnp.array([1.0, 1, 0, 2])
    wanted = 3 * (np.log(0.1) + 2) + 2 * 3 * (np.log(0.3) + 1)
    np.testing.assert_allclose(losses.uncertainty_loss(u, r, weight), wanted, rtol=1e-6)
    gradient = jax.grad(losses.uncertainty_loss)(u, r, weight)
    np.testing.assert_allclose(gradient, [3 / 0.1 - 3 * 0.2 / 0.01, 0, 0, 0], atol=1e-4)
