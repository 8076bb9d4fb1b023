"""Recordings in one folder are distinguished by the names of their files, or not at all."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data import recording
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.flat_trials import flat_trials
from geoself_jax.prepare.lab_files import write_pose2sim

RIG = tiny_rig()
FRAMES = 8
DLC = "DLC_resnet50_gaitOct30shuffle1_50000"
ENTRY = [{"image_id": "0.jpg", "category_id": 1, "keypoints": [1.0] * 51, "score": 1.0}]


def write_table(path, pixels):
    levels = [["DLC"], H36M_17.joint_names, ["x", "y", "likelihood"]]
    columns = pd.MultiIndex.from_product(levels, names=["scorer", "bodyparts", "coords"])
    values = np.concatenate([pixels, np.full((*pixels.shape[:2], 1), 0.9)], -1)
    frame = pd.DataFrame(values.reshape(len(pixels), -1), columns=columns)
    frame.to_hdf(path, key="df_with_missing", format="table", mode="w")


@pytest.fixture
def lab(tmp_path):
    """Two trials in one folder, and the rig in another."""
    for place in ("videos", "calibration"):
        (tmp_path / place).mkdir()
    clip = {
        "K": RIG.K,
        "dist": np.array([[*lens.coefficients[:4], 0] for lens in RIG.lenses]),
        "R": RIG.R,
        "center": RIG.center,
        "image_size": RIG.image_size,
    }
    write_pose2sim(tmp_path / "calibration/Calib.toml", RIG.camera_names, clip)
    for number in range(2):
        pixels = pixels_of(motion(FRAMES, number), RIG)
        for view, name in enumerate(RIG.camera_names):
            write_table(tmp_path / f"videos/Trial{number}_{name}{DLC}.h5", pixels[:, view])
    return tmp_path


def test_deeplabcuts_trials_in_one_folder_are_read_as_trials(lab, capsys):
    (lab / f"videos/Trial1_cam3{DLC}.h5").unlink()
    (lab / "videos/Trial1_cam3.csv").write_text("scorer;x\n0;1,5\n")
    words = ["--input", str(lab / "videos"), f"--calibration={lab}/calibration", "--fps=25"]
    words += ["--skeleton=h36m_17", "--subject=anna", f"--output={lab}/o.npz"]
    assert prepare.main(words) == 0
    said = capsys.readouterr().out
    line = "2 recordings by the names of its files: Trial0, Trial1; Trial0 is cam1 = "
    assert f"{line}Trial0_cam1{DLC}.h5, cam2 = " in said
    assert "warning: not read: " in said and "Trial1_cam3.csv, line 2: has decimal commas" in said
    assert "Trial1: no detections of camera cam3" in said
    read = recording.read(lab / "o.npz")
    assert read.clip_names == ("Trial0", "Trial1") and read.subject_names == ("anna",)
    true = [pixels_of(motion(FRAMES, number), RIG) for number in range(2)]
    assert np.median(np.abs(true[0] - true[1])) > 20
    for number, wanted in enumerate(true):
        got = read.keypoints_2d[read.clip_id == number]
        views = [0, 1, 3] if number else [0, 1, 2, 3]
        assert np.abs(got[:, views] - wanted[:, views]).max() < 10  # of the lens, undone
        assert (read.confidence[read.clip_id == number][:, views] > 0).all()


def found(folder, cameras, names):
    folder.mkdir()
    for name in names:
        (folder / f"{name}.json").write_text(json.dumps(ENTRY))
    trials = flat_trials(folder, cameras, "alphapose", lambda _: math.nan, print)
    return {
        name: {camera: path.stem for camera, path in match.paths.items()}
        for name, match in trials.items()
    }


LETTERS, NUMBERS = ("A", "B"), ("cam1", "cam2", "cam10")


@pytest.mark.parametrize(
    ("cameras", "names", "wanted"),
    [
        (LETTERS, ("v1-camA", "v1-camB", "v2-camA", "v2-camB"), {"v1": "AB", "v2": "AB"}),
        (LETTERS, ("camA_x_1", "camB_x_1", "camA_x_2", "camB_x_2"), {"x_1": "AB", "x_2": "AB"}),
        (
            NUMBERS,
            [f"walk_{take}_Cam{c}_raw" for take in "12" for c in ("01", "2", "10")],
            {"walk_1_raw": NUMBERS, "walk_2_raw": NUMBERS},
        ),
        (
            ("int_cam1_img", "int_cam2_img"),
            ("a_1", "a_2", "b_1", "b_2"),
            {"a": ("int_cam1_img", "int_cam2_img"), "b": ("int_cam1_img", "int_cam2_img")},
        ),
    ],
)
def test_the_camera_is_one_word_of_each_name(tmp_path, cameras, names, wanted):
    trials = found(tmp_path / "f", cameras, names)
    assert {name: tuple(sorted(paths)) for name, paths in trials.items()} == {
        name: tuple(sorted(each)) for name, each in wanted.items()
    }
    assert sorted(stem for paths in trials.values() for stem in paths.values()) == sorted(names)


@pytest.mark.parametrize(
    ("cameras", "names"),
    [
        (LETTERS, ("v1-camA", "v1-camB", "v2-camA", "other")),
        (LETTERS, ("v1-camA", "v1-camB", "v2-camA")),  # a trial of one camera
        (LETTERS, ("v1-camA", "v1-camB")),
        (("1", "2", "3"), ("x_a", "y_b", "z_c", "w_d")),
    ],
)
def test_where_names_do_not_decide_nothing_is_guessed(tmp_path, cameras, names):
    assert found(tmp_path / "f", cameras, names) == {}


def test_two_readings_of_the_names_are_refused_with_both_where_joints_do_not_decide(tmp_path):
    names = ("trial1_1", "trial1_2", "trial2_1", "trial2_2")
    with pytest.raises(GeoselfError, match="names of its files can be read as") as caught:
        found(tmp_path / "f", ("1", "2"), names)
    assert caught.value.code == DATA
    assert "trial1 is 1 = trial1_1.json, 2 = trial1_2.json" in str(caught.value)
    assert "1 is 1 = trial1_1.json, 2 = trial2_1.json" in str(caught.value)


def sessions(lab, files, frames=FRAMES):
    """Files of three cameras by session and view in one folder; the words that prepare them."""
    calibration = lab / "calibration/Calib.toml"
    tables = calibration.read_text().split("[cam")
    calibration.write_text("[cam".join(tables[:4]))
    for path in (lab / "videos").iterdir():
        path.unlink()
    for name, (session, view) in files.items():
        write_table(lab / f"videos/{name}.h5", pixels_of(motion(frames, session), RIG)[:, view])
    words = ["--input", str(lab / "videos"), f"--calibration={lab}/calibration", "--fps=25"]
    return [*words, "--skeleton=h36m_17", "--subject=anna", f"--output={lab}/o.npz"]


@pytest.mark.parametrize(("count", "views"), [(3, 2), (2, 3), (3, 3)])
def test_joints_decide_which_number_is_the_camera(lab, capsys, count, views):
    files = {f"s{s + 1}_c{v + 1}": (s, v) for s in range(count) for v in range(views)}
    assert prepare.main(sessions(lab, files)) == 0
    said = capsys.readouterr().out
    assert "s1 is cam1 = s1_c1.h5, cam2 = s1_c2.h5" in said
    assert re.search(r"triangulate to \d\.\d px, otherwise to \d{2,}", said)
    read = recording.read(lab / "o.npz")
    assert read.clip_names == tuple(f"s{s + 1}" for s in range(count))


def test_sessions_with_too_few_joints_to_decide_are_refused(lab):
    files = {f"s{s + 1}_c{v + 1}": (s, v) for s in range(3) for v in range(2)}
    with pytest.raises(GeoselfError, match=r"can be read as .* - or .* - put each") as caught:
        prepare.main(sessions(lab, files, frames=2))
    assert caught.value.code == DATA


def test_numbers_of_sessions_taken_for_cameras_are_warned_of(lab, capsys):
    files = {f"s{s + 1}_c{v}": (s, v) for s in range(3) for v in range(2)}  # c0: no camera
    assert prepare.main(sessions(lab, files)) == 0
    said = capsys.readouterr().out
    assert re.search(r"warning: .*c0 is cam1 = s1_c0.h5.*; but joints triangulate to \d+", said)


def test_two_trials_that_are_not_distinguished_are_refused(tmp_path, lab):
    for path in list((lab / "videos").iterdir()):
        path.rename(path.with_name(path.name.replace("Trial1_cam1", "Trial1_kitchen")))
    words = ["--input", str(lab / "videos"), f"--calibration={lab}/calibration", "--fps=25"]
    with pytest.raises(GeoselfError, match="which detections belong to which camera"):
        prepare.main([*words, "--skeleton=h36m_17", f"--output={lab}/o.npz"])
