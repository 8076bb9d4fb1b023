import dataclasses
import json

import numpy as np
import pytest

from geoself_jax.core.model import Prediction
from geoself_jax.core.shown_lengths import HUMAN_UNITS
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.training_sample import FILE, sample_training
from geoself_jax.evaluate import motion_classes, scores
from geoself_jax.evaluate.by_motion import motion_lines, motion_scores
from geoself_jax.evaluate.page.score_table import page_table
from geoself_jax.export.card_scores import scores as card


def leaning(recording, degrees):
    """The recording with each body's upper part and legs turned about x, as one."""
    angle = np.radians(degrees)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    root = recording.pose_world[:, :1]
    return ((recording.pose_world - root) @ turn.T + root).astype(np.float32)


def predicted(recording, world, off=0.0):
    target = scores.in_cameras(world, recording)
    root = target[:, :, 0]
    pose = target - root[:, :, None]
    pose[:, :, 1:, 0] += off
    return Prediction(pose, root)


@pytest.fixture(scope="module")
def half_lying(tiny_recording):
    """The last 80 frames lie on their side."""
    world = tiny_recording.pose_world.copy()
    world[160:] = leaning(tiny_recording, 80)[160:]
    return dataclasses.replace(tiny_recording, pose_world=world)


@pytest.fixture(scope="module")
def sample(tiny_recording):
    return sample_training(tiny_recording, tiny_recording.pose_world, 1.0)


def found_of(recording, sample):
    found = predicted(recording, recording.pose_world)
    measures = scores.measures_of_poses(found, recording)
    return motion_scores(found, recording, recording.pose_world, measures, sample)


def test_the_torsos_angle_is_that_of_the_body(tiny_recording):
    upright = dataclasses.replace(tiny_recording, pose_world=leaning(tiny_recording, 0))
    before = motion_classes.torso_tilt(upright.pose_world, upright)
    line = upright.pose_world[:, [11, 14]].mean(1) - upright.pose_world[:, [1, 4]].mean(1)
    by_hand = np.degrees(np.arctan2(np.linalg.norm(line[:, :2], axis=-1), line[:, 2]))
    np.testing.assert_allclose(before, by_hand, atol=1e-3)
    over = motion_classes.torso_tilt(leaning(tiny_recording, 180), tiny_recording)
    np.testing.assert_allclose(over, 180 - before, atol=1e-3)


def test_each_class_has_its_own_error_and_together_they_are_all_poses(half_lying, sample):
    found = predicted(half_lying, half_lying.pose_world)
    found.pose_3d[160:, :, 1:, 0] += 0.1
    measures = scores.measures_of_poses(found, half_lying)
    by = motion_scores(found, half_lying, half_lying.pose_world, measures, sample)
    whole = scores.ground_truth_scores(found, half_lying, per_pose=measures)
    for key in ("by_tilt", "by_novelty"):
        rows = by[key]["classes"]
        assert sum(row["poses"] for row in rows) == 240 * 4
        assert sum(row["frames"] for row in rows) == 240
        total = sum(row["poses"] * (row["mpjpe_mm"] or 0) for row in rows) / 960
        np.testing.assert_allclose(total, whole["mpjpe_mm"], rtol=1e-4)
        assert rows[0]["mpjpe_mm"] < 0.1  # upright, and seen in training
        np.testing.assert_allclose(rows[-1]["mpjpe_mm"] or 100 * 16 / 17, 100 * 16 / 17, rtol=1e-3)
    assert by["by_novelty"]["classes"][-1]["frames"] == 80
    assert 40 < by["by_tilt"]["classes"][2]["frames"] + by["by_tilt"]["classes"][3]["frames"] <= 80
    json.dumps(by)


def test_without_ground_truth_the_classes_are_of_triangulated_joints(half_lying, sample):
    world = half_lying.pose_world
    blind = dataclasses.replace(half_lying, pose_world=None)
    found = predicted(half_lying, world, off=0.05)
    by = motion_scores(found, blind, world, {}, sample)
    row = by["by_novelty"]["classes"][-1]
    assert row["frames"] == 80 and "mpjpe_mm" not in row
    np.testing.assert_allclose(row["triangulation_mm"], 50 * 16 / 17, rtol=1e-3)
    lines = motion_lines(by)
    heads = [line for line in lines if "triangulation" in line]
    assert len(heads) == 2 and not any("MPJPE" in line for line in lines)


def test_what_cannot_be_had_is_left_out_with_a_word(tiny_recording, sample):
    flat = dataclasses.replace(tiny_recording, world_up=None)
    for recording, given, key, word in (
        (tiny_recording, None, "by_novelty", FILE),
        (flat, sample, "by_tilt", "vertical"),
        (flat, sample, "by_novelty", "vertical"),
        (tiny_recording, sample._replace(poses=sample.poses[:0]), "by_novelty", "no poses"),
    ):
        by = found_of(recording, given)
        assert word in by[key]["left_out"]
        assert any("left out" in line and word in line for line in motion_lines(by))
    names = tuple(f"joint{i}" for i in range(17))
    insect = Skeleton(names, tiny_recording.skeleton.parents, (), 0)
    other = dataclasses.replace(tiny_recording, skeleton=insect, pose_skeleton=None)
    by = found_of(other, None)
    assert "hips and shoulders" in by["by_tilt"]["left_out"]


def test_instants_in_no_class_are_counted_and_it_is_said(half_lying, sample):
    """A bone of one body that is never seen leaves all instants of that body without a class."""
    world = half_lying.pose_world.copy()
    lost = half_lying.subject_id == half_lying.subject_id[0]
    world[lost, 16] = np.nan
    by = found_of(dataclasses.replace(half_lying, pose_world=world), sample)["by_novelty"]
    assert by["unknown_frames"] == lost.sum() > 0
    assert sum(row["frames"] for row in by["classes"]) == 240 - lost.sum()
    said = f"{lost.sum()} of 240 instants are in no class: fewer than half of the joints are known"
    for lines in (
        motion_lines({"by_novelty": by}),
        card({"evaluation": {"by_novelty": by}, "checkpoint": {"best": None}}, HUMAN_UNITS),
        [page_table({"frames": 240, "views": 4, "by_novelty": by}, "all")["note"]],
    ):
        assert any(said in line for line in lines)
    assert "unknown_frames" not in found_of(half_lying, sample)["by_novelty"]


def test_the_table_and_the_model_card_show_the_classes_that_have_poses(half_lying, sample):
    by = found_of(half_lying, sample)
    lines = motion_lines(by)
    assert len({len(line) for line in lines if "left out" not in line}) <= 2
    assert any(line.startswith("over 200 mm") and line.endswith(" 320") for line in lines)
    evaluation = {"data": "x", **by}
    found = {"evaluation": evaluation, "checkpoint": {"best": None}}
    text = "\n".join(card(found, HUMAN_UNITS))
    assert "| over 200 mm |" in text and "| distance to the nearest training pose |" in text
    assert "larger errors than the mean" in text


def test_the_classes_of_small_bodies_are_as_much_smaller(half_lying, sample):
    small = dataclasses.replace(half_lying, pose_world=half_lying.pose_world / 500)
    tiny = sample._replace(bones=sample.bones / 500, unit=1 / 500)
    large = motion_classes.novelty_classes(half_lying, half_lying.pose_world, sample)
    found = motion_classes.novelty_classes(small, small.pose_world, tiny)
    np.testing.assert_array_equal(found.of_frame, large.of_frame)
    np.testing.assert_allclose(found.median * 500, large.median, rtol=1e-3)


def test_a_run_keeps_its_sample_and_an_export_has_the_same(tiny_run, tiny_export):
    assert (tiny_run / FILE).is_file()
    with np.load(tiny_run / FILE) as own, np.load(tiny_export / FILE) as copied:
        assert set(own) == set(copied)
        for name in own:
            np.testing.assert_array_equal(own[name], copied[name])
    info = json.loads((tiny_export / "model.json").read_text())
    assert FILE in info["files"]
