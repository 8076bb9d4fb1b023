"""What networks say and cameras give at their worst does not break refined poses without a word."""

import numpy as np
import pytest
from stepping import SKELETON, lifted, steps

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.refinement.pose_sequences import refine_sequences

FRAMES = 60
ROOT = SKELETON.root


@pytest.fixture(scope="module")
def seen():
    """A person whose joints are off along their rays, and where they are."""
    poses, truth = lifted(steps(FRAMES)[0], depth=1.02, shake=0.002, jitter=0.0)
    ray = truth / np.linalg.norm(truth, axis=-1, keepdims=True)
    off = 0.08 * np.random.default_rng(1).normal(size=truth.shape[:2])
    off[:, ROOT] = 0
    pose = (poses.pose + ray * off[..., None]).astype(np.float32)
    return poses.replace(pose=pose, uncertainty=np.full(off.shape, 0.064, np.float32)), truth


@pytest.fixture(scope="module")
def refined(seen):
    return refine_sequences([seen[0]])[0].pose


def error(pose, truth):
    off = (pose - pose[:, ROOT, None]) - (truth - truth[:, ROOT, None])
    return float(np.linalg.norm(off, axis=-1).mean())


@pytest.mark.parametrize("said", [0.0, -1.0, 10.0, 1e30, np.inf, np.nan])
def test_absurd_uncertainties_neither_fix_a_pose_nor_let_it_go(seen, said):
    poses, truth = seen
    wrong = poses.replace(uncertainty=np.full_like(poses.uncertainty, said))
    found = refine_sequences([wrong])[0].pose
    assert error(found, truth) < 0.7 * error(poses.pose, truth)


def test_a_joint_that_is_never_seen_and_most_uncertain_stays_in_the_body(seen):
    poses, truth = seen
    confidence, pixels = poses.confidence.copy(), poses.keypoints_2d.copy()
    uncertainty = poses.uncertainty.copy()
    confidence[:, 16], pixels[:, 16], uncertainty[:, 16] = 0, np.nan, 1e6
    changes = {"keypoints_2d": pixels, "confidence": confidence, "uncertainty": uncertainty}
    found = refine_sequences([poses.replace(**changes)])[0].pose
    assert np.linalg.norm(found[:, 16] - truth[:, 16], axis=-1).max() < 0.5


@pytest.mark.parametrize("times", [5, 100])
def test_a_root_that_jumps_for_some_frames_does_not_move_the_others(seen, refined, times):
    poses, _ = seen
    pose = poses.pose.copy()
    pose[30:34] += (times - 1) * pose[30:34, ROOT, None]
    found = refine_sequences([poses.replace(pose=pose)])[0].pose
    assert np.linalg.norm(found - refined, axis=-1).max() < 0.1


@pytest.mark.parametrize("fps", [240.0, 1e3, 1e4, 1e6])
def test_any_rate_of_frames_is_refined(seen, fps):
    poses, truth = seen
    found = refine_sequences([poses.replace(fps=fps)])[0].pose
    assert error(found, truth) < 0.7 * error(poses.pose, truth)


def test_confidences_above_one_count_as_one(seen):
    poses, _ = seen
    sure, surer = (poses.replace(confidence=np.full_like(poses.confidence, c)) for c in (1, 50))
    wanted, found = (refine_sequences([one])[0].pose for one in (sure, surer))
    np.testing.assert_array_equal(found, wanted)


def test_poses_in_whole_numbers_are_not_refined_in_whole_numbers(seen):
    poses, _ = seen
    found = refine_sequences([poses.replace(pose=(10 * poses.pose).astype(np.int64))])[0].pose
    assert found.dtype.kind == "f" and (found % 1 > 0).any()


def test_what_has_no_solution_is_refused_in_one_line(seen):
    poses, _ = seen
    pose = poses.pose.astype(np.float64)
    pose[30:] *= 1e200
    with (
        pytest.raises(GeoselfError, match="leave --refine out") as refused,
        np.errstate(all="ignore"),
    ):
        refine_sequences([poses.replace(pose=pose)])
    assert refused.value.code == DATA
