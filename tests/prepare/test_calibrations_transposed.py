"""JARVIS's and DANNCE's cameras, stored for row vectors, come back as they were, or are refused."""

import dataclasses

import animals
import cv2
import numpy as np
import pandas as pd
import pytest
from calibration_files import (
    WRITERS,
    cells,
    dannce_camera,
    known_rig,
    opencv_values,
    write_dannce,
    write_jarvis,
    write_matlab,
    write_opencv,
)
from scipy.io import savemat
from scipy.io.matlab import MatlabObject

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data import recording
from geoself_jax.geometry.lenses import distort_pixels
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.calibrations import read_calibration, recognize_calibration

LINE = "label3d_dannce.mat"


def refusal(path, **options):
    with pytest.raises(GeoselfError) as caught:
        read_calibration(path, **options)
    line = str(caught.value)
    assert caught.value.code == DATA and "\n" not in line and line.count(" - ") >= 1
    return line


def assert_same(rig, known):
    rig = rig.select(known.names)
    np.testing.assert_allclose(rig.K, known.K, rtol=0, atol=1e-9)
    np.testing.assert_allclose(rig.R, known.R, rtol=0, atol=1e-9)
    np.testing.assert_allclose(rig.center, known.center, rtol=0, atol=1e-9)
    lenses = [(*lens.coefficients, 0)[:5] for lens in rig.lenses]
    np.testing.assert_allclose(lenses, known.dist, rtol=0, atol=1e-12)


def shown(rig, name, points):
    """Where our camera shows points, in pixels counted from 0."""
    rig = rig.select([name])
    local = (points - rig.center[0]) @ rig.R[0].T
    pinhole = local @ rig.K[0].T
    return distort_pixels(pinhole[:, :2] / pinhole[:, 2:], rig.K[0], rig.lenses[0])


def by_rows(points, K, R, t, k, p):
    """The row-vector formula of the programs that write these files, on the file's own numbers."""
    local = np.column_stack([points, np.ones(len(points))]) @ np.vstack([R, t])
    x = local[:, :2] / local[:, 2:]
    r2 = (x**2).sum(1, keepdims=True)
    radial = 1 + sum(factor * r2 ** (n + 1) for n, factor in enumerate(k))
    xy = 2 * x.prod(1, keepdims=True)
    tangential = xy * p + (r2 + 2 * x**2) * p[::-1]
    return (np.column_stack([x * radial + tangential, np.ones(len(x))]) @ K)[:, :2]


def skewed(known):
    known.K[:, 0, 1] = -5.8  # as in DANNCE's demonstration
    return known


def test_jarviss_cameras_come_back_from_what_opencv_wrote(tmp_path):
    known, notices = known_rig(), []
    write_jarvis(known, tmp_path / "rig")
    rig = read_calibration(tmp_path, unit="mm", up="z", notice=notices.append)
    assert_same(rig, known)
    assert "rig: taken for JARVIS's: camera matrix and R are transposed in it" in notices[0]
    file = cv2.FileStorage(str(tmp_path / "rig" / "back.yaml"), cv2.FILE_STORAGE_READ)
    K, R, t, lens = (
        file.getNode(name).mat() for name in ("intrinsicMatrix", "R", "T", "distortionCoefficients")
    )
    k1, k2, p1, p2, k3 = lens[0]
    rows = by_rows(known.points * 1000, K, R, t.T, (k1, k2, k3), np.array([p1, p2]))
    assert np.abs(shown(rig, "back", known.points) - rows).max() < 1e-6
    assert "its unit is not in the file" in refusal(tmp_path)
    np.testing.assert_array_equal(rig.image_size, 0)  # not in the files: asked for later
    assert read_calibration(tmp_path / "rig" / "back.yaml", unit="mm").camera_names == ("back",)


def test_a_lens_of_two_coefficients_as_jarvis_fits_it(tmp_path):
    known = known_rig()
    known.dist[:, 2:] = 0
    write_jarvis(known, tmp_path)
    assert_same(read_calibration(tmp_path, unit="mm"), known)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("first", [0, 1])
def test_dannces_cameras_come_back_whoever_counts_the_pixels(tmp_path, first, packed):
    known, notices = skewed(known_rig()), []
    path = tmp_path / LINE
    write_dannce(known, path, first, packed)
    rig = read_calibration(tmp_path, up="z", notice=notices.append)
    assert_same(rig, known)
    said = "pixels count from 1 in MATLAB; took 1 off" if first else "written by SciPy: pixels are"
    assert f"{path}: {said}" in notices[0] and "unit mm, as this format has it" in notices[1]
    table = dannce_camera(known, 3, first)
    values = (table[key] for key in ("K", "r", "t", "RDistort", "TDistort"))
    K, r, t, k, p = (np.squeeze(value) for value in values)
    rows = by_rows(known.points * 1000, K, r, t, k, p) - first
    assert np.abs(shown(rig, "back", known.points) - rows).max() < 1e-6


def test_a_file_a_camera_is_named_by_itself_and_two_numbers_are_a_lens(tmp_path):
    known = known_rig(("hires_cam1", "hires_cam2", "hires_cam3"))
    known.dist[:, 4] = 0
    for view, name in enumerate(known.names):
        table = dannce_camera(known, view)
        table["RDistort"] = table["RDistort"][:, :2]
        write_matlab(tmp_path / f"{name}_params.mat", table)
    savemat(tmp_path / "com3d.mat", {"com": np.zeros((10, 3)), "sampleID": np.arange(10)})
    assert recognize_calibration(tmp_path) == {"dannce": "folder of 3 cameras in DANNCE's .mat"}
    assert_same(read_calibration(tmp_path), known)
    alone = read_calibration(tmp_path / "hires_cam2_params.mat")
    assert alone.camera_names == ("hires_cam2",)
    write_dannce(known, tmp_path / LINE)  # which of them is meant?
    assert "4 calibrations" in refusal(tmp_path)


@pytest.mark.parametrize("format", ["jarvis", "pose2sim", "opencv"])
def test_another_calibration_next_to_a_file_of_all_cameras_is_asked_about(tmp_path, format):
    """It would be another scale, which no residual shows."""
    known = known_rig(("Camera1", "Camera2", "Camera3"))
    known.dist[:, 4] = 0
    write_dannce(known, tmp_path / "label3d_dannce.mat")
    if format == "pose2sim":
        WRITERS["pose2sim"](known, tmp_path)
    elif format == "jarvis":
        write_jarvis(known, tmp_path)
    else:
        for view, name in enumerate(known.names):
            write_opencv(tmp_path / f"{name}.yml", opencv_values(known, view))
    line = refusal(tmp_path, unit="mm")
    assert "label3d_dannce.mat is dannce" in line and f" is {format} " in line
    assert f"{tmp_path}: 2 calibrations - " in line and "choose: name " in line
    assert_same(read_calibration(tmp_path, format="dannce", up="z"), known)


def test_a_rotation_of_jarvis_that_is_not_transposed_is_warned_of(tmp_path):
    known, notices = known_rig(("Camera1", "Camera2", "Camera3")), []
    center = -np.einsum("vij,vj->vi", known.R, known.t(1))  # so that t stays
    turned = dataclasses.replace(known, R=np.swapaxes(known.R, 1, 2), center=center)
    for rig, said in ((known, False), (turned, True)):
        write_jarvis(rig, tmp_path)
        read_calibration(tmp_path, unit="mm", up="z", notice=notices.append)
        assert any("warning: " in line and "transpose R in it" in line for line in notices) == said


def test_cameras_without_names_are_numbered_and_it_is_said(tmp_path):
    known, notices = known_rig(("Camera1", "Camera2")), []
    write_dannce(known, tmp_path / "x_dannce.mat", camnames=None)
    rig = read_calibration(tmp_path, up="z", notice=notices.append)
    assert_same(rig, known)
    assert "no camnames; the cameras are called Camera1 ... in the file's order" in notices[0]
    write_dannce(known, tmp_path / "x_dannce.mat", camnames=cells(["a"]))
    assert "1 camnames, 2 params - a text for each" in refusal(tmp_path)
    write_dannce(known, tmp_path / "x_dannce.mat", camnames=cells(["a", "a"]))
    assert "camera a - two cameras have this name" in refusal(tmp_path)
    write_dannce(known_rig(("b",)), tmp_path / "x_dannce.mat")
    assert read_calibration(tmp_path).camera_names == ("b",)


def test_rotations_kept_as_opencvs_are_warned_of(tmp_path):
    ring = known_rig()
    for view in range(4):  # all look at the origin
        forward = -ring.center[view] / np.linalg.norm(ring.center[view])
        right = np.cross(forward, [0, 0, 1]) / np.linalg.norm(np.cross(forward, [0, 0, 1]))
        ring.R[view] = right, np.cross(forward, right), forward
    notices = []
    write_dannce(ring, tmp_path / LINE)
    read_calibration(tmp_path, notice=notices.append)
    assert not any("warning" in line for line in notices)
    t = ring.t(1)
    ring.R = np.swapaxes(ring.R, 1, 2).copy()
    ring.center = -np.einsum("vji,vj->vi", ring.R, t)
    write_dannce(ring, tmp_path / LINE)
    read_calibration(tmp_path, notice=notices.append)
    (warning,) = (line for line in notices if "warning" in line)
    assert "optical axes miss one another" in warning and "transpose r in it" in warning


BAD_JARVIS = {
    "K as OpenCV has it": (
        {"intrinsicMatrix": known_rig().K[0]},
        "intrinsicMatrix: its last row is 0 0 1 - JARVIS writes the principal point there",
    ),
    "no principal point": (
        {"intrinsicMatrix": np.diag([900.0, 900, 1])},
        "intrinsicMatrix: its principal point is 0 0 - whether the matrices are transposed",
    ),
    "neither": ({"intrinsicMatrix": np.ones((3, 3))}, "intrinsicMatrix: last column 1 1 1 - "),
    "no rotation": ({"R": np.eye(3) + 0.1}, "rotation: R R^T is"),
    "a vector": ({"R": np.zeros((3, 1))}, "R: 3 numbers - 3x3 numbers are wanted"),
    "mirrored": ({"R": np.diag([1.0, 1, -1])}, "rotation: determinant -1"),
    "no T": ({"T": None}, "translation - not there; 3 numbers are wanted"),
    "T of two": ({"T": np.zeros((2, 1))}, "translation: 2 numbers - 3 numbers are wanted"),
}


@pytest.mark.parametrize("fault", BAD_JARVIS)
def test_jarviss_refusals_name_file_and_camera(tmp_path, fault):
    change, words = BAD_JARVIS[fault]
    known = known_rig()
    write_jarvis(known, tmp_path)
    values = {
        "intrinsicMatrix": known.K[0].T,
        "distortionCoefficients": known.dist[0][None],
        "R": known.R[0].T,
        "T": known.t(0.001)[0][:, None],
    } | change
    path = tmp_path / "left.yaml"
    write_opencv(path, {key: value for key, value in values.items() if value is not None})
    line = refusal(path, format="jarvis", unit="mm")
    assert line.startswith(f"{path}, camera left: {words}"), line
    if fault != "no T":  # without it the file is no camera's, and passed over in a folder
        assert words in refusal(tmp_path, unit="mm")


def test_a_camera_twice_and_a_cut_file_are_refused(tmp_path):
    write_jarvis(known_rig(), tmp_path)
    (tmp_path / "left.yml").write_bytes((tmp_path / "left.yaml").read_bytes())
    assert "camera left - two cameras have this name" in refusal(tmp_path, unit="mm")
    text = (tmp_path / "left.yml").read_text()
    (tmp_path / "left.yml").write_text(text[: text.rindex("]")])
    assert "left.yml, line" in refusal(tmp_path, unit="mm")


def test_opencvs_reader_takes_no_transposed_camera_matrix(tmp_path):
    known = known_rig()
    values = opencv_values(known, 0)
    write_opencv(tmp_path / "a.yml", values | {"camera_matrix": known.K[0].T, "R": known.R[0].T})
    line = refusal(tmp_path / "a.yml", unit="mm")
    assert "camera a: camera matrix - its last column is 0 0 1: transposed, as of MATLAB" in line
    assert line.endswith("transpose it, and the rotation, too, if that is MATLAB's")


def test_the_halves_that_jarvis_leaves_are_no_calibration(tmp_path):
    known, place = known_rig(), tmp_path / "set"
    write_jarvis(known, place)
    for name in ("Intrinsics", "Extrinsics"):
        (place / name).mkdir()
    for view, name in enumerate(known.names):
        lens = {"intrinsicMatrix": known.K[view].T, "distortionCoefficients": known.dist[view]}
        write_opencv(place / "Intrinsics" / f"Intrinsics_{name}.yaml", lens)
        pose = {"R": known.R[view].T, "T": known.t(0.001)[view][:, None]}
        pose |= {"E": np.eye(3), "F": np.eye(3)}
        write_opencv(place / "Extrinsics" / f"Extrinsics_left_{name}.yaml", pose)
    for folder in (place, tmp_path):
        assert_same(read_calibration(folder, unit="mm"), known)
    for name, lacks in (("Intrinsics", "where the camera stands"), ("Extrinsics", "a camera mat")):
        for path in (place / name, next((place / name).iterdir())):
            line = refusal(path, unit="mm")
            assert f"{lacks}" in line and line.endswith(f"--calibration={place}"), line
    for name in known.names:
        (place / f"{name}.yaml").unlink()
    assert "with intrinsicMatrix, R and T are wanted" in refusal(place, unit="mm")


BAD_DANNCE = {
    "K as OpenCV has it": ("K", lambda K: K.T, "K: its last row is 0 0 1 - MATLAB writes"),
    "no principal point": ("K", lambda K: np.diag(np.diag(K)), "K: its principal point is 0 0 - "),
    "no rotation": ("r", lambda r: r + 0.1, "rotation: R R^T is"),
    "r of two rows": ("r", lambda r: r[:2], "r: 6 numbers - 3x3 numbers are wanted"),
    "t of two": ("t", lambda t: t[:, :2], "translation: 2 numbers - 3 numbers are wanted"),
    "t not finite": ("t", lambda t: t * np.nan, "translation: "),
    "no t": ("t", None, "translation - not there; 3 numbers are wanted"),
    "no lens": ("RDistort", None, "RDistort - not there"),
    "a lens of six": ("RDistort", lambda k: np.zeros((1, 6)), "6 in RDistort - 2 or 3 are wanted"),
    "text": ("K", lambda K: "K", "K: "),
    "a struct": ("r", lambda r: {"a": r}, "r: "),
    "complex": ("t", lambda t: t * 1j, "translation: "),
    "a mirror": ("m", lambda m: 1, "filmed by a mirror (m is not 0)"),
}


@pytest.mark.parametrize("fault", BAD_DANNCE)
def test_dannces_refusals_name_file_and_camera(tmp_path, fault):
    key, change, words = BAD_DANNCE[fault]
    known = known_rig()
    tables = [dannce_camera(known, view) for view in range(4)]
    tables[1][key] = change(tables[1].get(key)) if change else None
    tables[1] = {name: value for name, value in tables[1].items() if value is not None}
    write_dannce(known, tmp_path / LINE, params=cells(tables))
    line = refusal(tmp_path)
    assert line.startswith(f"{tmp_path / LINE}, camera right: {words}"), line


def test_what_is_no_camera_of_dannces_is_refused_in_a_line(tmp_path):
    path, known = tmp_path / LINE, known_rig()
    for params in (cells([1.0, 2.0, 3.0, 4.0]), cells(["a"] * 4), np.zeros((4, 1))):
        write_dannce(known, path, params=params)
        assert str(path) in refusal(path)
    of_a_class = MatlabObject(np.array([(np.eye(3),)], [("K", object)]), "cameraParameters")
    write_dannce(known, path, params=cells([of_a_class] * 4))
    assert "[params] a MATLAB value of type MatlabObject" in refusal(path)
    write_dannce(known, path)
    path.write_bytes(path.read_bytes()[:-200])
    assert "not a whole MATLAB file" in refusal(path)
    savemat(path, {"x": 1})
    assert "neither params nor K - a cell of cameras" in refusal(path, format="dannce")
    assert "no calibration of a known format" in refusal(path)


@pytest.mark.parametrize("name", [LINE, "hires_cam1_params.mat", "other.mat"])
def test_v7_3_is_refused_with_what_to_do(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
    assert "save it with -v7" in refusal(path)


@pytest.mark.parametrize("kind", ["jarvis", "dannce"])
def test_an_animal_is_prepared_with_them(tmp_path, capsys, kind):
    shape = animals.SHAPES["chain of 3"]
    arrays = animals.make_arrays(*shape, size=0.1, frames=120)
    names = ("Camera1", "Camera2", "Camera3")
    known = known_rig(names)
    for key in ("K", "dist", "R", "center"):
        setattr(known, key, arrays[key][0].astype(float))
    project = tmp_path / "project"
    write_tables(project / "videos", arrays, names)
    if kind == "jarvis":
        write_jarvis(known, project / "calibration")
    else:
        write_dannce(known, project / LINE)
    (tmp_path / "skeleton.toml").write_text(
        'joints = ["point0", "point1", "point2"]\nroot = "point0"\n'
        'bones = [["point0", "point1"], ["point1", "point2"]]\n'
    )
    out = tmp_path / "out.npz"
    flags = ["--unit=mm"] if kind == "jarvis" else []
    words = ["--input", str(project / "videos"), "--fps=25", "--image-size=1000x1000", "--up=z"]
    words += [f"--skeleton={tmp_path / 'skeleton.toml'}", "--cameras=Camera1,Camera3", *flags]
    assert prepare.main([*words, f"--output={out}"]) == 0
    read = recording.read(out)
    place = project / ("calibration" if kind == "jarvis" else LINE)
    assert str(place) in capsys.readouterr().out
    assert read.camera_names == ("Camera1", "Camera3")
    np.testing.assert_allclose(read.camera.center[0], known.center[[0, 2]], atol=1e-6)
    np.testing.assert_allclose(read.camera.K[0], known.K[[0, 2]], rtol=1e-6)


def write_tables(folder, arrays, names):
    """DeepLabCut's tables of the first animal, pixels counted from 0."""
    folder.mkdir(parents=True)
    joints = [f"point{number}" for number in range(arrays["keypoints_2d"].shape[2])]
    levels = [["DLC"], joints, ["x", "y", "likelihood"]]
    columns = pd.MultiIndex.from_product(levels, names=["scorer", "bodyparts", "coords"])
    seen = np.concatenate([arrays["keypoints_2d"], arrays["confidence"][..., None]], -1)
    for view, name in enumerate(names):
        rows = seen[arrays["clip_id"] == 0, view]
        pd.DataFrame(rows.reshape(len(rows), -1), columns=columns).to_csv(folder / f"{name}.csv")
