"""Two cameras that nearly face each other: depth is poor, which is no fault of names or cameras."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from geoself_jax.data import recording
from geoself_jax.data.synthetic import generate
from geoself_jax.data.synthetic.camera_ring import draw_rig
from geoself_jax.geometry.camera import Camera
from geoself_jax.geometry.triangulation import position_covariance, triangulate_robust
from geoself_jax.inspect import precision, report
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.inspect.sample import Sample

PER_VIEW = ("keypoints_2d", "confidence", "K", "R", "center", "dist", "image_size")
FACING, APART = ((0, 3), (1, 2)), ((0, 1), (0, 2))  # corners of the room: 164, and 138 and 40
LOUD = ("error", "warning")


@pytest.fixture(scope="module")
def people():
    """Three of the built-in people before one rig, as the example has them."""
    rig = draw_rig(np.random.default_rng([0, 3]))
    arrays = generate("train", 3000, 0, subjects=3, rig=rig)
    one = {name: arrays[name][:1] for name in ("rig_names", "K", "R", "center", "dist")}
    one["image_size"] = arrays["image_size"][:1]
    return arrays | one | {"rig_id": np.zeros_like(arrays["rig_id"])}


def of(arrays, views):
    """Two cameras' part of arrays."""
    left_out = ("occluded", "clip_descriptions", "pose_world")
    arrays = {name: np.array(array) for name, array in arrays.items() if name not in left_out}
    arrays |= {name: arrays[name][:, list(views)] for name in PER_VIEW}
    return arrays | {"camera_names": arrays["camera_names"][list(views)]}


def inspected(arrays):
    found = report.inspect(recording.from_arrays(arrays, "x"), "x", most=600).verdicts
    return [verdict for verdict in found if verdict.severity in LOUD]


def faces(verdict):
    return "the two cameras nearly face each other" in verdict.what


def turned(arrays, axis, degrees):
    R = arrays["R"].copy()
    R[:, 1] = Rotation.from_euler(axis, degrees, degrees=True).as_matrix() @ R[:, 1]
    return arrays | {"R": R}


def exchanged(arrays, first, second, views=(1,)):
    """Two joints exchanged in views."""
    names = arrays["joint_names"].tolist()
    a, b = names.index(first), names.index(second)
    found = {name: arrays[name].copy() for name in ("keypoints_2d", "confidence")}
    for array in found.values():
        for view in views:
            array[:, view, [a, b]] = array[:, view, [b, a]]
    return arrays | found


@pytest.mark.parametrize("views", FACING)
def test_sound_cameras_that_face_each_other_draw_one_warning(people, views):
    found = inspected(of(people, views))
    assert [verdict.severity for verdict in found] == ["warning"], found
    assert faces(found[0]) and "aim for 40 to 140 degrees" in found[0].do
    millimetres = float(found[0].evidence.split("line is known to ")[1].split(" mm")[0])
    assert 50 < millimetres < 150


def test_bones_that_change_by_over_fifty_millimetres_there_are_no_error():
    rig = draw_rig(np.random.default_rng([0, 3]))
    arrays = of(generate("train", 1200, 0, subjects=3, rig=rig), FACING[0])
    found = report.inspect(recording.from_arrays(arrays, "x"), "x", most=600).verdicts
    (order,) = (v for v in found if v.check == "joint order")
    assert order.severity == "ok", order
    assert float(order.evidence.split("by ")[1].split(" mm")[0]) > 50
    assert not [v for v in found if v.severity == "error"]


def test_training_starts_on_them_and_is_warned(people):
    there = recording.from_arrays(of(people, FACING[0]), "x")
    lines = check_before_training("x.npz", there)
    assert lines and all("nearly face each other" in line for line in lines)


@pytest.mark.parametrize("views", APART)
def test_cameras_that_look_from_apart_draw_none(people, views):
    checks = {verdict.check for verdict in inspected(of(people, views))}
    assert not checks & {"baseline", "bones", "joint order"}


@pytest.mark.parametrize("axis", "xyz")
def test_a_camera_turned_by_ten_degrees_is_still_an_error(people, axis):
    found = inspected(turned(of(people, FACING[0]), axis, 10))
    assert any(v.severity == "error" for v in found), found


@pytest.mark.parametrize(
    "joints", [("left_knee", "left_ankle"), ("left_wrist", "left_elbow"), ("head", "pelvis")]
)
def test_joints_exchanged_in_one_view_are_still_found(people, joints):
    found = inspected(exchanged(of(people, FACING[0]), *joints))
    assert any(not faces(v) for v in found), found
    assert any(v.severity == "error" for v in found), found


@pytest.mark.parametrize("joints", [("left_ankle", "left_knee"), ("left_hip", "left_shoulder")])
def test_joints_exchanged_in_both_views_are_still_found(people, joints):
    found = inspected(exchanged(of(people, FACING[0]), *joints, views=(0, 1)))
    assert {v.check for v in found} & {"joint order", "bones"}, found


def test_covariance_is_that_of_triangulated_noise(people):
    there = recording.from_arrays(of(people, FACING[0]), "x")
    sample = Sample(there, np.flatnonzero(there.rig_id == there.rig_id[0])[:1])
    camera = Camera(*(jnp.asarray(array, jnp.float32) for array in sample.cameras))
    point, exact = sample.points[0, :1], sample.seen_by_all[0][:, :, :1]
    noise = np.random.default_rng(0).normal(0, 0.5, (4000, *exact.shape[1:]))
    every = Camera(*(jnp.broadcast_to(array, (4000, *array.shape)) for array in camera))
    found = triangulate_robust(
        jnp.asarray(exact + noise, jnp.float32), jnp.ones((4000, 2, 1)), every
    )
    expected = position_covariance(
        jnp.asarray(point, jnp.float32), jnp.full((2, 1), 1 / 0.5**2), camera
    )
    measured = np.cov(np.asarray(found)[:, 0], rowvar=False)
    size = np.abs(np.asarray(expected[0])).max()
    np.testing.assert_allclose(measured / size, expected[0] / size, atol=0.06)


def test_covariance_is_unknown_where_one_view_sees_or_both_look_alike(people):
    there = recording.from_arrays(of(people, FACING[0]), "x")
    sample = Sample(there, np.arange(1))
    camera = Camera(*(jnp.asarray(array, jnp.float32) for array in sample.cameras))
    points = jnp.asarray(sample.points[0], jnp.float32)
    alone = jnp.ones((2, len(points))).at[1].set(0)
    assert bool(jnp.isnan(position_covariance(points, alone, camera)).all())
    same = Camera(*(jnp.stack([array[0]] * 2) for array in camera))
    assert bool(jnp.isnan(position_covariance(points, jnp.ones_like(alone), same)).all())


def test_the_usual_change_of_bones_is_what_sound_ones_have(people):
    for views in FACING:
        there = recording.from_arrays(of(people, views), "x")
        sample = Sample(there, np.flatnonzero(there.rig_id == there.rig_id[0]))
        subject = precision.Subject(sample.points, sample.covariance)
        expected = precision.expected_changes(there.skeleton, subject)
        a, b = np.array(there.skeleton.bones).T
        length = np.linalg.norm(sample.points[:, b] - sample.points[:, a], axis=-1)
        changes = np.nanmedian(np.abs(length - np.nanmedian(length, 0)), 0)
        assert 0.7 < changes.mean() / expected.mean() < 1.3
