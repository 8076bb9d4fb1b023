"""One fault is not called by the names of what follows from it; a body need not be upright."""

import numpy as np
import pytest

from benchmarks import planting
from geoself_jax.data import recording
from geoself_jax.inspect.report import inspect
from geoself_jax.inspect.sample import Sample


def alarms(arrays):
    found = inspect(recording.from_arrays(arrays, "x"), "x").verdicts
    return [v for v in found if v.severity in ("error", "warning")]


def exchanged(arrays, views):
    """The arrays with left and right of some views exchanged."""
    arrays = dict(arrays)
    mirror = np.arange(arrays["keypoints_2d"].shape[2])
    for left, right in arrays["left_right"]:
        mirror[[left, right]] = right, left
    for name in ("keypoints_2d", "confidence"):
        array = np.array(arrays[name])
        for view in views:
            array[:, view] = array[:, view][:, mirror]
        arrays[name] = array
    return arrays


@pytest.mark.parametrize("views", [(0, 1), (0, 2)])
def test_two_cameras_of_four_with_sides_exchanged_disagree_with_the_others(views):
    (verdict,) = alarms(exchanged(planting.good_arrays(), views))
    assert verdict.severity == "error", verdict.line
    assert "the cameras disagree on left and right" in verdict.line


def test_a_camera_with_sides_exchanged_draws_no_verdict_on_one_that_is_late():
    faulty = planting.late(6, 3)(exchanged(planting.good_arrays(), (1,)))
    names = faulty["camera_names"]
    of_others = [v.line for v in alarms(faulty) if f"camera {names[1]}" not in v.what]
    assert not any("left and right" in line or "somebody else" in line for line in of_others)


def test_two_cameras_with_one_place_and_two_lenses_have_one_calibration():
    faulty = planting.good_arrays()
    for name in ("R", "center"):
        faulty[name] = np.array(faulty[name])
        faulty[name][:, 2] = faulty[name][:, 0]
    faulty["K"] = faulty["K"] * np.linspace(1, 1.001, 4)[:, None, None] ** [[1], [1], [0]]
    a, b = faulty["camera_names"][[0, 2]]
    (line,) = (v.line for v in alarms(faulty) if v.check == "cameras")
    assert f"cameras {a} and {b} have one calibration" in line


def of_two(arrays):
    """The arrays of the first two cameras alone."""
    arrays = {name: np.array(array) for name, array in arrays.items()}
    for name in ("keypoints_2d", "confidence", "K", "R", "center", "image_size", "dist"):
        arrays[name] = arrays[name][:, :2]
    return arrays | {"camera_names": arrays["camera_names"][:2]}


def test_one_camera_of_two_with_sides_exchanged_is_no_exchange_in_all():
    lines = [v.line for v in alarms(exchanged(of_two(planting.good_arrays()), (1,)))]
    assert any("the cameras disagree on left and right" in line for line in lines), lines
    assert not any("in all cameras" in line or "in some frames" in line for line in lines), lines


def test_a_mirrored_image_of_two_cameras_is_not_called_an_order_of_joints():
    faulty = of_two(planting.good_arrays())
    width = faulty["image_size"][0, 1, 0]
    faulty["keypoints_2d"][:, 1, :, 0] = width - faulty["keypoints_2d"][:, 1, :, 0]
    found = alarms(faulty)
    assert found and not any("joint order is wrong" in v.line for v in found)
    assert not any("exchanged in all cameras" in v.line for v in found)


@pytest.mark.parametrize(("degrees", "severity"), [(90, "note"), (180, "warning")])
def test_people_may_lie_or_stand_on_their_hands(degrees, severity):
    lying = _turned(planting.good_arrays(), degrees)
    found = inspect(recording.from_arrays(lying, "x"), "x").verdicts
    (vertical,) = (v for v in found if v.check == "world_up")
    assert vertical.severity == severity and "images are upright" in vertical.line
    assert not [v.line for v in found if v.severity == "error"]


def _turned(arrays, degrees):
    """Detections of the triangulated poses, turned about a level axis through their hips."""
    there = recording.from_arrays(arrays, "x")
    sample = Sample(there, np.arange(there.frames))
    angle = np.deg2rad(degrees)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    middle = np.nanmean(sample.points, axis=1, keepdims=True)
    points = (sample.points - middle) @ turn.T + middle
    K, R, center = (np.asarray(array)[there.rig_id] for array in there.camera)
    local = np.einsum("nvij,nvkj->nvki", R, points[:, None] - center[:, :, None])
    pixels = np.einsum("nvij,nvkj->nvki", K, local / local[..., 2:])[..., :2]
    noise = np.random.default_rng(0).normal(size=pixels.shape)
    seen = np.isfinite(pixels).all(-1)
    arrays = {name: array for name, array in arrays.items() if name not in ("dist", "pose_world")}
    return arrays | {
        "keypoints_2d": np.where(seen[..., None], pixels + noise, np.nan).astype(np.float32),
        "confidence": np.where(seen, arrays["confidence"].clip(0.1), 0).astype(np.float32),
    }
