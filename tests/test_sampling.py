import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rigs import finite

from geoself_jax.batch import Batch, TrainingViews
from geoself_jax.config import AugmentationConfig
from geoself_jax.data import sampling
from geoself_jax.data.training_views import hold_out, training_views, triangulate_recording
from geoself_jax.geometry.camera import project
from geoself_jax.skeleton import H36M_17

NONE = AugmentationConfig(share=0.0)
ALL = AugmentationConfig(share=1.0)


@pytest.fixture(scope="module")
def views(tiny_recording):
    clean = tiny_recording.without_ground_truth()
    return jax.tree.map(jnp.asarray, training_views(clean, triangulate_recording(clean)))


@functools.cache
def drawer(augmentation, batch=64, views=2):
    return jax.jit(
        functools.partial(
            sampling.draw_batch,
            batch=batch,
            views=views,
            augmentation=augmentation,
            skeleton=H36M_17,
        )
    )


def test_nothing_that_training_sees_can_hold_ground_truth(tiny_recording, views):
    assert set(TrainingViews._fields) == {
        "keypoints_2d",
        "confidence",
        "rig_id",
        "camera",
        "label_world",
        "rig_middle",
        "world_up",
        "run",
    }
    assert set(Batch._fields) == {"keypoints_2d", "confidence", "camera", "label"}
    blind = tiny_recording.without_ground_truth()
    assert blind.pose_world is None
    poisoned = training_views(tiny_recording, triangulate_recording(tiny_recording))
    jax.tree.map(np.testing.assert_array_equal, poisoned, views)


def test_a_batch_is_a_pure_function_of_its_key(views):
    for augmentation in (NONE, ALL):
        draw = drawer(augmentation)
        first, again, other = (draw(views, jax.random.key(k)) for k in (1, 1, 2))
        jax.tree.map(np.testing.assert_array_equal, first, again)
        assert not np.array_equal(first.keypoints_2d, other.keypoints_2d, equal_nan=True)


def test_a_pair_is_two_different_views_of_one_instant(views):
    batch = drawer(NONE)(views, jax.random.key(0))
    assert batch.keypoints_2d.shape == (64, 2, 17, 2)
    apart = np.linalg.norm(batch.camera.center[:, 0] - batch.camera.center[:, 1], axis=-1)
    assert apart.min() > 1
    for i in range(64):
        same = np.isclose(views.keypoints_2d, batch.keypoints_2d[i, 0], equal_nan=True)
        frame = np.argwhere(same.all((-1, -2)))[0, 0]
        there = np.isclose(views.keypoints_2d[frame], batch.keypoints_2d[i, 1], equal_nan=True)
        assert there.all((-1, -2)).any()


def test_all_pairs_and_all_frames_are_drawn(views):
    batch = drawer(NONE, batch=4096)(views, jax.random.key(0))
    pairs = {tuple(np.round(c, 3)) for c in np.asarray(batch.camera.center).reshape(-1, 6)}
    assert len(pairs) == 2 * 4 * 3  # two rigs, ordered pairs of four views
    assert len(np.unique(np.asarray(batch.label)[:, 0, 0, 2])) > 200


def test_labels_are_in_each_views_camera_frame(views):
    batch = drawer(NONE)(views, jax.random.key(0))
    off = np.linalg.norm(project(batch.label, batch.camera.K) - batch.keypoints_2d, axis=-1)
    assert np.nanmedian(off) < 5  # the detector's noise


def test_new_views_keep_the_detectors_residuals_and_the_bones_but_for_scale(views):
    batch = drawer(ALL)(views, jax.random.key(3))
    off = np.linalg.norm(project(batch.label, batch.camera.K) - batch.keypoints_2d, axis=-1)
    own = drawer(NONE)(views, jax.random.key(3))
    before = np.linalg.norm(project(own.label, own.camera.K) - own.keypoints_2d, axis=-1)
    assert abs(np.nanmean(off) / np.nanmean(before) - 1) < 0.15

    def bones(label):
        pairs = np.array(H36M_17.bones)
        return np.linalg.norm(label[:, 0, pairs[:, 0]] - label[:, 0, pairs[:, 1]], axis=-1)

    ratio = bones(np.asarray(batch.label)).sum(-1) / bones(np.asarray(own.label)).sum(-1)
    assert 0.89 < ratio.min() < 0.95 and 1.05 < ratio.max() < 1.11


def test_a_mirrored_body_has_its_left_where_its_right_was(views):
    still = AugmentationConfig(share=1.0, mirror=True, scale=0.0, turn=False, shift=0.0)
    batch = drawer(still)(views, jax.random.key(0))
    own = drawer(NONE)(views, jax.random.key(0))

    def handed(label):  # sign of (left - right hip) x up . forward is a body's handedness
        label = np.asarray(label)[:, 0]
        side = label[:, 4] - label[:, 1]
        spine = label[:, 8] - label[:, 0]
        return side, spine

    from_mirror = np.linalg.norm(np.asarray(batch.label)[:, 0], axis=-1)
    assert np.isfinite(from_mirror).all()
    side, spine = handed(batch.label)
    own_side, own_spine = handed(own.label)
    np.testing.assert_allclose(
        np.linalg.norm(side, axis=-1), np.linalg.norm(own_side, axis=-1), rtol=1e-3
    )
    np.testing.assert_allclose(
        np.linalg.norm(spine, axis=-1), np.linalg.norm(own_spine, axis=-1), rtol=1e-3
    )
    knee = np.linalg.norm(
        np.asarray(batch.label)[:, 0, 5] - np.asarray(batch.label)[:, 0, 4], axis=-1
    )
    left = np.linalg.norm(np.asarray(own.label)[:, 0, 5] - np.asarray(own.label)[:, 0, 4], axis=-1)
    right = np.linalg.norm(np.asarray(own.label)[:, 0, 2] - np.asarray(own.label)[:, 0, 1], axis=-1)
    swapped = np.isclose(knee, right, rtol=1e-3) & ~np.isclose(knee, left, rtol=1e-3)
    kept = np.isclose(knee, left, rtol=1e-3) & ~np.isclose(knee, right, rtol=1e-3)
    assert (swapped | kept | np.isclose(left, right, rtol=2e-3)).all()
    assert swapped.sum() > 10 and kept.sum() > 10


def test_turned_bodies_stay_upright_with_their_lowest_joint_on_its_level(views):
    batch = drawer(ALL, batch=256)(views, jax.random.key(5))
    world = np.einsum("bji,bnj->bni", batch.camera.R[:, 0], batch.label[:, 0])
    world = world + np.asarray(batch.camera.center)[:, 0, None]
    own = np.asarray(views.label_world)
    assert np.abs(np.nanmin(world[..., 2], -1).mean() - np.nanmin(own[..., 2], -1).mean()) < 0.05
    assert (world[:, 10, 2] > world[:, 0, 2]).all()  # heads above hips


def test_a_missing_joint_stays_missing_in_a_new_view(views):
    confidence = views.confidence.at[:, :, 7].set(0)
    gone = views._replace(
        confidence=confidence,
        keypoints_2d=views.keypoints_2d.at[:, :, 7].set(jnp.nan),
        label_world=views.label_world.at[:, 7].set(jnp.nan),
    )
    batch = drawer(ALL)(gone, jax.random.key(0))
    assert (np.asarray(batch.confidence)[:, :, 7] == 0).all()
    assert finite(np.asarray(batch.label)[:, :, [0, 10]])


def test_an_instant_without_a_triangulated_root_is_seen_as_it_was(views):
    blind = views._replace(label_world=views.label_world.at[:, 0].set(jnp.nan))
    batch = drawer(ALL)(blind, jax.random.key(0))
    own = drawer(NONE)(blind, jax.random.key(0))
    np.testing.assert_array_equal(batch.keypoints_2d, own.keypoints_2d)
    np.testing.assert_array_equal(batch.confidence, own.confidence)


def test_hold_out_takes_whole_subjects_when_there_are_several(tiny_recording):
    learn, held = hold_out(tiny_recording, 0.2)
    assert not (learn & held).any() and (learn | held).all()
    subjects = tiny_recording.subject_id
    assert not set(subjects[learn]) & set(subjects[held])
    nothing = hold_out(tiny_recording, 0.0)[1]
    assert not nothing.any()


def test_hold_out_of_a_single_subject_takes_clips_and_of_a_single_clip_its_end(tiny_recording):
    one = tiny_recording.select(tiny_recording.subject_id == 0)
    learn, held = hold_out(one, 0.5)
    assert set(one.clip_id[learn]) == {0} and set(one.clip_id[held]) == {1}  # the last one
    clip = tiny_recording.select(tiny_recording.clip_id == 0)
    learn, held = hold_out(clip, 0.1)
    assert held.sum() == 4 and held[-4:].all()
