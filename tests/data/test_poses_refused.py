"""Damaged .csv, .json and .trc files of poses are refused in one line that names the place."""

import json
import warnings

import numpy as np
import pytest
from moving import walking

from geoself_jax.core.errors import DATA, MISSING, GeoselfError
from geoself_jax.data.poses import json_file
from geoself_jax.data.poses.formats import read_poses, write_poses

CSV = "frame,time,a_x,a_y,a_z,b_x,b_y,b_z\n0,0,1,2,3,1,2,2\n1,0.04,1,2,3,,,\n4,0.16,1,2,3,1,2,2\n"
TRC = (
    "PathFileType\t4\t(X/Y/Z)\ta.trc\n"
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
    "OrigNumFrames\n"
    "25\t25\t2\t2\tmm\t25\t1\t2\n"
    "Frame#\tTime\ta\t\t\tb\t\t\n"
    "\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n"
    "\n"
    "1\t0.00\t1000\t2000\t3000\t1\t2\t2\n"
    "2\t0.04\t1000\t2000\t3000\t\t\t\t\n"
)


@pytest.fixture(scope="module")
def said(tiny_arrays, tmp_path_factory):
    """What the JSON of a sequence holds."""
    path = tmp_path_factory.mktemp("json") / "a.json"
    write_poses(walking(tiny_arrays), path)
    return json.loads(path.read_text())


def refusal(path, text):
    path.write_text(text)
    with warnings.catch_warnings(), pytest.raises(GeoselfError) as error:
        warnings.simplefilter("error")  # one line is all that is printed
        read_poses(path)
    line = str(error.value)
    assert error.value.code == DATA and path.name in line and "\n" not in line and len(line) < 400
    return line


def test_files_written_by_hand_are_read(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeff" + CSV.replace("\n", "\r\n"))
    table = read_poses(tmp_path / "a.csv")
    assert table.fps == 25 and table.frame_id.tolist() == [0, 1, 4]
    assert table.pose[0].tolist() == [[1, 2, 3], [1, 2, 2]] and np.isnan(table.pose[1, 1]).all()
    for text in (TRC, TRC.replace("\n\n", "\n"), TRC.replace("\n", "\r\n") + "\n"):
        (tmp_path / "a.trc").write_text(text)
        markers = read_poses(tmp_path / "a.trc")
        assert markers.fps == 25 and markers.skeleton.joint_names == ("a", "b")
        assert markers.pose[0, 0].tolist() == [1, 2, 3] and np.isnan(markers.pose[1, 1]).all()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (CSV, "", "line 1"),
        (CSV, "\n\n", "line 1"),
        ("frame,time", "time,frame", "line 1: time"),
        ("b_z", "b_w", "wanted columns frame, time, then NAME_x"),
        (",b_z", "", "wanted columns"),
        ("b_x,b_y,b_z", "a_x,a_y,a_z", "each name must be there once"),
        ("1,0.04,1,2,3,,,", "1,0.04,1,2,3", "line 3 - 5 cells, wanted 8"),
        ("1,0.04,1,2,3,,,", "1,0.04,1,2,3,,,,4", "line 3 - 9 cells"),
        ("1,0.04,1,2,3", "1,0.04,1,x,3", "line 3 - could not convert"),
        ("1,0.04,1,2,3", "1,0.04,1,-inf,3", "row 2, column 4: -inf"),
        ("1,0.04", "1.5,0.04", "row 2: frame 1.5"),
        ("1,0.04", "1e300,0.04", "row 2, column 1: 1e+300"),
        ("1,0.04", ",0.04", "row 2: frame nan"),
        ("1,0.04", "0,0.04", "each frame once, ascending"),
        ("0,0,1", "-1,0,1", "from 0"),
        ("4,0.16", "4,0", "time goes from 0 to 0 s"),
        ("4,0.16", "4,", "time goes from 0 to nan s"),
        (CSV[CSV.index("\n") :], "\n", "no row below the names"),
        ("0,0,1", '0,"0,1', "2 cells, wanted 8"),
        ("0,0,1", "0,\0,1", "line 2 - could not convert"),
    ],
)
def test_a_damaged_csv_is_refused(tmp_path, old, new, words):
    assert old in CSV
    assert words in refusal(tmp_path / "a.csv", CSV.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (TRC, "", "line 1"),
        ("PathFileType", "HIERARCHY", "wanted PathFileType"),
        ("25\t25\t2\t2\tmm", "x\t25\t2\t2\tmm", "line 3"),
        ("25\t25\t2\t2\tmm", "nan\t25\t2\t2\tmm", "line 3"),
        ("25\t25\t2\t2\tmm", "0\t25\t2\t2\tmm", "DataRate 0"),
        ("25\t25\t2\t2\tmm", "25\t25\t2\t2\tfurlongs", "wanted DataRate"),
        ("25\t25\t2\t2\tmm", "25\t25\t2\t999999999\tmm", "2 names, but NumMarkers 999999999"),
        ("25\t25\t2\t2\tmm", "25\t25", "line 3"),
        ("Frame#\tTime\ta\t\t\tb", "Frame#\tTime\ta\t\t\ta", "each name must be there once"),
        ("2\t0.04\t1000", "2\t0.04\t1O00", "line 8 - could not convert"),
        ("\t3000\t\t\t\t\n", "\t3000\t\t\n", "line 8 - 7 cells, wanted 8"),
        ("\t3000\t\t\t\t\n", "\t3000\t\t\t\t\t1\n", "line 8 - 10 cells"),
        ("2\t0.04", "2\t0.0", "each frame once, ascending"),
        ("2\t0.04", "2\t0.02", "no frame at DataRate 25 is there"),
        ("2\t0.04", "2\tnan", "no frame at DataRate"),
        ("2\t0.04", "2\t1e300", "row 2, column 2: 1e+300"),
        ("1\t0.00", "1\t-9", "from 0"),
        ("1\t0.00", "1\tinf", "row 1"),
        (TRC[TRC.index("\n1\t") :], "\n", "no row of numbers"),
    ],
)
def test_a_damaged_trc_is_refused(tmp_path, old, new, words):
    assert old in TRC
    assert words in refusal(tmp_path / "a.trc", TRC.replace(old, new))


def caliscope(rows, rate, said, frames=None, decimals=3, step=1):
    """A .trc of one marker, its times rounded and its header as given."""
    lines = TRC.replace("a\t\t\tb\t\t", "a\t\t").replace("\tX2\tY2\tZ2", "").splitlines()[:6]
    lines[2] = f"{said}\t{said}\t{rows if frames is None else frames}\t1\tm\t{said}\t1\t{rows}"
    times = [round(row * step / rate, decimals) for row in range(rows)]
    numbers = range(1, rows + 1)
    lines += [f"{n}\t{t:.{decimals}f}\t1\t2\t{n}" for n, t in zip(numbers, times, strict=True)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "fps", "said"),
    [
        (caliscope(600, 60000 / 1001, 59, 599), 60000 / 1001, ["DataRate 59", "59.9401", "599"]),
        (caliscope(20, 60000 / 1001, 59), 60000 / 1001, ["DataRate 59", "59.9401, which is taken"]),
        (caliscope(900, 30000 / 1001, 29), 30000 / 1001, ["DataRate 29"]),
        (caliscope(900, 30000 / 1001, 30, decimals=6), 30000 / 1001, ["DataRate 30"]),
        (caliscope(300, 29.5, 29), 29.5, ["DataRate 29", "29.49"]),
        (caliscope(300, 30, 30), 30, []),
        (caliscope(10, 30, 30, decimals=2), 30, []),  # times too coarse to say another rate
        (caliscope(100, 60, 60, step=5), 60, []),  # every fifth frame, rows counted
        (caliscope(3, 30, 30, 4), 30, ["NumFrames 4, but 3 rows; all rows are read"]),
        (caliscope(30, 30, 30, 90), 30, ["warning: ", "but 30 rows", "is the file whole?"]),
    ],
)
def test_the_rate_of_a_trc_is_that_of_its_times_and_its_rows_count(tmp_path, text, fps, said):
    (tmp_path / "a.trc").write_text(text)
    notices = []
    poses = read_poses(tmp_path / "a.trc", notice=notices.append)
    assert poses.fps == pytest.approx(fps, rel=5e-5)
    rows = len(text.splitlines()) - 6
    assert poses.frames == rows and poses.frame_id[0] == 0
    wanted = 5 if "4\t0.250" in text else 1
    assert (np.diff(poses.frame_id) == wanted).all()
    lines = "; ".join(notices)
    assert all(word in lines for word in said), lines
    assert bool(notices) == bool(said), lines


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", "geoself-poses/2", "format 'geoself-poses/2'"),
        ("pose", None, "pose"),
        ("pose", 3, "pose - no table of numbers"),
        ("pose", [[[1, 2], None]], "pose"),
        ("pose", [[[1, 2, 3]], [[1, 2, 3]] * 2], "pose - no table of numbers"),
        ("pose", [["a"] * 17] * 35, "pose"),
        ("pose", {"a": 1}, "pose"),
        ("pose", [[[1, 2, 1e999]] * 17] * 35, "infinity"),
        ("pose", [[[1, 2, 1e300]] * 17] * 35, "infinity"),
        ("frame_id", [0.5] * 35, "frame_id is float64"),
        ("frame_id", [10**30] * 35, "frame_id is object"),
        ("frame_id", "abc", "frame_id is <U3"),
        ("parents", [[0]] * 17, "parents has shape"),
        ("parents", [], "wanted one index"),
        ("joint_names", "abc", "joint_names has shape"),
        ("joint_names", [1] * 17, "joint_names is int64"),
        ("root", 10**30, "root is object"),
        ("root", [0], "root has shape"),
        ("fps", "50", "fps is <U2"),
        ("fps", True, "fps is bool"),
        ("up", [0, 0], "up has shape"),
        ("K", [[1, 2]], "K has shape"),
        ("K", [[None] * 3] * 3, "K is object"),
        ("left_right", [[0, 1, 2]], "left_right has shape"),
        ("confidence", [[0.5]], "confidence has shape"),
    ],
)
def test_a_damaged_json_is_refused(tmp_path, said, key, value, words):
    line = refusal(tmp_path / "a.json", json.dumps({**said, key: value}))
    assert words in line


def test_json_that_is_none_of_ours_is_refused(tmp_path, said):
    text = json.dumps(said)
    assert "not JSON" in refusal(tmp_path / "a.json", text[:-50])
    assert "no JSON object" in refusal(tmp_path / "a.json", "[1, 2]")
    assert "format None" in refusal(tmp_path / "a.json", "{}")
    assert "without end" in refusal(tmp_path / "a.json", "[" * 100_000)
    assert json_file.ABOUT["pose"] in text


@pytest.mark.parametrize("extension", [".csv", ".json", ".trc"])
def test_cut_files_and_bytes_that_are_no_text_are_refused_or_read(tmp_path, tiny_arrays, extension):
    path = tmp_path / f"a{extension}"
    with pytest.raises(GeoselfError) as error:
        read_poses(path)
    assert error.value.code == MISSING
    write_poses(walking(tiny_arrays), path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        content = bytearray(whole[: rng.integers(len(whole))])
        for place in rng.integers(len(content) + 1, size=4):
            content[place : place + 1] = rng.bytes(1)
        path.write_bytes(content)
        try:
            read_poses(path)
        except GeoselfError as error:
            assert error.code == DATA and "\n" not in str(error)
