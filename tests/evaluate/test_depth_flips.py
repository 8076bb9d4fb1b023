"""Bones whose depth has the wrong sign: their share, what they cost, and the error without them."""

import numpy as np
import pytest

from geoself_jax.core.model import Prediction
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.evaluate import depth_flips
from geoself_jax.evaluate.scores import in_cameras

ARM = Skeleton(("shoulder", "elbow", "wrist", "ear"), (-1, 0, 1, 0), (), 0)
# The arm comes towards the camera by half a bone each; the ear's bone is in the image plane.
TRUE = np.array([[[0, 0, 5], [0, 0.3, 4.6], [0, 0.7, 4.3], [0.1, -0.1, 5]]])


def lifted(elbow, wrist, ear=0.0):
    """The true pose with these depths relative to the shoulder's, root-relative."""
    pose = TRUE - TRUE[:, :1]
    pose[0, 1:, 2] = elbow, wrist, ear
    return pose


def test_a_flipped_upper_arm_by_hand():
    found = depth_flips.flip_report(lifted(0.4, 0.1), TRUE, ARM)
    assert found["share"] == 0.5 and found["bones"] == {"elbow": 1.0, "wrist": 0.0}
    assert found["share_of_squared_depth_error"] == pytest.approx(1, abs=1e-2)
    assert found["mpjpe_mm"] == pytest.approx(1000 * (0.8 + 0.8) / 4)
    # Mirrored across the bone's own ray, which is 2 degrees off the camera's axis.
    assert found["repaired_mpjpe_mm"] < 20
    line = depth_flips.line(found)
    assert "depth flips: 50.0 % of the bones out of the image plane, 100 % of the squared" in line
    assert "MPJPE 400.0 mm" in line


def test_a_bone_too_short_in_depth_is_no_flip_and_nothing_is_repaired():
    found = depth_flips.flip_report(lifted(-0.1, -0.15, -0.02), TRUE, ARM)
    assert found["share"] == found["share_of_squared_depth_error"] == 0
    assert found["repaired_mpjpe_mm"] == pytest.approx(found["mpjpe_mm"]) and found["mpjpe_mm"] > 1


def test_where_truth_is_unknown_or_in_the_image_plane_nothing_is_counted():
    known = TRUE.copy()
    known[0, 2] = np.nan
    found = depth_flips.flip_report(lifted(0.4, 0.1), known, ARM)
    assert found["bones"] == {"elbow": 1.0}
    assert found["mpjpe_mm"] == pytest.approx(800 / 3)
    flat = TRUE[:, :1] + 0.1 * np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]])
    assert depth_flips.flip_report(lifted(0.4, 0.1), flat, ARM) is None


def test_a_recording_scored_at_its_truth_and_at_its_mirror_image(tiny_recording):
    target = in_cameras(tiny_recording.pose_world, tiny_recording)
    pose, root = target - target[:, :, :1], target[:, :, 0]
    exact = depth_flips.flip_scores(Prediction(pose, root), tiny_recording)["depth_flips"]
    assert exact["share"] == 0 and exact["mpjpe_mm"] < 1e-3
    away = root / np.linalg.norm(root, axis=-1, keepdims=True)
    depth = np.sum(pose * away[:, :, None], axis=-1, keepdims=True)
    mirrored = pose - 2 * depth * away[:, :, None]
    found = depth_flips.flip_scores(Prediction(mirrored, root), tiny_recording)["depth_flips"]
    assert found["share"] > 0.98 and found["share_of_squared_depth_error"] > 0.9
    assert found["repaired_mpjpe_mm"] < 0.4 * found["mpjpe_mm"]
    blind = tiny_recording.without_ground_truth()
    assert depth_flips.flip_scores(Prediction(pose, root), blind) == {}
