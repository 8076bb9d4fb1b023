"""The command, as a user runs it: other programs' files in, one file to train on out."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from processes import ROOT, environment

from benchmarks.layouts import LAYOUTS, write_layout
from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.data import recording
from geoself_jax.data.files import npz
from geoself_jax.data.synthetic import generate
from geoself_jax.prepare import __main__ as prepare


@pytest.fixture(scope="module")
def scene():
    """Two clips of one person: built-in data without the coefficient that Pose2Sim lacks."""
    arrays = generate("train", 120, subjects=1)
    arrays["dist"] = np.where(np.arange(5) == 4, 0, arrays["dist"])
    keep = arrays["clip_id"] < 2
    arrays = {
        name: array[keep] if array.shape and len(array) == len(keep) else array
        for name, array in arrays.items()
    }
    return arrays | {name: arrays[name][:2] for name in ("clip_names", "clip_actions")}


def run(*arguments):
    return prepare.main([str(argument) for argument in arguments])


def refused(*arguments):
    with pytest.raises(GeoselfError) as error:
        run(*arguments)
    return error.value.code, str(error.value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_of_other_programs_come_back_as_the_arrays_they_were_written_from(
    scene, tmp_path, layout, capsys
):
    clips = [tmp_path / f"clip{i}" for i in range(2)]
    for number, place in enumerate(clips):
        write_layout(place, layout, scene, number)
    cameras = f"--cameras={','.join(scene['camera_names'])}"  # a folder's files have no order
    skeleton = (cameras, "--unit=m") if layout == "deeplabcut" else ("--skeleton=h36m_17",)
    out = tmp_path / "out.npz"
    assert (
        run("--input", *clips, f"--output={out}", "--fps=50", "--subject=train00", *skeleton) == 0
    )
    found = npz.read_arrays(out)
    for name in ("keypoints_2d", "confidence", "clip_id", "frame_id", "subject_id", "rig_id"):
        np.testing.assert_allclose(found[name], scene[name].astype(float), rtol=1e-6, err_msg=name)
    for name in ("K", "dist", "image_size"):
        np.testing.assert_allclose(found[name], scene[name], rtol=1e-12, err_msg=name)
    assert found["clip_names"].tolist() == ["clip0", "clip1"]
    if layout != "alphapose":  # whose world has another vertical
        np.testing.assert_allclose(found["R"], scene["R"], atol=1e-12)
        np.testing.assert_allclose(found["center"], scene["center"], atol=1e-9)
    read = recording.read(out)
    height = read.camera.center @ read.world_up
    np.testing.assert_allclose(height, scene["center"] @ scene["world_up"], atol=1e-9)
    printed = capsys.readouterr().out
    assert "2 clips; subjects 1: train00" in printed and f"--data={out}" in printed


def test_cameras_can_be_named_and_chosen(scene, tmp_path, capsys):
    write_layout(tmp_path / "clip", "alphapose", scene, 0)
    names = scene["camera_names"].tolist()
    for number, name in enumerate(names):  # names without a meaning
        os.rename(tmp_path / f"clip/{name}.json", tmp_path / f"clip/file{'abcd'[number]}.json")
    out = tmp_path / "out.npz"
    calibration = f"--calibration={tmp_path}/clip/calibration_lab.json"
    flags = (f"--output={out}", calibration, "--fps=50", "--skeleton=h36m_17")
    assert run("--input", tmp_path / "clip", *flags, "--format=rig") == 0  # by triangulation
    said = capsys.readouterr().out
    assert "front_left = filea.json" in said and " px" in said
    np.testing.assert_allclose(
        npz.read_arrays(out)["keypoints_2d"], scene["keypoints_2d"][scene["clip_id"] == 0]
    )
    chosen = {2: "c", 0: "a"}
    cameras = [f"--camera={names[i]}={tmp_path}/clip/file{c}.json" for i, c in chosen.items()]
    assert run(*cameras, *flags) == 0
    found = npz.read_arrays(out)
    assert found["camera_names"].tolist() == [names[0], names[2]]
    first = scene["clip_id"] == 0
    np.testing.assert_allclose(found["keypoints_2d"], scene["keypoints_2d"][first][:, [0, 2]])


def test_several_prepared_files_become_one(scene, tmp_path):
    parts = []
    for number, who in enumerate(("anna", "bela")):
        write_layout(tmp_path / who, "alphapose", scene, number)
        parts.append(tmp_path / f"{who}.npz")
        run("--input", tmp_path / who, f"--output={parts[-1]}", "--fps=50", "--skeleton=h36m_17")
    out = tmp_path / "both.npz"
    assert run("--input", *parts, f"--output={out}") == 0
    both = recording.read(out)
    assert both.subject_names == ("anna", "bela") and both.clip_names == ("anna", "bela")
    assert both.frames == len(scene["clip_id"])
    assert len(both.rig_names) == 1  # the same cameras
    thinned = tmp_path / "some.npz"
    assert run("--input", out, f"--output={thinned}", "--subjects=bela", "--every=2") == 0
    half = npz.read_arrays(thinned)
    np.testing.assert_array_equal(half["keypoints_2d"], both_of(out, 1)[::2])
    assert half["fps"] == 25 and half["frame_id"].tolist() == list(range(len(half["frame_id"])))
    with pytest.raises(GeoselfError, match="did you mean 'bela'"):
        run("--input", out, f"--output={thinned}", "--subjects=anna,bella")


def both_of(path, subject):
    arrays = npz.read_arrays(path)
    return arrays["keypoints_2d"][arrays["subject_id"] == subject]


def test_a_frame_that_one_camera_lacks_is_refused_without_trim(scene, tmp_path):
    write_layout(tmp_path / "clip", "openpose", scene, 0)
    last = sorted((tmp_path / "clip/pose/front_left_json").iterdir())[-1]
    last.unlink()
    flags = (f"--output={tmp_path}/o.npz", "--fps=50", "--skeleton=h36m_17")
    code, line = refused("--input", tmp_path / "clip", *flags)
    assert code == DATA and "camera front_left" in line and "--trim" in line
    assert run("--input", tmp_path / "clip", *flags, "--trim") == 0


@pytest.mark.parametrize("late", [1, 6])
def test_a_camera_that_starts_later_sees_nobody_until_then(scene, tmp_path, capsys, late):
    write_layout(tmp_path / "clip", "openpose", scene, 0)
    folder = tmp_path / "clip/pose/front_left_json"
    for number, path in reversed(list(enumerate(sorted(folder.iterdir())))):
        path.rename(folder / f"front_left_{number + late:012d}_keypoints.json")
    flags = (f"--output={tmp_path}/o.npz", "--fps=50", "--skeleton=h36m_17")
    if late == 1:  # it may count from 1 where the others count from 0
        assert refused("--input", tmp_path / "clip", *flags)[0] == DATA
        return
    assert run("--input", tmp_path / "clip", *flags) == 0
    found = npz.read_arrays(tmp_path / "o.npz")
    view = found["camera_names"].tolist().index("front_left")
    assert (found["confidence"][:late, view] == 0).all()
    assert (found["confidence"][late, view] > 0).any()
    assert "one clock of all cameras" in "".join(capsys.readouterr())


def test_scores_on_another_scale_are_refused_and_can_be_scaled(scene, tmp_path):
    write_layout(tmp_path / "clip", "alphapose", scene, 0)
    for path in (tmp_path / "clip").glob("*_*.json"):
        if path.name.startswith("calibration"):
            continue
        people = json.loads(path.read_text())
        for person in people:
            person["keypoints"][2::3] = [6 * c for c in person["keypoints"][2::3]]
        path.write_text(json.dumps(people))
    flags = (f"--output={tmp_path}/o.npz", "--fps=50", "--skeleton=h36m_17")
    code, line = refused("--input", tmp_path / "clip", *flags)
    assert code == DATA and "--confidence-scale=6" in line and "frame" in line
    assert run("--input", tmp_path / "clip", *flags, "--confidence-scale=6") == 0
    found = npz.read_arrays(tmp_path / "o.npz")
    first = scene["clip_id"] == 0
    np.testing.assert_allclose(found["confidence"], scene["confidence"][first], atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--input=x", "--output=o.txt"], USAGE, ["--output=o.txt", ".npz"]),
        (["--output=o.npz"], USAGE, ["--input"]),
        (["--input=nowhere", "--output=o.npz"], MISSING, ["nowhere", "no such file"]),
        (["--input=x", "--output=o.npz", "--every=0"], USAGE, ["--every=0"]),
        (["--input=x", "--output=o.npz", "--fps=-1"], USAGE, ["--fps=-1"]),
        (["--input=x", "--output=o.npz", "--formt=rig"], USAGE, ["did you mean '--format'"]),
        (["--input=x", "--output=o.npz", "--image-size=big"], USAGE, ["WIDTHxHEIGHT"]),
        (["--camera=cam1", "--output=o.npz"], USAGE, ["--camera=cam1", "NAME=PATH"]),
        (["--camera=c=x", "--camera=c=y", "--output=o.npz"], USAGE, ["--camera=c", "twice"]),
        (["--input=x", "--output=o.npz", "--seed=-1"], USAGE, ["--seed=-1"]),
        (["--input=x", "--output=o.npz", "--image-size=99999999999x10"], USAGE, ["WIDTHxHEIGHT"]),
        (["--input=x", "--output=o.npz", "--cameras=a,a"], USAGE, ["--cameras=a,a", "once"]),
        (["--input=x", "--output=o.npz", "--cameras="], USAGE, ["--cameras="]),
        (["--input=x", "--output=o.npz", "--actions=walk"], USAGE, ["--actions", "format rig"]),
        (
            ["--input=x", "--output=o.npz", "--format=aist", "--fps=5"],
            USAGE,
            ["--fps", "format aist"],
        ),
        (
            ["--input=x", "--output=o.npz", "--format=aist", "--camera=c=x"],
            USAGE,
            ["--camera", "format aist"],
        ),
    ],
)
def test_a_misuse_is_one_line(tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    if "nowhere" not in str(arguments):
        (tmp_path / "x").mkdir()
    found, line = refused(*arguments)
    assert found == code
    for word in words:
        assert word in line


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    code, line = refused("--input", tmp_path / "empty", f"--output={tmp_path}/o.npz", "--fps=50")
    assert code in (DATA, MISSING) and "empty" in line


def test_the_process_ends_with_the_code_and_leaves_no_file(tmp_path):
    (tmp_path / "x.json").write_text("{]")
    done = subprocess.run(
        [sys.executable, "-m", "geoself_jax.prepare", "--input", str(tmp_path / "x.json"),
         f"--output={tmp_path}/o.npz"],
        env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == DATA, done.stderr
    begun, line = done.stderr.splitlines()
    assert begun.startswith("preparing ") and line.startswith("error: ")
    assert not (tmp_path / "o.npz").exists()


def test_a_camera_without_detections_is_reported_and_detections_without_a_camera_refused(
    scene, tmp_path, capsys
):
    write_layout(tmp_path / "clip", "alphapose", scene, 0)
    flags = (f"--output={tmp_path}/o.npz", "--fps=50", "--skeleton=h36m_17")
    path = tmp_path / "clip/calibration_lab.json"
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({**whole, "cameras": whole["cameras"][:3]}))
    code, line = refused("--input", tmp_path / "clip", *flags)
    assert code == DATA and "no camera for back_right.json" in line
    path.write_text(json.dumps(whole))
    (tmp_path / "clip/back_left.json").unlink()
    assert run("--input", tmp_path / "clip", *flags) == 0
    printed = capsys.readouterr().out
    assert run("--input", tmp_path / "clip", *flags, "--cameras=back_right,front_left") == 0
    assert npz.read_arrays(tmp_path / "o.npz")["camera_names"].tolist() == [
        "back_right",
        "front_left",
    ]
    assert "camera back_left is left out" in printed and "17 joints pelvis, right_hip" in printed


def test_a_file_in_place_of_a_folder_and_an_unknown_camera_are_refused(scene, tmp_path):
    write_layout(tmp_path / "clip", "alphapose", scene, 0)
    out = f"--output={tmp_path}/o.npz"
    flags = (out, "--fps=50", f"--calibration={tmp_path}/clip/calibration_lab.json")
    file = tmp_path / "clip/front_left.json"
    code, line = refused("--input", file, *flags, "--format=rig")
    assert code == DATA and "one camera's file (alphapose)" in line
    code, line = refused("--input", tmp_path / "clip", *flags, "--image-size=front_lef=9x9")
    assert code == USAGE and "did you mean 'front_left'" in line


def test_a_persons_height_says_the_unit_that_neither_file_nor_user_does(scene, tmp_path, capsys):
    write_layout(tmp_path / "clip", "deeplabcut", scene, 0)
    arguments = ("--input", tmp_path / "clip", f"--output={tmp_path / 'out.npz'}", "--fps=50")
    code, line = refused(*arguments)
    assert code == DATA and "its unit is not in the file" in line
    assert refused(*arguments, "--height=1.75", "--unit=m")[0] == USAGE
    assert run(*arguments, "--height=1.75") == 0
    assert "the unit of rig calibration is " in capsys.readouterr().out
    found = recording.read(tmp_path / "out.npz").camera.center[0]
    names = npz.read_arrays(tmp_path / "out.npz")["camera_names"].tolist()
    order = [names.index(name) for name in scene["camera_names"]]
    ratio = np.linalg.norm(found[order], axis=-1) / np.linalg.norm(scene["center"][0], axis=-1)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
    assert 0.8 < ratio[0] < 1.25  # the built-in people are 1.5 to 1.95 m tall
