"""Rigs of one file a camera, and files in which T is a centre, come back as they were written."""

import dataclasses
import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from calibration_files import (
    Y_DOWN,
    known_rig,
    opencv_values,
    write_biocv,
    write_dannce,
    write_fit3d,
    write_jarvis,
    write_opencap,
    write_opencv,
    write_pose2sim,
    write_voxelpose,
)

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.geometry.lenses import distort_pixels
from geoself_jax.prepare.calibrations import read_calibration, recognize_calibration


def assert_same(rig, known):
    """Known points are within 0.01 px of OpenCV's, and the cameras' centres within 0.1 mm."""
    rig = rig.select(known.names)
    for view in range(rig.views):
        local = (known.points - rig.center[view]) @ rig.R[view].T
        pinhole = local @ rig.K[view].T
        shown = distort_pixels(pinhole[:, :2] / pinhole[:, 2:], rig.K[view], rig.lenses[view])
        assert np.abs(shown - known.pixels(view)).max() < 0.01
        assert np.abs(rig.center[view] - known.center[view]).max() < 1e-4


def refusal(path, **options):
    with pytest.raises(GeoselfError) as caught:
        read_calibration(path, **options)
    assert caught.value.code == DATA and "\n" not in str(caught.value)
    return str(caught.value)


def untangential(known):
    known.dist[:, 2:4] = 0
    return known


def test_fit3ds_t_is_the_centre_and_its_unit_metres(tmp_path):
    known = untangential(known_rig())
    write_fit3d(known, tmp_path / "camera_parameters")
    assert recognize_calibration(tmp_path / "camera_parameters").keys() == {"fit3d"}
    rig = read_calibration(tmp_path)  # found in a recording's folder
    assert_same(rig, known)
    np.testing.assert_array_equal(rig.image_size, 0)  # not in the files: asked for later


def test_fit3ds_tangential_part_is_human36ms(tmp_path):
    known = known_rig()
    write_fit3d(known, tmp_path / "rig")
    path = tmp_path / "rig" / "left.json"
    content = json.loads(path.read_text())
    p = content["intrinsics_w_distortion"]["p"] = [[0.01, -0.02]]
    path.write_text(json.dumps(content))
    rig = read_calibration(path, up="z")
    # The formula of its authors' own projection.
    local = (known.points - known.center[0]) @ known.R[0].T
    x = local[:, :2] / local[:, 2:]
    r2 = (x**2).sum(1)
    k1, k2, _, _, k3 = known.dist[0]
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    swapped = np.array(p)[:, ::-1]
    bent = x * (x @ swapped.T + radial[:, None]) + r2[:, None] * swapped
    focal, middle = known.K[0][[0, 1], [0, 1]], known.K[0][:2, 2]
    pinhole = local @ rig.K[0].T
    shown = distort_pixels(pinhole[:, :2] / pinhole[:, 2:], rig.K[0], rig.lenses[0])
    np.testing.assert_allclose(shown, focal * bent + middle, atol=1e-6)


def test_fit3ds_files_an_action_are_one_rig_if_they_agree(tmp_path):
    known = untangential(known_rig())
    write_fit3d(known, tmp_path / "flat")
    for name in known.names:
        (tmp_path / "camera_parameters" / name).mkdir(parents=True)
        for action in ("squat", "walk"):
            text = (tmp_path / "flat" / f"{name}.json").read_text()
            (tmp_path / "camera_parameters" / name / f"{action}.json").write_text(text)
    assert_same(read_calibration(tmp_path / "camera_parameters"), known)
    moved = tmp_path / "camera_parameters" / "front" / "walk.json"
    content = json.loads(moved.read_text())
    content["extrinsics"]["T"][0][0] += 0.5
    moved.write_text(json.dumps(content))
    line = refusal(tmp_path / "camera_parameters")
    assert "walk.json: camera front is not the one of squat.json" in line


def test_voxelposes_t_is_the_centre_though_opencvs_is_not(tmp_path):
    known, notices = known_rig(("0", "1", "2", "3")), []
    write_voxelpose(known, tmp_path / "calibration_shelf.json")
    assert recognize_calibration(tmp_path / "calibration_shelf.json").keys() == {"voxelpose"}
    assert_same(read_calibration(tmp_path, notice=notices.append), known)
    assert "T is taken for the cameras' centres" in notices[0]


@pytest.mark.parametrize("damage", [{"k": [1, 2]}, {"T": None}, {"fx": "a"}, {"R": [1, 0, 0, 0]}])
def test_voxelposes_damaged_cameras_are_named(tmp_path, damage):
    path = tmp_path / "c.json"
    write_voxelpose(known_rig(("0", "1", "2", "3")), path)
    content = json.loads(path.read_text())
    content["2"] |= damage
    path.write_text(json.dumps(content))
    assert f"{path}, camera 2: " in refusal(path)


def test_opencaps_pickles_are_millimetres_with_y_down_named_by_their_folder(tmp_path):
    known = known_rig(("Cam0", "Cam1", "Cam2", "Cam3")).turned(Y_DOWN)
    write_opencap(known, tmp_path / "Videos")
    rig = read_calibration(tmp_path)
    assert rig.camera_names == tuple(known.names)
    assert_same(rig, known)
    np.testing.assert_array_equal(rig.image_size, [known.size] * 4)  # height first in the file
    np.testing.assert_array_equal(rig.world_up, [0, -1, 0])
    flat = tmp_path / "flat"  # as Pose2Sim's converter leaves them
    flat.mkdir()
    for name in known.names:
        file = tmp_path / "Videos" / name / "cameraIntrinsicsExtrinsics.pickle"
        (flat / f"{name}.pickle").write_bytes(file.read_bytes())
    assert_same(read_calibration(flat), known)


def test_an_opencap_pickle_that_is_a_program_is_not_run(tmp_path):
    class Program:
        def __reduce__(self):
            return (tmp_path.joinpath("canary").write_text, ("run",))

    content = {"intrinsicMat": Program(), "rotation": 1, "translation": 2}
    (tmp_path / "cam0.pickle").write_bytes(pickle.dumps(content))
    refusal(tmp_path / "cam0.pickle")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("last", [False, True])
def test_biocvs_files_are_millimetres_named_by_themselves(tmp_path, last):
    known = known_rig()
    write_biocv(known, tmp_path / "rig", last)
    rig = read_calibration(tmp_path / "rig")
    assert_same(rig, known)
    np.testing.assert_array_equal(rig.image_size, [known.size] * 4)


def test_a_biocv_file_of_another_layout_is_refused(tmp_path):
    for text in ("", "1920\n1200\n1 2 3\n", "a b\n", "nan\n" * 9):
        (tmp_path / "c.calib").write_text(text)
        assert "rows of 1, 1, 3" in refusal(tmp_path / "c.calib", format="biocv")


def test_opencvs_empty_matrices_are_no_lens_and_no_camera(tmp_path):
    known = known_rig()
    known.dist[:] = 0
    for view, name in enumerate(known.names):
        values = opencv_values(known, view) | {"distortion_coefficients": np.zeros((0, 0))}
        write_opencv(tmp_path / f"{name}.yml", values)
    assert_same(read_calibration(tmp_path, unit="mm"), known)
    empty = opencv_values(known, 0) | {"camera_matrix": np.zeros((0, 0))}
    write_opencv(tmp_path / "left.yml", empty)
    assert "left.yml, camera left: camera matrix: 0 numbers" in refusal(tmp_path, unit="mm")


def test_a_quaternion_is_refused_by_its_name(tmp_path):
    values = opencv_values(known_rig(), 0) | {"R": np.array([1.0, 0, 0, 0])}
    write_opencv(tmp_path / "c.yml", values)
    line = refusal(tmp_path / "c.yml", unit="mm")
    assert "rotation: 4 numbers, a quaternion" in line and "3x3, world to camera" in line


def easymocap(known, folder, listed, files=("intri", "extri")):
    """intri.yml and extri.yml with EasyMocap's list of names."""
    for file, names in zip(files, (("K", "dist"), ("Rot", "T")), strict=True):
        storage = cv2.FileStorage(str(folder / f"{file}.yml"), cv2.FILE_STORAGE_WRITE)
        storage.startWriteStruct("names", cv2.FileNode_SEQ)
        for name in listed:
            storage.write("", name)
        storage.endWriteStruct()
        for view, name in enumerate(known.names):
            values = opencv_values(known, view, names=("K", "dist", "Rot", "T"))
            for key in names:
                storage.write(f"{key}_{name}", values[key])
        storage.release()


def test_easymocaps_matrices_name_the_cameras_and_none_is_lost(tmp_path):
    known = known_rig(("01", "02", "cam-3", "cam_4"))
    easymocap(known, tmp_path, known.names)
    assert_same(read_calibration(tmp_path, unit="mm"), known)
    assert "its unit is not in the file" in refusal(tmp_path)
    (tmp_path / "pose2sim").mkdir()
    easymocap(known, tmp_path / "pose2sim", ["a", "b", "c", "d"], ("Intrinsic", "Extrinsic"))
    assert_same(read_calibration(tmp_path / "pose2sim", unit="mm"), known)
    easymocap(known, tmp_path, [*known.names, "05"])
    assert "05 in its names - matrices are of 4: K_01, " in refusal(tmp_path, unit="mm")


def write_stereo(known, path):
    """OpenCV's two cameras in one file, the first one the world."""
    R = known.R[1] @ known.R[0].T
    values = {"R": R, "T": known.t(0.001)[1] - R @ known.t(0.001)[0]}
    for view in range(2):
        values |= {f"M{view + 1}": known.K[view], f"D{view + 1}": known.dist[view]}
    write_opencv(path, values)


def write_easymocap(known, folder):
    lens, place = {}, {}
    for view, name in enumerate(known.names):
        lens |= {f"K_{name}": known.K[view], f"dist_{name}": known.dist[view]}
        place |= {f"Rot_{name}": known.R[view], f"T_{name}": known.t(0.001)[view]}
    write_opencv(folder / "intri.yml", lens)
    write_opencv(folder / "extri.yml", place)


def write_set(known, folder):
    for view, name in enumerate(known.names):
        write_opencv(folder / f"{name}.yml", opencv_values(known, view))


SETS = {
    "jarvis": write_jarvis,
    "opencv": write_set,
    "easymocap": write_easymocap,
    "stereo": lambda known, folder: write_stereo(known, folder / "stereo.yml"),
    "fit3d": write_fit3d,
    "opencap": write_opencap,
    "biocv": write_biocv,
    "pose2sim": lambda known, folder: write_pose2sim(known, folder / "Calib.toml"),
    "dannce": lambda known, folder: write_dannce(known, folder / "label3d_dannce.mat"),
}


def larger(known):
    """The same cameras in a world that is larger, as of a wrong board: no residual shows it."""
    return dataclasses.replace(known, center=known.center * 1.3)


def chosen(line, **options):
    """The rigs that an error of several says how to choose."""
    ways = line.partition(" - choose: name ")[2].partition(", or keep one")[0].split(" or ")
    for way in ways:
        place, _, format = way.partition(" with --calibration-format=")
        yield read_calibration(Path(place), format=format or "auto", unit="mm", **options)


@pytest.mark.parametrize(
    ("one", "other"),
    [*((each, "pose2sim") for each in [*SETS][:-2]), ("easymocap", "jarvis"), ("biocv", "dannce")],
)
def test_a_set_of_files_next_to_another_calibration_is_asked_about(tmp_path, one, other):
    known = untangential(known_rig())
    SETS[one](known, tmp_path)
    SETS[other](larger(known), tmp_path)
    line = refusal(tmp_path, unit="mm")
    assert f"{tmp_path}: 2 calibrations - " in line
    named = {"easymocap": "opencv", "stereo": "opencv"}
    assert all(f" is {named.get(each, each)} (" in line for each in (one, other))
    spread = [np.linalg.norm(np.diff(rig.center[:2], axis=0)) for rig in chosen(line, up="z")]
    assert max(spread) / min(spread) > 1.25 and len(spread) == 2


def test_two_sets_in_folders_of_their_own_are_chosen_by_folder(tmp_path):
    known = known_rig()
    write_jarvis(known, tmp_path / "a")
    write_jarvis(larger(known), tmp_path / "b")
    line = refusal(tmp_path, unit="mm")
    assert f"choose: name {tmp_path / 'a'} or {tmp_path / 'b'}, or keep" in line
    assert [rig.views for rig in chosen(line, up="z")] == [4, 4]


def test_one_cameras_file_next_to_a_calibration_is_no_second_one(tmp_path):
    known = known_rig()
    write_pose2sim(known, tmp_path / "Calib.toml")
    write_opencv(tmp_path / "left.yml", opencv_values(known, 0))
    assert_same(read_calibration(tmp_path, up="z"), known)
