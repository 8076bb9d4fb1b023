"""Where which way is up is unknown, no body is turned about a wrong axis."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from geoself_jax.core import augmentation as bodies
from geoself_jax.core import sampling
from geoself_jax.core.config import AugmentationConfig
from geoself_jax.core.skeleton import H36M_17, Skeleton
from geoself_jax.data.training_set import training_views, triangulate_recording
from geoself_jax.geometry.camera import Camera, camera_to_world, project

ALL = AugmentationConfig(share=1.0, limbs=0.1, bend=0.2, tilt=0.3, exchange=0.5)
MIRROR = np.array(H36M_17.mirror)


@pytest.fixture(scope="module")
def views(tiny_recording):
    lost = dataclasses.replace(tiny_recording, world_up=None)
    return jax.tree.map(jnp.asarray, training_views(lost, triangulate_recording(lost)))


def drawn(views, augmentation, key=3, count=48):
    draw = functools.partial(
        sampling.draw_batch, batch=count, views=2, augmentation=augmentation, skeleton=H36M_17
    )
    return jax.jit(draw)(views, jax.random.key(key))


def relative_in_world(batch):
    world = camera_to_world(batch.label, batch.camera)
    return np.asarray(world - world[:, :, :1])


def test_a_body_that_is_scaled_alone_keeps_its_direction_and_its_place(views):
    own = drawn(views, AugmentationConfig())
    new = drawn(views, dataclasses.replace(ALL, limbs=0, bend=0, mirror=False))
    np.testing.assert_allclose(new.label[:, :, 0], own.label[:, :, 0], atol=1e-5)
    before, after = relative_in_world(own), relative_in_world(new)
    known = np.isfinite(before)
    scale = np.nansum(before * after, (1, 2, 3)) / np.nansum(before**2, (1, 2, 3))
    assert 0.9 <= scale.min() < 0.93 and 1.07 < scale.max() <= 1.1
    expected = scale[:, None, None, None] * before
    np.testing.assert_allclose(after[known], expected[known], atol=1e-4)


def test_a_mirrored_body_is_seen_in_mirrored_images_by_cameras_that_agree(views):
    plain = dataclasses.replace(ALL, limbs=0, bend=0, scale=0, noise=0)
    own = drawn(views, dataclasses.replace(plain, mirror=False))
    new = drawn(views, plain)
    flipped = own.label[:, :, MIRROR] * jnp.array([-1.0, 1, 1])
    done = np.asarray(jnp.nanmax(jnp.abs(new.label - flipped), axis=(1, 2, 3)) < 1e-4)
    same = np.asarray(jnp.nanmax(jnp.abs(new.label - own.label), axis=(1, 2, 3)) < 1e-4)
    assert (done ^ same).all() and 10 < done.sum() < 38
    world = camera_to_world(new.label, new.camera)
    np.testing.assert_allclose(world[:, 0], world[:, 1], atol=1e-3)  # one body in one world
    np.testing.assert_allclose(np.linalg.det(new.camera.R), 1, atol=1e-4)
    seen = project(new.label, new.camera.K)
    known = np.isfinite(new.keypoints_2d).all(-1)
    np.testing.assert_allclose(new.keypoints_2d[known], seen[known], atol=0.05)


def test_nothing_that_needs_the_vertical_is_done_and_all_else_is(views):
    able = sampling.applicable(ALL, None)
    assert (able.turn, able.tilt, able.shift, able.exchange) == (False, 0, 0, 0)
    assert dataclasses.replace(able, turn=True, tilt=0.3, shift=0.25, exchange=0.5) == ALL
    assert sampling.applicable(ALL, np.array([0, 0, 1.0])) is ALL
    batch = drawn(views, ALL)
    assert isinstance(batch.camera, Camera) and bool(jnp.isfinite(batch.label).any())


def test_each_tree_of_bones_is_stretched_and_bent_about_its_first_joint():
    skeleton = Skeleton(("a", "b", "c", "d", "e"), (-1, 0, -1, 2, -1), (), 4)
    relative = np.random.default_rng(0).normal(size=(2, 1, 5, 3)).astype(np.float32)
    factor = np.full((2, 5), 1.5, np.float32)
    longer = bodies.stretched(relative, factor, skeleton)
    wanted = relative[:, :, [0, 2]] + 1.5 * (relative[:, :, [1, 3]] - relative[:, :, [0, 2]])
    np.testing.assert_allclose(longer[:, :, [1, 3]], wanted, atol=1e-6)
    vector = np.random.default_rng(1).normal(size=(2, 5, 3)).astype(np.float32)
    bent = bodies.bent(jnp.asarray(relative), jnp.asarray(vector), skeleton)
    for parent, child in skeleton.bones:
        before = relative[:, :, child] - relative[:, :, parent]
        after = np.asarray(bent[:, :, child] - bent[:, :, parent])
        lengths = np.linalg.norm(before, axis=-1), np.linalg.norm(after, axis=-1)
        np.testing.assert_allclose(*lengths, rtol=1e-5)
        assert np.abs(after - before).max() > 0.1
    for changed in (longer, bent):
        np.testing.assert_array_equal(changed[:, :, [0, 2, 4]], relative[:, :, [0, 2, 4]])
