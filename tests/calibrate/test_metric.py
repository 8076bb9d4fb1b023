"""The unit of length, the vertical, and the world's axes."""

import numpy as np
import pytest
from joint_rays import ring
from tiny import JOINT_NAMES, LEFT_RIGHT, PARENTS, make_arrays

from geoself_jax.calibrate.metric import (
    KINDS,
    Scale,
    check_size,
    metres_of_unit,
    parse_scale,
    upright,
)
from geoself_jax.calibrate.views import rotation
from geoself_jax.calibrate.world import in_world
from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.length_unit import PERSON, body_spread

ARRAYS = make_arrays()
PERSON_POINTS = ARRAYS["pose_world"][ARRAYS["subject_id"] == 1].astype(np.float64)
CLIP = ARRAYS["clip_id"][ARRAYS["subject_id"] == 1]
SKELETON = Skeleton(tuple(JOINT_NAMES), PARENTS, LEFT_RIGHT, 0)
FLY = Skeleton(("head", "thorax", "tip"), (-1, 0, 1), (), 0)
POSE, NAMES = ring(3), ("left", "middle", "right")
UNIT = 0.37
"""Metres that are one unit of the cameras here."""


def metres(text, points=PERSON_POINTS, skeleton=SKELETON):
    scale = parse_scale(text)
    return metres_of_unit(scale, POSE.center / UNIT, NAMES, points / UNIT, skeleton)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("baseline:left,right=2.85", Scale("baseline", ("left", "right"), 2.85)),
        ("baseline:left, right=2.85", Scale("baseline", ("left", "right"), 2.85)),
        ("height=1.78", Scale("height", (), 1.78)),
        ("bone:left_hip,left_knee=0.42", Scale("bone", ("left_hip", "left_knee"), 0.42)),
        ("none", Scale("none", (), 0)),
    ],
)
def test_a_scale_is_read(text, wanted):
    assert parse_scale(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "1.78", "height", "height=", "height=tall", "height=-1", "height=0", "height=nan",
     "height=inf", "height=1,78", "heigth=1.78", "baseline=2", "baseline:left=2", "bone:a,b,c=1",
     "height:left=1.7", "none=1", "baseline:left,right=1e9"],
)  # fmt: skip
def test_what_is_no_scale_is_refused_with_what_is(text):
    with pytest.raises(GeoselfError) as error:
        parse_scale(text)
    assert error.value.code == USAGE and KINDS in str(error.value)


@pytest.mark.parametrize("text", ["height=178", "bone:left_hip,left_knee=42", "height=0.0178"])
def test_a_length_in_another_unit_is_refused(text):
    points = PERSON_POINTS * metres(text) / UNIT
    with pytest.raises(GeoselfError, match=r"--scale: by .* the body measures .*metres") as error:
        check_size(parse_scale(text), points, SKELETON)
    assert error.value.code == DATA


def test_a_good_length_and_a_body_of_unknown_size_pass():
    check_size(parse_scale("height=1.75"), PERSON_POINTS, SKELETON)
    check_size(parse_scale("bone:head,thorax=0.001"), PERSON_POINTS[:, :3] / 1000, FLY)


def test_one_joint_has_no_size_to_assume():
    with pytest.raises(GeoselfError, match="--scale=none - it is not seen, or its ends are one"):
        metres("none", PERSON_POINTS[:, :1])


def test_a_baseline_is_exact():
    length = np.linalg.norm(POSE.center[0] - POSE.center[2])
    assert metres(f"baseline:left,right={length}") == pytest.approx(UNIT)


def test_a_bone_is_exact():
    assert metres("bone:left_knee,left_ankle=0.44") == pytest.approx(UNIT, rel=1e-5)


def test_a_height_is_that_of_a_person_with_such_legs():
    assert metres("height=1.75") == pytest.approx(UNIT * 1.75 / (0.88 / 0.491), rel=1e-5)


def test_without_a_length_a_person_has_a_persons_size():
    unit = metres("none")
    assert body_spread(PERSON_POINTS / UNIT) * unit == pytest.approx(PERSON)
    assert 0.8 < unit / UNIT < 1.25


def test_joints_that_are_missing_are_left_out():
    points = PERSON_POINTS.copy()
    points[::2, JOINT_NAMES.index("left_knee")] = np.nan
    assert metres("bone:left_knee,left_ankle=0.44", points) == pytest.approx(UNIT, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("baseline:left,rihgt=2", "camera 'rihgt' - there is none - did you mean 'right'?"),
        ("bone:left_hip,left_kne=0.4", "joint 'left_kne' - there is none - did you mean 'left_kn"),
        ("baseline:left,left=2", "its ends are one"),
        ("bone:left_hip,left_hip=2", "its ends are one"),
    ],
)  # fmt: skip
def test_names_that_are_not_there_are_refused_with_the_nearest(text, said):
    with pytest.raises(GeoselfError) as error:
        metres(text)
    assert error.value.code == DATA and said in str(error.value)


def test_a_length_that_is_seldom_seen_is_refused():
    points = np.full_like(PERSON_POINTS, np.nan)
    points[:14] = PERSON_POINTS[:14]
    for text in ("bone:left_knee,left_ankle=0.44", "height=1.7"):
        with pytest.raises(GeoselfError, match="not seen"):
            metres(text, points)


def test_the_height_of_a_fly_is_refused():
    with pytest.raises(GeoselfError, match=r"hips, knees and ankles.*--scale=bone") as error:
        metres("height=1.7", PERSON_POINTS[:, :3], FLY)
    assert error.value.code == DATA


TURN = rotation(np.array([0.4, -0.9, 0.3]))


def test_up_is_from_feet_to_head_of_people_who_stand():
    found = upright(PERSON_POINTS @ TURN.T, SKELETON, CLIP)
    assert np.degrees(np.arccos(found.up @ TURN[:, 2])) < 15
    assert found.frames <= len(PERSON_POINTS)
    assert 0 < found.degrees < 15
    assert np.linalg.norm(found.up) == pytest.approx(1)


def test_frames_in_which_somebody_crouches_or_lies_are_left_out():
    points = PERSON_POINTS.copy()
    points[:40] = points[:40] @ rotation(np.array([np.pi / 2, 0, 0])).T * 0.6
    found, every = upright(points, SKELETON, CLIP), upright(PERSON_POINTS, SKELETON, CLIP)
    assert found.frames <= every.frames - 30
    assert np.degrees(np.arccos(found.up[2])) < 15


def test_a_tenth_of_the_people_upside_down_hardly_tilts_it():
    points = PERSON_POINTS.copy()
    points[::10] = points[::10] @ rotation(np.array([np.pi / 2, 0, 0])).T
    assert np.degrees(np.arccos(upright(points, SKELETON, CLIP).up[2])) < 15


def test_up_is_unknown_of_joints_without_head_or_feet_or_of_few_frames():
    assert upright(PERSON_POINTS[:, :3], FLY, CLIP) is None
    assert upright(PERSON_POINTS[:20], SKELETON, CLIP[:20]) is None
    nobody = np.full_like(PERSON_POINTS, np.nan)
    assert upright(nobody, SKELETON, CLIP) is None


def test_the_world_has_z_up_and_its_origin_below_the_people():
    rng = np.random.default_rng(0)
    turned = PERSON_POINTS @ TURN.T / UNIT + rng.normal(0, 9, 3)
    shift = turned[0, 0] - PERSON_POINTS[0, 0] @ TURN.T / UNIT
    pose = POSE._replace(R=POSE.R @ TURN.T, center=POSE.center @ TURN.T / UNIT + shift)
    R, center, points = in_world(pose, turned, UNIT, TURN[:, 2])
    low = PERSON_POINTS[..., 2] - np.percentile(PERSON_POINTS[..., 2], 2)
    np.testing.assert_allclose(points[..., 2], low, atol=1e-6)
    assert np.abs(np.median(points.reshape(-1, 3), 0)[:2]).max() < 0.1
    np.testing.assert_allclose(R @ np.swapaxes(R, 1, 2), np.tile(np.eye(3), (3, 1, 1)), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1)
    assert R[0, 2, 1] == pytest.approx(0) and R[0, 2, 0] > 0  # x: along the first camera's view
    before = np.einsum("vab,fjvb->fjva", pose.R, turned[:, :, None] - pose.center) * UNIT
    after = np.einsum("vab,fjvb->fjva", R, points[:, :, None] - center)
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_a_first_camera_that_looks_down_leaves_axes_that_are_at_right_angles():
    pose = POSE._replace(R=POSE.R.copy())
    pose.R[0] = np.diag([1.0, -1, -1])
    R, _, _ = in_world(pose, PERSON_POINTS, 1.0, np.array([0, 0, 1.0]))
    np.testing.assert_allclose(R[0] @ R[0].T, np.eye(3), atol=1e-12)


def test_without_a_vertical_the_world_is_the_first_camera():
    R, center, points = in_world(POSE, PERSON_POINTS, 2.0, None)
    np.testing.assert_allclose(R[0], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(center[0], 0, atol=1e-12)
    seen = (PERSON_POINTS - POSE.center[1]) @ POSE.R[1].T * 2
    np.testing.assert_allclose((points - center[1]) @ R[1].T, seen, atol=1e-9)
