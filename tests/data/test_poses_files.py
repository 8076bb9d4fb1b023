"""Files of poses: each read by an independent reader gives the same joints within 0.1 mm."""

import csv
import dataclasses
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from moving import FIRST, SKELETON, every_frame, needed, same_joints, walking
from seeing import Notices

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.change_axes import in_camera
from geoself_jax.data.poses.formats import USUAL_UP, check_writable, read_poses, write_poses
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.geometry.lenses import Lens


@pytest.fixture(scope="module")
def poses(tiny_arrays):
    return walking(tiny_arrays)


@pytest.fixture(scope="module")
def files(poses, tmp_path_factory):
    """Paths by extension."""
    folder = tmp_path_factory.mktemp("poses")
    paths = {extension: folder / f"anna{extension}" for extension in USUAL_UP}
    for extension, path in paths.items():
        if extension != ".c3d":
            write_poses(poses, path, **needed(extension))
    return paths


def y_up(pose):
    """z up to y up, as docs/pose_files.md says."""
    return np.stack([pose[..., 0], pose[..., 2], -pose[..., 1]], -1)


def opensim_trc(text):
    """Times, marker names and (frames, markers, 3), read as OpenSim's TRCFileAdapter reads.

    Five lines of header, whose second are these eight keys; marker names each above three columns
    X1 Y1 Z1 X2 ...; rows of tabs, as many cells as columns, of which a last empty one is dropped.
    """
    lines = text.split("\n")
    assert lines[0].split()[0] == "PathFileType"
    keys, values = ([cell for cell in line.split("\t") if cell] for line in lines[1:3])
    assert keys == [
        *("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units"),
        *("OrigDataRate", "OrigDataStartFrame", "OrigNumFrames"),
    ]
    said = dict(zip(keys, values, strict=True))
    labels = [cell for cell in lines[3].split("\t") if cell]
    assert labels[:2] == ["Frame#", "Time"] and len(labels) == int(said["NumMarkers"]) + 2
    axes = [cell for cell in lines[4].split("\t") if cell]
    assert axes == [f"{a}{i + 1}" for i in range(len(labels) - 2) for a in "XYZ"]
    rows = [line.split("\t") for line in lines[5:] if line]
    rows = [row[:-1] if row[-1] == "" else row for row in rows]
    assert all(len(row) == 3 * len(labels) - 4 for row in rows)
    assert len(rows) == int(said["NumFrames"]) and said["Units"] == "m"
    values = np.array([[float(cell) for cell in row] for row in rows])
    return values[:, 1], labels[2:], values[:, 2:].reshape(len(rows), -1, 3), said


def test_csv_is_what_pandas_users_expect(files, poses):
    pandas = pytest.importorskip("pandas")
    table = pandas.read_csv(files[".csv"])
    assert list(table.columns[:5]) == ["frame", "time", "pelvis_x", "pelvis_y", "pelvis_z"]
    assert (table.frame == poses.frame_id).all() and table.frame.dtype.kind == "i"
    np.testing.assert_allclose(table.time, poses.frame_id / 25, atol=1e-6)
    columns = [f"{name}_{axis}" for name in SKELETON.joint_names for axis in "xyz"]
    assert same_joints(table[columns].to_numpy().reshape(-1, 17, 3), poses.pose)
    assert np.isnan(table.left_wrist_x[9]) and ",," in files[".csv"].read_text()


@pytest.mark.parametrize("extension", [".npz", ".csv", ".json", ".trc"])
def test_a_joint_that_lacks_one_coordinate_is_missing_as_a_whole(tmp_path, poses, extension):
    half = poses.pose.copy()
    half[2, 5, 1] = np.nan
    write_poses(poses.replace(pose=half), tmp_path / f"a{extension}")
    assert np.isnan(read_poses(tmp_path / f"a{extension}").pose[2, 5]).all()
    assert np.isfinite(half[2, 5, 0])


@pytest.mark.parametrize("lens", [None, Lens(), Lens((-0.2, 0.1, 0, 0)), Lens((0.1,) * 4, True)])
@pytest.mark.parametrize("extension", [".npz", ".json"])
def test_the_lens_of_a_camera_comes_back_or_stays_unknown(tmp_path, poses, extension, lens):
    path = tmp_path / f"a{extension}"
    write_poses(poses.replace(camera=dataclasses.replace(poses.camera, lens=lens)), path)
    assert read_poses(path).camera.lens == lens


def test_a_lens_of_too_many_numbers_is_refused(tmp_path, poses):
    write_poses(poses, tmp_path / "a.npz")
    arrays = dict(np.load(tmp_path / "a.npz"))
    for wrong in (np.zeros(15), np.array([np.nan]), np.zeros((2, 2))):
        np.savez(tmp_path / "b.npz", **arrays | {"distortion": wrong})
        with pytest.raises(GeoselfError, match="distortion") as refused:
            read_poses(tmp_path / "b.npz")
        assert refused.value.code == DATA


def test_json_describes_its_content_and_null_is_missing(files, poses):
    said = json.loads(files[".json"].read_text(), parse_constant=lambda word: pytest.fail(word))
    assert said["format"] == "geoself-poses/1" and "metres" in said["about"]["pose"]
    assert said["joint_names"] == list(SKELETON.joint_names)
    assert said["parents"] == list(SKELETON.parents) and said["frame_id"][0] == FIRST
    rows = [[p or [np.nan] * 3 for p in frame] for frame in said["pose"]]
    assert said["pose"][7] == [None] * 17 and same_joints(np.array(rows), poses.pose)


def test_trc_has_opensims_header_y_up_and_every_frame(files, poses):
    times, names, markers, said = opensim_trc(files[".trc"].read_text())
    assert names == list(SKELETON.joint_names)
    assert same_joints(markers, y_up(every_frame(poses)))
    np.testing.assert_allclose(times, np.arange(FIRST, FIRST + 40) / 25, atol=1e-6)
    assert said["DataRate"] == "25" and said["OrigDataStartFrame"] == str(FIRST + 1)


def test_trc_is_read_by_another_reader(files, poses):
    trc = pytest.importorskip("trc", reason="trc-data-reader is not installed")
    data = trc.TRCData()
    data.load(str(files[".trc"]))
    assert data["Markers"] == list(SKELETON.joint_names) and data["Frame#"][0] == FIRST + 1
    markers = np.array([data[frame][1] for frame in data["Frame#"]])
    assert same_joints(markers, y_up(every_frame(poses)))


def test_trc_is_read_by_opensim_itself(files, poses):
    opensim = pytest.importorskip("opensim", reason="opensim is not installed")
    table = opensim.TimeSeriesTableVec3(str(files[".trc"]))
    rows = [table.getRowAtIndex(i) for i in range(table.getNumRows())]
    markers = np.array([[[row[j][k] for k in range(3)] for j in range(17)] for row in rows])
    assert same_joints(markers, y_up(every_frame(poses)))


@pytest.mark.parametrize(
    ("first", "frames"), [(FIRST, None), (70_000, None), (0, 65_600)], ids=["few", "late", "many"]
)
def test_c3d_is_read_by_another_library(tmp_path, poses, first, frames):
    pytest.importorskip("c3d", reason="c3d is not installed")
    ezc3d = pytest.importorskip("ezc3d", reason="ezc3d is not installed")
    if frames:  # more than C3D's own counter holds
        pose = np.resize(poses.pose[:, :2], (frames, 2, 3))
        pair = Skeleton(("a", "b"), (-1, 0), (), 0)
        bare = {"skeleton": pair, "keypoints_2d": None, "confidence": None}
        poses = poses.replace(pose=pose, frame_id=np.arange(frames), **bare)
    else:
        poses = poses.replace(frame_id=poses.frame_id - FIRST + first)
    write_poses(poses, tmp_path / "a.c3d")
    read = ezc3d.c3d(str(tmp_path / "a.c3d"))
    points = read["data"]["points"][:3].transpose(2, 1, 0) / 1000
    wanted = every_frame(poses)
    assert same_joints(points, wanted)  # z up already
    about = read["parameters"]["POINT"]
    assert about["LABELS"]["value"] == list(poses.skeleton.joint_names)
    assert about["UNITS"]["value"] == ["mm"] and about["RATE"]["value"][0] == 25
    assert [about[f"{axis}_SCREEN"]["value"][0] for axis in "XY"] == ["+X", "+Z"]
    if first < 65_535:
        assert read["header"]["points"]["first_frame"] == first  # ezc3d counts from 0
    residuals = read["data"]["meta_points"]["residuals"][0].T
    assert ((residuals < 0) == np.isnan(wanted).any(-1)).all()


def test_without_the_package_c3d_the_error_gives_the_pip_command(tmp_path, monkeypatch, poses):
    monkeypatch.setitem(sys.modules, "c3d", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for ask in (lambda: check_writable("a.c3d"), lambda: write_poses(poses, tmp_path / "a.c3d")):
        with pytest.raises(GeoselfError, match=r"pip install 'c3d>=0\.6'") as error:
            ask()
        assert error.value.code == USAGE
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("extension", [".npz", ".csv", ".json", ".trc"])
def test_what_is_written_is_read_back(files, poses, extension):
    found = read_poses(files[extension])
    wanted = every_frame(poses) if extension == ".trc" else poses.pose
    wanted = y_up(wanted) if extension == ".trc" else wanted
    assert same_joints(found.pose, wanted) and found.skeleton == SKELETON
    assert found.fps == 25 and found.frame_id[0] == FIRST and found.axes == "world"
    assert tuple(found.up) == ((0, 1, 0) if extension == ".trc" else (0, 0, 1))
    if extension != ".trc":
        assert (found.frame_id == poses.frame_id).all()
    if extension == ".json":
        assert found.clip == "clip0" and (found.camera.K == poses.camera.K).all()
        assert np.nanmax(np.abs(found.keypoints_2d - poses.keypoints_2d)) < 1e-3
        assert np.abs(found.confidence - poses.confidence).max() < 1e-4


@pytest.mark.parametrize("extension", [".csv", ".json", ".trc"])
@pytest.mark.parametrize("fps", [30000 / 1001, 120.0, 0.5, 59.94])
def test_rates_and_thinned_frames_come_back(tmp_path, poses, extension, fps):
    thin = poses.replace(fps=fps, frame_id=3 + 5 * (poses.frame_id - FIRST))
    write_poses(thin, tmp_path / f"a{extension}")
    found = read_poses(tmp_path / f"a{extension}")
    if extension == ".trc":  # a rate and rows for all frames: every fifth is a rate of its own
        assert abs(found.fps / (fps / 5) - 1) < 1e-6 and found.frames == 40
    else:
        assert abs(found.fps / fps - 1) < 1e-5
        assert (found.frame_id == thin.frame_id).all()
    assert abs(found.seconds[0] - (thin.seconds[0] if extension != ".trc" else 0)) < 6 / fps


@pytest.mark.parametrize("extension", [".csv", ".trc"])
def test_up_in_camera_axes_is_inferred_from_the_body(tmp_path, poses, extension):
    local = in_camera(poses)
    write_poses(local, tmp_path / f"a{extension}")
    found = read_poses(tmp_path / f"a{extension}")
    if extension == ".csv":
        assert found.axes == "camera" and tuple(found.up) == (0, -1, 0)
        assert same_joints(found.pose, local.pose)
    else:
        assert same_joints(found.pose, every_frame(local) * [1, -1, -1])
        head, ankle = (SKELETON.joint_names.index(n) for n in ("head", "left_ankle"))
        assert np.nanmedian(found.pose[:, head, 1] - found.pose[:, ankle, 1]) > 1


def test_up_can_be_chosen_for_any_file_and_passed_when_reading(tmp_path, poses):
    write_poses(poses, tmp_path / "a.csv", up="y")
    assert same_joints(read_poses(tmp_path / "a.csv").pose, y_up(poses.pose))
    assert tuple(read_poses(tmp_path / "a.csv", up="-z").up) == (0, 0, -1)
    write_poses(poses, tmp_path / "a.trc", up="as-is")
    _, _, markers, _ = opensim_trc((tmp_path / "a.trc").read_text())
    assert same_joints(markers, every_frame(poses))
    write_poses(poses, tmp_path / "a.json", up="y")
    again = in_camera(read_poses(tmp_path / "a.json"))  # its camera was turned with it
    assert same_joints(again.pose, in_camera(poses).pose)
    for wrong, why in (("up", "no such axis"), ("unknown", "give z, -y or X,Y,Z")):
        with pytest.raises(GeoselfError, match=why) as error:
            read_poses(tmp_path / "a.csv", up=wrong)
        assert error.value.code == USAGE


def test_c3d_says_where_up_is_no_axis_of_its_own(tmp_path, poses):
    pytest.importorskip("c3d", reason="c3d is not installed")
    notices, up = Notices(), np.array([0.6, 0, 0.8])
    for tilted, turned in ((up, "as-is"), (up, None), (poses.up, "as-is")):
        write_poses(poses.replace(up=tilted), tmp_path / "a.c3d", up=turned, notice=notices)
    assert len(notices) == 1
    assert notices.about("C3D says up by an axis, +Z; here it is (0.600, 0.000, 0.800): --up=z")


@pytest.mark.parametrize("extension", [".csv", ".trc"])
def test_a_table_in_a_tilted_world_is_read_with_its_vertical(tmp_path, poses, extension):
    path, up = tmp_path / f"a{extension}", np.array([0.1, -0.2, 0.97])
    write_poses(poses, path, up="as-is")
    found = read_poses(path, up="0.1,-0.2,0.97")
    assert np.allclose(found.up, up / np.linalg.norm(up)) and found.axes == "world"
    assert read_poses(path, up="0,-2,0").axes == "camera"


NAMES = (
    "=cmd()",
    "+a",
    "left, knee",
    'q"uote',
    "two words",
    "tab\tline\n",
    "Kn{ö}chel",
    "Kn(o)chel",
)


@pytest.mark.parametrize("extension", USUAL_UP)
def test_odd_names_of_joints_harm_no_file_and_no_spreadsheet(tmp_path, poses, extension):
    if extension == ".c3d":
        pytest.importorskip("c3d", reason="c3d is not installed")
    odd = Skeleton((*NAMES, "尾", *(f"j{i}" for i in range(8))), SKELETON.parents, (), 0)
    path, notices = tmp_path / f"a{extension}", Notices()
    write_poses(poses.replace(skeleton=odd), path, notice=notices, **needed(extension))
    changed = [line for line in notices if "two words is two_words" in line]
    assert len(changed) == (extension in (".trc", ".c3d", ".bvh", ".nwb"))
    if extension == ".csv":
        cells = next(csv.reader((tmp_path / "a.csv").open(newline="")))
        assert cells[2] == "'=cmd()_x" and cells[5] == "'+a_x"
    if extension in (".npz", ".csv", ".json", ".trc"):
        found = read_poses(tmp_path / f"a{extension}")
        assert found.pose.shape[1] == 17 and len(set(found.skeleton.joint_names)) == 17
    if extension in (".npz", ".csv", ".json"):
        assert found.skeleton.joint_names == odd.joint_names
    if extension in (".trc", ".bvh"):
        text = (tmp_path / f"a{extension}").read_text()
        assert text.isascii() and "two_words" in text and "Kn_o_chel_2" in text


def test_skeletons_are_recognized_by_joint_names_or_passed(tmp_path, poses):
    write_poses(poses.replace(skeleton=COCO_17), tmp_path / "a.csv")
    assert read_poses(tmp_path / "a.csv").skeleton == COCO_17
    own = Skeleton(tuple(f"j{i}" for i in range(17)), SKELETON.parents, (), 2)
    for extension in (".csv", ".trc"):
        path = tmp_path / f"own{extension}"
        write_poses(poses.replace(skeleton=own), path)
        assert read_poses(path).skeleton.parents == (-1,) * 17
        assert read_poses(path, skeleton=own).skeleton == own
        with pytest.raises(GeoselfError, match="the skeleton has pelvis") as error:
            read_poses(path, skeleton=SKELETON)
        assert error.value.code == DATA


def test_another_extension_is_refused_with_those_that_are_known(tmp_path, poses):
    for name, words in (
        ("a.fbx", "known: .npz, .csv"),
        ("a.jsn", ".json, .trc, .c3d, .bvh, .nwb"),
        ("a", "no such format"),
    ):
        with pytest.raises(GeoselfError) as error:
            write_poses(poses, tmp_path / name)
        assert error.value.code == USAGE and words in str(error.value)
    for name in ("a.c3d", "a.bvh", "a.nwb"):
        with pytest.raises(GeoselfError, match="is written, not read") as error:
            read_poses(tmp_path / name)
        assert error.value.code == USAGE


@pytest.mark.parametrize("extension", [e for e in USUAL_UP if e != ".c3d"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, poses, extension):
    path = tmp_path / f"a{extension}"
    path.write_text("mine")
    code = (
        "import resource, signal, sys, numpy as np\n"
        "from geoself_jax.data.poses.formats import read_poses, write_poses\n"
        "from geoself_jax.core.errors import GeoselfError\n"
        "poses = read_poses(sys.argv[1])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "for path in sys.argv[2:]:\n"
        f"    try: write_poses(poses, path, **{needed(extension)})\n"
        "    except GeoselfError as error: print(error.code)\n"
    )
    write_poses(poses, tmp_path / "from.npz")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "from.npz"), str(path)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "74\n", done.stderr
    assert path.read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, "from.npz"]


def test_what_bvh_cannot_hold_is_reported(tmp_path, poses):
    notices = Notices()
    write_poses(poses, tmp_path / "a.bvh", notice=notices)
    assert notices.about("held still in 6 frames without a pose and 3 that lack joints")
    shutil.rmtree(tmp_path)
