"""Angle errors of lifted poses: none of the truth itself, known ones of a known fault."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from geoself_jax.core.model import Prediction
from geoself_jax.evaluate.angle_scores import MOVES, angle_lines, angle_scores, correlation
from geoself_jax.evaluate.scores import in_cameras

BENT = 20.0


@pytest.fixture
def perfect(tiny_recording):
    target = in_cameras(tiny_recording.pose_world, tiny_recording)
    root = target[:, :, tiny_recording.skeleton.root, None]
    return Prediction(target - root, root[:, :, 0])


def scored(prediction, recording, triangulated=None):
    nothing = np.full_like(recording.pose_world, np.nan)
    found = angle_scores(prediction, recording, nothing if triangulated is None else triangulated)
    return found["joint_angles"]


def bent_knees(prediction, skeleton):
    """The prediction with both shanks turned about an axis across, so that knees bend by more."""
    pose = prediction.pose_3d.copy()
    for side in ("left", "right"):
        hip, knee, ankle = (
            skeleton.joint_names.index(f"{side}_{n}") for n in ("hip", "knee", "ankle")
        )
        thigh, shank = pose[:, :, knee] - pose[:, :, hip], pose[:, :, ankle] - pose[:, :, knee]
        axis = np.cross(thigh, shank)
        axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
        turn = np.deg2rad(BENT)
        turned = np.cos(turn) * shank + np.sin(turn) * np.cross(axis, shank)
        pose[:, :, ankle] = pose[:, :, knee] + turned
    return prediction._replace(pose_3d=pose)


def test_the_truth_itself_has_no_angle_errors_in_any_camera(perfect, tiny_recording):
    found = scored(perfect, tiny_recording)
    assert found["against"] == "ground truth"
    for name, score in found["angles"].items():
        assert score["mean_absolute_deg"] < 0.02, name
        assert score["correlation"] is None or score["correlation"] > 0.999, name


def test_a_knee_bent_by_more_is_a_bias_of_the_knee_alone(perfect, tiny_recording):
    wrong = bent_knees(perfect, tiny_recording.skeleton)
    angles = scored(wrong, tiny_recording)["angles"]
    for name, score in angles.items():
        expected = BENT if name.startswith("knee") else 0
        assert score["bias_deg"] == pytest.approx(expected, abs=0.05), name
        assert score["mean_absolute_deg"] == pytest.approx(expected, abs=0.05), name
        for action, error in score["by_action"].items():
            assert error == pytest.approx(expected, abs=0.05), (name, action)
    lines = angle_lines({"joint_angles": {"against": "ground truth", "angles": angles}})
    (knee,) = [line for line in lines if line.startswith("knee_angle ")]
    assert knee.split()[1:3] == ["20.0", "20.0"]


def test_without_ground_truth_triangulated_joints_are_the_reference(perfect, tiny_recording):
    world = tiny_recording.pose_world
    unlabelled = dataclasses.replace(tiny_recording, pose_world=None, pose_skeleton=None)
    found = scored(perfect, unlabelled, world)
    assert found["against"] == "triangulated joints"
    assert found["angles"] == scored(perfect, tiny_recording)["angles"]


def test_without_a_known_vertical_there_are_scores_too(perfect, tiny_recording):
    tilted = dataclasses.replace(tiny_recording, world_up=None)
    for name, score in scored(perfect, tilted)["angles"].items():
        assert score["mean_absolute_deg"] < 0.02, name


def test_who_stands_with_the_back_to_x_has_no_waveform_of_rotation(perfect, tiny_recording):
    """Their rotation is 180 or -180 degrees from frame to frame: jumps are no motion."""
    pelvis = tiny_recording.pose_world[:, tiny_recording.skeleton.root, None]
    still = np.broadcast_to(
        (tiny_recording.pose_world - pelvis)[:1], tiny_recording.pose_world.shape
    )
    names = tiny_recording.skeleton.joint_names
    across = still[0, names.index("right_hip")] - still[0, names.index("left_hip")]
    noise = np.random.default_rng(0).normal(0, np.deg2rad(1), len(still))
    turn = Rotation.from_euler("z", (np.pi / 2 - np.arctan2(across[1], across[0]) + noise)[:, None])
    world = np.stack([turn[i].apply(pose) for i, pose in enumerate(still)]).astype(np.float32)
    recording = dataclasses.replace(tiny_recording, pose_world=world)
    target = in_cameras(world, recording)
    root = target[:, :, recording.skeleton.root, None]
    found = scored(Prediction(target - root, root[:, :, 0]), recording)["angles"]
    assert found["pelvis_rotation"]["mean_absolute_deg"] < 0.02
    assert found["pelvis_rotation"]["correlation"] is None


def test_views_without_a_detection_do_not_count(perfect, tiny_recording):
    wrong = bent_knees(perfect, tiny_recording.skeleton)
    pose = perfect.pose_3d.copy()
    pose[:, 1] = wrong.pose_3d[:, 1]
    confidence = tiny_recording.confidence.copy()
    confidence[:, 1] = 0
    blind = dataclasses.replace(tiny_recording, confidence=confidence)
    angles = scored(perfect._replace(pose_3d=pose), blind)["angles"]
    assert angles["knee_angle_r"]["mean_absolute_deg"] < 0.02


def test_the_predicted_uncertainty_is_carried_to_the_angles(perfect, tiny_recording):
    sure = np.full(perfect.pose_3d.shape[:3], 0.02, np.float32)
    angles = scored(perfect._replace(uncertainty=sure), tiny_recording)["angles"]
    twice = scored(perfect._replace(uncertainty=2 * sure), tiny_recording)["angles"]
    for name, score in angles.items():
        assert score["predicted_deg"] > 0.5
        assert twice[name]["predicted_deg"] == pytest.approx(2 * score["predicted_deg"], rel=1e-4)


def test_a_waveform_correlates_with_itself_and_not_when_it_is_still():
    wave = 30 * np.sin(np.linspace(0, 20, 100))
    assert correlation(wave, 0.5 * wave + 3) == pytest.approx(1)
    assert correlation(wave, -wave) == pytest.approx(-1)
    assert correlation(np.full(100, 5.0), wave) is None
    assert correlation(wave * MOVES / 60, wave) is None
    assert correlation(wave[:5], wave[:5]) is None


def test_other_bodies_have_none(tiny_recording, perfect):
    names = tuple(f"paw_{i}" for i in range(tiny_recording.skeleton.joints))
    animal = dataclasses.replace(tiny_recording.skeleton, joint_names=names)
    recording = dataclasses.replace(tiny_recording, skeleton=animal, pose_skeleton=None)
    assert angle_scores(perfect, recording, tiny_recording.pose_world) == {}
    assert angle_lines({}) == []
