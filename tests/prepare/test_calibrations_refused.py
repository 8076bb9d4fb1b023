"""What is no calibration is refused in one line that names the file, the camera and what to do."""

import json
import random
import re

import h5py
import numpy as np
import pytest
import tomli_w
from calibration_files import (
    WRITERS,
    known_rig,
    opencv_values,
    panoptic_cameras,
    toml_tables,
    write_anipose,
    write_karfly,
    write_mpi_inf_3dhp,
    write_opencv,
    write_pose2sim,
)

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.prepare.calibrations import CALIBRATIONS, read_calibration
from geoself_jax.prepare.calibrations.native import write_native
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig
from geoself_jax.prepare.find_recordings import find_calibration


def refusal(path, code=DATA, **options):
    with pytest.raises(GeoselfError) as caught:
        read_calibration(path, **options)
    line = str(caught.value)
    assert caught.value.code == code, line
    assert "\n" not in line and line.count(" - ") >= 1
    return line


def pose2sim(path, key, value, camera="right"):
    """A Pose2Sim file with one value of one camera replaced; None leaves it out."""
    known = known_rig()
    tables = toml_tables(known, known.names, unit=1, fisheye=False)
    tables[camera][key] = value
    if value is None:
        del tables[camera][key]
    path.write_text(tomli_w.dumps(tables))
    return path


IDENTITY = [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]
K = [[1100.0, 0, 500], [0, 1100.0, 500], [0, 0, 1.0]]
DAMAGE = [
    ("matrix", K[:2], "camera right: camera matrix: 6 numbers - 3x3 numbers are wanted"),
    ("matrix", [*K[:2], [0.0, 0, 2.0]], "camera right: camera matrix: last row .* 0 0 1 is wanted"),
    ("matrix", np.array(K).T.tolist(), "camera right: camera matrix - .*transposed"),
    ("matrix", [[-1100.0, 0, 500], *K[1:]], "focal lengths -1100 and 1100 - pixels above 0"),
    ("matrix", [[float("nan"), 0, 500], *K[1:]], "camera right: camera matrix: .* - not finite"),
    ("matrix", [["a", 0, 500], *K[1:]], "camera right: camera matrix: .* - 3x3 numbers"),
    ("matrix", [[1.0, 2.0], [3.0]], "camera right: camera matrix: .* - 3x3 numbers"),
    (
        "rotation",
        [90.0, 0.0, 35.0],
        "camera right: rotation: .* are these degrees, or Euler angles",
    ),
    ("matrix", True, "camera right: camera matrix: True - 3x3 numbers"),
    ("matrix", {"a": 1}, "camera right: camera matrix: .* - 3x3 numbers"),
    ("matrix", None, r"table \[right\]: no matrix - a camera has matrix, rotation and translation"),
    ("rotation", [0.1, 0.2], "camera right: rotation: 2 numbers - 3x3 numbers"),
    ("rotation", [float("inf"), 0, 0], "camera right: rotation: .* - not finite"),
    ("rotation", "up", "camera right: rotation: up - 3x3 numbers"),
    (
        "rotation",
        [[1.0, 0.1, 0], [0, 1.0, 0], [0, 0, 1.0]],
        r"camera right: rotation: R R\^T is 0\.1 off the identity - not a rotation",
    ),
    (
        "rotation",
        [[1.0, 0, 0], [0, 1.0, 0], [0, 0, -1.0]],
        "camera right: rotation: determinant -1 - mirrored camera",
    ),
    ("translation", [0.0, 1.0], "camera right: translation: 2 numbers - 3 numbers"),
    ("translation", [0.0, 1.0, float("nan")], "camera right: translation: .* - not finite"),
    ("translation", [0.0, 1.0, 1e300], "camera right: translation: .* - no camera's figure"),
    ("translation", None, r"table \[right\]: no translation"),
    ("distortions", [0.1] * 3, "camera right: distortion: 3 coefficients - OpenCV has 0, 4, 5, 8"),
    ("distortions", ["k1"] * 4, "camera right: distortion: .* numbers are wanted"),
    ("size", [1000.0], "camera right: image size: 1 numbers - 2 numbers"),
    ("size", [1000.5, 1000.0], "camera right: image size: .* - width and height in pixels"),
    ("size", [-1000, 1000], "camera right: image size: .* - width and height in pixels"),
    ("fisheye", "perhaps", "camera right: fisheye: perhaps - true or false"),
    ("name", "left", "camera left - two cameras have this name - rename"),
    ("name", [1], r"table \[right\]: name: \[1\] - not a camera"),
]


@pytest.mark.parametrize(("key", "value", "words"), DAMAGE)
def test_a_camera_that_is_none_is_named(tmp_path, key, value, words):
    path = pose2sim(tmp_path / "Calib.toml", key, value)
    line = refusal(path)
    assert line.startswith(str(path)) and re.search(words, line), line


def test_a_fisheye_of_five_coefficients_is_refused(tmp_path):
    known = known_rig()
    tables = toml_tables(known, known.names, unit=1, fisheye=True)
    (tmp_path / "c.toml").write_text(tomli_w.dumps(tables))
    line = refusal(tmp_path / "c.toml", unit="m")
    assert "camera back: distortion: 5 coefficients - a fisheye's are" in line


@pytest.mark.parametrize("error", [1e-4, 1e-3])
def test_a_rotation_a_little_off_is_accepted(tmp_path, error):
    turned = np.eye(3)
    turned[0, 1] = error
    notices = []
    rig = read_calibration(
        pose2sim(tmp_path / "c.toml", "rotation", turned.tolist()), notice=notices.append
    )
    assert np.abs(rig.R[1] @ rig.R[1].T - np.eye(3)).max() < 1e-12
    assert "camera right: R R^T is" in notices[0]


@pytest.mark.parametrize(
    ("size", "m", "cm", "mm"),
    [(10.74, "10.7", "0.107", "0.0107"), (10740.0, "10740", "107", "10.7")],
)
def test_a_unit_is_not_guessed_from_the_size_of_the_room(tmp_path, size, m, cm, mm):
    known = known_rig()
    span = np.linalg.norm(known.center[:, None] - known.center[None], axis=-1).max()
    write_anipose(known, tmp_path / "c.toml", span / size)
    line = refusal(tmp_path / "c.toml")
    assert "c.toml: its unit is not in the file - the cameras farthest apart would be" in line
    assert f"{m} m with --unit=m, {cm} m with --unit=cm, {mm} m with --unit=mm apart" in line
    assert "measured, --unit=m, cm or mm; " in line and line.endswith("--height=1.75")
    for view in range(4):
        write_opencv(tmp_path / f"{view}.yml", opencv_values(known, view))
    (tmp_path / "c.toml").unlink()
    assert "its unit is not in the file" in refusal(tmp_path)
    one = np.linalg.norm(known.center[0]) * 1000
    line = refusal(tmp_path / "0.yml")
    assert f"the camera would be {one:.0f} m with --unit=m" in line and "from the world's" in line


def test_units_axes_and_formats_that_are_none(tmp_path):
    write_pose2sim(known_rig(), tmp_path / "c.toml")
    assert "--unit=inch - no such unit" in refusal(tmp_path / "c.toml", USAGE, unit="inch")
    assert "--up=+z - no such axis - did you mean 'z'?" in refusal(
        tmp_path / "c.toml", USAGE, up="+z"
    )
    line = refusal(tmp_path / "c.toml", USAGE, format="pose2Sim")
    assert "calibration format 'pose2Sim' - no such format - did you mean 'pose2sim'?" in line
    assert "holds one rig" in refusal(tmp_path / "c.toml", USAGE, name="S1")


def test_what_is_not_there_or_not_known(tmp_path):
    assert "no such file or folder" in refusal(tmp_path / "no.toml", MISSING)
    (tmp_path / "empty.toml").write_text("")
    line = refusal(tmp_path / "empty.toml")
    assert "empty.toml - no calibration of a known format (native, pose2sim, " in line
    assert "--calibration-format=NAME" in line
    assert "no calibration of a known format" in refusal(tmp_path)


def test_a_folder_with_two_calibrations_is_asked_about(tmp_path):
    write_pose2sim(known_rig(), tmp_path / "Calib_a.toml")
    write_pose2sim(known_rig(), tmp_path / "Calib_b.toml")
    line = refusal(tmp_path)
    assert "2 calibrations" in line and "Calib_a.toml is pose2sim (toml with" in line
    ways = f"{tmp_path / 'Calib_a.toml'} or {tmp_path / 'Calib_b.toml'}"
    assert line.endswith(f" - choose: name {ways}, or keep one of them alone here")


def test_a_file_without_cameras(tmp_path):
    (tmp_path / "c.toml").write_text("[metadata]\nerror = 0.1\n")
    assert "c.toml - no camera in it" in refusal(tmp_path / "c.toml", format="pose2sim")


def test_panoptics_refusals(tmp_path):
    path = tmp_path / "calibration_x.json"
    cameras = panoptic_cameras(known_rig())
    del cameras[2]["t"]
    path.write_text(json.dumps({"cameras": cameras}))
    assert f"{path}, camera front: translation - not there; 3 numbers" in refusal(path)
    path.write_text(json.dumps({"cameras": panoptic_cameras(known_rig(), "vga")}))
    assert "cameras of type vga - hd wanted" in refusal(path)
    for content in (
        "[]",
        "3",
        '{"cameras": 3}',
        '{"cameras": ["a"]}',
        '{"cameras": [{"name": 1}]}',
    ):
        path.write_text(content)
        assert str(path) in refusal(path, format="panoptic")


def test_karflys_refusals(tmp_path):
    path = tmp_path / "camera-parameters.json"
    write_karfly({"S1": known_rig(), "S5": known_rig()}, path)
    assert "the cameras of S1, S5 - one subject's are wanted" in refusal(path)
    assert "no cameras of subject 'S6'" in refusal(path, name="S6")
    content = json.loads(path.read_text())
    del content["intrinsics"]["back"]
    path.write_text(json.dumps(content))
    assert "intrinsics of camera back" in refusal(path, name="S1")


@pytest.mark.parametrize(
    ("line", "text", "words"),
    [
        (5, "  animation    0", "line 5: animation 0 - the line of animated is wanted"),
        (6, "  intrinsic   1 2 3", "line 6: intrinsic has 3 numbers - a 4x4 matrix"),
        (7, "  extrinsic   1 2 x", "line 7: extrinsic 1 2 x - numbers are wanted"),
        (4, "  size        204.5 2048", "camera left: image size"),
        (8, "  radial      0.1", "camera left: radial 0.1 - the published cameras have 0"),
        (29, "", "ends in the middle of a camera"),
    ],
)
def test_mpi_inf_3dhps_refusals_name_the_line(tmp_path, line, text, words):
    path = tmp_path / "camera.calibration"
    write_mpi_inf_3dhp(known_rig(), path)
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines))
    assert words in refusal(path, format="mpi_inf_3dhp")


def test_opencvs_refusals(tmp_path):
    known = known_rig()
    values = opencv_values(known, 0)
    del values["R"]
    write_opencv(tmp_path / "a.yml", values)
    line = refusal(tmp_path / "a.yml", format="opencv")
    assert "camera a: no rotation - the lens alone does not say where the camera stands" in line
    write_opencv(tmp_path / "a.yml", {"R": np.eye(3), "T": np.zeros((3, 1))})
    assert "a.yml: no camera matrix" in refusal(tmp_path / "a.yml", format="opencv")
    write_opencv(tmp_path / "a.yml", opencv_values(known, 0))
    text = (tmp_path / "a.yml").read_text()
    (tmp_path / "a.yml").write_text(text.replace("rows: 3", "rows: 4", 1))
    line = refusal(tmp_path / "a.yml", unit="mm")
    assert "camera_matrix: 4 rows, 3 columns, 9 numbers - rows times columns" in line
    (tmp_path / "a.yml").write_text("%YAML:1.0\n---\nK: [1, 2\n")
    assert "a.yml, line" in refusal(tmp_path / "a.yml", format="opencv")
    (tmp_path / "a.yml").write_text("%YAML:1.0\n---\nK: !!python/object:os.system x\nR: 1\nT: 1\n")
    assert "a.yml, line 3" in refusal(tmp_path / "a.yml")
    (tmp_path / "a.xml").write_text("<opencv_storage><K>1</K><R>1</R><T>1</T></opencv_storage>")
    assert "a.xml, camera a: rotation: 1 numbers" in refusal(tmp_path / "a.xml", unit="m")


def test_our_own_jsons_refusals(tmp_path):
    path = tmp_path / "rig.json"
    write_native(human36m_rig("S1"), path)
    good = json.loads(path.read_text())
    damages = [
        ({"format": "geoself-rig/2"}, "format 'geoself-rig/2' - geoself-rig/1 is wanted"),
        ({"centre": 1}, "centre - no such key - did you mean 'center'?"),
        ({"K": good["K"][:3]}, "K: 3 entries - a list of 4, one a camera"),
        ({"world_up": [0, 0, 2]}, "world_up - a vector of length 1"),
        ({"camera_names": 3}, "camera_names - a list of text"),
        ({"dist": [[0.0]] * 4}, "camera 54138969: distortion: 1 coefficients"),
        ({"fisheye": [2] * 4}, "camera 54138969: fisheye: 2 - true or false"),
    ]
    for damage, words in damages:
        path.write_text(json.dumps(good | damage))
        assert words in refusal(path, format="native")
    del good["center"]
    path.write_text(json.dumps(good))
    assert "rig.json: no center" in refusal(path)
    with pytest.raises(GeoselfError, match="check the path and the disk"):
        write_native(human36m_rig("S1"), path / "rig.json")  # within a file


@pytest.mark.parametrize("format", CALIBRATIONS)
def test_damaged_files_are_read_or_refused_never_a_traceback(tmp_path, format):
    WRITERS[format](known_rig(), tmp_path)
    (path,) = tmp_path.iterdir()
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    refused, trials = 0, 15 if format in ("opencap", "dannce") else 60  # a process for each
    for trial in range(trials):
        bad = bytearray(good)
        start = int(rng.integers(len(bad)))
        if trial % 3 == 0:
            del bad[start:]
        elif trial % 3 == 1:
            del bad[start : start + int(rng.integers(1, 40))]
        else:
            bad[start] = int(rng.choice(list(b'0[]{},:"x \n\xff-')))
        path.write_bytes(bytes(bad))
        try:
            read_calibration(path, format=format, unit="mm", up="z", image_size={"": (9, 9)})
        except GeoselfError as error:
            refused += 1
            assert str(path) in str(error) and error.code == DATA
    assert refused > trials / 6


ODD = (None, True, "x", "", [], {}, [[]], [None], 10**400, 1e308, -1, 0, [1, [2]], [[[[1]]]])
SHAPES = ({"rows": -3, "cols": -3, "data": [1] * 9}, {"sizes": [1, 2, 3], "data": []})


def places(tree, place=()):
    yield place
    inner = enumerate(tree) if isinstance(tree, list) else ()
    for key, value in tree.items() if isinstance(tree, dict) else inner:
        yield from places(value, (*place, key))


@pytest.mark.parametrize(
    "format", ["panoptic", "aist", "karfly", "native", "opencv", "fit3d", "voxelpose"]
)
def test_values_of_any_kind_anywhere_are_read_or_refused(tmp_path, format):
    WRITERS[format](known_rig(), tmp_path)
    (path,) = tmp_path.iterdir()
    if format == "opencv":
        path = tmp_path / "c.json"
        write_opencv(path, opencv_values(known_rig(), 0) | opencv_values(known_rig(), 1, "_2"))
    good = path.read_text()
    everywhere = [place for place in places(json.loads(good)) if place]
    rng = random.Random(0)
    for _ in range(150):
        tree = json.loads(good)
        *way, last = rng.choice(everywhere)
        parent = tree
        for key in way:
            parent = parent[key]
        parent[last] = rng.choice(ODD + SHAPES)
        path.write_text(json.dumps(tree))
        try:
            read_calibration(path, format=format, unit="mm", up="z")
        except GeoselfError as error:
            assert str(path) in str(error) and error.code == DATA


BROKEN = {
    "calib.toml": ("[cam]\nname = 'a'\nmatrix = [[1, 2\n", "not TOML: "),
    "calib.yml": ("a: 1\nb: [1, 2\nc: 3\n", "line 3, column 2 - not plain YAML"),
    "calib.xml": ("<a>\n<b></a>\n", "line 2, column 6 - not XML: mismatched tag"),
    "calib.xcp": ("<a>\n<b>", "line 2, column 4 - not XML"),
    "calib.qca.txt": ("<a>\n<b>", "line 2, column 4 - not XML"),
    "calib.json": ('{"a": 1,\n"b"', "line 2, column 4 - not JSON: it is cut here"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_its_line_wherever_it_lies(tmp_path, name):
    text, words = BROKEN[name]
    (tmp_path / "s/calibration").mkdir(parents=True)
    path = tmp_path / "s/calibration" / name
    path.write_text(text)
    assert words in refusal(path) and str(path) in refusal(path)
    for folder in (tmp_path / "s/calibration", tmp_path / "s"):
        line = refusal(folder)
        assert f"{folder}: no calibration of a known format in it - {path}" in line, line
        assert words in line
    trial = tmp_path / "s/P1/walk"
    trial.mkdir(parents=True)
    assert find_calibration(trial, tmp_path / "s", "auto") == tmp_path / "s"


def test_a_sound_file_of_other_names_is_refused_with_them(tmp_path):
    (tmp_path / "a.toml").write_text("[project]\nframes = 1\n[video]\n")
    line = refusal(tmp_path / "a.toml")
    assert "a.toml, TOML with project, video - no calibration of a known format (" in line
    (tmp_path / "a.yml").write_text("%YAML:1.0\n---\nK: !!opencv-matrix\n  rows: 1\n  cols: 0\n")
    assert "a.yml, YAML with K - no calibration" in refusal(tmp_path / "a.yml")
    (tmp_path / "a.xml").write_text("<lab/>")
    assert "a.xml, XML with lab - no calibration" in refusal(tmp_path / "a.xml")


def test_two_translations_that_differ_are_refused_and_equal_ones_are_one(tmp_path):
    known = known_rig()
    values = opencv_values(known, 0)
    write_opencv(tmp_path / "a.yml", values | {"t": known.center[0][:, None]})
    line = refusal(tmp_path / "a.yml", unit="mm")
    assert "camera a: T and t are two translations that differ" in line
    write_opencv(tmp_path / "a.yml", values | {"t": values["T"]})
    assert read_calibration(tmp_path / "a.yml", unit="mm").views == 1


def test_names_of_cameras_may_be_numbers(tmp_path):
    cameras = [dict(c, name=n) for n, c in enumerate(panoptic_cameras(known_rig()), 1)]
    (tmp_path / "calibration_x.json").write_text(json.dumps({"cameras": cameras}))
    rig = read_calibration(tmp_path / "calibration_x.json")
    assert rig.camera_names == ("1", "2", "3", "4")


@pytest.mark.parametrize("name", ["a_{}_keypoints.json", "a_{}.jpg.predictions.json"])
@pytest.mark.parametrize("format", ["panoptic", "fit3d"])
def test_a_calibration_among_the_frames_of_a_detector_is_found(tmp_path, name, format):
    for frame in range(300):
        (tmp_path / name.format(f"{frame:06d}")).write_text('{"people": []}')
    WRITERS[format](known_rig(), tmp_path)
    assert read_calibration(tmp_path, up="z").views == {"panoptic": 4, "fit3d": 1}[format]


def test_a_detectors_hdf5_is_not_called_matlab(tmp_path):
    with h5py.File(tmp_path / "cam1DLC.h5", "w") as file:
        file["df"] = np.zeros(3)
    assert "no calibration of a known format" in refusal(tmp_path / "cam1DLC.h5")
    (tmp_path / "cam1DLC.h5").rename(tmp_path / "cameras.mat")
    assert "MATLAB v7.3 (HDF5 inside) - v7 is read" in refusal(tmp_path / "cameras.mat")
