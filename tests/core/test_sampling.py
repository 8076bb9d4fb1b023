import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rigs import finite

from geoself_jax.core import augmentation as bodies
from geoself_jax.core import sampling
from geoself_jax.core.batch import Batch, TrainingViews, windows
from geoself_jax.core.config import AugmentationConfig
from geoself_jax.core.skeleton import H36M_17, Skeleton
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.data.training_set import hold_out, training_views, triangulate_recording
from geoself_jax.geometry.camera import project

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


@pytest.mark.parametrize("window", [1, 9])
def test_made_in_parts_a_batch_is_the_same(views, window):
    augmentation = AugmentationConfig(
        share=0.75, limbs=0.1, bend=0.5, tilt=0.3, tumble=0.2, exchange=0.5
    )
    total, rig_views = views.confidence.shape[:2]
    samples = sampling.draw_samples(
        jax.random.key(0), 0, batch=24, views=2, frames=total, rig_views=rig_views, joints=17
    )
    instants = sampling.instants_of(samples, views.run, window, pairs=True)
    rows = sampling.take_frames(views, instants)
    make = functools.partial(sampling.make_batch, augmentation=augmentation, skeleton=H36M_17)
    in_parts = functools.partial(sampling.make_batch_in_parts, parts=4, make=make)
    at_once, found = (jax.jit(how)(rows, samples) for how in (make, in_parts))
    for a, b in zip(jax.tree.leaves(at_once), jax.tree.leaves(found), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-4)


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


def test_new_views_keep_the_detectors_residuals_and_the_bones_up_to_scale(views):
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


def test_hold_out_takes_a_whole_subject_of_three_however_large(tiny_recording):
    third = np.arange(tiny_recording.frames) % 3
    people = dataclasses.replace(
        tiny_recording, subject_id=third.astype(np.int32), subject_names=("a", "b", "c")
    )
    learn, held = hold_out(people, 0.02)
    assert held.sum() == 80 and not set(third[learn]) & set(third[held])


def test_hold_out_of_a_single_subject_takes_clips_and_of_a_single_clip_its_end(tiny_recording):
    one = tiny_recording.select(tiny_recording.subject_id == 0)
    learn, held = hold_out(one, 0.5)
    assert set(one.clip_id[learn]) == {0} and set(one.clip_id[held]) == {1}  # the last one
    clip = tiny_recording.select(tiny_recording.clip_id == 0)
    learn, held = hold_out(clip, 0.1)
    assert held.sum() == 4 and held[-4:].all()


def windowed(views, augmentation, frames=9, batch=32):
    draw = functools.partial(
        sampling.draw_batch,
        batch=batch,
        views=2,
        augmentation=augmentation,
        skeleton=H36M_17,
        frames=frames,
    )
    return jax.jit(draw)(views, jax.random.key(3))


def test_the_middle_of_a_window_is_the_sample_drawn_without_one(views):
    for augmentation in (NONE, AugmentationConfig(share=1.0, exchange=0.5, limbs=0.1)):
        alone = drawer(augmentation, batch=32)(views, jax.random.key(3))
        window = windowed(views, augmentation)
        assert window.confidence.shape == (32, 2, 9 * 17)
        middle = slice(4 * 17, 5 * 17)
        found, wanted = window.keypoints_2d[:, :, middle], alone.keypoints_2d
        if augmentation is NONE:
            np.testing.assert_array_equal(found, wanted)
        else:  # the lowest joint that stays at its height is the window's
            level = window.label[:, :, middle] - alone.label
            level = level - level[:, :, :1]
            assert np.nanmax(np.abs(level)) < 1e-5


def test_a_window_is_consecutive_and_repeats_the_ends_of_its_run(views):
    run = np.asarray(views.run)
    frame = np.array([0, 20, 39, 40, 60])
    found = windows(frame, run, 9)
    assert found.shape == (5, 9)
    np.testing.assert_array_equal(found[1], np.arange(16, 25))
    np.testing.assert_array_equal(found[0], [0, 0, 0, 0, 0, 1, 2, 3, 4])
    np.testing.assert_array_equal(found[2], [35, 36, 37, 38, 39, 39, 39, 39, 39])
    np.testing.assert_array_equal(found[3], [40, 40, 40, 40, 40, 41, 42, 43, 44])
    assert windows(frame, run, 1) is frame


def test_residual_noise_is_re_applied_at_the_configured_scale(views):
    none, once, twice = (
        drawer(dataclasses.replace(STILL, noise=noise))(views, jax.random.key(5))
        for noise in (0.0, 1.0, 2.0)
    )
    exact = project(none.label, none.camera.K)
    assert np.nanmax(np.abs(none.keypoints_2d - exact)) < 1e-2
    error = np.asarray(once.keypoints_2d - none.keypoints_2d)
    assert np.nanmedian(np.abs(error)) > 1
    np.testing.assert_allclose(twice.keypoints_2d - none.keypoints_2d, 2 * error, atol=1e-2)


def test_a_window_s_new_view_moves_as_one_body(views):
    """Rotated, scaled and reprojected, a joint's trajectory in the window keeps its length."""
    body = np.asarray(views.label_world)
    window = windowed(views, AugmentationConfig(share=1.0, scale=0.0))
    label = np.asarray(window.label).reshape(32, 2, 9, 17, 3)
    way = np.linalg.norm(np.diff(label, axis=2), axis=-1)
    there = np.linalg.norm(np.diff(body, axis=0), axis=-1)
    longest = np.nanmax(there[(np.diff(np.asarray(views.run)[:, 0]) == 0)])
    assert np.nanmax(way) < longest + 1e-4


def bone_lengths(label):
    return np.stack(
        [np.linalg.norm(label[..., c, :] - label[..., p, :], axis=-1) for p, c in H36M_17.bones], -1
    )


def test_stretched_limbs_change_by_at_most_what_was_asked_and_alike_on_both_sides(views):
    plain = AugmentationConfig(share=1.0, scale=0.0)
    before = bone_lengths(drawer(plain)(views, jax.random.key(5)).label)
    stretched = dataclasses.replace(plain, limbs=0.2)
    after = bone_lengths(drawer(stretched)(views, jax.random.key(5)).label)
    factor = after / before
    finite = np.isfinite(factor)
    assert 0.8 - 1e-3 < factor[finite].min() < 0.85
    assert 1.2 + 1e-3 > factor[finite].max() > 1.15
    names = [child for _, child in H36M_17.bones]
    for left, right in H36M_17.left_right:
        a, b = factor[..., names.index(left)], factor[..., names.index(right)]
        np.testing.assert_allclose(a, b, atol=1e-3)


STILL = AugmentationConfig(share=1.0, mirror=False, scale=0.0, turn=False, shift=0.0)


def bones_in_world(views, augmentation, key=5):
    batch = drawer(augmentation)(views, jax.random.key(key))
    pairs = np.array(H36M_17.bones)
    bone = np.asarray(batch.label[:, :, pairs[:, 1]] - batch.label[:, :, pairs[:, 0]])
    return np.einsum("bvji,bvnj->bvni", batch.camera.R, bone)[:, 0]


def angle_between(a, b):
    cos = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    return np.arccos(np.clip(cos, -1, 1))


def test_bent_limbs_keep_their_lengths_and_turn_by_at_most_what_was_asked(views):
    before = bones_in_world(views, STILL)
    after = bones_in_world(views, dataclasses.replace(STILL, bend=0.2))
    lengths = [np.linalg.norm(x, axis=-1) for x in (before, after)]
    np.testing.assert_allclose(*lengths, atol=1e-4)
    angle = angle_between(before, after)
    child = {c: n for n, (_, c) in enumerate(H36M_17.bones)}
    assert np.nanmax(angle[:, [child[1], child[4]]]) < 0.005  # the hips stay where they are
    first = angle[:, [child[2], child[5], child[7]]]  # what hangs from the root or the hips
    assert 0.15 < np.nanmax(first) < 0.2 * 3**0.5 + 0.005
    hand = angle[:, [child[13], child[16]]]  # that turns with all between it and the root
    assert np.nanmean(hand) > 1.3 * np.nanmean(first)
    assert np.nanmin(first.max(-1)) < 0.02  # some keep their poses


def test_a_missing_joint_is_still_missing_in_a_bent_body_and_no_other_is(views):
    gone = views._replace(label_world=views.label_world.at[:, 12].set(jnp.nan))
    label = drawer(dataclasses.replace(ALL, mirror=False, bend=0.2, tilt=0.2))(
        gone, jax.random.key(0)
    ).label
    known = np.isfinite(np.asarray(label)).all((0, 1, 3))
    assert list(np.flatnonzero(~known)) == [12, 13]  # the elbow and the wrist that hangs from it


def test_a_tilted_body_is_one_rotation_off_about_a_horizontal_axis(views):
    before = bones_in_world(views, STILL).astype(float)
    after = bones_in_world(views, dataclasses.replace(STILL, tilt=0.3)).astype(float)
    tilts = []
    for a, b in zip(before, after, strict=True):
        u, _, vt = np.linalg.svd(b.T @ a)
        turn = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
        assert np.abs(a @ turn.T - b).max() < 1e-4
        axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
        assert abs(axis @ np.asarray(views.world_up)) < 1e-3
        tilts.append(np.arccos((np.trace(turn) - 1) / 2))
    assert 0.27 < max(tilts) < 0.301


def in_world(batch):
    """Joints of the first view's label in the world, (samples, joints, 3)."""
    label, camera = np.asarray(batch.label[:, 0], float), batch.camera
    return np.einsum("bji,bnj->bni", camera.R[:, 0], label) + np.asarray(camera.center[:, :1])


def test_a_tumbling_body_has_any_angle_and_is_on_the_floor_or_keeps_its_root(views):
    plain = dataclasses.replace(STILL, tilt=0.3)
    tumbling = dataclasses.replace(plain, tumble=0.5)
    key, up = jax.random.key(0), np.asarray(views.world_up)
    before, after = (in_world(drawer(a, batch=256)(views, key)) for a in (plain, tumbling))
    assert (np.abs(after - before).max((1, 2)) < 1e-4).mean() == pytest.approx(0.5, abs=0.1)
    upright = in_world(drawer(STILL, batch=256)(views, key))
    tilt = angle_between(*(body[:, 8] - body[:, 0] for body in (after, upright)))
    changed = np.abs(after - before).max((1, 2)) > 1e-3
    assert tilt[~changed].max() < 0.31 and tilt[changed].max() > 2.5
    lowest = [np.nanmin(x @ up, axis=-1) for x in (upright, after)]
    on_floor = np.abs(lowest[0] - lowest[1]) < 1e-3
    root_kept = np.abs(upright[:, 0] - after[:, 0]).max(-1) < 1e-3
    assert (on_floor | root_kept)[changed].all()
    for share in (on_floor[changed].mean(), root_kept[changed].mean()):
        assert share == pytest.approx(0.5, abs=0.15)
    less = dataclasses.replace(tumbling, tumble_to=1.0)
    lying = in_world(drawer(less, batch=256)(views, key))
    assert 0.9 < angle_between(*(x[:, 8] - x[:, 0] for x in (lying, upright))).max() < 1.01
    lengths = [np.linalg.norm(bones_in_world(views, a), axis=-1) for a in (plain, tumbling)]
    np.testing.assert_allclose(*lengths, atol=1e-4)


def test_bending_changes_nothing_else_that_is_drawn(views):
    plain = drawer(STILL)(views, jax.random.key(5))
    other = drawer(dataclasses.replace(STILL, bend=0.2, tilt=0.2))(views, jax.random.key(5))
    np.testing.assert_array_equal(plain.confidence, other.confidence)
    np.testing.assert_array_equal(plain.camera.R, other.camera.R)
    np.testing.assert_allclose(plain.label[:, :, 0], other.label[:, :, 0], atol=1e-4)


def test_an_exchanged_body_has_its_own_legs_and_another_one_s_arms(views):
    plain = AugmentationConfig(share=1.0, mirror=False, scale=0.0, shift=0.0)
    own = drawer(plain)(views, jax.random.key(6))
    new = drawer(dataclasses.replace(plain, exchange=1.0))(views, jax.random.key(6))
    legs, arms = [1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
    relative = [np.asarray(x.label - x.label[:, :, :1]) for x in (own, new)]
    np.testing.assert_allclose(relative[0][:, :, legs], relative[1][:, :, legs], atol=1e-4)
    moved = np.linalg.norm(relative[0] - relative[1], axis=-1)[:, :, arms]
    assert np.nanmedian(moved) > 0.02
    a, b = (bone_lengths(x) for x in relative)
    assert np.nanmax(np.abs(b - a)) > 0.005  # another person's bones
    noise = [np.asarray(x.confidence) for x in (own, new)]
    assert (noise[0][..., legs] == noise[1][..., legs]).all()
    assert (noise[0][..., arms] != noise[1][..., arms]).mean() > 0.5


def test_a_skeleton_without_hips_cannot_exchange():
    hand = Skeleton(("wrist", "thumb", "finger"), (-1, 0, 0), (), 0)
    assert not bodies.can_exchange(hand)
    assert bodies.can_exchange(H36M_17)
    for known in KNOWN_SKELETONS.values():
        built = bodies.tree(known)
        assert len(built.outward) <= known.joints - 1
        assert max(built.limb) == built.limbs - 1
