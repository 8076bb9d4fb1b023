import dataclasses
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from processes import ROOT, environment

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.model import Prediction
from geoself_jax.core.predict import make_predict
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data import recording
from geoself_jax.data.joint_maps import joint_map, limb_joints
from geoself_jax.data.skeletons import KNOWN_SKELETONS, from_parents
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.evaluate import report, scores
from geoself_jax.evaluate.__main__ import main
from geoself_jax.runtime.restore import load_trained


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


BIG = """
import sys
sys.path.insert(0, "tests")
import numpy as np
from tiny import make_arrays
from geoself_jax.data import recording
from geoself_jax.evaluate import scores
from geoself_jax.core.model import Prediction
one = recording.from_arrays(make_arrays(), "tiny")
many = one.select(np.tile(np.arange(one.frames), 6))
target = scores.in_cameras(many.pose_world, many)
exact = Prediction(target - target[:, :, :1], target[:, :, 0])
assert scores.ground_truth_scores(exact, many)["limb_p_mpjpe_mm"] < 0.01
"""


def test_thousands_of_poses_are_scored_without_waiting_for_ever():
    # Two P-MPJPEs in one program: on two cores it never ended (jaxlib 0.10.2).
    code = ["-c", BIG]
    env = environment() | {"JAX_CPU_ENABLE_ASYNC_DISPATCH": "true"}
    subprocess.run([sys.executable, *code], cwd=ROOT, env=env, check=True, timeout=120)


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


def test_a_view_without_a_detection_is_scored_in_no_other_view(tiny_recording):
    confidence = tiny_recording.confidence.copy()
    confidence[:, 2] = 0
    blind = dataclasses.replace(tiny_recording, confidence=confidence)
    triangulated = triangulate_recording(blind)
    exact = perfect(blind, triangulated)
    moved = exact.root_position.copy()
    moved[:, 2] += 1.0
    found = [
        scores.label_free_scores(Prediction(exact.pose_3d, root), blind, triangulated)
        for root in (exact.root_position, moved)
    ]
    assert found[0]["cross_view_px"] == found[1]["cross_view_px"] < 4


def test_label_free_scores_see_depth_only_across_views(tiny_recording):
    triangulated = triangulate_recording(tiny_recording)
    exact = perfect(tiny_recording, triangulated)
    deeper = Prediction(exact.pose_3d * 1.1, exact.root_position * 1.1)
    found = scores.label_free_scores(deeper, tiny_recording, triangulated)
    assert found["reprojection_px"] < 4 and found["cross_view_px"] > 50


def test_without_ground_truth_only_label_free_scores_are_given(tiny_run, tiny_recording):
    blind = tiny_recording.without_ground_truth()
    found, _, _ = report.evaluate(load_trained(tiny_run), blind, "tiny")
    assert "mpjpe_mm" not in found and "per_action" not in found
    assert {"reprojection_px", "cross_view_px", "triangulation_mm"} <= set(found)
    assert "MPJPE" not in report.table(found)


def test_the_lifting_branch_sees_one_view_at_a_time(tiny_run, tiny_recording):
    trained = load_trained(tiny_run)
    _, all_views, _ = report.evaluate(trained, tiny_recording, "tiny")
    blinded = tiny_recording.keypoints_2d.copy()
    blinded[:, 1:] = np.nan
    confidence = tiny_recording.confidence.copy()
    confidence[:, 1:] = 0
    alone = dataclasses.replace(tiny_recording, keypoints_2d=blinded, confidence=confidence)
    _, one_view, _ = report.evaluate(trained, alone, "tiny")
    np.testing.assert_allclose(one_view.pose_3d[:, 0], all_views.pose_3d[:, 0], atol=1e-6)


@pytest.fixture
def own_run(tiny_run, tmp_path):
    """A copy, to be written into."""
    return shutil.copytree(tiny_run, tmp_path / "run")


def test_the_command_prints_a_table_and_writes_json_and_figures(
    own_run, tiny_file, tmp_path, capsys
):
    out = tmp_path / "scores.json"
    assert main([f"--workdir={own_run}", f"--data={tiny_file}", f"--json={out}"]) == 0
    printed = capsys.readouterr().out
    for word in ("MPJPE", "P-MPJPE", "walking", "waving", "mean of actions", "without 3D labels"):
        assert word in printed
    found = json.loads(out.read_text())
    assert f" --workdir={own_run} --out={own_run}/export" in printed.splitlines()[-1]
    for name in ("mpjpe_mm", "p_mpjpe_mm", "n_mpjpe_mm", "pck_150", "auc", "root_error_mm"):
        assert isinstance(found[name], float), name
    assert found["checkpoint_step"] in (10, 20) and found["frames"] == 240
    assert (own_run / "examples.png").read_bytes()[:4] == b"\x89PNG"


def test_the_table_fits_a_hundred_columns_whatever_the_actions_are_called():
    row = dict.fromkeys(report.COLUMNS, 1234.5) | {"pck_150": 0.888, "auc": 0.557}
    names = ("walking", "carrying_a_heavy_box_up_the_stairs")
    found = row | {"poses": 1_000_000, "action_mean": row}
    found["per_action"] = {name: row | {"poses": 500_000} for name in names}
    lines = report.table(found).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].split()[2:] == [*report.COLUMNS.values(), "poses"]
    assert lines[2].startswith("carrying_a_heavy") and "...  1234.5   1234.5 " in lines[2]
    assert lines[4].split()[2:] == ["1234.5"] * 3 + ["0.888", "0.557"] + ["1234.5"] * 3 + [
        "1000000"
    ]
    assert lines[-2].startswith("triangulation: mean distance to joints triangulated")
    assert lines[-1].startswith("it orders runs on the same data")
    alone = report.table({"triangulation_mm": 85.3}).splitlines()
    assert alone[0].startswith("without 3D labels: triangulation 85.3 mm") and len(alone) == 3


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
        roots = make_predict(trained.model)(trained.variables, keypoints_2d, confidence, K)
        np.testing.assert_array_equal(one.root_position, roots.root_position)


def test_other_joints_of_the_same_number_are_refused(tiny_run, tiny_recording):
    names = tiny_recording.skeleton.joint_names
    swapped = (*names[:3], names[4], names[3], *names[5:])
    other = dataclasses.replace(
        tiny_recording, skeleton=dataclasses.replace(tiny_recording.skeleton, joint_names=swapped)
    )
    with pytest.raises(GeoselfError, match="joint 3 is 'left_hip'") as refused:
        report.evaluate(load_trained(tiny_run), other, "swapped")
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
    found, prediction, triangulated = report.evaluate(load_trained(tiny_run), alone, "one")
    assert "reprojection_px" in found
    assert "cross_view_px" not in found and "triangulation_mm" not in found
    assert "reprojection" in report.table(found)
    assert report.draw_examples(tmp_path, alone, prediction, triangulated) is None


def test_a_view_without_a_detection_is_not_scored(tiny_run, tiny_recording):
    trained = load_trained(tiny_run)
    confidence = tiny_recording.confidence.copy()
    confidence[:, 2] = 0
    blind = dataclasses.replace(tiny_recording, confidence=confidence)
    found, prediction, _ = report.evaluate(trained, blind, "blind")
    whole, _, _ = report.evaluate(trained, tiny_recording, "whole")
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
        report.evaluate(load_trained(tiny_run), fewer, "five")
    assert refused.value.code == 65


def in_other_joints(recording_, skeleton):
    """The same bodies seen and measured in another known skeleton's joints."""
    mapped = joint_map(H36M_17, skeleton)
    keypoints_2d, confidence = mapped.detections(recording_.keypoints_2d, recording_.confidence)
    return dataclasses.replace(
        recording_, keypoints_2d=keypoints_2d, confidence=confidence, skeleton=skeleton
    )


def test_limbs_are_scored_in_addition_to_all_joints(tiny_recording):
    exact = perfect(tiny_recording, tiny_recording.pose_world)
    off = exact.pose_3d.copy()
    off[:, :, 7:11] += 0.3  # spine to head
    off[:, :, (11, 14), 1] += 0.06  # shoulders: 2 of 12
    found = scores.ground_truth_scores(Prediction(off, exact.root_position), tiny_recording)
    np.testing.assert_allclose(found["limb_mpjpe_mm"], 10, rtol=1e-3)
    assert 1 < found["limb_p_mpjpe_mm"] < 60 / 6**0.5 < found["p_mpjpe_mm"]  # below their RMS
    np.testing.assert_allclose(found["per_action"]["waving"]["limb_mpjpe_mm"], 10, rtol=1e-3)
    np.testing.assert_allclose(found["mpjpe_mm"], 1000 * (4 * 0.27**0.5 + 0.12) / 17, rtol=1e-3)
    off[:, :, [i for i in range(17) if i not in range(7, 11)]] = 0
    limbs = list(limb_joints(H36M_17))
    off[:, :, limbs] = 1.2 * exact.pose_3d[:, :, limbs][..., [2, 0, 1]]  # turned and scaled
    found = scores.ground_truth_scores(Prediction(off, exact.root_position), tiny_recording)
    assert found["limb_p_mpjpe_mm"] < 0.1 and found["limb_mpjpe_mm"] > 100


def test_a_prediction_in_cocos_joints_is_scored_in_human36ms(tiny_recording):
    coco = KNOWN_SKELETONS["coco_17_pelvis"]
    seen = in_other_joints(tiny_recording, coco)
    seen = dataclasses.replace(seen, pose_skeleton=H36M_17)
    truth = scores.in_cameras(tiny_recording.pose_world, tiny_recording)
    # The eyes flank the head's joint and the nose is the neck's: only spine and thorax are off.
    body = joint_map(H36M_17, coco).points(truth)
    body[:, :, 1:5] = truth[:, :, 10, None]
    root = body[:, :, coco.root]
    found = scores.ground_truth_scores(Prediction(body - root[:, :, None], root), seen)
    assert found["limb_mpjpe_mm"] < 0.01 and found["limb_p_mpjpe_mm"] < 0.1
    assert found["root_error_mm"] < 0.01
    local = tiny_recording.pose_world
    thorax = np.linalg.norm((local[:, 11] + local[:, 14]) / 2 - local[:, 8], axis=-1)
    middle = (local[:, [11, 14]].mean(1) + local[:, 0]) / 2
    spine = np.linalg.norm(middle - local[:, 7], axis=-1)
    expected = 1000 * (thorax + spine).mean() / 17
    assert expected > 1
    np.testing.assert_allclose(found["mpjpe_mm"], expected, rtol=1e-3)


def test_joints_that_a_prediction_has_nothing_for_are_not_counted(tiny_recording):
    coco = KNOWN_SKELETONS["coco_17_pelvis"]
    truth = joint_map(H36M_17, coco).points(tiny_recording.pose_world)
    truth[:, 1:5] = 7.0  # eyes and ears, which Human3.6M's joints do not have
    other = dataclasses.replace(tiny_recording, pose_world=truth, pose_skeleton=coco)
    exact = perfect(tiny_recording, tiny_recording.pose_world)
    found = scores.ground_truth_scores(exact, other)
    assert found["mpjpe_mm"] < 0.01 and found["limb_mpjpe_mm"] < 0.01 and found["pck_150"] == 1
    broken = Prediction(exact.pose_3d * np.nan, exact.root_position)
    assert scores.ground_truth_scores(broken, other)["limb_mpjpe_mm"] == np.inf
    (note,) = report.joint_notes(other, other)
    assert "nose derived" in note and "left_eye, right_eye, left_ear, right_ear absent" in note


def test_truth_whose_root_cannot_be_had_is_not_scored_and_that_is_said(tiny_recording):
    toe = from_parents({"left_toe": "", "left_knee": "left_toe"}, "left_toe")
    pose = tiny_recording.pose_world[:, :2]
    other = dataclasses.replace(tiny_recording, pose_world=pose, pose_skeleton=toe)
    exact = perfect(tiny_recording, tiny_recording.pose_world)
    assert scores.ground_truth_scores(exact, other) == {}
    assert "its root 'left_toe' cannot be had" in report.joint_notes(other, other)[0]


def test_same_joints_leave_nothing_to_say(tiny_run, tiny_recording):
    trained = load_trained(tiny_run)
    assert report.in_joints_of(H36M_17, tiny_recording, "tiny") is tiny_recording
    found, _, _ = report.evaluate(trained, tiny_recording, "tiny")
    assert "joint_notes" not in found
    heads = report.table(found).splitlines()[0]
    assert heads.split()[-3:] == ["limbs", "P-limbs", "poses"]


def test_detections_in_other_joints_are_mapped_to_the_runs(
    own_run, tiny_recording, tmp_path, capsys
):
    mpi = KNOWN_SKELETONS["mpi_inf_3dhp_17"]  # each of its joints is one of Human3.6M's
    other = in_other_joints(tiny_recording, mpi)
    truth = joint_map(H36M_17, mpi).points(tiny_recording.pose_world)
    other = dataclasses.replace(other, pose_world=truth)
    trained = load_trained(own_run)
    same, lifted, _ = report.evaluate(trained, tiny_recording, "h36m")
    found, relifted, _ = report.evaluate(trained, other, "3dhp")
    np.testing.assert_allclose(relifted.pose_3d, lifted.pose_3d, atol=1e-5)
    for name in ("mpjpe_mm", "p_mpjpe_mm", "limb_mpjpe_mm", "root_error_mm", "reprojection_px"):
        np.testing.assert_allclose(found[name], same[name], rtol=1e-4)
    notes = found["joint_notes"]
    assert "detections mapped to the run's 17 joints: thorax, neck derived" in notes[0]
    assert "scored in the 17 joints of the ground truth: neck, head derived" in notes[1]
    assert report.table(found).endswith("\n".join(notes))
    recording.write(other, tmp_path / "3dhp.npz")
    assert main([f"--workdir={own_run}", f"--data={tmp_path / '3dhp.npz'}"]) == 0
    assert "carry that bias" in capsys.readouterr().out
    assert json.loads((own_run / "evaluation.json").read_text())["joint_notes"] == notes
    assert (own_run / "examples.png").is_file()


def test_detections_that_lack_a_joint_of_the_run_are_refused(tiny_run, tiny_recording):
    legs = from_parents({"pelvis": "", "left_hip": "pelvis", "right_hip": "pelvis"}, "pelvis")
    few = dataclasses.replace(
        tiny_recording.without_ground_truth(),
        keypoints_2d=tiny_recording.keypoints_2d[:, :, [0, 4, 1]],
        confidence=tiny_recording.confidence[:, :, [0, 4, 1]],
        skeleton=legs,
    )
    with pytest.raises(GeoselfError, match="legs: 3 joints with root 0") as refused:
        report.evaluate(load_trained(tiny_run), few, "legs")
    assert refused.value.code == 65
