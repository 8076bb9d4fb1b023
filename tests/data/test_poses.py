"""Poses over time: their file comes back, damaged ones are refused, world and camera axes agree."""

import numpy as np
import pytest
from hostile import archive, pickles
from moving import SKELETON, every_frame, same_joints, walking

from geoself_jax.core.errors import DATA, INPUT_OUTPUT, MISSING, USAGE, GeoselfError
from geoself_jax.data.poses import npz_file
from geoself_jax.data.poses.change_axes import in_camera, in_world, relative_to_root
from geoself_jax.data.poses.formats import read_poses, write_poses
from geoself_jax.data.poses.orientation import turned
from geoself_jax.data.poses.sequence import PoseCamera
from geoself_jax.data.skeletons import COCO_17


@pytest.fixture(scope="module")
def poses(tiny_arrays):
    return walking(tiny_arrays)


def assert_equal(found, wanted):
    for name in ("name", "skeleton", "fps", "axes", "root_relative", "clip", "action", "subject"):
        assert getattr(found, name) == getattr(wanted, name), name
    for name in ("pose", "frame_id", "up", "keypoints_2d", "confidence"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    if wanted.camera is None:
        assert found.camera is None
        return
    assert found.camera.name == wanted.camera.name
    assert found.camera.image_size == wanted.camera.image_size
    for name in ("K", "R", "center"):
        np.testing.assert_array_equal(getattr(found.camera, name), getattr(wanted.camera, name))


@pytest.mark.parametrize("kind", ["whole", "no camera", "no place", "no frame", "no 2D", "COCO"])
def test_all_that_a_sequence_holds_comes_back_from_its_file(tmp_path, poses, kind):
    changes = {
        "whole": {},
        "no camera": {"camera": None, "name": "<script>alert(1)</script>", "fps": 30000 / 1001},
        "no place": {"camera": PoseCamera("c", np.eye(3))},
        "no frame": {n: getattr(poses, n)[:0] for n in ("pose", "frame_id", "keypoints_2d")},
        "no 2D": {"keypoints_2d": None, "confidence": None, "root_relative": True},
        "COCO": {"skeleton": COCO_17},
    }[kind]
    if kind == "no frame":
        changes["confidence"] = poses.confidence[:0]
    wanted = poses.replace(**changes)
    npz_file.write(wanted, tmp_path / "a.npz")
    assert_equal(npz_file.read(tmp_path / "a.npz"), wanted)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as plain:
        assert plain["pose"].dtype == np.float32 and str(plain["format"]) == "geoself-poses/1"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("format", np.array("geoself-poses/9"), "format 'geoself-poses/9'"),
        ("format", None, "format None"),
        ("pose", None, "no array 'pose'"),
        ("name", None, "no array 'name'"),
        ("up", None, "no array 'up'"),
        ("pose", np.zeros((35, 17)), "pose has shape"),
        ("pose", np.zeros((35, 16, 3)), "pose has shape"),
        ("pose", np.array([["a"]]), "pose is <U1"),
        ("pose", np.full((35, 17, 3), np.inf), "infinity"),
        ("joint_names", np.array(["a"] * 17), "each name must be there once"),
        ("joint_names", np.arange(17), "joint_names is int64"),
        ("parents", np.arange(17), "its own ancestor"),
        ("parents", np.zeros(3, int), "wanted one index"),
        ("parents", np.full(17, 99), "wanted one index"),
        ("left_right", np.zeros((2, 3), int), "left_right has shape"),
        ("left_right", np.zeros((2, 2), int), "at most once"),
        ("root", np.array(17), "root 17"),
        ("root", np.array([0]), "root has shape"),
        ("fps", np.array(0.0), "fps 0"),
        ("fps", np.array(np.nan), "fps nan"),
        ("fps", np.array("x"), "fps is <U1"),
        ("frame_id", np.zeros(35, int), "each frame once, ascending"),
        ("frame_id", np.arange(35) - 1, "wanted numbers from 0"),
        ("frame_id", np.arange(35.0), "frame_id is float64"),
        ("frame_id", np.arange(34), "has shape"),
        ("axes", np.array("sideways"), "axes 'sideways'"),
        ("up", np.zeros(3), "wanted a unit vector"),
        ("up", np.full(3, np.nan), "wanted a unit vector"),
        ("keypoints_2d", np.zeros((35, 17, 3), np.float32), "keypoints_2d has shape"),
        ("confidence", np.zeros((35, 16), np.float32), "confidence has shape"),
        ("K", np.eye(2), "K has shape"),
        ("K", np.full((3, 3), np.nan), "K of cam1"),
        ("R", np.ones((3, 3)), "is no rotation"),
        ("center", np.full(3, np.inf), "center of cam1"),
        ("image_size", np.zeros(3, int), "image_size has shape"),
        ("name", np.array(["a", "b"]), "name has shape"),
        ("root_relative", np.array(1), "root_relative is int64"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_in_one_line(tmp_path, poses, name, value, words):
    arrays = npz_file.to_arrays(poses)
    arrays[name] = value
    if value is None:
        del arrays[name]
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(GeoselfError) as error:
        read_poses(tmp_path / "bad.npz")
    line = str(error.value)
    assert error.value.code == DATA and words in line
    assert "bad.npz" in line and "\n" not in line


def test_hostile_and_broken_files_are_refused_and_run_nothing(tmp_path, poses):
    canary = tmp_path / "canary"
    npz_file.write(poses, tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    bad = {
        "cut": whole[:-40],
        "empty": b"",
        "text": b"frame,time\n",
        "pickle": archive(("pose.npy", pickles(canary)["os.system, protocol 4"][0])),
    }
    for name, content in bad.items():
        path = tmp_path / f"{name}.npz"
        path.write_bytes(content)
        with pytest.raises(GeoselfError) as error:
            read_poses(path)
        assert error.value.code == DATA and str(path) in str(error.value), name
    assert not canary.exists()
    with pytest.raises(GeoselfError) as error:
        read_poses(tmp_path / "none.npz")
    assert error.value.code == MISSING


def test_world_and_camera_axes_agree_with_the_camera_and_come_back(poses):
    R, center = poses.camera.R, poses.camera.center
    local = in_camera(poses)
    assert local.axes == "camera" and in_camera(local) is local and in_world(poses) is poses
    wanted = np.einsum("ij,tkj->tki", R, poses.pose - center)
    np.testing.assert_allclose(local.pose, wanted, atol=1e-5)
    np.testing.assert_allclose(local.up, R @ [0, 0, 1], atol=1e-12)
    assert local.up[1] < -0.7  # the camera stands upright: up is against y
    back = in_world(local)
    assert back.axes == "world" and np.nanmax(np.abs(back.pose - poses.pose)) < 1e-5
    np.testing.assert_allclose(back.up, poses.up, atol=1e-12)


def test_root_relative_poses_are_turned_and_not_moved(poses):
    relative = relative_to_root(poses)
    assert relative.root_relative
    rootless = np.isnan(poses.pose[:, 0]).any(-1)
    assert rootless.any() and np.isnan(relative.pose[rootless]).all()
    assert not np.nanmax(np.abs(relative.pose[:, 0]))
    local = in_camera(relative)
    np.testing.assert_allclose(local.pose, relative_to_root(in_camera(poses)).pose, atol=1e-5)
    np.testing.assert_allclose(in_world(local).pose, relative.pose, atol=1e-5)


def test_axes_cannot_be_changed_without_the_place_of_the_camera(poses):
    for camera in (None, PoseCamera("c", np.eye(3))):
        lost = poses.replace(camera=camera)
        with pytest.raises(GeoselfError, match="where its camera stands is not known") as error:
            in_camera(lost)
        assert error.value.code == DATA


UPRIGHT = {  # axes, up, and where (x, y, z) goes for y up and for z up
    "camera": ("camera", (0, -1, 0), "+x -y -z", "+x +z -y"),
    "tilted camera": ("camera", (0.0, -0.8, -0.6), "+x -y -z", "+x +z -y"),
    "z up": ("world", (0, 0, 1), "+x +z -y", "+x +y +z"),
    "nearly z up": ("world", (0.03, 0, 0.99955), "+x +z -y", "+x +y +z"),
    "y up": ("world", (0, 1, 0), "+x +y +z", "+x -z +y"),
    "y down": ("world", (0, -1, 0), "+x -y -z", "+x +z -y"),
    "z down": ("world", (0, 0, -1), "+x -z +y", "+x -y -z"),
    "x up": ("world", (1, 0, 0), "-y +x +z", "-z +y +x"),
    "x down": ("world", (-1, 0, 0), "+y -x +z", "+z +y -x"),
}


def moved(pose, words):
    signed = [(1 if w[0] == "+" else -1) * pose[..., "xyz".index(w[1])] for w in words.split()]
    return np.stack(signed, -1)


@pytest.mark.parametrize("case", UPRIGHT)
def test_turning_upright_changes_places_and_signs_of_coordinates_alone(poses, case):
    axes, up, for_y, for_z = UPRIGHT[case]
    source = poses.replace(axes=axes, up=np.array(up) / np.linalg.norm(up))
    for wanted, words in (("y", for_y), ("z", for_z)):
        result = turned(source, wanted)
        np.testing.assert_array_equal(result.pose, moved(source.pose, words))
        if "tilted" not in case:
            assert result.up["xyz".index(wanted)] > 0.999
    assert turned(source, "as-is") is source


def test_turning_is_a_rotation_and_takes_the_camera_along(poses):
    rng = np.random.default_rng(0)
    for _ in range(5):
        up = rng.normal(size=3)
        source = poses.replace(up=up / np.linalg.norm(up))
        for wanted in "yz":
            result = turned(source, wanted)
            assert np.allclose(result.up, np.eye(3)["xyz".index(wanted)])
            assert np.allclose(np.linalg.det(result.camera.R), 1)
            a, b = in_camera(source).pose, in_camera(result).pose
            np.testing.assert_allclose(a, b, atol=2e-5)
    local = in_camera(poses)
    again = in_camera(turned(local, "y"))
    np.testing.assert_allclose(again.pose, local.pose, atol=1e-6)


def test_an_unknown_up_is_refused_and_a_write_error_is_reported(tmp_path, poses):
    with pytest.raises(GeoselfError, match="wanted y, z, as-is") as error:
        write_poses(poses, tmp_path / "a.csv", up="x")
    assert error.value.code == USAGE
    (tmp_path / "file").write_text("")
    with pytest.raises(GeoselfError) as error:
        write_poses(poses, tmp_path / "file" / "a.csv")
    assert error.value.code == INPUT_OUTPUT
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_frames_of_the_fixture_are_as_described(poses):
    assert poses.skeleton == SKELETON and poses.frames == 35
    assert same_joints(every_frame(poses)[:20], poses.pose[:20])
    assert np.isnan(every_frame(poses)[20:25]).all()
