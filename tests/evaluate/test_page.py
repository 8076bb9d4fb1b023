import dataclasses
import json
import re

import numpy as np
import pytest

from geoself_jax.evaluate import report as evaluation
from geoself_jax.evaluate.page import page_frames
from geoself_jax.evaluate.page.write_page import write_report
from geoself_jax.evaluate.ranking import rank_views
from geoself_jax.runtime.restore import load_trained
from geoself_jax.view.from_recording import parts

SOURCE = "<img src=x>.npz"


@pytest.fixture(scope="module")
def trained(tiny_run):
    return load_trained(tiny_run)


@pytest.fixture(scope="module")
def evaluated(trained, tiny_recording):
    """Scores, prediction, triangulated joints."""
    return evaluation.evaluate(trained, tiny_recording, SOURCE)


@pytest.fixture(scope="module")
def ranking(evaluated, tiny_recording):
    return rank_views(tiny_recording, *evaluated[1:])


def facts_of(path):
    """What the page's own script reads."""
    text = path.read_text()
    found = re.findall(r'<script type="application/json" id="page">(.*?)</script>', text, re.S)
    return json.loads(found[0]), text


def test_views_are_ranked_by_the_mean_error_of_their_joints(ranking, evaluated, tiny_recording):
    scores, prediction, _ = evaluated
    assert ranking.name == "ground truth"
    np.testing.assert_allclose(1000 * np.nanmean(ranking.error), scores["mpjpe_mm"], rtol=1e-4)
    ordered = ranking.error.reshape(-1)[ranking.order]
    assert (np.diff(ordered) >= 0).all() and len(ordered) == np.isfinite(ranking.error).sum()
    frame, view = ranking.place(1)
    apart = prediction.pose_3d[frame, view] - ranking.target[frame, view]
    wanted = np.linalg.norm(apart, axis=-1).mean()
    np.testing.assert_allclose(ordered[-1], wanted, rtol=1e-5)
    empty = tiny_recording.confidence.copy()
    empty[frame, view] = 0
    blind = dataclasses.replace(tiny_recording, confidence=empty)
    without = rank_views(blind, *evaluated[1:])
    assert np.isnan(without.error[frame, view]) and without.place(1) != (frame, view)


def test_a_page_has_the_best_the_median_the_worst_and_every_action(
    evaluated, ranking, tiny_recording, tmp_path
):
    scores, prediction, triangulated = evaluated
    page = tmp_path / "new" / "report.html"
    report = write_report(page, tiny_recording, prediction, triangulated, scores)
    assert report == (24, 24)  # six clips, four cameras: small enough to be there whole
    facts, text = facts_of(page)
    assert SOURCE not in text and facts["title"] == f"Evaluation on {SOURCE}"
    names = [scene["name"] for scene in facts["scenes"]]
    for why, share in (("best", 0), ("worst", 1)):
        frame, view = ranking.place(share)
        clip = tiny_recording.clip_names[tiny_recording.clip_id[frame]]
        assert any(name.startswith(f"{clip} · cam{view}") and why in name for name in names), (
            why,
            names,
        )
    assert {scene["action"] for scene in facts["scenes"]} == {"walking", "waving"}
    for scene in facts["scenes"]:
        sources = [source["name"] for source in scene["sources"]]
        assert sources == ["prediction", "ground truth", "triangulated"]
        assert scene["reference"] == 1 and scene["pixels"] is not None
    assert [file.name for file in page.parent.iterdir()] == ["report.html"]


def test_the_table_of_a_page_has_the_printed_scores(evaluated, tiny_recording, tmp_path):
    scores, prediction, triangulated = evaluated
    write_report(tmp_path / "a.html", tiny_recording, prediction, triangulated, scores)
    table = facts_of(tmp_path / "a.html")[0]["table"]
    rows = {
        row["name"]: dict(zip(table["columns"], row["values"], strict=True))
        for row in table["rows"]
    }
    assert list(rows)[:4] == ["walking", "waving", "mean of actions", "all poses"]
    upright = scores["by_tilt"]["classes"][0]
    row = rows["torso tilted under 20 degrees"]
    assert row["MPJPE"] == upright["mpjpe_mm"] and row["poses"] == upright["poses"]
    assert row["PCK@150 %"] is None
    assert rows["all poses"]["MPJPE"] == scores["mpjpe_mm"]
    assert rows["waving"]["P-MPJPE"] == scores["per_action"]["waving"]["p_mpjpe_mm"]
    assert rows["mean of actions"]["AUC %"] == 100 * scores["action_mean"]["auc"]
    assert rows["all poses"]["poses"] == rows["mean of actions"]["poses"] == 240 * 4
    assert f"cross-view {scores['cross_view_px']:.1f} px" in table["note"]


def test_without_ground_truth_the_page_compares_with_triangulation(
    trained, tiny_recording, tmp_path
):
    blind = tiny_recording.without_ground_truth()
    scores, prediction, triangulated = evaluation.evaluate(trained, blind, "tiny")
    write_report(tmp_path / "a.html", blind, prediction, triangulated, scores)
    facts, _ = facts_of(tmp_path / "a.html")
    assert [s["name"] for s in facts["scenes"][0]["sources"]] == ["prediction", "triangulated"]
    assert facts["scenes"][0]["reference"] == 1
    row, upright, *_ = facts["table"]["rows"]
    assert row["values"][0] == scores["triangulation_mm"]
    assert upright["name"] == "torso tilted under 20 degrees"
    assert upright["values"] == [scores["by_tilt"]["classes"][0]["triangulation_mm"], None, None]
    camera = type(blind.camera)(*(a[:, :1] for a in blind.camera))
    alone = dataclasses.replace(
        blind,
        keypoints_2d=blind.keypoints_2d[:, :1],
        confidence=blind.confidence[:, :1],
        camera=camera,
        image_size=blind.image_size[:, :1],
        camera_names=blind.camera_names[:1],
    )
    scores, prediction, triangulated = evaluation.evaluate(trained, alone, "one view")
    report = write_report(tmp_path / "b.html", alone, prediction, triangulated, scores)
    facts, _ = facts_of(tmp_path / "b.html")
    assert report == (6, 6)
    assert all(len(scene["sources"]) == 1 for scene in facts["scenes"])


def test_much_data_is_shown_in_part_and_long_clips_around_what_they_were_chosen_for(
    ranking, tiny_recording, monkeypatch
):
    monkeypatch.setattr(page_frames, "_JOINTS", 17 * 130)
    monkeypatch.setattr(page_frames, "_LONGEST", 20)
    each = list(parts(tiny_recording))
    found = page_frames.chosen(tiny_recording, ranking, each)
    assert len(found) >= 5 and sum(len(choice.at) for choice in found) <= 130
    for choice in found:
        assert len(choice.at) == 20 and (np.diff(choice.at) == 1).all()
        assert len(set(tiny_recording.clip_id[choice.at])) == 1
    for choice, share in zip(found, (0, 0.5, 1), strict=False):
        frame, view = ranking.place(share)
        assert frame in choice.at and view == choice.view
    assert [choice.why for choice in found[:4]] == ["best", "median", "worst", ""]
    actions = {tiny_recording.clip_actions[tiny_recording.clip_id[c.at[0]]] for c in found}
    assert actions == {"walking", "waving"}


def test_many_actions_share_a_small_page(ranking, tiny_recording, monkeypatch):
    monkeypatch.setattr(page_frames, "_JOINTS", 17 * 40)
    names = tuple(f"action {i}" for i in range(6))
    many = dataclasses.replace(tiny_recording, clip_actions=names)
    found = page_frames.chosen(many, ranking, list(parts(many)))
    assert {many.clip_id[choice.at[0]] for choice in found} == set(range(6))
    assert sum(len(choice.at) for choice in found) <= 40
