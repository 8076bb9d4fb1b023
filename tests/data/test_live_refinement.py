"""Lifted poses refined frame by frame, late by a fixed lag."""

import warnings

import numpy as np
import pytest
from stepping import FPS, SKELETON, lifted, steps

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.refinement import learnt
from geoself_jax.data.refinement.banded import Banded
from geoself_jax.data.refinement.bones import bone_lengths
from geoself_jax.data.refinement.equations import Terms
from geoself_jax.data.refinement.fixed_lag import FixedLag
from geoself_jax.data.refinement.learnt import Learnt
from geoself_jax.data.refinement.one_body import one_body
from geoself_jax.data.refinement.pose_sequences import refine_sequences

FRAMES, LAG = 170, 12
LEARNT = slice(120, None)  # frames in which bones are held


def relative(pose):
    return pose - pose[:, SKELETON.root, None]


def mpjpe(pose, truth, frames=LEARNT):
    off = np.linalg.norm(relative(pose[frames]) - relative(truth[frames]), axis=-1)
    return 1000 * float(np.mean(off))


def live(poses, lag=LAG, *, gone=(), scale=1.0, uncertain=True):
    """(T, J, 3) of every frame, as they come `lag` calls later."""
    refine, nobody = FixedLag(SKELETON, FPS, lag), np.full((17, 2), np.nan)
    found = []
    for at in range(poses.frames + lag):
        there = at < poses.frames and at not in gone
        seen = (None, nobody, np.zeros(17))
        if there:
            seen = scale * poses.pose[at], poses.keypoints_2d[at], poses.confidence[at]
        said = {"distance": scale * poses.uncertainty[at]} if there and uncertain else {}
        found.append(refine(*seen, poses.camera.K, **said))
    assert np.isnan(found[:lag]).all()
    return np.array(found[lag:])


@pytest.fixture(scope="module")
def seen():
    """Wrong along the ray, as one view leaves it, and the truth."""
    poses, truth = lifted(steps(FRAMES)[0], depth=1.02, shake=0.002, jitter=0.0)
    off = 0.08 * np.random.default_rng(1).normal(size=truth.shape[:2])
    off[:, SKELETON.root] = 0
    ray = truth / np.linalg.norm(truth, axis=-1, keepdims=True)
    pose = (poses.pose + ray * off[..., None]).astype(np.float32)
    return poses.replace(pose=pose, uncertainty=np.full(off.shape, 0.064, np.float32)), truth


@pytest.fixture(scope="module")
def found(seen):
    return live(seen[0])


def test_frames_that_have_left_a_window_say_what_they_said_in_it():
    rng = np.random.default_rng(0)
    frames, joints = 7, 3
    blocks = rng.normal(size=(joints, frames, 3, 3))
    blocks = blocks @ blocks.swapaxes(2, 3) + 4 * np.eye(3)
    between, known = rng.normal(size=(frames, 3, 3)), rng.normal(size=(frames, 9))
    weight = np.array([3.0, 0.5, 1.0])

    def alone(rows):
        system = Banded(len(known[rows]), 9)
        for joint in range(joints):
            system.add_block(joint, joint, blocks[joint, rows])
        system.add_block(2, 0, between[rows])
        system.known += known[rows]
        return system

    whole = alone(slice(None))
    whole.add_second_differences(weight)
    before = None
    for first in range(frames - 3):
        three = Banded(3, 9)
        three.add_frames(alone(slice(first, first + 1)))
        three.add_second_differences(weight)
        if before is not None:
            three.add_before(before)
        before = three.leave_first()
    last = alone(slice(frames - 3, None))
    last.add_second_differences(weight)
    last.add_before(before)
    np.testing.assert_allclose(last.solve(), whole.solve()[-3:], atol=1e-8)


def test_late_poses_are_nearly_as_good_as_those_of_the_whole_video(seen, found):
    poses, truth = seen
    whole = refine_sequences([poses])[0].pose
    assert mpjpe(whole, truth) < mpjpe(found, truth) < 1.4 * mpjpe(whole, truth)
    assert mpjpe(found, truth) < 0.5 * mpjpe(poses.pose, truth)


def test_the_later_a_pose_the_better(seen, found):
    poses, truth = seen
    at_once, soon = live(poses, 0), live(poses, 3)
    assert np.isfinite(at_once).all()
    late, now = mpjpe(found, truth), mpjpe(at_once, truth)
    assert late < mpjpe(soon, truth) < now < mpjpe(poses.pose, truth)


def test_what_the_network_expects_of_its_errors_counts(seen):
    poses, truth = seen
    rng = np.random.default_rng(2)
    wrong = rng.random(truth.shape[:2]) < 0.3
    wrong[:, SKELETON.root] = False
    pose = poses.pose + np.where(wrong[..., None], rng.normal(0, 0.3, truth.shape), 0)
    said = poses.replace(
        pose=pose.astype(np.float32),
        uncertainty=np.where(wrong, 0.5, 0.064).astype(np.float32),
    )
    assert mpjpe(live(said, 3), truth) < 0.9 * mpjpe(live(said, 3, uncertain=False), truth)


def test_short_gaps_are_filled_once_the_person_is_back_and_long_ones_are_not(seen):
    poses, truth = seen
    gone = [*range(30, 36), *range(60, 78), *range(110, 150)]
    found = live(poses, gone=gone)
    missing = np.isnan(found).any((1, 2))
    wanted = np.zeros(FRAMES, bool)
    wanted[60:66] = True  # not back within the lag, but within half a second
    wanted[110:150] = True
    assert (missing == wanted).all()
    filled = np.r_[30:36, 67:78]
    assert mpjpe(found, truth, filled) < mpjpe(poses.pose, truth)


def test_a_small_body_is_treated_as_a_person(seen, found):
    poses, _ = seen
    small = live(poses, scale=0.05)
    np.testing.assert_allclose(small / 0.05, found, atol=1e-5)


def test_wild_detections_do_not_stop_it(seen):
    poses, truth = seen
    rng = np.random.default_rng(3)
    pixels, confidence = poses.keypoints_2d.copy(), poses.confidence.copy()
    wild = rng.random(pixels.shape[:2]) < 0.1
    pixels[wild] = 1e6 * rng.normal(size=(wild.sum(), 2))
    pixels[50:60], confidence[50:60] = np.nan, 0
    pixels[70:80] = 0
    confidence[80:90] = 1e-30
    found = live(poses.replace(keypoints_2d=pixels, confidence=confidence))
    assert np.isfinite(found).all()
    assert mpjpe(found, truth) < mpjpe(poses.pose, truth)


def test_bones_are_learnt_and_memory_is_bounded(seen, monkeypatch):
    _, truth = seen
    monkeypatch.setattr(learnt, "MOST", 30)
    known = Learnt(SKELETON, FPS, Terms())
    assert known.of_unit(1.0)[0] is None
    for points in truth:
        known.add(points)
    wanted = bone_lengths([truth], SKELETON)
    np.testing.assert_allclose(known.of_unit(1.0)[0], wanted, rtol=1e-3)
    np.testing.assert_allclose(known.of_unit(0.1)[0], 10 * wanted, rtol=1e-3)
    for points in 1.5 * truth:
        known.add(points)
    np.testing.assert_allclose(known.of_unit(1.0)[0], 1.5 * wanted, rtol=1e-3)
    assert len(known.poses) == 30


def test_done_frames_add_up_to_all_frames(seen):
    poses, _ = seen
    said = []
    refine_sequences([poses, poses], done=said.append)
    assert sum(said) == 2 * FRAMES and max(said) < 2 * FRAMES


def test_tracks_that_share_a_frame_are_two_bodies():
    early, late = np.arange(10), np.arange(10, 20)
    both = [early, early]
    assert one_body(["walk/1", "walk/2"], "ana", both) == [[0], [1]]
    assert one_body(["walk/1", "walk/2"], "ana", [early, late]) == [[0, 1]]
    assert one_body(["ana/walk", "ana/run"], "ana", both) == [[0, 1]]
    assert one_body(["walk", "run"], "ana", both) == [[0, 1]]
    assert one_body(["walk", "walk#2", "run", "sit"], "ana", [early] * 4) == [[0], [1], [2, 3]]
    assert one_body(["take#0", "take#1"], "ana", both) == [[0, 1]]
    assert one_body(["walk", "run"], "", [early, late]) == [[0], [1]]


@pytest.mark.parametrize("fps", [1000.0, 1e6])
def test_a_rate_beyond_what_numbers_hold_is_solved_as_the_highest(seen, fps):
    poses, refine = seen[0], FixedLag(SKELETON, fps, 2)
    args = [(poses.pose[i], poses.keypoints_2d[i], poses.confidence[i]) for i in range(20)]
    found = np.array([refine(*each, poses.camera.K) for each in args])[2:]
    off = np.linalg.norm(np.diff(found, axis=0), axis=-1)
    assert np.isfinite(found).all() and off.max() < 0.1


@pytest.mark.parametrize("absurd", [1e160, np.inf])
def test_after_a_window_without_a_solution_it_goes_on_with_the_next_frames(seen, absurd):
    """Two such frames are said once, and cost the poses that were still to come."""
    poses, refine = seen[0], FixedLag(SKELETON, FPS, LAG)
    found, said = [], []
    for i in range(130):
        pose = poses.pose[i].astype(np.float64) * (absurd if i in (40, 70) else 1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            frame = (pose, poses.keypoints_2d[i], poses.confidence[i])
            found.append(refine(*frame, poses.camera.K, distance=poses.uncertainty[i]))
        said += [str(w.message) for w in caught if w.category is UserWarning]
    there = np.isfinite(np.array(found[LAG:])).all((1, 2))
    lost = np.flatnonzero(~there).tolist()
    assert all(40 - LAG <= i <= 42 or 70 - LAG <= i <= 72 for i in lost), lost
    assert there[43 : 70 - LAG].all() and there[73:].all()
    assert len(said) == (absurd < np.inf) and all("begins again with the next" in s for s in said)
    after = np.array(found[LAG + 80 :])
    off = np.linalg.norm(relative(after) - relative(seen[1][80 : 130 - LAG]), axis=-1)
    assert 1000 * off.mean() < 60


def test_a_window_that_cannot_be_solved_says_so_as_its_first_frame_leaves():
    three = Banded(3, 3)
    three.add_block(0, 0, np.full((3, 3, 3), np.nan))
    with pytest.raises(GeoselfError, match="absurdly far away") as refused:
        three.leave_first()
    assert refused.value.code == DATA
