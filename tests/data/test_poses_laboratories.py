"""Files of animal laboratories: anipose's, DeepLabCut's and sleap-anipose's."""

import subprocess
import sys
import time

import h5py
import numpy as np
import pandas
import pytest
from moving import FIRST, SKELETON, same_joints, walking
from seeing import Notices

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses import deeplabcut_file
from geoself_jax.data.poses.change_axes import in_camera, relative_to_root
from geoself_jax.data.poses.formats import NAMED, check_writable, read_poses, write_poses

ENDINGS = {"anipose": ".csv", "deeplabcut": ".h5", "sleap-anipose": ".h5"}
OF_JOINT = ("x", "y", "z", "error", "ncams", "score")
LAST = ("M_00", "M_01", "M_02", "M_10", "M_11", "M_12", "M_20", "M_21", "M_22")
LAST += ("center_0", "center_1", "center_2", "fnum")
SMALL = (
    "a_x,a_y,a_z,a_error,a_ncams,a_score,M_00,M_01,M_02,M_10,M_11,M_12,M_20,M_21,M_22,"
    "center_0,center_1,center_2,fnum\n"
    "1000,2000,3000,1.5,2.0,0.9,1,0,0,0,1,0,0,0,1,0,0,0,0\n"
    ",,,,,,1,0,0,0,1,0,0,0,1,0,0,0,1\n"
    "1001,2000,3000,,1.0,0.9,1,0,0,0,1,0,0,0,1,0,0,0,2\n"
)


@pytest.fixture(scope="module")
def poses(tiny_arrays):
    return walking(tiny_arrays)


def rows(poses, values):
    """(N, ...) a row for each frame of the video from 0 on."""
    whole = np.full((poses.frame_id[-1] + 1, *values.shape[1:]), np.nan)
    whole[poses.frame_id] = values
    return whole


def joints_of(path, format):
    """(N, J, 3) of a file, in its unit, by pandas and h5py."""
    if format == "anipose":
        table = pandas.read_csv(path)
        names = [c.removesuffix("_error") for c in table.columns if c.endswith("_error")]
        return np.stack([table[[f"{n}_{a}" for a in "xyz"]].to_numpy() for n in names], 1)
    if format == "deeplabcut":
        table = pandas.read_hdf(path)
        return table.to_numpy().reshape(len(table), -1, 3)
    with h5py.File(path) as file:
        return file["tracks"][:, 0]


@pytest.mark.parametrize("format", NAMED)
def test_others_find_millimetres_z_up_and_a_row_for_each_frame_of_the_video(
    tmp_path, poses, format
):
    path, notices = tmp_path / f"a{ENDINGS[format]}", Notices()
    write_poses(poses, path, format=format, notice=notices)
    found = joints_of(path, format)
    assert len(found) == FIRST + 40 and np.isnan(found[:FIRST]).all()
    assert same_joints(found / 1000, rows(poses, poses.pose))
    assert notices == [f"{path}: lengths are in mm, which the file cannot say"]
    write_poses(in_camera(poses), path, format=format, unit="cm")
    wanted = rows(poses, in_camera(poses).pose)[..., [0, 2, 1]] * [1, 1, -1]
    assert same_joints(joints_of(path, format) / 100, wanted)
    write_poses(in_camera(poses), path, format=format, unit="m", up="as-is")
    assert same_joints(joints_of(path, format), rows(poses, in_camera(poses).pose))


def test_anipose_has_the_columns_of_its_pose_3d_and_no_other(tmp_path, poses):
    write_poses(poses, tmp_path / "a.csv", format="anipose")
    table = pandas.read_csv(tmp_path / "a.csv")
    names = [f"{name}_{what}" for name in SKELETON.joint_names for what in OF_JOINT]
    assert table.columns.tolist() == [*names, *LAST]
    assert (table.fnum == np.arange(FIRST + 40)).all() and table.fnum.dtype.kind == "i"
    of = {
        what: table[[f"{n}_{what}" for n in SKELETON.joint_names]].to_numpy()
        for what in ("error", "ncams", "score")
    }
    assert np.nanmax(np.abs(of["score"] - rows(poses, poses.confidence))) <= 5e-5
    seen = np.nan_to_num(rows(poses, poses.confidence)) > 0
    assert (of["ncams"] == seen).all() and 0 < seen.mean() < 1
    local, K = in_camera(poses).pose, poses.camera.K
    pixels = local @ K.T
    away = np.linalg.norm(pixels[..., :2] / pixels[..., 2:] - poses.keypoints_2d, axis=-1)
    wanted = np.where(seen, rows(poses, away), np.nan)
    assert (np.isnan(of["error"]) == np.isnan(wanted)).all()
    assert np.nanmax(np.abs(of["error"] - wanted)) < 2e-3 and np.nanmax(wanted) > 1


@pytest.mark.parametrize("axes", ["world", "camera"])
@pytest.mark.parametrize("up", ["z", "y", "as-is"])
def test_anipose_comes_back_to_the_calibrations_frame_by_m_and_center(tmp_path, poses, axes, up):
    write_poses(
        in_camera(poses) if axes == "camera" else poses, tmp_path / "a.csv", format="anipose", up=up
    )
    table = pandas.read_csv(tmp_path / "a.csv")
    M = table[list(LAST[:9])].to_numpy()[3].reshape(3, 3)
    center = table[list(LAST[9:12])].to_numpy()[3]
    placed = joints_of(tmp_path / "a.csv", "anipose") + center
    again = placed.dot(np.linalg.inv(M.T))  # as anipose's project_2d.py does
    assert same_joints(again / 1000, rows(poses, poses.pose))


def test_anipose_does_not_invent_what_no_camera_or_detector_said(tmp_path, poses):
    notices = Notices()
    bare = poses.replace(keypoints_2d=None, confidence=None, camera=None)
    write_poses(bare, tmp_path / "a.csv", format="anipose", notice=notices)
    table = pandas.read_csv(tmp_path / "a.csv")
    assert table.pelvis_score.isna().all() and table.pelvis_error.isna().all()
    assert (table.pelvis_ncams == 0).all() and notices.about("no 2D confidence")
    write_poses(relative_to_root(in_camera(poses)), tmp_path / "a.csv", format="anipose")
    table = pandas.read_csv(tmp_path / "a.csv")
    assert table.pelvis_error.isna().all() and table.pelvis_score.max() > 0.3
    assert (table[["center_0", "center_1", "center_2"]] == 0).all(axis=None)


def test_anipose_is_read_back(tmp_path, poses):
    path = tmp_path / "anna.csv"
    write_poses(poses, path, format="anipose")
    found = read_poses(path, format="anipose", fps=25, unit="mm")
    assert same_joints(found.pose, rows(poses, poses.pose)) and found.skeleton == SKELETON
    assert (found.frame_id == np.arange(FIRST + 40)).all() and found.fps == 25
    assert found.axes == "world" and tuple(found.up) == (0, 0, 1)
    write_poses(in_camera(poses), path, format="anipose", unit="cm", up="as-is")
    found = read_poses(path, format="anipose", fps=25, unit="cm")
    assert found.axes == "camera" and same_joints(found.pose, rows(poses, in_camera(poses).pose))


@pytest.mark.parametrize("format", NAMED)
def test_the_same_poses_are_the_same_bytes(tmp_path, poses, format):
    paths = [tmp_path / f"{name}{ENDINGS[format]}" for name in "ab"]
    for path in paths:
        write_poses(poses, path, format=format)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_a_file_does_not_say_has_to_be_said(tmp_path, poses):
    path = tmp_path / "anna.csv"
    write_poses(poses, path, format="anipose")
    for given, words in (
        (
            {"unit": "mm"},
            "its frame rate is not in the file - wanted a number above 0 - set --poses-fps",
        ),
        ({"fps": 25.0}, "its unit is not in the file - wanted one of m, cm, mm"),
        ({"fps": 0.0, "unit": "mm"}, "fps 0 - wanted a number above 0"),
        ({"fps": np.nan, "unit": "mm"}, "fps nan"),
        ({"fps": 25.0, "unit": "inch"}, "unit 'inch'"),
    ):
        with pytest.raises(GeoselfError) as error:
            read_poses(path, format="anipose", **given)
        assert error.value.code == USAGE and words in str(error.value)
    with pytest.raises(GeoselfError, match="set --poses-format=anipose") as error:
        read_poses(path)
    assert error.value.code == DATA
    with pytest.raises(GeoselfError, match="looks like millimetres"):
        read_poses(path, format="anipose", fps=25, unit="m")


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("a.h5", {}, "deeplabcut and sleap-anipose write .h5 - say which: --out-format=deeplabcut"),
        ("a.h5", {"format": "anipose"}, "anipose has files .csv"),
        ("a.csv", {"format": "deeplabcut"}, "deeplabcut has files .h5"),
        ("a.csv", {"format": "anipos"}, "no such format - did you mean 'anipose'?"),
        ("a.csv", {"format": ".csv"}, "no such format"),
        ("a.csv", {"unit": "mm"}, "unit 'mm' - the format has its own unit"),
        ("a.npz", {"unit": "m"}, "the format has its own unit"),
        ("a.csv", {"format": "anipose", "unit": "km"}, "unit 'km' - wanted one of m, cm, mm"),
        ("a.csv", {"format": "anipose", "up": "x"}, "up 'x'"),
    ],
)
def test_nothing_is_guessed_from_an_ending_that_several_programs_write(
    tmp_path, poses, name, given, words
):
    with pytest.raises(GeoselfError) as error:
        write_poses(poses, tmp_path / name, **given)
    assert error.value.code == USAGE and words in str(error.value)
    assert not list(tmp_path.iterdir())


def test_hdf5_is_written_only(tmp_path, poses):
    for format in ("deeplabcut", "sleap-anipose"):
        with pytest.raises(GeoselfError, match=f"{format} is written, not read") as error:
            read_poses(tmp_path / "a.h5", format=format)
        assert error.value.code == USAGE
    with pytest.raises(GeoselfError, match=r"\.h5 is written, not read - known: \.npz"):
        read_poses(tmp_path / "a.h5")
    with pytest.raises(GeoselfError, match="the file says it itself"):
        read_poses(tmp_path / "a.npz", fps=25)


def test_deeplabcut_has_scorer_body_parts_and_coordinates(tmp_path, poses):
    write_poses(poses, tmp_path / "a.h5", format="deeplabcut")
    with pandas.HDFStore(tmp_path / "a.h5", mode="r") as store:
        assert store.keys() == ["/df_with_missing"]
        assert store.get_storer("df_with_missing").is_table  # as DeepLabCut's, not "fixed"
    table = pandas.read_hdf(tmp_path / "a.h5")
    assert table.columns.names == ["scorer", "bodyparts", "coords"]
    wanted = [("geoself", name, axis) for name in SKELETON.joint_names for axis in "xyz"]
    assert table.columns.tolist() == wanted
    assert table.index.tolist() == list(range(FIRST + 40))
    assert (table.dtypes == np.float64).all()


def test_sleap_anipose_has_tracks_scores_and_names(tmp_path, poses):
    write_poses(poses, tmp_path / "a.h5", format="sleap-anipose")
    with h5py.File(tmp_path / "a.h5") as file:
        assert set(file) == {"tracks", "point_scores", "node_names"}
        assert file["tracks"].shape == (FIRST + 40, 1, 17, 3)
        assert file["tracks"].dtype == np.float64 and file["tracks"].compression == "gzip"
        assert "(n_frames, n_tracks, n_nodes, 3)" in file["tracks"].attrs["Description"]
        assert [n.decode() for n in file["node_names"]] == list(SKELETON.joint_names)
        scores = file["point_scores"][:, 0]
    assert np.array_equal(scores, np.nan_to_num(rows(poses, poses.confidence)))
    bare = poses.replace(keypoints_2d=None, confidence=None)
    write_poses(bare, tmp_path / "a.h5", format="sleap-anipose")
    with h5py.File(tmp_path / "a.h5") as file:
        assert set(file) == {"tracks", "node_names"}  # nobody knows how sure it is


@pytest.mark.parametrize("format", NAMED)
def test_odd_names_of_joints_harm_no_file(tmp_path, poses, format):
    odd = ("=cmd()", "left, knee", 'q"uote', "two words", "tab\tline\n", "Kn{ö}chel", "Kn(o)chel")
    odd = (*odd, "left-ear", "left.ear", "尾", *(f"j{i}" for i in range(7)))
    skeleton, notices = Skeleton(odd, SKELETON.parents, (), 0), Notices()
    path = tmp_path / f"a{ENDINGS[format]}"
    write_poses(poses.replace(skeleton=skeleton), path, format=format, notice=notices)
    assert same_joints(joints_of(path, format) / 1000, rows(poses, poses.pose))
    if format == "anipose":
        first = path.read_text().split("\n", 1)[0]
        assert "left_ear_x,left_ear_y" in first and "left_ear_2_x" in first
        assert notices.about("left-ear is left_ear") and '"' not in first
    elif format == "deeplabcut":
        table = pandas.read_hdf(path)
        assert list(dict.fromkeys(table.columns.get_level_values("bodyparts"))) == list(odd)


@pytest.mark.parametrize("format", NAMED)
def test_no_frame_and_a_frame_too_late_are_refused(tmp_path, poses, format):
    path = tmp_path / f"a{ENDINGS[format]}"
    bare = {"keypoints_2d": None, "confidence": None}
    none = poses.replace(pose=poses.pose[:0], frame_id=poses.frame_id[:0], **bare)
    late = poses.replace(frame_id=poses.frame_id + 2**24)
    for wrong, words in ((none, "nothing to write"), (late, "at most 8388608")):
        with pytest.raises(GeoselfError, match=words) as error:
            write_poses(wrong, path, format=format)
        assert error.value.code == DATA
    assert not list(tmp_path.iterdir())


def test_more_joints_than_a_table_of_hdf5_describes_are_refused(tmp_path, poses):
    names = tuple(f"joint_{number}" for number in range(2000))
    pose = np.zeros((2, 2000, 3), np.float32)
    changes = {"keypoints_2d": None, "confidence": None, "frame_id": np.arange(2)}
    many = poses.replace(pose=pose, skeleton=Skeleton(names, (-1,) * 2000, (), 0), **changes)
    with pytest.raises(GeoselfError, match="2000 joints - do not fit into one table") as error:
        write_poses(many, tmp_path / "a.h5", format="deeplabcut")
    assert error.value.code == DATA and not list(tmp_path.iterdir())


def test_without_pandas_or_pytables_the_error_gives_the_pip_command(tmp_path, monkeypatch, poses):
    monkeypatch.setattr(deeplabcut_file, "_NEEDED", ("pandas", "no_such_package"))
    for ask in (
        lambda: check_writable("a.h5", format="deeplabcut"),
        lambda: write_poses(poses, tmp_path / "a.h5", format="deeplabcut"),
    ):
        with pytest.raises(GeoselfError, match=r"pip install 'pandas>=2\.3' 'tables>=3") as error:
            ask()
        assert error.value.code == USAGE and "no_such_package is not inst" in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", NAMED)
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, poses, format):
    path = tmp_path / f"a{ENDINGS[format]}"
    path.write_text("mine")
    code = (
        "import resource, signal, sys\n"
        "from geoself_jax.data.poses.formats import read_poses, write_poses\n"
        "from geoself_jax.core.errors import GeoselfError\n"
        "poses = read_poses(sys.argv[1])\n"
        "write_poses(poses, sys.argv[4], format=sys.argv[3])  # what is imported is compiled\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try: write_poses(poses, sys.argv[2], format=sys.argv[3])\n"
        "except GeoselfError as error: print(error.code)\n"
    )
    (tmp_path / "other").mkdir()
    write_poses(poses, tmp_path / "other" / "from.npz")
    other = tmp_path / "other" / path.name
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "other" / "from.npz"), path, format, other],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout == "74\n", done.stderr
    assert path.read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, "other"]


def test_anipose_with_axes_that_are_not_at_right_angles_is_read_with_a_warning(tmp_path):
    notices = Notices()
    (tmp_path / "a.csv").write_text(SMALL)
    found = read_poses(tmp_path / "a.csv", format="anipose", fps=100, unit="mm", notice=notices)
    assert found.pose[:, 0].tolist()[0] == [1, 2, 3] and np.isnan(found.pose[1]).all()
    assert not notices and found.skeleton.joint_names == ("a",)
    sheared = SMALL.replace(",1,0,0,0,1,0,", ",1,0,0,0.6,0.8,0,")
    (tmp_path / "a.csv").write_text(sheared)
    read_poses(tmp_path / "a.csv", format="anipose", fps=100, unit="mm", notice=notices)
    assert notices.about("M is no rotation: lengths are 63 to 126 % of the true ones")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (SMALL, "", "line 1: no column NAME_error"),
        ("a_x,", "b_x,", "line 1: no column a_x"),
        (",fnum", ",frame", "no column fnum"),
        ("a_ncams", "a_x", "line 1: a_x - is there twice"),
        ("1001,2000,3000,,", "1001,2000,3000,", "line 4 - 18 cells, wanted 19"),
        ("1001,2000", "1001,two", "line 4 - could not convert"),
        ("1001,2000", "1001,inf", "row 3, column 2: inf"),
        ("0,0,2\n", "0,0,2.5\n", "row 3: fnum 2.5"),
        ("0,0,2\n", "0,0,\n", "row 3: fnum nan"),
        ("0,0,2\n", "0,0,0\n", "each frame once, ascending"),
        ("2.0,0.9,1,0,0", "2.0,0.9,,0,0", "M_00 to M_22 - are no numbers"),
        (SMALL[SMALL.index("\n") :], "\n", "no row below the names"),
    ],
)
def test_a_damaged_table_of_anipose_is_refused(tmp_path, old, new, words):
    assert old in SMALL
    (tmp_path / "a.csv").write_text(SMALL.replace(old, new))
    with pytest.raises(GeoselfError) as error:
        read_poses(tmp_path / "a.csv", format="anipose", fps=100, unit="mm")
    assert error.value.code == DATA and words in str(error.value)
    assert str(error.value).startswith(str(tmp_path / "a.csv"))


def test_cut_tables_and_bytes_that_are_no_text_are_refused_or_read(tmp_path, poses):
    path = tmp_path / "a.csv"
    write_poses(poses, path, format="anipose")
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        content = bytearray(whole[: rng.integers(len(whole))])
        for place in rng.integers(len(content) + 1, size=4):
            content[place : place + 1] = rng.bytes(1)
        path.write_bytes(content)
        try:
            read_poses(path, format="anipose", fps=100, unit="mm")
        except GeoselfError as error:
            assert error.code == DATA and "\n" not in str(error)
            refused += 1
    assert refused > 30


def test_many_joints_are_read_and_a_hundred_thousand_refused_in_seconds(tmp_path):
    start = time.perf_counter()
    for joints in (300, 100_000):
        names = [f"j{number}" for number in range(joints)]
        header = ",".join(f"{n}_x,{n}_y,{n}_z,{n}_error" for n in names)
        rows = "".join(f"{'0,1,2,3,' * joints}{row}\n" for row in range(20 if joints < 2000 else 1))
        (tmp_path / "a.csv").write_text(f"{header},fnum\n{rows}")
        if joints == 300:
            found = read_poses(tmp_path / "a.csv", format="anipose", fps=100, unit="cm")
            assert found.pose.shape == (20, 300, 3) and found.pose[3, 4, 2] == np.float32(0.02)
    with pytest.raises(GeoselfError, match="100000 joints - wanted at most 1000"):
        read_poses(tmp_path / "a.csv", format="anipose", fps=100, unit="mm")
    assert time.perf_counter() - start < 60


def test_a_table_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(GeoselfError) as error:
        read_poses(tmp_path / "a.csv", format="anipose", fps=100, unit="mm")
    assert error.value.code == MISSING
