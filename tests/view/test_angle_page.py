"""The page of joint angles: which belong together, their curves, ranges and differences."""

import html
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from walkers import seen, walker

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.angles.angle_files import read_angles, write_angles
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.angles.measure import angles_of
from geoself_jax.data.poses.formats import write_poses
from geoself_jax.view import __main__ as view
from geoself_jax.view.angle_curves import AngleCurves, Box
from geoself_jax.view.angle_groups import angle_groups, most_moving, ranges, values
from geoself_jax.view.angle_page import angle_page
from geoself_jax.view.angle_svg import HEIGHT, WIDTH, Line, plot, scale_of
from geoself_jax.view.angle_table import number, range_table
from geoself_jax.view.plots import new_figure

NAMES = ("knee_angle_r", "pelvis_rotation", "knee_angle_l", "elbow_flex_l")


def clip(name="a", **changes):
    """Ten frames: the right knee from 0 to 90, the left 10 below it, the pelvis over 180."""
    right = np.linspace(0, 90, 10)
    turn = (np.linspace(170, 190, 10) + 180) % 360 - 180
    table = np.stack([right, turn, right - 10, np.full(10, 30.0)], 1).astype(np.float32)
    return AngleSequence(name, NAMES, table, 10.0, np.arange(5, 15)).replace(**changes)


def table_rows(text):
    found = re.findall(r"<tr><th>([^<]*)</th>((?:<td>[^<]*</td>)+)</tr>", text)
    return {name: re.findall(r"<td>([^<]*)</td>", cells) for name, cells in found}


def test_sides_of_one_angle_belong_together_however_they_are_spelt():
    names = ("knee_l", "left knee", "RIGHT_hip", "hip-left", "trunk", "knee_r", "ball")
    assert [(g.title, g.columns) for g in angle_groups(names)] == [
        ("knee", {"left": 0, "right": 5}),
        ("left knee", {"middle": 1}),
        ("hip", {"left": 3, "right": 2}),
        ("trunk", {"middle": 4}),
        ("ball", {"middle": 6}),
    ]


def test_those_that_move_the_most_come_first_and_round_ones_not_at_all():
    assert [group.title for group in most_moving(clip(), 3)] == ["knee angle"]
    none = clip(degrees=np.full((10, 4), np.nan, np.float32))
    assert most_moving(none, 3) == []


def test_next_to_a_video_a_cursor_and_values_are_those_of_the_frame():
    figure = new_figure(4, 3, 100)
    curves = AngleCurves(figure, Box(0.1, 0.1, 3.5, 2.5), clip(), 5, 14)
    assert len(curves.artists) == len(curves.corners) == 1
    assert curves.show(8) == ["left   20°  right   30°"]
    assert set(curves.artists[0].get_xdata()) == {8}
    assert curves.show(40) == ["left    -°  right    -°"]  # a frame that has no angle


def test_ranges_and_differences_are_those_worked_by_hand():
    rows = table_rows(range_table(clip(), angle_groups(NAMES)))
    minus, none = "\N{MINUS SIGN}", "\N{EN DASH}"
    assert rows["knee angle"] == [
        f"{minus}10",
        "80",
        "90",
        "0",
        "90",
        "90",
        "0",
        f"{minus}10",
        "10",
    ]
    assert rows["pelvis rotation"] == ["170", "190", "20"] + [none] * 6
    assert rows["elbow flex"] == ["30", "30", "0"] + [none] * 6
    assert [number(v, signed=True) for v in (3.4, -0.2, -7, np.nan)] == [
        "+3",
        "0",
        f"{minus}7",
        none,
    ]
    assert (
        np.isnan(ranges(np.full((3, 2), np.nan))).all() and np.isnan(ranges(np.empty((0, 1)))).all()
    )


def test_a_gap_interrupts_the_line_and_a_long_line_keeps_its_peaks():
    degrees = np.sin(np.arange(5000) / 40.0) * 30
    degrees[2500], degrees[100:110] = 80, np.nan
    seconds = np.arange(5000) / 50
    scale = scale_of([degrees], seconds[-1])
    assert scale.low == -45 or scale.low == -30
    drawn = ET.fromstring(plot([Line("left", seconds, degrees)], scale, 1 / 50, "a <b>"))
    lines = [path.get("d") for path in drawn if path.get("class") == "left"]
    assert len(lines) == 2 and drawn.get("aria-label") == "a <b>"
    points = np.array(re.findall(r"[ML]([\d.]+) ([\d.]+)", " ".join(lines)), float)
    assert len(points) < 1000
    assert (points >= 0).all() and (points <= [WIDTH, HEIGHT]).all()
    assert abs(points[:, 1].min() - scale.y(80)) < 0.1


def test_a_page_has_no_script_and_shows_names_as_they_are():
    hostile = "<script>alert(1)</script>"
    off = np.full((10, 4), 5.0, np.float32)
    names = (f"{hostile}_l", f"{hostile}_r", *NAMES[:2])
    clips = [clip(hostile, angle_names=names, uncertainty=off), clip("b", angle_names=names)]
    text = angle_page(clips, hostile)
    assert "<script" not in text and "&lt;script&gt;" in text
    assert text.count("<svg") == 2 * 3 and text.count("<table") == 3
    assert text.count(" band") >= 3 and "band is how far" in text
    assert "script-src" not in text and "default-src 'none'" in html.unescape(text)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_angles(clip(), "a.csv")
    write_angles(clip(angle_names=tuple("wxyz")), "other.csv")
    write_poses(seen(walker(name="lifted")), "p.npz")
    write_poses(seen(walker(name="lifted", noise=0.02)), "q.npz")
    return tmp_path


def test_files_and_poses_become_a_page_of_the_same_angles(folder, capsys):
    assert view.main(["--poses", "p.npz", "q.npz", "--angles", "--out=o.html", "--first=10"]) == 0
    assert "angles of 2 clips, 60 frames" in capsys.readouterr().out
    text = (folder / "o.html").read_text()
    assert "<h1>p.npz, q.npz</h1>" in text
    measured = angles_of(walker(name="lifted"))
    write_angles(measured, "p.csv")
    view.main(["--angles", "p.csv", "--out=o.html"])
    rows = table_rows((folder / "o.html").read_text())
    wanted = values(read_angles("p.csv"), angle_groups(measured.angle_names)[-1])
    title = angle_groups(measured.angle_names)[-1].title
    assert rows[title][2] == number(np.ptp(wanted["left"]))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--angles a.csv a.csv a.csv --out=o.html", USAGE, "3 clips of angles"),
        ("--angles a.csv other.csv --out=o.html", DATA, "no angle is in both"),
        ("--angles a.csv --poses p.npz --out=o.html", USAGE, "angles or poses"),
        ("--angles a.csv --out=o.png", USAGE, "--angles"),
        ("--angles a.csv --poses p.npz --out=o.mp4", USAGE, "--video=FILE"),
        ("--angles a.csv --video=v.mp4 --out=o.mp4", USAGE, "--poses"),
        ("--angles a.csv --camera=x --out=o.html", USAGE, "--camera"),
        ("--angles a.csv --first=99 --out=o.html", USAGE, "5 to 14"),
        ("--angles --out=o.html", USAGE, "nothing to show"),
        ("--angles none.csv --out=o.html", 66, "none.csv"),
        ("--angles p.npz --out=o.html", USAGE, "p.npz"),
    ],
)
def test_what_makes_no_page_is_one_line(folder, words, code, message):
    with pytest.raises(GeoselfError) as refused:
        view.main(words.split())
    assert refused.value.code == code and message in str(refused.value)
    assert "\n" not in str(refused.value) and not list(folder.glob("o.*"))
