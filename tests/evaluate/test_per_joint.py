"""Each joint's errors, errors in percent of the body, and their images, at any size."""

import base64
import copy
import dataclasses
import io
import json

import numpy as np
import pytest
from browsers import Tab, browser
from PIL import Image

from geoself_jax.core.model import Prediction
from geoself_jax.data.body_size import body_size
from geoself_jax.evaluate import report
from geoself_jax.evaluate.joint_chart import draw_joint_errors
from geoself_jax.evaluate.page.joint_boxes import joint_boxes
from geoself_jax.evaluate.page.score_table import page_table
from geoself_jax.evaluate.page.write_page import write_report
from geoself_jax.evaluate.per_joint import (
    per_joint_scores,
    sizes_by_frame,
    sizes_by_subject,
    whose_size,
)
from geoself_jax.evaluate.scores import ground_truth_scores, in_cameras, label_free_scores
from geoself_jax.runtime.restore import load_trained

FLY, GIANT = 0.0015, 20.0


@pytest.fixture(scope="module")
def evaluated(tiny_run, tiny_recording):
    return report.evaluate(load_trained(tiny_run), tiny_recording, "tiny.npz")


def as_if(scores, size):
    """The scores as they are of bodies of other size."""
    if isinstance(scores, dict):
        return {
            key: value * size
            if key.endswith("_mm") and isinstance(value, float)
            else as_if(value, size)
            for key, value in scores.items()
        }
    return copy.copy(scores)


def test_the_spread_of_a_joint_s_error_is_that_of_its_distances(tiny_recording):
    rng = np.random.default_rng(0)
    target = in_cameras(tiny_recording.pose_world, tiny_recording)
    pose_3d = target - target[:, :, :1]
    wrong = rng.uniform(0, 0.1, pose_3d.shape[:2])
    pose_3d[:, :, 5, 0] += wrong
    prediction = Prediction(pose_3d, target[:, :, 0])
    found = per_joint_scores(prediction, tiny_recording, tiny_recording.pose_world * np.nan)
    assert found["per_joint"]["against"] == "ground truth"
    joints = found["per_joint"]["joints"]
    names = tiny_recording.skeleton.joint_names
    assert list(joints) == list(names[1:])  # the root's error is 0 by definition
    own = joints[names[5]]
    assert own["mean_mm"] == pytest.approx(1000 * wrong.mean(), rel=1e-3)
    shares = [5, 25, 50, 75, 95]
    spread = [own[key] for key in ("p5_mm", "p25_mm", "median_mm", "p75_mm", "p95_mm")]
    np.testing.assert_allclose(spread, 1000 * np.percentile(wrong, shares), rtol=1e-3)
    assert joints[names[4]]["p95_mm"] < 1e-2
    size = 1000 * body_size(tiny_recording.pose_world)
    assert found["body_size_mm"] == pytest.approx(size, rel=0.03)
    without, unknown = tiny_recording.without_ground_truth(), tiny_recording.pose_world * np.nan
    assert per_joint_scores(prediction, without, unknown) == {}


def animals_of_sizes(recording, sizes):
    """The recording with joints of no person, and each subject's ground truth times its size."""
    names = tuple(f"joint{i}" for i in range(recording.skeleton.joints))
    skeleton = dataclasses.replace(recording.skeleton, joint_names=names)
    times = np.array(sizes, np.float32)[recording.subject_id]
    pose_world = recording.pose_world * times[:, None, None]
    return dataclasses.replace(recording, skeleton=skeleton, pose_world=pose_world)


def off_by(share, recording):
    """Predictions that are off by a share of each body's size in every joint except the root."""
    target = in_cameras(recording.pose_world, recording)
    pose_3d = target - target[:, :, :1]
    size = sizes_by_frame(recording, recording.pose_world)
    pose_3d[:, :, 1:, 0] += share * size[:, None, None]
    return Prediction(pose_3d, target[:, :, 0])


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 3, 0.2)])
def test_errors_are_in_percent_of_each_subject_s_own_body(tiny_recording, sizes):
    animals = animals_of_sizes(tiny_recording, sizes)
    known = sizes_by_frame(animals, animals.pose_world)
    for subject in range(3):
        own = animals.subject_id == subject
        size = body_size(animals.pose_world[own])
        np.testing.assert_allclose(known[own], size, rtol=0.03)
    prediction, blind = off_by(0.05, animals), animals.without_ground_truth()
    scores = ground_truth_scores(prediction, animals, known)
    scores |= label_free_scores(prediction, blind, animals.pose_world, known)
    scores |= per_joint_scores(prediction, animals, animals.pose_world)
    scores |= sizes_by_subject(animals, known)
    joints = tiny_recording.skeleton.joints
    for name in ("mpjpe", "triangulation"):
        found = scores[f"{name}_percent_of_body"]
        assert found == pytest.approx(5 * (joints - 1) / joints, rel=1e-3), name
    assert 0 < scores["p_mpjpe_percent_of_body"] < scores["n_mpjpe_percent_of_body"] < 5
    walking = scores["per_action"]["walking"]
    assert walking["mpjpe_percent_of_body"] == pytest.approx(scores["mpjpe_percent_of_body"])
    assert json.loads(json.dumps(scores)) == scores
    line = next(x for x in report.table(report_facts(scores)).splitlines() if "body" in x)
    least, most = (of(scores["body_sizes_mm"].values()) / 1000 for of in (min, max))
    assert line.startswith(f"of each body's size, {least:.2f} to {most:.2f} m: MPJPE 4.71 %, ")
    assert line.count(" %") == 4 and whose_size(scores) == "the median body's size"


def report_facts(scores):
    return scores | {"data": "x", "frames": 1, "views": 1}


def test_one_animal_has_one_size_and_people_are_not_measured(tiny_recording, evaluated):
    assert not any("percent_of_body" in key for key in evaluated[0])
    assert sizes_by_frame(tiny_recording, tiny_recording.pose_world) is None
    alone = animals_of_sizes(tiny_recording, (1, 1, 1))
    alone = alone.select(alone.subject_id == 1)
    known = sizes_by_frame(alone, alone.pose_world)
    assert sizes_by_subject(alone, known) == {} and len(set(known)) == 1
    assert known[0] == pytest.approx(body_size(alone.pose_world), rel=0.03)
    nowhere = np.full_like(alone.pose_world, np.nan)
    assert sizes_by_frame(alone.without_ground_truth(), nowhere) is None
    scores = evaluated[0] | {"mpjpe_percent_of_body": 4.2}
    size = f"{scores['body_size_mm'] / 1000:.2f}"
    line = f"of the body's size, {size} m: MPJPE 4.20 %"
    assert line in report.table(scores).splitlines()


def test_people_s_table_is_as_before_and_a_fly_s_has_three_digits(evaluated):
    scores = evaluated[0]
    people, fly = (report.table(found) for found in (scores, as_if(scores, FLY)))
    assert "action (mm)" in people and "action (µm)" in fly
    assert f"triangulation {scores['triangulation_mm']:.1f} mm," in people
    assert f"triangulation {1.5 * scores['triangulation_mm']:.0f} µm," in fly
    row = next(line for line in fly.splitlines() if line.startswith("all poses")).split()[2:]
    assert float(row[0]) == pytest.approx(1.5 * scores["mpjpe_mm"], rel=5e-3)
    assert row[3] == f"{scores['pck_150']:.3f}"
    giant = report.table(as_if(scores, GIANT))
    assert "action (m)" in giant
    row = next(line for line in giant.splitlines() if line.startswith("all poses")).split()[2:]
    assert float(row[0]) == pytest.approx(0.02 * scores["mpjpe_mm"], rel=5e-3) and len(row[0]) == 4


def test_the_page_s_table_is_in_the_body_s_unit(evaluated):
    scores = evaluated[0]
    people, fly = (page_table(found, "all") for found in (scores, as_if(scores, FLY)))
    assert people["note"].startswith("In mm.") and fly["note"].startswith("In µm.")
    assert f"triangulation {scores['triangulation_mm']:.1f} mm" in people["note"]
    assert f"triangulation {1.5 * scores['triangulation_mm']:.0f} µm" in fly["note"]
    at = people["columns"].index("PCK@150 %")
    actions = len(scores["per_action"]) + 2  # below are classes of motion, whose limits scale
    for one, other in zip(people["rows"][:actions], fly["rows"][:actions], strict=True):
        assert other["values"][0] == pytest.approx(1.5 * one["values"][0])
        assert other["values"][at] == one["values"][at]
    free = {key: value for key, value in as_if(scores, FLY).items() if key != "per_action"}
    table = page_table(free, "all")
    assert table["columns"][0] == "triangulation, µm"
    assert table["rows"][0]["values"][0] == pytest.approx(1.5 * scores["triangulation_mm"])


def test_the_chart_of_joints_is_the_same_at_every_size(evaluated, tmp_path):
    scores = evaluated[0]
    images = {}
    for size in (1.0, FLY, GIANT):
        path = tmp_path / f"{size}.png"
        assert draw_joint_errors(path, as_if(scores, size))
        with Image.open(path) as image:
            images[size] = np.asarray(image.convert("RGB"), int)
    wanted = images[1.0]
    boxes = (np.abs(wanted - [38, 135, 190]).max(-1) < 30).sum()
    assert boxes > 2000
    for size in (FLY, GIANT):
        assert images[size].shape == wanted.shape
        found = (np.abs(images[size] - [38, 135, 190]).max(-1) < 30).sum()
        assert found == pytest.approx(boxes, rel=0.02)
    assert not draw_joint_errors(tmp_path / "none.png", {})
    assert not (tmp_path / "none.png").exists()


def test_the_page_shows_a_box_for_each_joint(evaluated, tiny_recording, tmp_path):
    scores, prediction, triangulated = evaluated
    page = tmp_path / "report.html"
    shown = as_if(scores, FLY)
    write_report(page, tiny_recording, prediction, triangulated, shown)
    boxes = joint_boxes(shown)
    joints = scores["per_joint"]["joints"]
    assert [row["name"] for row in boxes["rows"]] == list(joints) and boxes["unit"] == "µm"
    assert boxes["rows"][3]["mean"] == pytest.approx(1.5 * list(joints.values())[3]["mean_mm"])
    assert joint_boxes({}) is None
    with browser() as opened:
        tab = Tab(opened, page).ready()
        assert tab.page.is_visible("#by-joint") and tab.wrong == []
        note = tab.text("#boxes-note")
        assert "Error against ground truth" in note and "below in µm" in note
        assert f"(~{1000 * shown['body_size_mm']:.0f} µm)".replace("~", "")[:3] in note
        drawn = Image.open(io.BytesIO(base64.b64decode(tab.pixels("#boxes").partition(",")[2])))
        pixels = np.asarray(drawn.convert("RGBA"), int)
        inside = (np.abs(pixels[..., :3] - [0, 114, 178]).max(-1) < 12) & (pixels[..., 3] > 200)
        rows = np.flatnonzero(inside.any(1))
        assert 1 + (np.diff(rows) > 1).sum() == len(joints)
        spread = np.array([row["spread"] for row in boxes["rows"]])
        widths = [int(inside[start].sum()) for start in rows[np.diff(rows, prepend=-9) > 1]]
        wanted = spread[:, 3] - spread[:, 1]
        assert np.corrcoef(widths, wanted)[0, 1] > 0.99
        tab.close()
