"""Projects of anipose are walked as its config.toml says; their tables are written by pandas."""

import time

import numpy as np
import pandas as pd
import pytest
import tomli_w
from calibration_files import known_rig, toml_tables
from seeing import Notices

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.prepare import camera_regex
from geoself_jax.prepare.anipose_config import read_config
from geoself_jax.prepare.camera_regex import Named, split_names
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.own_rig import read_own_rig
from geoself_jax.prepare.rig_options import RigOptions

CAMERAS = ("A", "B", "C")
FRAMES = 6
REGEX = "-cam([A-Z])$"
CROPPED = (40.0, 25.0)


def config(folder, nesting=2, regex=REGEX, **tables):
    folder.mkdir(parents=True, exist_ok=True)
    content = {"nesting": nesting, "triangulation": {"cam_regex": regex, "ransac": False}}
    (folder / "config.toml").write_text(tomli_w.dumps(content | tables))
    return folder


def calibration(folder, names=CAMERAS):
    """As aniposelib dumps it: tables cam_0 ..., millimetres."""
    known = known_rig(names)
    tables = toml_tables(known, [f"cam_{view}" for view in range(len(names))], unit=0.001)
    folder.mkdir(parents=True, exist_ok=True)
    text = tomli_w.dumps(tables | {"metadata": {"adjusted": False, "error": 0.4}})
    (folder / "calibration.toml").write_text(text)


def pixels(view, shift=0.0):
    return known_rig(CAMERAS).pixels(view).reshape(-1, 17, 2)[:FRAMES] + shift


def table(path, found):
    """One animal's predictions as DeepLabCut and `anipose filter` write them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    heads = ["scorer", "bodyparts", "coords"]
    levels = [["DLC_resnet50"], H36M_17.joint_names, ["x", "y", "likelihood"]]
    columns = pd.MultiIndex.from_product(levels, names=heads)
    values = np.concatenate([found, np.full((*found.shape[:2], 1), 0.9)], -1)
    frame = pd.DataFrame(values.reshape(len(found), -1), columns=columns)
    frame.to_hdf(path, key="df_with_missing", format="table", mode="w")


def trial(folder, name, cameras="ABC", shift=0.0):
    for camera in cameras:
        view = CAMERAS.index(camera)
        table(folder / f"{name}-cam{camera}.h5", pixels(view, shift))


def read(*inputs, **own):
    notices = Notices()
    options = RigOptions(unit="mm", fps=50.0, skeleton=H36M_17, **own)
    reading = read_own_rig(inputs, options, ReadOptions(notice=notices))
    return {clip.name: clip for clip in reading.clips}, notices


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Two mice; of the second's trial camera C is missing, and the first's is filtered, too."""
    root = config(
        tmp_path_factory.mktemp("lab") / "mice",
        filter={"enabled": True},
        cameras={"B": {"offset": list(CROPPED)}},
        calibration={"board_square_side_length": 25},
        path="/home/somebody/mice",
    )
    calibration(root / "calibration")
    trial(root / "mouse1/2024-01-01/pose-2d", "t1", shift=3.0)
    trial(root / "mouse1/2024-01-01/pose-2d-filtered", "t1")
    trial(root / "mouse2/2024-01-02/pose-2d", "t1", "AB")
    (root / "mouse2/2024-01-02/pose-2d/t1-camC.h5").write_bytes(b"")
    (root / "mouse2/2024-01-02/pose-2d/t1-camA_meta.pickle").write_bytes(b"x")
    (root / "mouse2/2024-01-02/pose-3d").mkdir()
    (root / "mouse2/2024-01-03/videos-raw").mkdir(parents=True)
    return root


def test_sessions_trials_and_mice_become_clips_and_what_is_missing_is_said(project):
    clips, notices = read(project)
    assert list(clips) == ["mouse1/t1", "mouse2/t1"]
    assert [clip.subject for clip in clips.values()] == ["mouse1", "mouse2"]
    known = known_rig(CAMERAS)
    first, second = clips.values()
    assert first.rig.camera_names == CAMERAS
    np.testing.assert_allclose(first.rig.center, known.center, atol=1e-6)
    for view in range(3):  # the filtered tables, and the cropped camera's corner
        wanted = pixels(view, np.array(CROPPED) if view == 1 else 0.0)
        np.testing.assert_allclose(first.keypoints_2d[:, view], wanted, atol=1e-3)
    assert (second.confidence[:, :2] > 0).all() and not second.confidence[:, 2].any()
    (line,) = notices.about("an anipose project")
    assert "recordings: 2, sessions: 2 (1 pose-2d-filtered, 1 pose-2d" in line
    assert "--filtered=no takes pose-2d" in line and "mouse1/2024-01-01/t1" in line
    assert "squares are 25 long, in the unit of the calibration" in line
    assert notices.about("videos of camera B are cropped: 40, 25 px are added")
    assert notices.about("path = '/home/somebody/mice' is not followed")
    assert notices.about("no session of this project") == [
        f"{project}: no .h5 in pose-2d or pose-2d-filtered of mouse2/2024-01-03: no session of "
        "this project"
    ]
    (line,) = notices.about("no detections of camera C")
    assert line.startswith("warning: mouse2/t1") and "t1-camC.h5: an empty file" in line


def test_raw_tables_are_taken_where_they_are_asked_for(project):
    clips, notices = read(project, filtered=False)
    np.testing.assert_allclose(clips["mouse1/t1"].keypoints_2d[:, 0], pixels(0, 3.0), atol=1e-3)
    assert notices.about("--filtered=yes takes pose-2d-filtered")


def test_filtered_tables_that_are_asked_for_and_not_there_are_said(project):
    _, notices = read(project, filtered=True)
    (line,) = notices.about("run anipose filter")
    assert line.startswith(f"warning: {project / 'mouse2/2024-01-02/pose-2d-filtered'}: no .h5")


def test_renamed_folders_a_calibration_a_session_and_unrenamed_tables(tmp_path):
    names = {"pose_2d": "dlc", "calibration_videos": "board", "calibration_results": "board"}
    root = config(tmp_path / "p", 1, "_(cam[0-9])_?", pipeline=names)
    for session, cameras in (("mouse1", ("cam1", "cam2", "cam3")), ("mouse2", ("cam3", "cam1"))):
        calibration(root / session / "board", cameras)
        for view, camera in enumerate(cameras):
            file = f"a_{camera}_runDLC_resnet50_mouseJan1shuffle1_5000.h5"
            table(root / session / "dlc" / file, pixels(view))
    clips, _ = read(root)
    assert {name: clip.rig.camera_names for name, clip in clips.items()} == {
        "mouse1/arun": ("cam1", "cam2", "cam3"),
        "mouse2/arun": ("cam3", "cam1"),
    }


def flat(tmp_path, *files, **more):
    """A project that is its one session."""
    root = config(tmp_path / "p", 0, **more)
    for file in files:
        table(root / "pose-2d" / f"{file}.h5", pixels(0))
    return root


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["t1-camA", "t1-camB"], ["no folder calibration", "--calibration=FILE"]),
        (["t1-camA", "t1-camD"], ["camera D of t1-camD.h5", "the calibration has A, B, C"]),
        (["t1-camA", "t1-camB", "t1-camBDLC_resnet50_xshuffle1_5"], ["two files of camera B"]),
        (["t1A", "t1B"], ["finds no camera in t1A.h5, t1B.h5", "its group"]),
        ([], ["an anipose project without detections", "run anipose analyze"]),
    ],
)
def test_what_is_wrong_in_a_project_is_said_in_one_line(tmp_path, files, words):
    root = flat(tmp_path, *files)
    if "no folder calibration" not in words:
        calibration(root / "calibration")
    with pytest.raises(GeoselfError) as error:
        read(root)
    line = str(error.value)
    assert error.value.code == DATA and "\n" not in line
    assert not [word for word in words if word not in line], line


def test_a_calibration_that_is_named_is_taken_for_a_project_without_one(tmp_path):
    root = flat(tmp_path, "t1-camA", "t1-camB", "notes")
    calibration(tmp_path / "elsewhere")
    clips, notices = read(root, calibration=tmp_path / "elsewhere/calibration.toml")
    assert next(iter(clips.values())).rig.camera_names == ("A", "B")
    assert notices.about("finds no camera in notes.h5: left out")
    assert notices.about("camera C is left out")


def test_a_session_whose_calibration_folder_is_empty_is_not_given_anothers(tmp_path):
    root = config(tmp_path / "p", 1)
    calibration(root / "calibration")
    trial(root / "mouse1/pose-2d", "t1", "AB")
    (root / "mouse1/calibration").mkdir()
    with pytest.raises(GeoselfError, match=r"mouse1/calibration/calibration\.toml: no such file"):
        read(root)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nesting": "1"}, "nesting is '1' - anipose wants a whole number"),
        ({"nesting": True}, "nesting is 'True'"),
        ({"nesting": 99}, "nesting is '99'"),
        ({"triangulation": {"optim": True}}, r"cam_regex is not there - .* regular expression"),
        ({"pipeline": {"pose_2d": "../../etc"}}, "pose_2d is '../../etc' - .* within a session"),
        ({"pipeline": {"pose_2d": "/etc"}}, "within a session"),
        ({"pipeline": 3}, r"\[pipeline\] is '3' - anipose wants a table"),
        ({"cameras": {"A": {"offset": [1, "x"]}}}, r"\[cameras\.A\] offset"),
        ({"cameras": {"A": {"offset": [1e9, 0]}}}, r"\[cameras\.A\] offset"),
        ({"cameras": {"A": 1}}, r"\[cameras\.A\] is '1'"),
        ({"filter": {"enabled": "yes"}}, r"\[filter\] enabled is 'yes'"),
    ],
)
def test_an_odd_config_is_refused_by_its_key(tmp_path, change, words):
    config(tmp_path, **change)
    with pytest.raises(GeoselfError, match=words) as error:
        read_config(tmp_path)
    assert error.value.code == DATA


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\n", "# nesting\na = 1\n"])
def test_other_programs_configs_are_none_of_aniposes(tmp_path, text):
    assert read_config(tmp_path) is None
    (tmp_path / "config.toml").write_text(text)
    assert read_config(tmp_path) is None


def test_names_are_split_as_python_does():
    names = ["v1-camA", "v1-camA-camB", "no", "vid \udcff-camC"]
    assert split_names("c", "-cam([A-Z])", names) == [
        *(Named("v1", "A"), Named("v1", "A"), None, Named("vid \udcff", "C")),
    ]
    assert split_names("c", "-(x)?cam", names) == [None] * 4  # the group may be left empty


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("cam([A-Z]", "not a regular expression"),
        ("cam[A-Z]", "no group"),
        ("(a" * 600, "1200 characters"),
    ],
)
def test_a_pattern_that_is_none_is_refused(pattern, words):
    with pytest.raises(GeoselfError, match=words) as error:
        split_names("config.toml: cam_regex", pattern, ["a-camA"])
    assert error.value.code == DATA


def test_a_pattern_that_would_run_for_years_is_stopped(monkeypatch):
    monkeypatch.setattr(camera_regex, "SECONDS", 0.5)
    start = time.monotonic()
    with pytest.raises(GeoselfError, match=r"runs for over 0\.5 s"):
        split_names("c", "((a|aa)+)+b$", ["a" * 120])
    assert time.monotonic() - start < 20


def test_a_project_that_was_not_calibrated_has_the_cameras_of_its_pattern(tmp_path):
    project = config(tmp_path / "project")
    trial(project / "mouse1/day1/pose-2d", "t1")
    trial(project / "mouse2/day1/pose-2d", "t2", "AC")
    with pytest.raises(GeoselfError, match=r"run anipose calibrate.*--uncalibrated"):
        read(project)
    clips, _ = read(project, uncalibrated=True, image_size={"": (1000, 1000)})
    assert sorted(clip.rpartition("/")[2] for clip in clips) == ["t1", "t2"]
    for clip in clips.values():
        assert clip.rig.camera_names == CAMERAS
        assert clip.rig.image_size.tolist() == [[1000, 1000]] * 3
    np.testing.assert_allclose(next(iter(clips.values())).keypoints_2d[:, 1], pixels(1), atol=0.01)
