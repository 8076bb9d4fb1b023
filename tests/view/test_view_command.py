"""The view command: inputs, outputs and errors."""

import dataclasses
import json
import re

import numpy as np
import pytest
from walkers import camera, seen, walker

from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.poses.formats import write_poses
from geoself_jax.view import __main__ as view


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Poses of one video by two models, of another camera, and as a table."""
    monkeypatch.chdir(tmp_path)
    for name, noise in (("a", 0.01), ("b", 0.03)):
        write_poses(seen(walker(name="lifted", noise=noise)), f"{name}.npz")
    write_poses(walker(name="lifted", camera=camera(2)), "c.npz")
    write_poses(walker(name="lifted"), "table.csv")
    return tmp_path


def facts(path="out.html"):
    """Reads the JSON of a page."""
    return json.loads(re.search(r'id="page">(.*?)</script>', open(path).read())[1])


def names(scene):
    return [source["name"] for source in scene["sources"]]


def test_files_become_a_page_with_one_scene_per_camera_and_models_are_distinguished(folder, capsys):
    assert view.main(["--poses=a.npz", "b.npz", "c.npz", "--out=out.html"]) == 0
    page = facts()
    assert page["title"] == "a.npz, b.npz, c.npz" and page["table"] is None
    assert [names(scene) for scene in page["scenes"]] == [["lifted (a)", "lifted (b)"], ["lifted"]]
    assert "2 scenes, 80 frames" in capsys.readouterr().out
    view.main(["--poses", "a.npz", "b.npz", "--out=out.html", "--reference=lifted (b)"])
    assert facts()["table"]["groups"] == ["lifted (a) against lifted (b)"]


def test_a_recording_is_shown_with_them_and_by_itself(folder, tiny_file):
    view.main(["--poses=a.npz", "c.npz", f"--data={tiny_file}", "--out=out.html", "--title=T"])
    page = facts()
    assert page["title"] == "T" and len(page["scenes"]) == 2
    assert {tuple(names(s)) for s in page["scenes"]} == {("lifted", "ground truth", "triangulated")}
    assert 5 < page["scenes"][0]["error"] < 40 and page["scenes"][1]["error"] < 1
    view.main([f"--data={tiny_file}", "--out=out.html", "--clip=clip1", "--camera=cam3"])
    assert [names(scene) for scene in facts()["scenes"]] == [["ground truth", "triangulated"]]


def test_what_triangulate_wrote_is_not_taken_for_the_recordings_own(folder, tiny_file):
    write_poses(seen(walker(name="triangulated")), "all.npz")
    view.main(["--poses=all.npz", f"--data={tiny_file}", "--out=out.html"])
    (scene,) = facts()["scenes"]
    assert names(scene) == ["triangulated (all)", "ground truth", "triangulated"]
    view.main(["--poses=all.npz", "--out=out.html"])
    assert names(facts()["scenes"][0]) == ["triangulated"]


def test_a_clip_is_named_for_poses_that_name_none(folder, tiny_file):
    write_poses(seen(walker(name="lifted")).replace(clip=""), "d.npz")
    view.main(["--poses=d.npz", f"--data={tiny_file}", "--out=out.html", "--clip=clip1"])
    (scene,) = facts()["scenes"]
    assert names(scene) == ["lifted", "ground truth", "triangulated"]


def test_a_part_is_shown(folder):
    chosen = ["--first=10", "--last=29", "--every=2", "--clip=clip0", "--camera=cam2"]
    view.main(["--poses", "a.npz", "c.npz", "--out=out.html", *chosen])
    assert [scene["frames"] for scene in facts()["scenes"]] == [[[10, 2, 10]]]
    view.main(["--poses", "a.npz", "c.npz", "--out=out.html", "--max-frames=10"])
    assert [scene["frames"] for scene in facts()["scenes"]] == [[[0, 8, 5]]] * 2


def test_a_table_is_read_and_shown(folder):
    view.main(["--poses=table.csv", "--out=out.html"])
    assert names(facts()["scenes"][0]) == ["table"]


def test_a_table_of_anipose_is_read_and_shown_next_to_others(folder):
    write_poses(walker(name="lifted"), "pose3d.csv", format="anipose")
    said = ["--poses-format=anipose", "--poses-fps=25", "--poses-unit=mm"]
    view.main(["--poses", "pose3d.csv", "a.npz", "--out=out.html", *said])
    assert {name for scene in facts()["scenes"] for name in names(scene)} == {"pose3d", "lifted"}


def test_names_that_a_terminal_or_page_would_act_on_are_shown_escaped(folder, capsys):
    camera_a, camera_c = camera(2), dataclasses.replace(camera(3), name="c\u202e3")
    for name, of in (("x", camera_a), ("y", camera_c)):
        poses = walker(name="lifted\x1b[2J", camera=of)
        joints = ("\x07pelvis", *poses.skeleton.joint_names[1:])
        skeleton = dataclasses.replace(poses.skeleton, joint_names=joints)
        write_poses(poses.replace(skeleton=skeleton, clip="clip\x9b0"), f"{name}.npz")
    view.main(["--poses", "x.npz", "y.npz", "--out=out.html"])
    page = json.dumps(facts(), ensure_ascii=False).replace("\\\\", "\\")
    shown = ("lifted\\x1b[2J", "clip\\x9b0", "c\\u202e3")
    assert all(name in page for name in shown), page[:500]
    view.main(["--poses", "x.npz", "y.npz", "--out=out.png", "--count=1"])
    said = capsys.readouterr().out
    assert "clip\\x9b0" in said and not set("\x1b\x07\x9b\u202e") & set(said)


def test_stills_and_a_video_of_the_first_scene(folder, capsys):
    from PIL import Image

    view.main(["--poses=a.npz", "c.npz", "--out=out.png", "--count=2"])
    assert Image.open("out.png").format == "PNG"
    assert "of 2 scenes the first, clip0" in capsys.readouterr().out
    view.main(["--poses=a.npz", "--out=out.GIF", "--last=5", "--width=200"])
    assert Image.open("out.GIF").format == "GIF"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--out=out.html", 64, "--poses - nothing to show"),
        ("--poses=a.npz --out=out.pdf", 64, ".html, .png, .gif, .mp4"),
        ("--poses=a.npz --out=out.html --count=3", 64, "--count"),
        ("--poses=a.npz --out=out.png --max-frames=3", 64, "--max-frames"),
        ("--poses=a.npz --out=out.html --every=0", 64, "--every=0"),
        ("--poses=a.npz --out=out.html --clip=clip9", 64, "--clip=clip9"),
        ("--poses=a.npz --out=out.html --camera=cam9", 64, "--camera=cam9"),
        ("--poses=table.csv --out=out.html --camera=cam1", 64, "the poses name no camera"),
        ("--poses=a.npz --out=out.html --reference=truth", 64, "known: lifted"),
        ("--poses=a.npz --out=out.html --first=99", 64, "no frame"),
        ("--poses=a.npz --out=out.html --titel=x", 64, "did you mean '--title'"),
        ("--poses=a.npz --out=out.html --config.seed=1", 64, "--config.seed"),
        ("--poses=none.npz --out=out.html", 66, "none.npz"),
        ("--poses=a.bvh --out=out.html", 64, "written, not read"),
        ("--poses=bad.npz --out=out.html", 65, "bad.npz"),
        ("--poses=table.csv --out=out.html --poses-fps=25", 64, "set --poses-format"),
        ("--poses=table.csv --out=out.html --poses-format=anipose", 64, "set --poses-fps"),
        ("--poses=table.csv --out=out.html --poses-format=dlc", 64, "known: anipose"),
        ("--poses=table.h5 --out=out.html", 64, ".h5 is written, not read"),
        ("--poses=a.npz --out=a.npz/out.html", 74, "a.npz"),
    ],
)
def test_what_cannot_be_is_one_line_with_its_code(folder, words, code, message):
    (folder / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(GeoselfError) as error:
        view.main(words.split())
    assert error.value.code == code and message in str(error.value)
    assert not (folder / "out.html").exists()


def test_poses_without_a_frame_make_a_page(folder):
    write_poses(walker(frames=0, name="lifted"), "none.npz")
    assert view.main(["--poses=none.npz", "--out=out.html"]) == 0
    assert facts()["scenes"][0]["frames"] == [] and np.isfinite(facts()["scenes"][0]["fps"])
