"""Inspecting good data raises no alarm; the report, its page and the command say what was found."""

import dataclasses
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data import recording
from geoself_jax.data.sources import load
from geoself_jax.inspect import __main__ as inspect
from geoself_jax.inspect import html_report, report, verdicts
from geoself_jax.inspect.plain_text import text
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.inspect.sample import samples_of
from geoself_jax.runtime import cli

RECORDED = Path(__file__).parents[3] / "shared/data/cmu_h36m_rig/dev.npz"
HOSTILE = "<img src=x onerror=alert(1)>"


def alarms(found):
    return [v.line for v in found.verdicts if v.severity in ("error", "warning")]


@pytest.fixture(scope="module")
def tiny_report(tiny_recording):
    return report.inspect(tiny_recording, "tiny.npz")


def test_the_tiny_recording_raises_no_alarm(tiny_report):
    assert not alarms(tiny_report)


@pytest.mark.parametrize(("source", "frames"), [("synthetic:test", 1000), ("synthetic:train", 600)])
def test_the_built_in_data_raise_no_alarm(source, frames):
    assert not alarms(report.inspect(load(source, synthetic_frames=frames), source))


def test_recorded_motion_before_a_published_rig_raises_no_alarm():
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED.name} of shared/data is not here")
    assert not alarms(report.inspect(recording.read(RECORDED), "dev.npz", most=800))


def test_figures_are_those_that_the_tiny_recording_was_made_with(tiny_report):
    for row in tiny_report.figures["cameras"]:
        # 2.4 px on each axis, of which four views fit a part away
        assert 1.7 < row["residual_px"] < 2.6
        assert 98 < row["seen_percent"] < 100
        assert 3.5 < row["depth_m"] < 6
    subjects = {s["subject"]: s for s in tiny_report.figures["subjects"]}
    for name, size in (("anna", 0.93), ("bela", 1.0), ("cem", 1.06)):
        bones = {b["bone"]: b for b in subjects[name]["bones"]}
        for joint in ("knee", "ankle"):
            parent = {"knee": "hip", "ankle": "knee"}[joint]
            length = bones[f"left_{parent}-left_{joint}"]["length_m"]
            assert abs(length - 0.44 * size) < 0.01


def test_baselines_and_rays_are_those_of_the_cameras(tiny_report, tiny_recording):
    row = tiny_report.figures["pairs"][0]
    center = tiny_recording.camera.center[0]
    assert row["baseline_m"] == pytest.approx(np.linalg.norm(center[0] - center[1]))
    middle = np.array([0, 0, 0.9])
    a, b = (c - middle for c in center[:2])
    angle = np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
    assert abs(row["ray_angle_degrees"] - angle) < 10  # the person walks about the middle


def test_no_ground_truth_is_looked_at(tiny_recording, tiny_report):
    without = report.inspect(tiny_recording.without_ground_truth(), "tiny.npz")
    assert without.verdicts == tiny_report.verdicts


def test_the_text_has_verdicts_first_and_the_worst_of_them_first(tiny_recording):
    broken = {"camera": tiny_recording.camera._replace(center=1000 * tiny_recording.camera.center)}
    found = report.inspect(_with(tiny_recording, **broken), "x.npz")
    lines = text(found, verbose=True).split("\n")
    assert lines[0].startswith("x.npz: 240 frames, 4 cameras")
    severities = [line.split(" ")[0] for line in lines[3:] if line][: len(found.verdicts)]
    order = [verdicts.ORDER.index(s) for s in severities]
    assert order == sorted(order) and severities[0] == "error"


def test_one_frame_and_one_view_are_reported_not_raised(tiny_recording):
    assert not alarms(report.inspect(tiny_recording.select(slice(3, 4)), "x"))
    cameras = (a[:, :1] for a in tiny_recording.camera)
    alone = _with(
        tiny_recording,
        keypoints_2d=tiny_recording.keypoints_2d[:, :1],
        confidence=tiny_recording.confidence[:, :1],
        camera=recording.HostCamera(*cameras),
        image_size=tiny_recording.image_size[:, :1],
        camera_names=("cam0",),
    )
    found = report.inspect(alone, "x")
    assert any("1 view - training needs two" in line for line in alarms(found))
    assert "cam0" not in text(found).split("subject  ")[0].split("camera  ")[1]
    assert html_report.page(found)


def test_names_cannot_break_out_of_the_page_or_the_terminal(tiny_recording):
    names = {
        name: tuple(f"{HOSTILE}\x1b[31m{i}" for i, _ in enumerate(getattr(tiny_recording, name)))
        for name in ("clip_names", "subject_names", "rig_names", "camera_names")
    }
    hostile = _with(tiny_recording, **names)
    pixels = hostile.keypoints_2d.copy()
    pixels[:40, 1] = pixels[0, 1]  # so that clip and camera are named
    found = report.inspect(_with(hostile, keypoints_2d=pixels), HOSTILE)
    html = html_report.page(found)
    assert HOSTILE.replace("<", "&lt;").replace(">", "&gt;") in html
    assert "<img src=x" not in html and "<script" not in html.lower()
    assert set(re.findall(r'(?:src|href)="([^:"]*):', html)) == {"data"}
    assert "Content-Security-Policy" in html and "default-src 'none'" in html
    assert not [name for name in _attributes(html) if name.startswith("on")]
    assert "\x1b" not in text(found)


def test_the_page_shows_each_verdict_and_the_figures_of_each_rig(tiny_report):
    html = html_report.page(tiny_report)
    assert html.count("<li class=") == len(tiny_report.verdicts)
    assert html.count('src="data:image/png;base64,') == 2 + 2 * 2  # two rigs


def test_the_command_writes_page_and_figures_and_ends_with_0(tiny_file, tmp_path, capsys):
    html, figures = tmp_path / "out.html", tmp_path / "out.json"
    assert inspect.main([f"--data={tiny_file}", f"--html={html}", f"--json={figures}"]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out
    written = json.loads(figures.read_text())
    assert {v["severity"] for v in written["verdicts"]} <= {"note", "ok"}
    assert written["cameras"][0]["camera"] == "cam0"
    assert html.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("views", [2, 4])
def test_the_command_to_go_on_with_trains_on_the_cameras_that_there_are(
    views, tiny_recording, tmp_path, capsys
):
    path = tmp_path / "few.npz"
    recording.write(tiny_recording.select_views(np.arange(views)), path)
    assert inspect.main([f"--data={path}"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("done: nothing is against training; now: ")
    words = shlex.split(last.partition("geoself_jax.train ")[2])
    _, overrides = cli.parse(cli.Parser(), [w for w in words if "config." in w])
    wanted = cli.load_config("cmu_h36m_rig", overrides)
    assert wanted.objective.views == views and wanted.data.train == str(path)
    assert f"few.npz: 240 frames, {views} cameras" in text(
        report.inspect(recording.read(path), "few.npz")
    )


def test_with_warnings_the_last_line_says_how_many(tiny_recording, tmp_path, capsys):
    trust = np.where(tiny_recording.confidence > 0, np.float32(0.5), np.float32(0))
    path = tmp_path / "constant.npz"
    recording.write(dataclasses.replace(tiny_recording, confidence=trust), path)
    assert inspect.main([f"--data={path}"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    count = int(re.search(r"(\d+) warnings?,", lines[1])[1])
    assert count and f"done: {count} warning" in last and "before you train; now: " in last


def test_one_of_a_kind_has_no_plural(tiny_recording):
    one = tiny_recording.select(tiny_recording.clip_id == 0)
    one = dataclasses.replace(one, clip_names=("clip0",), subject_names=("anna",))
    assert "1 subject, 1 clip, 25 fps" in text(report.inspect(one, "one.npz"))


def test_the_command_prints_all_and_ends_with_65_where_an_error_stands(tiny_file, tmp_path, capsys):
    assert inspect.main([f"--data={tiny_file}", f"--against={tiny_file}"]) == DATA
    out = capsys.readouterr().out
    assert "error   frames are in" in out and "clip0 frame 0" in out
    assert "rig0 cam3" in out  # the tables follow


def test_samples_are_spread_over_the_clips_and_bounded():
    there = load("synthetic:test", synthetic_frames=1000)
    samples = samples_of(there, 400)
    assert sum(len(s.frames) for s in samples) <= 400
    used = np.unique(np.concatenate([there.clip_id[s.frames] for s in samples]))
    assert len(used) == len(there.clip_names)


def test_training_refuses_by_the_name_of_the_mistake(tiny_recording):
    turned = np.swapaxes(tiny_recording.camera.R, -1, -2)
    wrong = _with(tiny_recording, camera=tiny_recording.camera._replace(R=turned))
    with pytest.raises(GeoselfError) as error:
        check_before_training("my.npz", wrong)
    assert error.value.code == DATA
    assert "my.npz: rig rig0: R is camera to world" in str(error.value)


def test_training_gets_one_line_per_warning_and_none_without_warnings(tiny_recording):
    assert check_before_training("x", tiny_recording) == []
    lying = _with(tiny_recording, world_up=np.array([0.0, 1, 0]))
    (line,) = check_before_training("x", lying)
    assert "people lie" in line and "[0, 0, 1]" in line


def _attributes(html):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda _, attributes: found.extend(name for name, _ in attributes)
    parser.feed(html)
    assert "content" in found and "src" in found
    return found


def _with(there, **changes):
    return dataclasses.replace(there, **changes)
