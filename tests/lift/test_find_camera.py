"""One camera of any calibration, of a lens alone, or guessed; and pixels through every lens."""

import cv2
import numpy as np
import pytest
from calibration_files import ONE_CAMERA, WRITERS, known_rig, write_karfly, write_opencv
from detection_files import openpose, people

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.geometry.lenses import Lens
from geoself_jax.lift.camera_view import View
from geoself_jax.lift.find_camera import guessed_view, read_view, split_camera
from geoself_jax.lift.video_detections import read_video
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig

ROS = """image_width: 640
image_height: 480
camera_name: head
camera_matrix:
  rows: 3
  cols: 3
  data: [430.2, 0, 306.9, 0, 430.5, 227.2, 0, 0, 1]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.3375, 0.1117, -0.0007, 0.0003, 0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1, 0, 0, 0, 1, 0, 0, 0, 1]
projection_matrix:
  rows: 3
  cols: 4
  data: [345.1, 0, 302.8, 0, 0, 400.7, 222.3, 0, 0, 0, 1, 0]
"""


@pytest.mark.parametrize("kind", [kind for kind in WRITERS if kind != "native"])
def test_a_camera_is_chosen_from_a_calibration_of_every_format(tmp_path, kind):
    known = known_rig()
    known.dist[:, 4] = 0 if kind == "pose2sim" else known.dist[:, 4]
    WRITERS[kind](known, tmp_path)
    file = next(tmp_path.iterdir())
    metres = {"unit": "m", "up": "z", "image_size": known.size}
    asked = {each: {"unit": "mm", "up": "z"} for each in ("opencv", "anipose", "jarvis")}
    more = (asked | {"dlt_lower": metres, "dlt_upper": metres}).get(kind, {})
    if kind in ONE_CAMERA:
        view, place = read_view(str(file), **more), 0
        assert view.name == file.stem
    else:
        name = {"caliscope": "cam_2", "dlt_lower": "cam3", "dlt_upper": "cam3"}.get(kind, "front")
        view, place = read_view(f"{file}:{name}", **more), 2
        assert view.name == name
        with pytest.raises(GeoselfError, match="it has 4: ") as error:
            read_view(str(file), **more)
        assert error.value.code == USAGE
    np.testing.assert_allclose(view.K, known.K[place], rtol=1e-7)
    assert view.R is not None and view.center is not None and view.world_up is not None
    looking, wanted = view.R[2], known.R[place][2]
    height = view.center @ view.world_up
    if kind not in ("panoptic", "aist", "mpi_inf_3dhp", "opencap"):  # whose worlds have other axes
        np.testing.assert_allclose(looking, wanted, atol=1e-6)
        np.testing.assert_allclose(height, known.center[place][2], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(view.center), np.linalg.norm(known.center[place]))


def test_our_own_json_and_the_published_rig_give_the_same_camera(tmp_path):
    WRITERS["native"](known_rig(), tmp_path)
    mine = read_view(f"{tmp_path / 'c.json'}:60457274")
    published = read_view("human36m:S1:60457274")
    rig = human36m_rig("S1")
    for view in (mine, published):
        np.testing.assert_array_equal(view.center, rig.center[3])
        assert view.lens == rig.lenses[3] and view.image_size == (1000, 1002)


def test_the_rig_of_a_subject_is_named_in_addition_to_the_camera(tmp_path):
    rigs = {"S1": known_rig(), "S5": known_rig()}
    rigs["S5"].center[0] += 1
    write_karfly(rigs, tmp_path / "c.json")
    with pytest.raises(GeoselfError, match="--rig=S1"):
        read_view(f"{tmp_path / 'c.json'}:left")
    view = read_view(f"{tmp_path / 'c.json'}:left", rig="S5")
    np.testing.assert_allclose(view.center, rigs["S5"].center[0], atol=1e-9)


@pytest.mark.parametrize("name", ["", ":c"])
def test_a_lens_without_a_place_is_enough(tmp_path, name):
    known = known_rig()
    values = {"camera_matrix": known.K[0], "distortion_coefficients": known.dist[0][None]}
    write_opencv(tmp_path / "c.yml", values | {"image_width": 1000, "image_height": 1002})
    view = read_view(f"{tmp_path / 'c.yml'}{name}")
    np.testing.assert_array_equal(view.K, known.K[0])
    assert view.lens == Lens(tuple(known.dist[0])) and view.image_size == (1000, 1002)
    assert view.R is None and view.center is None and view.world_up is None


def test_two_lenses_in_a_file_are_distinguished_and_ros_is_read(tmp_path):
    known = known_rig()
    write_opencv(tmp_path / "two.xml", {"K_1": known.K[0], "K_2": known.K[1], "D_2": known.dist[1]})
    np.testing.assert_array_equal(read_view(f"{tmp_path / 'two.xml'}:2").K, known.K[1])
    with pytest.raises(GeoselfError, match="it has 2: "):
        read_view(str(tmp_path / "two.xml"))
    (tmp_path / "head.yaml").write_text(ROS)
    view = read_view(str(tmp_path / "head.yaml"))
    assert view.K[0].tolist() == [430.2, 0, 306.9] and view.image_size == (640, 480)
    assert read_view(str(tmp_path / "head.yaml"), image_size=(640, 480)).image_size == (640, 480)
    assert view.lens.coefficients == (-0.3375, 0.1117, -0.0007, 0.0003, 0)


@pytest.mark.parametrize("text", ["{}", "hello: 3\n", "", "\0\1"])
def test_a_file_that_is_no_calibration_is_refused(tmp_path, text):
    for suffix in (".json", ".yml", ".toml", ".txt"):
        path = tmp_path / f"c{suffix}"
        path.write_text(text)
        with pytest.raises(GeoselfError) as error:
            read_view(f"{path}:left")
        assert error.value.code == DATA


def test_a_broken_file_is_refused_with_its_line(tmp_path):
    (tmp_path / "c.toml").write_text("[left]\nsize = [1, 2\nmatrix = 3\n")
    with pytest.raises(GeoselfError, match=r"c\.toml - not TOML: .*line 3"):
        read_view(f"{tmp_path / 'c.toml'}:left")


def test_a_path_with_colons_is_cut_where_a_file_is(tmp_path):
    folder = tmp_path / "10:30"
    folder.mkdir()
    (folder / "c:1.toml").write_text("")
    assert split_camera(f"{folder}/c:1.toml") == (folder / "c:1.toml", "")
    assert split_camera(f"{folder}/c:1.toml:left") == (folder / "c:1.toml", "left")
    assert split_camera(f"{folder}/c:1.toml:a:b") == (folder / "c:1.toml", "a:b")
    for wrong in (f"{tmp_path}/none:left", "", ":left", "x" * 5000):
        with pytest.raises(GeoselfError, match="no such file"):
            split_camera(wrong)


def test_a_guess_is_a_pinhole_that_looks_through_the_middle():
    view = guessed_view((1920, 1080), fov=60)
    K = view.K
    assert not view.lens_known
    edge = np.linalg.inv(K) @ [1920, 540, 1]
    np.testing.assert_allclose(np.degrees(np.arctan2(edge[0], edge[2])), 30)
    assert K[0, 0] == K[1, 1] and edge[1] == pytest.approx(0)
    for wrong in ({}, {"fov": 60.0, "focal": 900.0}, {"fov": 0.5}, {"focal": float("inf")}):
        with pytest.raises(GeoselfError) as error:
            guessed_view((1920, 1080), **wrong)
        assert error.value.code == USAGE


K = np.array([[900.0, 0, 510], [0, 910, 490], [0, 0, 1]])
LENSES = {
    "four": (Lens((-0.25, 0.08, 0.001, -0.002)), None),
    "rational": (Lens((0.4, 0.1, 0.001, -0.0005, 0.02, 0.7, 0.2, 0.03)), None),
    "thin prism": (Lens((-0.2, 0.05, 0, 0, 0, 0, 0, 0, 0.01, -0.002, 0.008, 0.001)), None),
    "fisheye": (Lens((0.05, -0.01, 0.002, 0.0003), fisheye=True), cv2.fisheye),
}


@pytest.mark.parametrize("name", LENSES)
def test_the_distortion_of_every_lens_is_undone(tmp_path, name):
    lens, model = LENSES[name]
    pinhole = people()[:1].copy()
    hips = [COCO_17.joint_names.index(f"{side}_hip") for side in ("left", "right")]
    rays = (pinhole[..., :2].reshape(-1, 2) - K[:2, 2]) / K[[0, 1], [0, 1]]
    points = np.concatenate([rays, np.ones((len(rays), 1))], 1)[:, None]
    project = (model or cv2).projectPoints
    coefficients = np.array(lens.coefficients)
    shown = project(points, np.zeros(3), np.zeros(3), K, coefficients)[0]
    there = pinhole[..., 2:] > 0
    found = np.concatenate([np.where(there, shown.reshape(1, -1, 17, 2), 0), pinhole[..., 2:]], -1)
    assert np.abs(found - pinhole)[..., :2][there[..., 0]].max() > 20
    keypoints = openpose(tmp_path / "cam", np.concatenate([found, np.zeros_like(found)]))
    video = read_video(keypoints, View("wide", K, lens), fps=30)
    assert video.frames == 12 and video.frame_id.tolist() == [f for f in range(12) if f != 8]
    wanted = np.where(there, pinhole[..., :2], np.nan)[0, video.frame_id]
    np.testing.assert_allclose(video.keypoints_2d[:, :17], wanted, atol=2e-3)
    if model is not None or len(lens.coefficients) > 5:
        np.testing.assert_allclose(video.keypoints_2d[:, 17], wanted[:, hips].mean(1), atol=2e-3)


def test_another_image_size_than_the_calibrations_is_refused(tmp_path):
    (tmp_path / "head.yaml").write_text(ROS)
    for camera, own in (
        (str(tmp_path / "head.yaml"), "640x480"),
        ("human36m:S1:54138969", "1000x"),
    ):
        with pytest.raises(GeoselfError, match=f"in the pixels of images of {own}") as caught:
            read_view(camera, image_size=(1920, 1440))
        assert caught.value.code == USAGE
