"""Calibrations written by other libraries come back as the rig they were written from."""

import json
import re

import cv2
import numpy as np
import pytest
import tomli_w
from calibration_files import (
    ONE_CAMERA,
    WRITERS,
    Y_DOWN,
    Y_UP,
    known_rig,
    opencv_values,
    panoptic_cameras,
    toml_tables,
    write_aist,
    write_anipose,
    write_karfly,
    write_mpi_inf_3dhp,
    write_opencv,
    write_panoptic,
    write_pose2sim,
)

from geoself_jax.geometry.lenses import distort_pixels
from geoself_jax.prepare.calibrations import (
    CALIBRATIONS,
    read_calibration,
    recognize_calibration,
)
from geoself_jax.prepare.calibrations.native import write_native
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig


def assert_same(rig, known, names=None):
    """Known points are within 0.01 px of OpenCV's, and the cameras' centres within 0.1 mm."""
    assert rig.camera_names == tuple(names or known.names)
    for view, name in enumerate(rig.camera_names):
        local = (known.points - rig.center[view]) @ rig.R[view].T
        pinhole = local @ rig.K[view].T
        shown = distort_pixels(pinhole[:, :2] / pinhole[:, 2:], rig.K[view], rig.lenses[view])
        original = known.names.index(name) if names is None else view
        assert np.abs(shown - known.pixels(original)).max() < 0.01
        assert np.abs(rig.center[view] - known.center[original]).max() < 1e-4


def recorder():
    """A list of notices, and the function that appends to it all except a plain unit's."""
    lines = []

    def record(line):
        if not re.search(r": unit m?m|: unit cm", line):
            lines.append(line)

    return lines, record


def four_coefficients(known):
    known.dist[:, 4] = 0
    return known


def test_pose2sim_is_metres_with_z_up(tmp_path):
    known = four_coefficients(known_rig())
    write_pose2sim(known, tmp_path / "Calib_scene.toml")
    notices, notice = recorder()
    rig = read_calibration(tmp_path / "Calib_scene.toml", notice=notice)
    assert_same(rig, known)
    np.testing.assert_array_equal(rig.world_up, [0, 0, 1])
    np.testing.assert_array_equal(rig.image_size, [known.size] * 4)  # 1000.0 in the file
    assert rig.image_size.dtype == np.int32 and not notices


def test_tables_that_are_no_cameras_are_left_out(tmp_path):
    known = known_rig()
    tables = toml_tables(known, known.names, unit=1, fisheye=False)
    tables |= {
        "metadata": {"error": 0.2},
        "capture_volume": {"stage": 1},
        "charuco": {"columns": 5},
        "checkerboard": {"rows": 4},
        "version": "1",
        "notes": {"by": "anna"},
    }
    (tmp_path / "c.toml").write_text(tomli_w.dumps(tables))
    assert_same(read_calibration(tmp_path / "c.toml"), known)


@pytest.mark.parametrize(("unit", "length"), [("mm", 0.001), ("cm", 0.01), ("m", 1.0)])
def test_aniposes_unit_is_the_one_given_and_is_printed(tmp_path, unit, length):
    known = known_rig()
    write_anipose(known, tmp_path / "calibration.toml", length)
    notices = []
    rig = read_calibration(tmp_path / "calibration.toml", unit=unit, notice=notices.append)
    assert_same(rig, known)
    np.testing.assert_array_equal(rig.world_up, [0, 0, 1])
    up, said = notices
    assert re.search(r"took z, .*--up", up)
    assert re.search(rf"calibration\.toml: unit {unit}, as given; .* are [3-9]\.\d+ m apart$", said)


def test_a_formats_own_unit_is_printed(tmp_path):
    write_aist(known_rig().turned(Y_UP), tmp_path / "setting1.json")
    notices = []
    read_calibration(tmp_path / "setting1.json", notice=notices.append)
    assert re.search(r"json: unit cm, as this format has it; .* are \d\.\d+ m apart$", *notices)


def test_a_given_unit_is_taken_and_no_distance_of_cameras_is_odd(tmp_path):
    known = known_rig()
    write_anipose(known, tmp_path / "c.toml", 0.001)
    notices, notice = recorder()
    assert_same(read_calibration(tmp_path / "c.toml", unit="mm", up="z", notice=notice), known)
    other = read_calibration(tmp_path / "c.toml", unit="m", up="z", notice=notice)
    np.testing.assert_allclose(other.center, known.center * 1000)
    assert not notices


def test_aniposes_tables_are_sorted_as_text_and_names_are_kept(tmp_path):
    known = known_rig()
    for table, name in (
        ("cam_0", "left"),
        ("cam_1", "right"),
        ("cam_2", "front"),
        ("cam_10", "back"),
    ):
        known.names[("cam_0", "cam_1", "cam_2", "cam_10").index(table)] = name
    tables = toml_tables(known, ("cam_0", "cam_1", "cam_2", "cam_10"), unit=0.001)
    (tmp_path / "c.toml").write_text(tomli_w.dumps(tables))
    rig = read_calibration(tmp_path / "c.toml", unit="mm")
    assert rig.camera_names == ("left", "right", "back", "front")  # cam_10 before cam_2
    assert_same(rig.select(known.names), known)


@pytest.mark.parametrize("axes", [Y_DOWN, Y_UP])
def test_without_a_known_up_it_is_the_images_up(tmp_path, axes):
    known = known_rig().turned(axes)
    write_anipose(known, tmp_path / "c.toml", 0.001)
    rig = read_calibration(tmp_path / "c.toml", unit="mm")
    assert_same(rig, known)
    np.testing.assert_array_equal(rig.world_up, axes @ [0, 0, 1])


def test_an_up_that_is_no_axis_is_kept_with_a_notice(tmp_path):
    turn = cv2.Rodrigues(np.array([0.6, 0.3, 0]))[0]
    known = known_rig().turned(turn)
    write_anipose(known, tmp_path / "c.toml", 0.001)
    notices, notice = recorder()
    rig = read_calibration(tmp_path / "c.toml", unit="mm", notice=notice)
    assert_same(rig, known)
    assert rig.world_up @ turn @ [0, 0, 1] > np.cos(np.deg2rad(10))
    assert "is no axis; took that direction" in notices[0]


def test_a_formats_up_that_contradicts_the_images_gives_a_notice(tmp_path):
    known = four_coefficients(known_rig().turned(Y_DOWN))
    write_pose2sim(known, tmp_path / "c.toml")
    notices, notice = recorder()
    rig = read_calibration(tmp_path / "c.toml", notice=notice)
    np.testing.assert_array_equal(rig.world_up, [0, 0, 1])
    assert re.search(r"up is z in this format, but .*\(.*-(1\.00|0\.9\d), .*--up", notices[0])
    corrected = read_calibration(tmp_path / "c.toml", up="-y")
    np.testing.assert_array_equal(corrected.world_up, [0, -1, 0])


def test_a_fisheye_is_read_as_one(tmp_path):
    known = known_rig()
    known.dist[:] = (0.03, -0.01, 0.003, -0.0007, 0)
    tables = toml_tables(
        known, [f"cam_{i}" for i in range(4)], unit=1, coefficients=4, fisheye=True
    )
    (tmp_path / "c.toml").write_text(tomli_w.dumps(tables))
    assert recognize_calibration(tmp_path / "c.toml").keys() == {"anipose"}
    rig = read_calibration(tmp_path / "c.toml", unit="m")
    for view in range(4):
        assert rig.lenses[view].fisheye
        local = (known.points - rig.center[view]) @ rig.R[view].T
        pinhole = local @ rig.K[view].T
        shown = distort_pixels(pinhole[:, :2] / pinhole[:, 2:], rig.K[view], rig.lenses[view])
        wanted = cv2.fisheye.projectPoints(
            known.points[:, None],
            known.rvec(view),
            known.t(1)[view],
            known.K[view],
            known.dist[view][:4],
        )[0][:, 0]
        assert np.abs(shown - wanted).max() < 0.01


def test_panoptic_is_centimetres_with_y_down_and_its_hd_cameras(tmp_path):
    known = known_rig(("00_00", "00_01", "00_02", "00_03")).turned(Y_DOWN)
    vga = panoptic_cameras(known_rig(("01_01", "01_02", "01_03", "01_04")), "vga")
    write_panoptic(known, tmp_path / "calibration_171204_pose1.json", vga)
    notices, notice = recorder()
    rig = read_calibration(tmp_path / "calibration_171204_pose1.json", notice=notice)
    assert_same(rig, known)
    assert rig.name == "171204_pose1"
    np.testing.assert_array_equal(rig.world_up, [0, -1, 0])
    assert notices == [
        f"{tmp_path / 'calibration_171204_pose1.json'}: took the 4 hd cameras, left out vga"
    ]


def test_aist_is_centimetres_with_y_up(tmp_path):
    known = known_rig(("c01", "c02", "c03", "c04")).turned(Y_UP)
    write_aist(known, tmp_path / "setting1.json")
    notices, notice = recorder()
    rig = read_calibration(tmp_path / "setting1.json", notice=notice)
    assert_same(rig, known)
    np.testing.assert_array_equal(rig.world_up, [0, 1, 0])
    assert rig.name == "setting1" and not notices


def test_karflys_json_is_millimetres_and_a_rig_a_subject(tmp_path):
    names = ("54138969", "55011271", "58860488", "60457274")
    one, two = known_rig(names), known_rig(names)
    two.center = two.center + 0.3
    write_karfly({"S1": one, "S5": two}, tmp_path / "camera-parameters.json")
    rig = read_calibration(tmp_path / "camera-parameters.json", name="S5")
    assert_same(rig, two)
    np.testing.assert_array_equal(rig.image_size[:, 1], [1002, 1000, 1000, 1002])
    assert_same(read_calibration(tmp_path / "camera-parameters.json", name="S1"), one)


def test_mpi_inf_3dhp_is_millimetres_with_y_up(tmp_path):
    known = known_rig(("0", "1", "2", "10")).turned(Y_UP)
    known.dist[:] = 0
    write_mpi_inf_3dhp(known, tmp_path / "camera.calibration")
    notices, notice = recorder()
    rig = read_calibration(tmp_path / "camera.calibration", notice=notice)
    assert_same(rig, known)
    np.testing.assert_array_equal(rig.world_up, [0, 1, 0])
    np.testing.assert_array_equal(rig.image_size, [known.size] * 4)
    assert not notices


def test_mpi_inf_3dhps_published_camera_0_stands_at_chest_height(tmp_path):
    path = tmp_path / "camera.calibration"  # figures of S1, Seq1
    path.write_text(
        "Skeletool Camera Calibration File V1.0\n"
        "name          0\n  sensor      10 10\n  size        2048 2048\n  animated    0\n"
        "  intrinsic   1497.693 0 1024.704 0 0 1497.103 1051.394 0 0 0 1 0 0 0 0 1 \n"
        "  extrinsic   0.9650164 0.00488022 0.262144 -562.8666 -0.004488356 -0.9993728 0.0351275 "
        "1398.138 0.262151 -0.03507521 -0.9643893 3852.623 0 0 0 1 \n"
        "  radial      0\n"
    )
    rig = read_calibration(path)
    assert abs(rig.center[0] @ rig.world_up - 1.54) < 0.01
    assert -rig.R[0, 1] @ rig.world_up > 0.99


@pytest.mark.parametrize("suffix", [".yml", ".yaml", ".xml", ".json"])
@pytest.mark.parametrize(
    "names",
    [
        ("camera_matrix", "distortion_coefficients", "R", "T"),
        ("K", "dist", "rotation_matrix", "tvec"),
        ("cameraMatrix", "distCoeffs", "R", "t"),
        ("mtx", "D", "rotation", "translation"),
    ],
)
def test_opencvs_files_one_a_camera_in_a_folder(tmp_path, suffix, names):
    known = known_rig()
    folder = tmp_path / "rig"
    folder.mkdir()
    for view, name in enumerate(known.names):
        values = opencv_values(known, view, names=names)
        sizes = {"image_width": known.size[0], "image_height": known.size[1]}
        write_opencv(folder / f"{name}{suffix}", values | sizes)
    rig = read_calibration(folder, unit="mm")
    assert rig.name == "rig" and rig.camera_names == ("back", "front", "left", "right")
    assert_same(rig.select(known.names), known)
    np.testing.assert_array_equal(rig.image_size, [known.size] * 4)


@pytest.mark.parametrize("suffix", [".yml", ".xml", ".json"])
def test_opencvs_rotation_may_be_a_vector(tmp_path, suffix):
    known = known_rig()
    for view, name in enumerate(known.names):
        values = opencv_values(known, view)
        del values["R"]
        values["rvec"] = known.rvec(view)[:, None]
        write_opencv(tmp_path / f"{name}{suffix}", values)
    rig = read_calibration(tmp_path, unit="mm")
    assert_same(rig.select(known.names), known)
    np.testing.assert_array_equal(rig.image_size, 0)  # not in the files: asked for later


@pytest.mark.parametrize("suffix", [".yml", ".xml", ".json"])
def test_opencvs_matrices_of_all_cameras_in_one_file(tmp_path, suffix):
    known = known_rig(("1", "2", "3", "4"))
    path = tmp_path / f"rig{suffix}"
    values = {}
    for view in range(4):
        values |= opencv_values(known, view, f"{view + 1}", ("M", "D", "R", "T"))
    write_opencv(path, values)
    assert_same(read_calibration(path, unit="mm"), known)


@pytest.mark.parametrize("suffix", [".yml", ".xml", ".json"])
def test_opencvs_file_with_a_table_a_camera(tmp_path, suffix):
    known = known_rig()
    path = tmp_path / f"rig{suffix}"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("cameras", 4)
    for view, name in enumerate(known.names):
        storage.startWriteStruct(name, cv2.FileNode_MAP)
        for key, value in opencv_values(known, view, names=("K", "dist", "R", "t")).items():
            storage.write(key, value)
        storage.startWriteStruct("image_size", cv2.FileNode_SEQ)
        for side in known.size:
            storage.write("", side)
        storage.endWriteStruct()
        storage.endWriteStruct()
    storage.release()
    rig = read_calibration(path, unit="mm")
    assert_same(rig, known)
    np.testing.assert_array_equal(rig.image_size, [known.size] * 4)


def test_easymocaps_intri_and_extri_are_one_calibration(tmp_path):
    known = known_rig(("01", "02", "03", "04"))
    inner, outer = {}, {}
    for view, name in enumerate(known.names):
        K, dist, R, T = opencv_values(known, view).values()
        inner |= {f"K_{name}": K, f"dist_{name}": dist}
        outer |= {f"R_{name}": known.rvec(view)[:, None], f"Rot_{name}": R, f"T_{name}": T / 1000}
    write_opencv(tmp_path / "intri.yml", inner)
    write_opencv(tmp_path / "extri.yml", outer)
    rig = read_calibration(tmp_path, unit="m")
    assert_same(rig, known)


def test_opencvs_stereo_has_camera_1_as_its_world_and_no_rectified_rotations(tmp_path):
    known = known_rig(("1", "2"))
    R = known.R[1] @ known.R[0].T
    T = known.t(1)[1] - R @ known.t(1)[0]
    noise = cv2.Rodrigues(np.array([0.1, 0.2, 0.3]))[0]
    inner = {f"{n}{i + 1}": a[i] for i in range(2) for n, a in (("M", known.K), ("D", known.dist))}
    write_opencv(tmp_path / "intrinsics.yml", inner)
    write_opencv(tmp_path / "extrinsics.yml", {"R": R, "T": T[:, None], "R1": noise, "R2": noise.T})
    rig = read_calibration(tmp_path, unit="m")
    known.points = (known.points - known.center[0]) @ known.R[0].T
    known.R, known.center = np.stack([np.eye(3), R]), np.stack([np.zeros(3), -R.T @ T])
    assert_same(rig, known)


def test_fourteen_coefficients_without_a_tilt_are_twelve(tmp_path):
    known = known_rig()
    values = opencv_values(known, 0)
    values["distortion_coefficients"] = np.r_[known.dist[0], np.zeros(9)][None]
    write_opencv(tmp_path / "a.yml", values)
    rig = read_calibration(tmp_path / "a.yml", unit="mm", up="z")
    assert len(rig.lenses[0].coefficients) == 12


@pytest.mark.parametrize("key", ["model", "distortion_model"])
def test_opencvs_fisheye_is_recognized_by_its_model(tmp_path, key):
    known = known_rig()
    values = opencv_values(known, 0) | {key: "fisheye" if key == "model" else "equidistant"}
    values["distortion_coefficients"] = known.dist[0][None, :4]
    write_opencv(tmp_path / "a.yml", values)
    assert read_calibration(tmp_path / "a.yml", unit="mm", up="z").lenses[0].fisheye


def test_our_own_json_keeps_every_bit(tmp_path):
    rig = human36m_rig("S1")
    write_native(rig, tmp_path / "rig.json")
    again = read_calibration(tmp_path / "rig.json")
    for name in ("K", "R", "center", "image_size", "world_up"):
        np.testing.assert_array_equal(getattr(again, name), getattr(rig, name), err_msg=name)
    assert (again.name, again.camera_names, again.lenses) == (
        rig.name,
        rig.camera_names,
        rig.lenses,
    )


def test_our_own_json_written_by_hand(tmp_path):
    known = known_rig()
    content = {
        "format": "geoself-rig/1",
        "camera_names": known.names,
        "K": known.K.tolist(),
        "R": known.R.tolist(),
        "center": (known.center * 100).tolist(),
        "dist": [row.tolist() for row in known.dist],
        "world_up": [0, 0, 1],
    }
    (tmp_path / "lab.json").write_text(json.dumps(content))
    rig = read_calibration(tmp_path / "lab.json", unit="cm")
    assert_same(rig, known)
    assert rig.name == "lab" and not rig.image_size.any()


def test_rotations_of_few_digits_become_orthonormal_with_a_notice(tmp_path):
    known = known_rig(("00_00", "00_01", "00_02", "00_03")).turned(Y_DOWN)
    known.R = np.round(known.R, 4)
    write_panoptic(known, tmp_path / "c.json")
    notices, notice = recorder()
    rig = read_calibration(tmp_path / "c.json", notice=notice)
    assert np.abs(rig.R @ rig.R.transpose(0, 2, 1) - np.eye(3)).max() < 1e-12
    assert len(notices) == 4 and "camera 00_00: R R^T is" in notices[0]


@pytest.mark.parametrize("format", CALIBRATIONS)
def test_each_format_is_recognized_as_itself_only(tmp_path, format):
    WRITERS[format](known_rig(), tmp_path)
    (file,) = tmp_path.iterdir()
    assert recognize_calibration(file).keys() == {format}
    # A recording's folder is looked into, past its detections, and a folder deep.
    (tmp_path / "cam1_json").mkdir()
    (tmp_path / "cam1_json" / "cam1_000000000000_keypoints.json").write_text('{"people": []}')
    (tmp_path / "calibration").mkdir()
    file.rename(tmp_path / "calibration" / file.name)
    rig = read_calibration(tmp_path, unit="mm", up="z", image_size={"": (1000, 1002)})
    assert rig.views == (1 if format in ONE_CAMERA else 4)
