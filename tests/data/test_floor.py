"""The floor: a root too far away comes to the feet that rest, which stop sliding and sinking."""

import numpy as np
import pytest
from stepping import ANKLE, ANKLES, PERIOD, SHIN, SKELETON, THIGH, lifted, steps

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.contact import contact_weight, foot_joints, foot_rays
from geoself_jax.data.poses.floor import Floor, on_floor, parse_floor
from geoself_jax.data.poses.foot_lock import at_rest, contact_runs
from geoself_jax.data.poses.root_depth import _smoothness, _solve, smooth_depth
from geoself_jax.data.skeletons import COCO_17, COCO_23

LEGS = ((4, 5, 6), (1, 2, 3))


@pytest.fixture(scope="module")
def walk():
    world, rests = steps()
    poses, truth = lifted(world)
    return poses, truth, rests, on_floor(poses, Floor())


def root_error(pose, truth):
    return float(np.linalg.norm(pose[:, 0] - truth[:, 0], axis=-1).mean())


def test_a_root_eight_per_cent_too_far_away_is_brought_to_the_floor(walk):
    poses, truth, _, found = walk
    assert root_error(poses.pose, truth) > 0.35
    assert root_error(found.poses.pose, truth) < 0.1
    assert not found.by_feet and abs(found.height) < 1e-9
    assert abs(found.ankle - ANKLE) < 0.03 and 0.3 < found.moved < 0.5


def test_the_body_stays_where_it_is_seen(walk):
    """Legs aside, which are moved: the body is scaled about the camera."""
    poses, _, _, found = walk
    others = [j for j in range(17) if j not in (2, 3, 5, 6)]
    before, after = (p[:, others, :2] / p[:, others, 2:] for p in (poses.pose, found.poses.pose))
    np.testing.assert_allclose(before, after, atol=1e-5)


def test_the_uncertainty_is_scaled_with_the_body(walk):
    poses, _, _, found = walk
    off = np.random.default_rng(0).uniform(0.02, 0.2, poses.pose.shape[:2]).astype(np.float32)
    off[7, 4] = np.nan
    axes = np.stack([off, 2 * off], axis=-1)
    after = on_floor(poses.replace(uncertainty=off, uncertainty_axes=axes), Floor()).poses
    factor = found.poses.pose[:, :1, 2] / poses.pose[:, :1, 2]
    assert np.median(factor) < 0.95 and after.uncertainty.dtype == np.float32
    np.testing.assert_allclose(after.uncertainty, factor * off, rtol=1e-5)
    np.testing.assert_allclose(after.uncertainty_axes, factor[..., None] * axes, rtol=1e-5)
    assert found.poses.uncertainty is None


def test_a_foot_that_is_held_up_rests_on_no_floor():
    """It is as still as the other: its ray meets the floor in one place, farther away."""
    world, _ = steps(100)
    standing = np.repeat(world[:1], 100, axis=0)
    standing[:, ANKLES[1], 2] = standing[:, ANKLES[0], 2] + 0.3
    poses, _ = lifted(standing)
    feet = foot_rays(poses)
    weight = contact_weight(poses, feet, 1.5)
    left, right = (list(feet.joints).index(ankle) for ankle in ANKLES)
    assert weight[:, left].mean() > 0.5 and weight[:, right].max() < 0.1


def test_contacts_are_the_true_ones_and_feet_neither_slide_nor_sink_there(walk):
    poses, _, rests, found = walk
    contact = found.poses.contact[:, list(ANKLES)]
    assert found.poses.contact.sum() == contact.sum()  # no other joint rests
    assert rests[contact].mean() > 0.95 and contact[rests].mean() > 0.7
    assert found.frames == contact.any(1).sum()
    both = contact[1:] & contact[:-1]
    before, after = (
        np.linalg.norm(np.diff(p[:, list(ANKLES)], axis=0), axis=-1)[both].mean()
        for p in (poses.pose, found.poses.pose)
    )
    assert before > 0.05 and after < 0.003
    height = (found.poses.pose[:, list(ANKLES)] @ poses.up) + 1.5
    assert height.min() > found.ankle - 0.01
    assert np.abs(height[contact] - found.ankle).max() < 0.02


def test_legs_keep_their_lengths(walk):
    poses, _, _, found = walk
    for hip, knee, ankle in LEGS:
        for a, b in ((hip, knee), (knee, ankle)):
            before, after = (
                np.linalg.norm(p[:, a] - p[:, b], axis=-1) for p in (poses.pose, found.poses.pose)
            )
            factor = found.poses.pose[:, 0, 2] / poses.pose[:, 0, 2]
            np.testing.assert_allclose(after, factor * before, rtol=2e-3)
    assert abs(np.median(after) - SHIN) < 0.02 and THIGH == SHIN


def test_a_floor_that_is_not_the_worlds_is_found_by_the_feet_or_given():
    """A world whose origin is a board on a table: its floor is 0.75 m below."""
    world, _ = steps()
    poses, truth = lifted(world, depth=1.02)
    raised = poses.camera.center - np.array([0, 0, 0.75])
    poses = poses.replace(camera=poses.camera.__class__(
        "front", poses.camera.K, (1000, 1000), poses.camera.R, raised
    ))  # fmt: skip
    found = on_floor(poses, Floor())
    assert found.by_feet and abs(found.height + 0.75) < 0.06
    given = on_floor(poses, parse_floor("-0.75"))
    assert not given.by_feet and given.height == pytest.approx(-0.75)
    assert root_error(given.poses.pose, truth) < 0.06
    assert on_floor(poses, parse_floor("feet")).height == pytest.approx(found.height)


def test_frames_without_contact_get_the_depth_between_those_with_it():
    """The feet are hidden for a second; the network is wrong throughout."""
    world, _ = steps()
    poses, truth = lifted(world)
    confidence = poses.confidence.copy()
    hidden = slice(150, 150 + PERIOD)
    for ankle in ANKLES:
        confidence[hidden, ankle] = 0
    found = on_floor(poses.replace(confidence=confidence), Floor())
    assert not found.poses.contact[hidden].any()
    assert root_error(found.poses.pose[hidden], truth[hidden]) < 0.1
    missing = poses.pose.copy()
    missing[hidden] = np.nan
    gone = on_floor(poses.replace(pose=missing), Floor())
    assert np.isnan(gone.poses.pose[hidden]).all() and np.isfinite(gone.poses.pose[:150]).all()


def test_nobody_is_forced_to_the_floor():
    """Feet that slide at 1.5 m/s, as on skates, never rest: the poses stay as they are."""
    world, _ = steps(100)
    away = 0.03 * np.arange(100)[:, None, None] * np.array([1.0, 0, 0])
    poses, _ = lifted(world + away, shake=0)
    found = on_floor(poses, Floor())
    assert found.frames == 0 and np.isnan(found.height) and found.poses is poses
    nothing = poses.replace(pose=np.full_like(poses.pose, np.nan))
    assert on_floor(nothing, Floor()).frames == 0


def test_a_foot_that_rests_on_a_step_does_not_draw_the_body_away():
    """Half of the time one foot rests 0.3 m above the floor, the other on it."""
    world, _ = steps(300)
    world[:] = world[10]
    world[:, ANKLES[1]] = world[10, 1] + np.array([0.2, 0, -0.5])
    world[150:, ANKLES[0], 2], world[:, ANKLES[1], 2] = ANKLE, ANKLE
    world[:150, ANKLES[0], 2] = ANKLE + 0.3
    poses, truth = lifted(world, depth=1.0, shake=0.003)
    found = on_floor(poses, Floor())
    assert root_error(found.poses.pose, truth) < 0.1
    assert not found.poses.contact[20:130, ANKLES[0]].any()
    assert found.poses.contact[:, ANKLES[1]].mean() > 0.8


def test_the_banded_solve_is_the_dense_one():
    rng = np.random.default_rng(0)
    seconds = np.cumsum(rng.uniform(0.02, 0.06, 30))
    fixed = _smoothness(seconds, 5.0)
    own, precision = rng.uniform(1e2, 1e3, 30), rng.uniform(0, 1e3, (30, 2))
    z, seen = rng.normal(1.6, 0.1, 30), rng.normal(1.6, 0.1, (30, 2))
    dense = sum(np.diag(fixed[k, : 60 - k], -k) for k in range(5))
    dense = dense + np.tril(dense, -1).T
    at = np.arange(30)
    dense[2 * at, 2 * at] += own + precision.sum(1) + 1e-9
    dense[2 * at + 1, 2 * at + 1] += own
    dense[2 * at, 2 * at + 1] += own
    dense[2 * at + 1, 2 * at] += own
    right = np.stack([own * z + (precision * seen).sum(1) + 1e-9 * z, own * z], 1).ravel()
    wanted = np.linalg.solve(dense, right).reshape(30, 2)
    np.testing.assert_allclose(np.stack(_solve(fixed, own, z, precision, seen), 1), wanted)
    line = np.stack([1.5 + 0.3 * seconds, np.zeros(30)], 1).ravel()
    np.testing.assert_allclose((dense @ line - _diagonals(own, precision, line))[2:-2:2], 0, atol=1)


def _diagonals(own, precision, line):
    """What the observations add to the product: smoothness of a linear path costs nothing."""
    product = np.zeros_like(line)
    product[0::2] = (own + precision.sum(1) + 1e-9) * line[0::2]
    product[1::2] = own * line[0::2]
    return product


def test_one_wrong_foot_among_many_does_not_move_the_depth():
    frames = 200
    seconds = np.arange(frames) / 25.0
    depth = np.full(frames, 5.0)
    ratio = np.full((frames, 2), 0.95)
    ratio[50:60, 1] = 1.5
    error = np.full((frames, 2), 0.02)
    factor, weight = smooth_depth(depth, ratio, error, np.ones((frames, 2)), seconds)
    np.testing.assert_allclose(factor, 0.95, atol=0.005)
    assert weight[50:60, 1].max() < 0.1 and weight[:, 0].min() > 0.9


def test_a_resting_place_is_constant_between_true_steps():
    rng = np.random.default_rng(0)
    points = np.zeros((80, 3))
    points[40:, 0] = 0.3
    noisy = points + rng.normal(0, 0.02, points.shape)
    noisy[10] += 1.0
    noisy[20] = np.nan
    rest = at_rest(noisy, np.ones(80), 0.02)
    step = np.linalg.norm(np.diff(rest, axis=0), axis=-1)
    assert np.sort(step)[-3:].sum() > 0.2 and np.median(step) < 5e-4
    assert np.abs(rest - points)[np.r_[:36, 44:80]].max() < 0.03


def test_short_contacts_are_dropped_and_short_gaps_bridged():
    contact = np.zeros(100, bool)
    contact[10:40], contact[25:27], contact[60:63] = True, False, True
    assert contact_runs(contact, np.arange(100) / 50) == [slice(10, 40)]
    assert contact_runs(np.zeros(5, bool), np.arange(5) / 50) == []


def test_a_swinging_foot_has_no_weight(walk):
    poses, _, rests, _ = walk
    weight = contact_weight(poses, foot_rays(poses), 1.5)
    order = [list(foot_joints(poses.skeleton)).index(ankle) for ankle in ANKLES]
    weight = weight[:, order]
    assert weight[rests].mean() > 0.5 and weight[~rests].mean() < 0.1


def test_feet_are_known_by_their_names():
    names = [COCO_23.joint_names[joint] for joint in foot_joints(COCO_23)]
    assert len(names) == 8 and foot_joints(COCO_17) == {15: "ankle", 16: "ankle"}
    assert foot_joints(COCO_23)[COCO_23.joint_names.index("left_big_toe")] == "toe"
    with pytest.raises(GeoselfError, match="no ankle or heel") as error:
        foot_joints(Skeleton(("snout", "tail"), (-1, 0), (), 0))
    assert error.value.code == DATA


def test_the_surer_the_networks_depth_the_more_its_feet_say_of_the_height():
    """Of ankles 40 mm higher than usual, which a network puts where they are."""
    world, _ = steps()
    poses, truth = lifted(world + np.array([0, 0, 0.04]), depth=1.0)
    usual, sure = (on_floor(poses, parse_floor(text)) for text in ("auto", "auto:0.01"))
    assert sure.ankle == pytest.approx(ANKLE + 0.04, abs=0.01) and usual.ankle < ANKLE + 0.02
    assert root_error(sure.poses.pose, truth) < 0.5 * root_error(usual.poses.pose, truth)
    assert parse_floor("0.02:0.03") == Floor(0.02, False, 0.03)


@pytest.mark.parametrize("text", ["here", "nan", "inf", "", "auto:", "auto:0", "auto:2", "0:x"])
def test_another_floor_is_refused(text):
    with pytest.raises(GeoselfError, match="wanted auto, feet or a height") as error:
        parse_floor(text)
    assert error.value.code == USAGE


def test_toes_move_with_their_ankle_and_rest_too():
    world, rests = steps(200)
    toes = world[:, list(ANKLES)] + np.array([0.15, 0, 0.02 - ANKLE])
    skeleton = Skeleton(
        (*SKELETON.joint_names, "left_big_toe", "right_big_toe"),
        (*SKELETON.parents, *ANKLES),
        (*SKELETON.left_right, (17, 18)),
        0,
    )
    whole = np.concatenate([world, toes], 1)
    poses, truth = lifted(whole, skeleton=skeleton, jitter=0.003)
    found = on_floor(poses, Floor())
    assert root_error(found.poses.pose, truth) < 0.1 < root_error(poses.pose, truth)
    factor = (found.poses.pose[:, 0, 2] / poses.pose[:, 0, 2])[:, None]
    for toe, ankle, side in ((17, ANKLES[0], 0), (18, ANKLES[1], 1)):
        offset = found.poses.pose[:, toe] - found.poses.pose[:, ankle]
        before = factor * (poses.pose[:, toe] - poses.pose[:, ankle])
        np.testing.assert_allclose(offset, before, atol=1e-5)
        assert rests[found.poses.contact[:, toe], side].mean() > 0.95


def test_a_floor_above_the_camera_is_refused_and_few_frames_are_left_alone(walk):
    poses = walk[0]
    with pytest.raises(GeoselfError, match=r"camera front is -0\.50 m above that floor") as error:
        on_floor(poses, parse_floor("2"))
    assert error.value.code == DATA
    for frames in (0, 1, 2, 4):
        arrays = ("pose", "frame_id", "keypoints_2d", "confidence")
        few = poses.replace(**{name: getattr(poses, name)[:frames] for name in arrays})
        assert on_floor(few, Floor()).poses is few


def test_poses_that_cannot_be_put_on_a_floor_are_refused(walk):
    poses = walk[0]
    bare = poses.camera.__class__("front", poses.camera.K)
    wrong = {
        "no detections": poses.replace(keypoints_2d=None, confidence=None),
        "camera stands is not known": poses.replace(camera=bare),
        "world axes": poses.replace(axes="world"),
    }
    for words, other in wrong.items():
        with pytest.raises(GeoselfError, match=words) as error:
            on_floor(other, Floor())
        assert error.value.code == DATA
