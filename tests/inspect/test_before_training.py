"""What training refuses: what inspect calls an error, by the same limits, and nothing else."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data import recording
from geoself_jax.data.training_set import hold_out, training_views, triangulate_recording
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.inspect.report import inspect


def assert_refused(error: pytest.ExceptionInfo, code: int, *words: str):
    line = str(error.value)
    assert error.value.code == code, line
    assert line.isprintable() and len(line.split(" - ")) >= 2
    for word in words:
        assert word in line, line


def _rotated(a, b):
    """R as if x_cam = R x + t, with t given where the centre is wanted."""
    return -np.einsum("rvij,rvj->rvi", a, b)


def _swapped(arrays, views):
    order = np.arange(4)
    order[list(views)] = order[list(views)[::-1]]
    return {name: arrays[name][:, order] for name in ("K", "R", "center", "dist")}


def _only(rig, changed, good):
    """A fault in one rig or one camera only."""
    result = np.array(good)
    result[rig] = changed[rig]
    return result


CONVENTIONS = {
    "t_for_center": (lambda a: {"center": _rotated(a["R"], a["center"])}, ["x_cam = R"]),
    "inverted_R": (lambda a: {"R": a["R"].swapaxes(-1, -2)}, ["R is camera to world"]),
    "two_cameras_swapped": (lambda a: _swapped(a, (0, 1)), ["cam0 and cam1 are exchanged"]),
    "one_rig_inverted": (
        lambda a: {"R": _only(1, a["R"].swapaxes(-1, -2), a["R"])},
        ["rig rig1", "px"],
    ),
    "one_camera_inverted": (
        lambda a: {"R": _only((0, 2), a["R"].swapaxes(-1, -2), a["R"])},
        ["rig rig0, camera cam2", "px"],
    ),
    "y_up_cameras": (lambda a: {"R": a["R"] * [[1], [-1], [-1]]}, ["px"]),
    "millimetres": (lambda a: {"center": 1000 * a["center"]}, ["measures", "millimetres"]),
    "centimetres": (lambda a: {"center": 100 * a["center"]}, ["measures", "centimetres"]),
    "feet": (lambda a: {"center": 3.28 * a["center"]}, ["measures", "wanted metres"]),
}


@pytest.mark.parametrize("fault", CONVENTIONS)
def test_cameras_in_another_convention_or_unit_are_refused(tiny_arrays, fault):
    change, words = CONVENTIONS[fault]
    arrays = {**tiny_arrays, **change(tiny_arrays)}
    del arrays["pose_world"]
    there = recording.from_arrays(arrays, "x")
    with pytest.raises(GeoselfError) as error:
        check_before_training("my.npz", there)
    assert_refused(error, DATA, "my.npz", *words)


def test_views_out_of_step_are_refused(tiny_arrays):
    pixels, confidence = (np.array(tiny_arrays[k]) for k in ("keypoints_2d", "confidence"))
    for array in (pixels, confidence):
        array[:, 2] = np.roll(array[:, 2], 20, axis=0)
    arrays = {**tiny_arrays, "keypoints_2d": pixels, "confidence": confidence}
    there = recording.from_arrays(arrays, "x")
    with pytest.raises(GeoselfError) as error:
        check_before_training("my.npz", there)
    assert_refused(error, DATA, "camera cam2", "runs 20 frames", "late")


def test_good_cameras_pass_whatever_is_missing(tiny_recording):
    confidence = np.zeros_like(tiny_recording.confidence)
    confidence[[7, 100]] = tiny_recording.confidence[[7, 100]]
    check_before_training("x", dataclasses.replace(tiny_recording, confidence=confidence))
    confidence[:, 1:] = 0
    alone = dataclasses.replace(tiny_recording, confidence=confidence)
    with pytest.raises(GeoselfError) as error:
        check_before_training("x", alone)
    assert_refused(error, DATA, "fewer than two cameras")


def test_one_view_is_refused_for_training(tiny_arrays):
    cameras = ("K", "dist", "R", "center", "image_size", "keypoints_2d", "confidence")
    arrays = {**tiny_arrays, **{name: tiny_arrays[name][:, :1] for name in cameras}}
    there = recording.from_arrays({**arrays, "camera_names": np.array(["a"])}, "x")
    with pytest.raises(GeoselfError) as error:
        check_before_training("x", there)
    assert_refused(error, DATA, "1 view", "two views or more")


def test_one_frame_is_enough_to_be_checked_and_prepared(tiny_recording):
    one = tiny_recording.select(slice(5, 6))
    check_before_training("x", one)
    learn, held = hold_out(one, 0.05)
    assert learn.sum() == 1 and held.sum() == 0
    views = training_views(one, triangulate_recording(one))
    assert views.keypoints_2d.shape == (1, 4, 17, 2)


def test_what_inspect_calls_an_error_is_trained_on_by_force_alone(tiny_arrays):
    arrays = {**tiny_arrays, "R": tiny_arrays["R"].swapaxes(-1, -2)}
    there = recording.from_arrays(arrays, "x")
    with pytest.raises(GeoselfError, match="force=true"):
        check_before_training("x", there)
    (line, *_) = check_before_training("x", there, force=True)
    assert "transpose" in line


@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_a_copy_in_another_resolution_has_the_same_verdict(tiny_arrays, scale):
    """Limits grow with the image: the 4K copy of a good rig is no worse than the rig."""
    found = []
    for size in (1.0, scale):
        K = tiny_arrays["K"] * np.array([size, size, 1.0])[:, None]
        turned = tiny_arrays["R"].copy()
        turned[:, 2] = Rotation.from_euler("x", 0.6, degrees=True).as_matrix() @ turned[:, 2]
        arrays = {
            **tiny_arrays,
            "K": K,
            "R": turned,
            "keypoints_2d": tiny_arrays["keypoints_2d"] * size,
            "image_size": (tiny_arrays["image_size"] * size).astype(int),
        }
        report = inspect(recording.from_arrays(arrays, "x"), "x")
        found.append(
            [verdict.severity for verdict in report.verdicts if verdict.check == "cameras"]
        )
    assert found[0] == found[1]


def test_a_mouse_in_metres_is_no_error_and_a_person_of_its_size_is(tiny_arrays):
    small = {
        **tiny_arrays,
        "center": tiny_arrays["center"] * 0.05,
        "pose_world": tiny_arrays["pose_world"] * 0.05,
    }
    with pytest.raises(GeoselfError, match="pose_world measures"):
        recording.from_arrays(small, "x")
    names = [f"point {i}" for i in range(17)]
    mouse = recording.from_arrays({**small, "joint_names": np.array(names)}, "x")
    sizes = [v for v in inspect(mouse, "x").verdicts if v.check == "size"]
    assert sizes and {v.severity for v in sizes} == {"note"}


def test_a_camera_that_sees_nothing_hides_no_fault_of_another(tiny_arrays):
    R, confidence = np.array(tiny_arrays["R"]), np.array(tiny_arrays["confidence"])
    R[:, 2] = R[:, 2].swapaxes(-1, -2)
    confidence[:, 3] = 0
    arrays = {**tiny_arrays, "R": R, "confidence": confidence}
    lines = [verdict.line for verdict in inspect(recording.from_arrays(arrays, "x"), "x").verdicts]
    assert any("camera cam3 sees no joint" in line for line in lines)
    assert any("camera cam2: R is camera to world" in line for line in lines)


def test_a_root_that_is_never_seen_and_pixels_no_detector_gives_are_refused(tiny_arrays):
    confidence = np.array(tiny_arrays["confidence"])
    confidence[..., 0] = 0
    with pytest.raises(GeoselfError, match="the root, joint pelvis, is never seen"):
        rootless = {**tiny_arrays, "confidence": confidence}
        check_before_training("x", recording.from_arrays(rootless, "x"))
    arrays = {name: tiny_arrays[name] for name in tiny_arrays if name != "dist"}
    pixels = np.array(arrays["keypoints_2d"])
    pixels[5, 1, 3] = 1e6
    confidence = np.where(np.isfinite(pixels).all(-1), tiny_arrays["confidence"], 0)
    far = {**arrays, "keypoints_2d": pixels, "confidence": confidence}
    with pytest.raises(GeoselfError, match="camera cam1: detections beyond 10 times"):
        check_before_training("x", recording.from_arrays(far, "x"))


def test_an_upside_down_world_is_not_called_mirrored(tiny_arrays):
    arrays = {**tiny_arrays, "world_up": -np.array([0.0, 0, 1])}
    lines = [verdict.line for verdict in inspect(recording.from_arrays(arrays, "x"), "x").verdicts]
    assert any("upside down" in line for line in lines)
    assert not any("world is mirrored" in line for line in lines)
    (line,) = (line for line in lines if "upside down" in line)
    assert "another order" not in line
    arrays["assumed_skeleton"] = np.array("coco_17")
    lines = [verdict.line for verdict in inspect(recording.from_arrays(arrays, "x"), "x").verdicts]
    (line,) = (line for line in lines if "upside down" in line)
    assert "either the joints are in another order than coco_17's, which was assumed" in line
    assert "--skeleton" in line and "world_up is nearer to [0, 0, 1]" in line
