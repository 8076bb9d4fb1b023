import dataclasses
import json

import numpy as np
import pytest

from geoself_jax import evaluation, recording, scores
from geoself_jax.data.training_views import triangulate_recording
from geoself_jax.errors import GeoselfError
from geoself_jax.evaluate import main
from geoself_jax.step import Prediction, make_predict
from geoself_jax.trained import load_trained


def perfect(recording_, pose_world):
    """The prediction that ground truth (or any world pose) would be."""
    target = scores.in_cameras(pose_world, recording_)
    root = target[:, :, recording_.skeleton.root]
    return Prediction(target - root[:, :, None], root)


def test_a_perfect_prediction_has_no_error(tiny_recording):
    found = scores.ground_truth_scores(
        perfect(tiny_recording, tiny_recording.pose_world), tiny_recording
    )
    for name in ("mpjpe_mm", "p_mpjpe_mm", "n_mpjpe_mm", "root_error_mm"):
        assert found[name] < 0.01, name
    assert found["pck_150"] == 1
    assert set(found["per_action"]) == {"walking", "waving"}
    assert sum(row["poses"] for row in found["per_action"].values()) == 240 * 4


def test_a_known_error_is_reported_in_millimetres_and_by_action(tiny_recording):
    exact = perfect(tiny_recording, tiny_recording.pose_world)
    off = exact.pose_3d.copy()
    waving = np.array(tiny_recording.clip_actions)[tiny_recording.clip_id] == "waving"
    off[waving, :, 1:, 0] += 0.05  # every joint but the root
    found = scores.ground_truth_scores(Prediction(off, exact.root_position), tiny_recording)
    expected = 50 * 16 / 17
    np.testing.assert_allclose(found["per_action"]["waving"]["mpjpe_mm"], expected, rtol=1e-3)
    np.testing.assert_allclose(found["action_mean"]["mpjpe_mm"], expected / 2, rtol=1e-3)
    assert found["per_action"]["walking"]["mpjpe_mm"] < 0.01


def test_label_free_scores_of_the_triangulated_pose_are_the_detectors_noise(tiny_recording):
    triangulated = triangulate_recording(tiny_recording)
    found = scores.label_free_scores(
        perfect(tiny_recording, triangulated), tiny_recording, triangulated
    )
    assert found["triangulation_mm"] < 0.01
    assert 1 < found["reprojection_px"] < 4  # made with 3 px
    assert abs(found["cross_view_px"] - found["reprojection_px"]) < 1e-3  # one body for all views


def test_a_prediction_that_is_not_finite_never_scores_well(tiny_recording):
    triangulated = triangulate_recording(tiny_recording)
    exact = perfect(tiny_recording, triangulated)
    broken = Prediction(exact.pose_3d * np.nan, exact.root_position)
    found = scores.label_free_scores(broken, tiny_recording, triangulated)
    assert found["triangulation_mm"] == np.inf
    assert not np.isfinite(found["reprojection_px"])


def test_label_free_scores_see_depth_only_across_views(tiny_recording):
    triangulated = triangulate_recording(tiny_recording)
    exact = perfect(tiny_recording, triangulated)
    deeper = Prediction(exact.pose_3d * 1.1, exact.root_position * 1.1)
    found = scores.label_free_scores(deeper, tiny_recording, triangulated)
    assert found["reprojection_px"] < 4 and found["cross_view_px"] > 50


def test_without_ground_truth_only_label_free_scores_are_given(tiny_run, tiny_recording):
    blind = tiny_recording.without_ground_truth()
    found, _, _ = evaluation.evaluate(load_trained(tiny_run), blind, "tiny")
    assert "mpjpe_mm" not in found and "per_action" not in found
    assert {"reprojection_px", "cross_view_px", "triangulation_mm"} <= set(found)
    assert "MPJPE" not in evaluation.table(found)


def test_the_lifting_branch_sees_one_view_at_a_time(tiny_run, tiny_recording):
    trained = load_trained(tiny_run)
    _, all_views, _ = evaluation.evaluate(trained, tiny_recording, "tiny")
    blinded = tiny_recording.keypoints_2d.copy()
    blinded[:, 1:] = np.nan
    confidence = tiny_recording.confidence.copy()
    confidence[:, 1:] = 0
    alone = dataclasses.replace(tiny_recording, keypoints_2d=blinded, confidence=confidence)
    _, one_view, _ = evaluation.evaluate(trained, alone, "tiny")
    np.testing.assert_allclose(one_view.pose_3d[:, 0], all_views.pose_3d[:, 0], atol=1e-6)


def test_the_command_prints_a_table_and_writes_json_and_pictures(
    tiny_run, tiny_file, tmp_path, capsys
):
    out = tmp_path / "scores.json"
    assert main([f"--workdir={tiny_run}", f"--data={tiny_file}", f"--json={out}"]) == 0
    printed = capsys.readouterr().out
    for word in ("MPJPE", "P-MPJPE", "walking", "waving", "mean of actions", "without 3D labels"):
        assert word in printed
    found = json.loads(out.read_text())
    for name in ("mpjpe_mm", "p_mpjpe_mm", "n_mpjpe_mm", "pck_150", "auc", "root_error_mm"):
        assert isinstance(found[name], float), name
    assert found["checkpoint_step"] in (10, 20) and found["frames"] == 240
    assert (tiny_run / "examples.png").read_bytes()[:4] == b"\x89PNG"


def test_with_flip_a_mirrored_view_gives_the_mirrored_pose(tiny_run, tiny_recording):
    trained = load_trained(tiny_run)
    swap, sign = np.array(trained.model.skeleton.mirror), np.array([-1, 1, 1])
    K = np.array([[1000.0, 0, 500], [0, 1000, 500], [0, 0, 1]], np.float32)
    keypoints_2d = tiny_recording.keypoints_2d[:8, 0]
    confidence, K = tiny_recording.confidence[:8, 0], np.broadcast_to(K, (8, 3, 3))
    mirrored = keypoints_2d * [-1, 1] + [1000, 0]
    for flip, same in ((True, True), (False, False)):
        predict = make_predict(trained.model, flip=flip)
        one = predict(trained.variables, keypoints_2d, confidence, K)
        other = predict(
            trained.variables, mirrored[:, swap].astype(np.float32), confidence[:, swap], K
        )
        difference = np.abs(np.asarray(other.pose_3d)[:, swap] * sign - one.pose_3d).max()
        assert (difference < 1e-5) == same


def test_other_joints_of_the_same_number_are_refused(tiny_run, tiny_recording):
    names = tiny_recording.skeleton.joint_names
    swapped = (*names[:3], names[4], names[3], *names[5:])
    other = dataclasses.replace(
        tiny_recording, skeleton=dataclasses.replace(tiny_recording.skeleton, joint_names=swapped)
    )
    with pytest.raises(GeoselfError, match="joint 3 is 'left_hip'") as refused:
        evaluation.evaluate(load_trained(tiny_run), other, "swapped")
    assert refused.value.code == 65


def test_one_view_without_truth_is_lifted_and_scored_by_what_can_be_had(
    tiny_run, tiny_recording, tmp_path
):
    camera = type(tiny_recording.camera)(*(a[:, :1] for a in tiny_recording.camera))
    alone = dataclasses.replace(
        tiny_recording.without_ground_truth(),
        keypoints_2d=tiny_recording.keypoints_2d[:, :1],
        confidence=tiny_recording.confidence[:, :1],
        camera=camera,
        image_size=tiny_recording.image_size[:, :1],
        camera_names=tiny_recording.camera_names[:1],
    )
    found, prediction, triangulated = evaluation.evaluate(load_trained(tiny_run), alone, "one")
    assert "reprojection_px" in found
    assert "cross_view_px" not in found and "triangulation_mm" not in found
    assert "reprojection" in evaluation.table(found)
    assert evaluation.draw_examples(tmp_path, alone, prediction, triangulated) is None


def test_a_view_without_a_detection_is_not_scored(tiny_run, tiny_recording):
    trained = load_trained(tiny_run)
    confidence = tiny_recording.confidence.copy()
    confidence[:, 2] = 0
    blind = dataclasses.replace(tiny_recording, confidence=confidence)
    found, prediction, _ = evaluation.evaluate(trained, blind, "blind")
    whole, _, _ = evaluation.evaluate(trained, tiny_recording, "whole")
    others = scores.ground_truth_scores(prediction, blind)
    assert np.isfinite(found["mpjpe_mm"]) and others["mpjpe_mm"] == found["mpjpe_mm"]
    assert found["mpjpe_mm"] != whole["mpjpe_mm"]
    prediction.pose_3d[:, 2] += 100  # would show, if it were
    assert scores.ground_truth_scores(prediction, blind)["mpjpe_mm"] == found["mpjpe_mm"]


def test_another_skeleton_is_refused(tiny_run, tiny_recording):
    fewer = dataclasses.replace(
        tiny_recording,
        keypoints_2d=tiny_recording.keypoints_2d[:, :, :5],
        confidence=tiny_recording.confidence[:, :, :5],
        skeleton=recording.Skeleton(tuple("abcde"), (-1, 0, 1, 2, 3), (), 0),
    )
    with pytest.raises(GeoselfError, match="5 joints") as refused:
        evaluation.evaluate(load_trained(tiny_run), fewer, "five")
    assert refused.value.code == 65
