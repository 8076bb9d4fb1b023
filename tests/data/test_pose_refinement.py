"""Lifted poses refined over time: rays, smooth motion, rigid bones."""

import dataclasses

import numpy as np
import pytest
from stepping import SKELETON, lifted, steps

from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.poses.sequence import FILLED, MEASURED
from geoself_jax.data.refinement import passes
from geoself_jax.data.refinement.banded import Banded
from geoself_jax.data.refinement.bones import bone_lengths
from geoself_jax.data.refinement.equations import Terms
from geoself_jax.data.refinement.pose_sequences import refine_sequences

FRAMES = 120


def relative(pose):
    return pose - pose[:, SKELETON.root, None]


def mpjpe(pose, truth):
    off = np.linalg.norm(relative(pose) - relative(truth), axis=-1)
    return 1000 * float(np.nanmean(off))


def uncertain(frames=FRAMES, *, along=0.08, seed=1):
    """A person whose joints are lifted wrongly along the ray, as one view leaves them."""
    poses, truth = lifted(steps(frames)[0], depth=1.02, shake=0.002, jitter=0.0)
    rng = np.random.default_rng(seed)
    ray = truth / np.linalg.norm(truth, axis=-1, keepdims=True)
    slow = np.cumsum(rng.normal(0, 0.02, truth.shape[:2]), axis=0)
    off = along * rng.normal(size=truth.shape[:2]) + slow - slow.mean(0)
    off[:, SKELETON.root] = 0
    pose = poses.pose + ray * off[..., None]
    said = np.full(off.shape, 0.8 * along, np.float32)
    return poses.replace(pose=pose.astype(np.float32), uncertainty=said), truth


@pytest.fixture(scope="module")
def seen():
    return uncertain()


@pytest.fixture(scope="module")
def refined(seen):
    return refine_sequences([seen[0]])[0]


def test_banded_system_is_solved_as_a_dense_one():
    rng = np.random.default_rng(0)
    frames, joints = 5, 3
    system, dense = Banded(frames, 3 * joints), np.zeros((frames, 9, frames, 9))
    for row, column in ((0, 0), (1, 1), (2, 2), (0, 2), (2, 1)):
        block = rng.normal(size=(frames, 3, 3))
        if row == column:
            block = block @ block.swapaxes(1, 2) + 40 * np.eye(3)
        system.add_block(row, column, block)
        for t in range(frames):
            dense[t, 3 * row : 3 * row + 3, t, 3 * column : 3 * column + 3] += block[t]
            if row != column:
                dense[t, 3 * column : 3 * column + 3, t, 3 * row : 3 * row + 3] += block[t].T
    weight = np.array([1.0, 2.0, 3.0])
    system.add_second_differences(weight)
    for t in range(1, frames - 1):
        for i in range(9):
            second = np.zeros((frames, 9))
            second[t - 1 : t + 2, i] = 1, -2, 1
            dense += weight[i // 3] * np.multiply.outer(second, second)
    system.known = rng.normal(size=(frames, 9))
    wanted = np.linalg.solve(dense.reshape(45, 45), system.known.reshape(-1))
    np.testing.assert_allclose(system.solve().reshape(-1), wanted, atol=1e-7)


def test_depth_errors_of_single_frames_are_taken_away(seen, refined):
    poses, truth = seen
    before, after = mpjpe(poses.pose, truth), mpjpe(refined.pose, truth)
    assert before > 55 and after < 0.65 * before
    assert refined.marks is None  # nothing was filled


@pytest.mark.parametrize(
    "terms",
    [Terms(bone=None), Terms(acceleration=1e3)],
    ids=["free bones", "free motion"],
)
def test_each_term_is_worth_something(seen, refined, terms):
    poses, truth = seen
    without = refine_sequences([poses], terms=terms)[0]
    assert mpjpe(refined.pose, truth) < mpjpe(without.pose, truth) - 0.5


def test_exact_poses_stay_where_they_are():
    poses, truth = lifted(steps(FRAMES)[0], depth=1.0, noise_px=0.0, shake=0.0, jitter=0.0)
    found = refine_sequences([poses])[0]
    assert mpjpe(found.pose, truth) < 8  # feet start and stop in a frame


def test_bones_are_as_long_as_where_they_lie_across_the_view():
    turn = np.linspace(0, np.pi, 60)
    points = np.zeros((60, 17, 3))
    points[..., 2] = 5
    wrist, elbow = (
        SKELETON.joint_names.index("left_wrist"),
        SKELETON.joint_names.index("left_elbow"),
    )
    points[:, wrist, 0] = 0.3 * np.cos(turn)
    points[:, wrist, 2] += 0.5 * 0.3 * np.sin(turn)  # its depth is seen half as large
    assert np.all(points[:, elbow] == [0, 0, 5])
    assert bone_lengths([points], SKELETON)[wrist] == pytest.approx(0.3, rel=0.03)
    plain = np.median(np.linalg.norm(points[:, wrist] - points[:, elbow], axis=-1))
    assert plain < 0.27


def test_bones_that_point_at_the_camera_keep_the_length_they_were_lifted_with():
    rng = np.random.default_rng(0)
    points = np.zeros((200, 17, 3))
    points[..., 2] = 5
    hip = SKELETON.joint_names.index("left_hip")
    points[:, hip, 2] += 0.13 + 0.06 * rng.normal(size=200)  # a person seen from the side
    points[:, hip, 0] += 0.02
    assert bone_lengths([points], SKELETON)[hip] == pytest.approx(0.13, rel=0.1)


def test_parts_of_a_long_video_are_refined_as_the_whole(monkeypatch):
    poses, _ = uncertain(400)
    whole = refine_sequences([poses])[0]
    monkeypatch.setattr(passes, "_BYTES", 2**23)  # 199 frames, half of them of overlap
    parts = refine_sequences([poses])[0]
    assert not np.array_equal(parts.pose, whole.pose)
    np.testing.assert_allclose(relative(parts.pose), relative(whole.pose), atol=5e-3)
    np.testing.assert_allclose(parts.pose, whole.pose, atol=1e-2)  # by other lengths of bones


def test_a_body_of_a_mouse_is_refined_as_a_person(seen, refined):
    poses, small = seen[0], 0.05
    tiny = poses.replace(pose=small * poses.pose, uncertainty=small * poses.uncertainty)
    found = refine_sequences([tiny])[0]
    np.testing.assert_allclose(found.pose / small, refined.pose, atol=1e-3)


def test_rays_know_the_skew_of_a_camera(seen, refined):
    K = seen[0].camera.K.copy()
    K[0, 1] = 80.0
    poses = seen[0]
    flat = (poses.keypoints_2d - poses.camera.K[:2, 2]) / np.diag(poses.camera.K)[:2]
    pixels = (flat @ K[:2, :2].T + K[:2, 2]).astype(np.float32)
    camera = dataclasses.replace(poses.camera, K=K)
    skewed = refine_sequences([poses.replace(keypoints_2d=pixels, camera=camera)])[0]
    np.testing.assert_allclose(skewed.pose, refined.pose, atol=1e-4)


def test_one_wrong_detection_hardly_moves_a_joint(seen, refined):
    poses, _ = seen
    pixels = poses.keypoints_2d.copy()
    pixels[60, 16] += 150
    found = refine_sequences([poses.replace(keypoints_2d=pixels)])[0]
    assert np.linalg.norm(found.pose[60, 16] - refined.pose[60, 16]) < 0.04
    fooled = Terms(detection_outlier=1e3, pose_outlier=1e3)
    believed = refine_sequences([poses.replace(keypoints_2d=pixels)], terms=fooled)[0]
    assert np.linalg.norm(believed.pose[60, 16] - refined.pose[60, 16]) > 0.08


def without(poses, frames):
    """The sequence with nobody seen in some frames."""
    pose, pixels = poses.pose.copy(), poses.keypoints_2d.copy()
    confidence, uncertainty = poses.confidence.copy(), poses.uncertainty.copy()
    pose[frames] = pixels[frames] = uncertainty[frames] = np.nan
    confidence[frames] = 0
    changes = {"keypoints_2d": pixels, "confidence": confidence, "uncertainty": uncertainty}
    return poses.replace(pose=pose, **changes)


def test_short_gaps_are_bridged_and_marked_and_long_ones_left(seen):
    poses, truth = seen
    found = refine_sequences([without(poses, np.r_[20:30, 60:100])])[0]
    assert (found.marks[20:30] == FILLED).all() and (found.marks[:20] == MEASURED).all()
    assert np.isnan(found.pose[60:100]).all() and np.isfinite(found.pose[:60]).all()
    assert mpjpe(found.pose[20:30], truth[20:30]) < 60
    sides = np.maximum(poses.uncertainty[19], poses.uncertainty[30])
    np.testing.assert_array_equal(found.uncertainty[20:30], np.tile(sides, (10, 1)))
    assert np.isnan(found.uncertainty[60:100]).all()


def test_a_thinned_video_is_not_filled(seen):
    poses, truth = seen
    kept = np.zeros(FRAMES, bool)
    kept[::3] = True
    found = refine_sequences([without(poses, ~kept)])[0]
    assert np.isnan(found.pose[~kept]).all() and found.marks is None
    assert mpjpe(found.pose[kept], truth[kept]) < 0.7 * mpjpe(poses.pose[kept], truth[kept])


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_videos_of_next_to_nothing_come_through(seen, frames):
    few = without(seen[0], np.arange(frames, FRAMES))
    found = refine_sequences([few])[0]
    assert np.isfinite(found.pose[:frames]).all() and np.isnan(found.pose[frames:]).all()


def test_predicted_axes_are_read_before_the_distance(seen):
    poses, truth = seen
    axes = np.stack([np.full(truth.shape[:2], width, np.float32) for width in (0.02, 0.065)], -1)
    believing = Terms(pose_outlier=1e3)  # what is predicted of errors is then all that there is

    def by(axes, distance):
        said = np.full_like(poses.uncertainty, distance)
        known = poses.replace(uncertainty=said, uncertainty_axes=axes)
        return refine_sequences([known], terms=believing)[0].pose

    found = by(axes, 0.001)
    np.testing.assert_array_equal(by(axes, 0.5), found)
    assert mpjpe(found, truth) < mpjpe(by(None, 0.001), truth) - 5
    exchanged = by(axes[..., ::-1], 0.001)  # narrow along the ray, where the errors are
    assert mpjpe(found, truth) < mpjpe(exchanged, truth) - 5


@pytest.mark.parametrize(
    "changes", [{"axes": "world"}, {"root_relative": True}, {"camera": None}], ids=str
)
def test_poses_that_cannot_be_refined_are_refused(seen, changes):
    with pytest.raises(GeoselfError, match="wanted"):
        refine_sequences([dataclasses.replace(seen[0], **changes)])


def test_a_person_whose_detections_are_not_believed_stays_where_the_network_puts_them(seen):
    poses, _ = seen
    found = refine_sequences([poses.replace(confidence=np.zeros_like(poses.confidence))])[0]
    root = SKELETON.root
    assert np.linalg.norm(found.pose[:, root] - poses.pose[:, root], axis=-1).max() < 0.1
