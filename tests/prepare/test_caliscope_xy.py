"""Caliscope's table of all cameras is one file a camera, named by its numbers of the cameras."""

import numpy as np
import pandas as pd
import pytest
from calibration_files import known_rig, write_caliscope
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data import recording
from geoself_jax.data.skeletons import COCO_23, HALPE_26, MEDIAPIPE_33
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.detections import read_detections, recognize_detections
from geoself_jax.prepare.detections.all_cameras import split

FRAMES, FIRST, JOINTS = 20, 412, 26
RIG = tiny_rig()
TRACKER = "ONNX_rtmpose_m_halpe26"
COLUMNS = ["sync_index", "cam_id", "frame_index", "frame_time", "object_id", "keypoint_id"]
COLUMNS += ["img_loc_x", "img_loc_y", "obj_loc_x", "obj_loc_y", "obj_loc_z"]


def seen(clip=0):
    """(cameras, frames, joints, 2) px; joints, frames and a camera's beginning are missing."""
    dice = np.random.default_rng(0)
    shares = dice.dirichlet(np.ones(17), JOINTS)
    shares[:17] = np.eye(17)
    points = np.einsum("kj,fjx->fkx", shares, motion(FRAMES, clip))
    pixels = pixels_of(points, RIG).swapaxes(0, 1) + dice.normal(0, 1, (4, FRAMES, JOINTS, 2))
    pixels[:, 6] = np.nan
    pixels[3, :4] = np.nan
    pixels[1, 3, 5] = np.nan
    return pixels


def rows_of(pixels, board=False):
    """A row a joint, as Caliscope 0.11.8 collects them: instant by instant, camera by camera."""
    views, frames, joints = pixels.shape[:3]
    places = np.arange(joints) * 0.054 if board else np.full(joints, np.nan)
    rows = [
        [FIRST + f, v, FIRST + f - 2 * v, 48033 + f / 30, 0, j, *pixels[v, f, j], places[j], 0, 0]
        if board
        else [
            FIRST + f,
            v,
            FIRST + f - 2 * v,
            48033 + f / 30,
            0,
            j,
            *pixels[v, f, j],
            *[np.nan] * 3,
        ]
        for f in range(frames)
        for v in range(views)
        for j in range(joints)
        if np.isfinite(pixels[v, f, j, 0])
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def write(folder, table, tracker=TRACKER):
    """`recordings/NAME/TRACKER/xy_TRACKER.csv` as its `ImagePoints.to_csv` writes it."""
    path = folder / tracker / f"xy_{tracker}.csv"
    path.parent.mkdir(parents=True)
    table.to_csv(path, index=False, float_format="%.6f")
    points = pd.DataFrame({"sync_index": [1], "keypoint_id": [0], "x_coord": [0.5]})
    points.to_csv(path.parent / f"xyz_{tracker}.csv", index=False)
    return path


def project(folder, clips=1):
    """A project with its calibration, the corners that it was made from, and recordings."""
    corners = rows_of(seen()[:, :3], board=True)
    write(folder / "calibration/extrinsic", corners, "CHARUCO")
    write_caliscope(known_rig(), folder / "camera_array.toml")
    for clip in range(clips):
        write(folder / f"recordings/P{clip + 1}", rows_of(seen(clip)))
    return folder


def one_a_camera(folder, pixels):
    """The same joints as JSON lists of COCO results, a file a camera."""
    folder.mkdir()
    for view, of_camera in enumerate(pixels):
        entries = [
            {
                "image_id": FIRST + f,
                "category_id": 1,
                "score": 1.0,
                "keypoints": np.nan_to_num(
                    np.column_stack([row, np.isfinite(row[:, 0])])
                ).ravel().round(6).tolist(),
            }
            for f, row in enumerate(of_camera)
            if np.isfinite(row).any()
        ]  # fmt: skip
        pd.Series(entries).to_json(folder / f"cam_{view}.json", orient="values", double_precision=8)
    return folder


def run(tmp_path, *inputs, flags=()):
    out = tmp_path / "out.npz"
    words = ["--input", *map(str, inputs), "--fps=30", f"--output={out}", *flags]
    assert prepare.main(words) == 0
    return recording.read(out)


def refused(path, match, **more):
    with pytest.raises(GeoselfError, match=match) as error:
        read_detections(path, **more)
    assert error.value.code == DATA and "\n" not in str(error.value)


def test_a_project_is_what_one_file_a_camera_gives(tmp_path, capsys):
    place = project(tmp_path / "lab", clips=2)
    read = run(tmp_path, place)
    said = capsys.readouterr().out
    assert read.clip_names == ("P1", "P2") and read.subject_names == ("P1", "P2")
    assert read.camera_names == ("cam_0", "cam_1", "cam_2", "cam_3")
    assert "no confidences: 1 wherever there is a joint" in said
    flags = [f"--calibration={place / 'camera_array.toml'}"]
    apart = run(tmp_path, one_a_camera(tmp_path / "apart", seen()), flags=flags)
    first = read.clip_id == 0
    np.testing.assert_array_equal(read.frame_id[first], apart.frame_id)
    np.testing.assert_array_equal(read.confidence[first], apart.confidence)
    np.testing.assert_allclose(read.keypoints_2d[first], apart.keypoints_2d, atol=1e-4)
    assert read.skeleton == apart.skeleton
    folder = place / "recordings/P2" / TRACKER
    for given in (folder.parent, folder, folder / f"xy_{TRACKER}.csv"):
        alone = run(tmp_path, given, flags=flags)
        assert alone.clip_names == ("P2",)
        np.testing.assert_array_equal(alone.keypoints_2d, read.keypoints_2d[~first])


def test_a_camera_with_another_number_is_found_by_triangulation(tmp_path, capsys):
    place = project(tmp_path / "lab")
    toml = place / "camera_array.toml"
    text = toml.read_text()
    toml.write_text(text.replace("[cameras.3]", "[cameras.7]").replace("cam_id = 3", "cam_id = 7"))
    read = run(tmp_path, place / "recordings/P1")
    assert read.camera_names == ("cam_0", "cam_1", "cam_2", "cam_7")
    assert "matched by triangulation: cam_0 = cam_0" in (said := capsys.readouterr().out)
    assert "cam_7 = cam_3" in said


def test_a_camera_that_is_not_in_the_file_is_left_out(tmp_path, capsys):
    place = project(tmp_path / "lab")
    file = place / "recordings/P1" / TRACKER / f"xy_{TRACKER}.csv"
    table = pd.read_csv(file)
    table[table.cam_id != 2].to_csv(file, index=False)
    read = run(tmp_path, place / "recordings/P1")
    assert read.camera_names == ("cam_0", "cam_1", "cam_3")
    assert "cam_2" in capsys.readouterr().out
    swapped = table[table.cam_id != 2].replace({"cam_id": {0: 1, 1: 0}})
    swapped.to_csv(file, index=False)
    with pytest.raises(GeoselfError, match="triangulation says cam_0 = cam_1, cam_1 = cam_0"):
        run(tmp_path, place / "recordings/P1")


def test_older_columns_and_other_trackers_are_read(tmp_path):
    table = rows_of(seen()).rename(columns={"cam_id": "port", "keypoint_id": "point_id"})
    table = table.drop(columns=["object_id", "frame_index", "obj_loc_z"])
    hands = table.assign(point_id=table.point_id + 100)
    for tracker, body in (("POSE", MEDIAPIPE_33), ("HOLISTIC", MEDIAPIPE_33)):
        path = write(tmp_path / tracker, pd.concat([table, hands]), tracker)
        found = read_detections(split(path)[1])
        assert found.skeleton == body and found.first == FIRST
        assert found.frames == FIRST + FRAMES and len(found.frame) == FRAMES - 1
        pixels = np.delete(seen()[1], 6, 0)
        np.testing.assert_allclose(found.keypoints_2d[:, :JOINTS], pixels, atol=1e-4)
        assert np.isnan(found.keypoints_2d[:, JOINTS:]).all()
        assert any("26 points from id 33 on are left out" in note for note in found.notes)
    path = write(tmp_path, rows_of(seen()[:, :, :23]), "ONNX_rtmpose_l_coco_wholebody")
    assert read_detections(split(path)[0]).skeleton == COCO_23


def test_what_is_no_body_is_refused_in_a_line_that_names_it(tmp_path):
    board = write(tmp_path, rows_of(seen(), board=True), "CHARUCO")
    assert recognize_detections(board) is None
    refused(board, "xy_CHARUCO.csv: corners of a board")
    with pytest.raises(GeoselfError, match=r"xy_CHARUCO.csv: corners of a board"):
        run(tmp_path, board)
    hand = write(tmp_path, rows_of(seen()), "HAND")
    refused(split(hand)[0], "the points of the tracker hand")
    assert read_detections(split(hand)[0], skeleton=HALPE_26).skeleton == HALPE_26
    whole = write(tmp_path, rows_of(seen()))
    refused(whole, "the detections of all cameras, 4 - wanted one camera's")
    empty = write(tmp_path / "empty", rows_of(seen())[:0])
    refused(empty, "no joint in it")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda t: t.assign(sync_index=t.sync_index - 500.0), "line 2, column 1: -88"),
        (lambda t: t.assign(keypoint_id=t.keypoint_id + 0.5), "line 2, column 6: 0.5"),
        (lambda t: t.assign(img_loc_x=np.inf), "line 2, column 7: inf"),
        (lambda t: t.assign(img_loc_y="left"), "'left'"),
        (lambda t: pd.concat([t, t[7:8]]), "point 7 of camera 0 is in frame 412 twice"),
    ],
)
def test_a_bad_number_or_a_joint_twice_is_refused(tmp_path, change, match):
    refused(write(tmp_path, change(rows_of(seen()))), match)
