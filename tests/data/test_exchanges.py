"""Left and right exchanged for some frames are found; sound motion is left alone."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from geoself_jax.data.exchanged_limbs import exchanged_back, find_exchanged_limbs, ranges
from geoself_jax.data.exchanged_views import find_in_each_view, find_in_views
from geoself_jax.data.exchanges import find_exchanges, runs_of
from geoself_jax.data.limb_pairs import limb_pairs
from geoself_jax.data.recording import arrays_of
from geoself_jax.data.skeletons import COCO_17, MEDIAPIPE_33
from geoself_jax.data.sources import load
from geoself_jax.geometry.camera import project, world_to_camera
from geoself_jax.prepare.repair_sides import sides_repaired

TURNING = 2
"""A clip in which left and right are well apart in the images."""


@pytest.fixture(scope="module")
def sound():
    """Four cameras that see people walk, sit and turn, with a detector's noise of 3 px."""
    recording = load("synthetic:test", synthetic_frames=400)
    camera = recording.cameras_of(slice(None)).on_device()
    pose = jnp.asarray(recording.pose_world)[:, None]
    exact = np.asarray(project(world_to_camera(pose, camera), camera.K))
    noise = np.random.default_rng(0).normal(0, 3, exact.shape)
    pixels = (exact + noise).astype(np.float32)
    confidence = np.full(pixels.shape[:-1], 0.9, np.float32)
    return dataclasses.replace(recording, keypoints_2d=pixels, confidence=confidence)


def exchanged(recording, view, frames, limbs=("arms", "legs")):
    """The recording with limbs of a view exchanged in some frames, and which joints these are."""
    joints = np.zeros(recording.confidence.shape, bool)
    for limb in limbs:
        own = np.array(limb_pairs(recording.skeleton)[limb]).ravel()
        for frame in frames:
            joints[frame, view, own] = True
    pixels = exchanged_back(recording.keypoints_2d, joints, recording.skeleton)
    return dataclasses.replace(recording, keypoints_2d=pixels), joints


def twins_apart(recording, joints):
    """The marked joints whose twins are more than 40 px away: others look alike exchanged."""
    mirror = list(recording.skeleton.mirror)
    apart = np.linalg.norm(recording.keypoints_2d - recording.keypoints_2d[:, :, mirror], axis=-1)
    return joints & (apart > 40)


def test_nothing_is_found_in_sound_motion(sound):
    assert not find_in_views(sound).any()
    assert not find_in_each_view(sound)[0].any()


@pytest.mark.parametrize("every", [2, 4])
def test_nothing_is_found_in_sound_motion_of_lower_rates(sound, every):
    kept = sound.select(np.flatnonzero(sound.frame_id % every == 0))
    thin = dataclasses.replace(kept, frame_id=kept.frame_id // every, fps=kept.fps / every)
    assert not find_in_views(thin).any()
    assert not find_in_each_view(thin)[0].any()


@pytest.mark.parametrize("limbs", [("arms", "legs"), ("legs",), ("arms",)])
def test_an_exchanged_limb_is_found_by_the_other_cameras(sound, limbs):
    wrong, joints = exchanged(sound, 2, range(110, 130), limbs)
    found = find_in_views(wrong)
    assert not (found & ~joints).any()
    clear = twins_apart(wrong, joints)
    assert (found & clear).sum() > 0.95 * clear.sum() > 0


def test_two_cameras_of_four_that_exchange_sides_at_once_are_both_found(sound):
    at = np.flatnonzero(sound.clip_id == TURNING)
    one, first = exchanged(sound, 0, at[12:24])
    both, second = exchanged(one, 3, at[16:28])
    joints, found = first | second, find_in_views(both)
    assert not (found & ~joints).any()
    clear = twins_apart(both, joints)
    assert (found & clear).sum() > 0.9 * clear.sum() > 0


def test_one_camera_finds_an_exchange_by_the_jumps_at_its_ends(sound):
    at = np.flatnonzero(sound.clip_id == TURNING)
    wrong, joints = exchanged(sound, 1, at[10:25])
    found = _alone(wrong, at, 1)
    np.testing.assert_array_equal(found.joints, joints[at, 1])
    assert not found.undecided.any()
    back = exchanged_back(wrong.keypoints_2d[at, 1], found.joints, sound.skeleton)
    np.testing.assert_array_equal(back, sound.keypoints_2d[at, 1])


def test_one_camera_does_not_say_which_half_is_right(sound):
    at = np.flatnonzero(sound.clip_id == TURNING)
    wrong, _ = exchanged(sound, 1, at[25:])
    found = _alone(wrong, at, 1)
    assert not found.joints.any()
    assert found.undecided.any()


def test_sides_that_flicker_are_left_to_other_cameras(sound):
    at = np.flatnonzero(sound.clip_id == TURNING)
    wrong, joints = exchanged(sound, 1, at[[20, 21, 23, 25]])
    found = _alone(wrong, at, 1)
    assert not found.joints.any()
    assert found.undecided[20:26].all()
    by_others = find_in_views(wrong)
    assert not (by_others & ~joints).any()
    clear = twins_apart(wrong, joints)
    assert (by_others & clear).sum() > 0.95 * clear.sum() > 0


def test_other_cameras_are_not_believed_where_the_motion_would_jump(sound):
    """Strong evidence for an exchange in frames 10 to 24, which are or are not exchanged."""
    at = np.flatnonzero(sound.clip_id == TURNING)
    evidence = np.tile([0.0, 1.0], (len(at), 1))
    evidence[10:25] = [1.0, 0.0]
    legs = np.array(limb_pairs(sound.skeleton)["legs"])
    wrong, _ = exchanged(sound, 1, at[10:25], limbs=["legs"])
    for recording, expected in ((sound, 0), (wrong, 15)):
        data = recording.keypoints_2d[at, 1], recording.confidence[at, 1]
        found = find_exchanges(*data, legs, recording.frame_id[at], recording.fps, evidence)
        assert found.exchanged.sum() == found.exchanged[10:25].sum() == expected


def _alone(recording, at, view):
    return find_exchanged_limbs(
        recording.keypoints_2d[at, view],
        recording.confidence[at, view],
        recording.skeleton,
        recording.frame_id[at],
        recording.fps,
    )


def test_legs_that_pass_each_other_are_no_exchange():
    seconds = np.arange(100) / 25
    swing = 120 * np.sin(2 * np.pi * seconds)
    left = np.stack([300 + swing, np.full(100, 400.0)], -1)
    right = np.stack([300 - swing, np.full(100, 402.0)], -1)
    head = np.tile([300.0, 50.0], (100, 1))
    pixels = np.stack([left, right, head], 1)
    found = find_exchanges(pixels, np.ones((100, 3)), [(0, 1)], np.arange(100), 25)
    assert not found.exchanged.any() and not found.undecided.any()
    exchanged = pixels.copy()
    exchanged[30:36] = exchanged[30:36][:, [1, 0, 2]]
    found = find_exchanges(exchanged, np.ones((100, 3)), [(0, 1)], np.arange(100), 25)
    assert [tuple(run) for run in runs_of(found.exchanged)] == [(30, 35)]


def test_every_fifth_frame_is_judged_by_its_seconds():
    """What lasts two seconds has no side that is known to be right, in however many frames."""
    pixels = np.tile(np.array([[100.0, 400], [200, 400], [150, 50]]), (100, 1, 1))
    for frames, known in ((range(40, 48), True), (range(40, 60), False)):
        wrong = pixels.copy()
        wrong[frames] = wrong[frames][:, [1, 0, 2]]
        found = find_exchanges(wrong, np.ones((100, 3)), [(0, 1)], 5 * np.arange(100), 50)
        marked = found.exchanged if known else found.undecided
        assert [tuple(run) for run in runs_of(marked)] == [(frames[0], frames[-1])]
        assert (found.undecided if known else found.exchanged).sum() == 0


def test_motion_over_a_gap_or_of_joints_that_are_not_seen_says_nothing():
    pixels = np.tile(np.array([[100.0, 400], [200, 400], [150, 50]]), (60, 1, 1))
    pixels[30:] = pixels[30:][:, [1, 0, 2]]
    confidence = np.ones((60, 3))
    far = np.where(np.arange(60) < 30, np.arange(60), np.arange(60) + 10)
    found = find_exchanges(pixels, confidence, [(0, 1)], far, 25)
    assert not found.exchanged.any() and not found.undecided.any()
    confidence[:, 0] = 0
    found = find_exchanges(pixels, confidence, [(0, 1)], np.arange(60), 25)
    assert not found.exchanged.any() and not found.undecided.any()
    found = find_exchanges(pixels[:2], confidence[:2], [(0, 1)], np.arange(2), 25)
    assert not found.exchanged.any()


def test_prepared_arrays_get_their_sides_back_and_it_is_said(sound):
    wrong, joints = exchanged(sound, 1, range(110, 130))
    lines = []
    arrays = sides_repaired(arrays_of(wrong), None, calibrated=True, notice=lines.append)
    clear = twins_apart(wrong, joints)
    now = np.linalg.norm(arrays["keypoints_2d"] - sound.keypoints_2d, axis=-1)
    assert (now[clear] < 1).mean() > 0.95
    assert (now[~joints] < 1).all()
    name = sound.camera_names[1]
    assert len(lines) == 1 and lines[0].startswith(f"{name}: left and right exchanged back in ")


def test_late_cameras_are_put_in_step_before_others_say_which_side_is_right(sound):
    """A whole clip that is exchanged is seen by the other cameras alone, once all are in step."""
    clip = np.flatnonzero(sound.clip_id == TURNING)
    wrong, joints = exchanged(sound, 1, clip)
    received = []

    def in_step(arrays):
        received.append(arrays["keypoints_2d"])
        return arrays

    arrays = arrays_of(wrong)
    found = sides_repaired(arrays, None, calibrated=True, notice=lambda _: None, in_step=in_step)
    (before,) = received
    np.testing.assert_array_equal(before, arrays["keypoints_2d"])
    clear = twins_apart(wrong, joints)
    now = np.linalg.norm(found["keypoints_2d"] - sound.keypoints_2d, axis=-1)
    assert (now[clear] < 1).mean() > 0.95
    kept = sides_repaired(arrays, "keep", calibrated=True, notice=pytest.fail, in_step=in_step)
    assert len(received) == 2
    np.testing.assert_array_equal(kept["keypoints_2d"], arrays["keypoints_2d"])


def test_sides_are_kept_on_request_and_of_animals(sound):
    wrong, _ = exchanged(sound, 1, range(110, 130))
    arrays = arrays_of(wrong)
    kept = sides_repaired(arrays, "keep", calibrated=True, notice=pytest.fail)
    np.testing.assert_array_equal(kept["keypoints_2d"], arrays["keypoints_2d"])
    names = [f"paw_{n}" for n in range(len(arrays["joint_names"]))]
    animal = {**arrays, "joint_names": np.array(names)}
    kept = sides_repaired(animal, None, calibrated=True, notice=pytest.fail)
    np.testing.assert_array_equal(kept["keypoints_2d"], arrays["keypoints_2d"])


def test_limbs_are_known_by_names_and_frames_are_listed_in_short():
    limbs = limb_pairs(MEDIAPIPE_33)
    assert {limb: len(pairs) for limb, pairs in limbs.items()} == {"head": 5, "arms": 6, "legs": 5}
    assert {limb: len(p) for limb, p in limb_pairs(COCO_17).items()} == {
        "head": 2,
        "arms": 3,
        "legs": 3,
    }
    marked = np.zeros(50, bool)
    marked[[3, 10, 11, 12, 20, 22, 24, 26, 28]] = True
    assert ranges(marked, np.arange(50) + 100) == "103, 110-112, 120, 122, 124, 126 and 1 more"
