"""A rig of unknown unit is scaled by the legs of a person whose height is known."""

import dataclasses

import numpy as np
import pytest
from calibration_files import known_rig
from tiny import make_arrays

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.rig import rig_from_opencv
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.geometry.lenses import Lens, distort_pixels
from geoself_jax.prepare.calibrations.units_and_axes import BODY
from geoself_jax.prepare.clip import Clip, Reading
from geoself_jax.prepare.rig_options import RigOptions
from geoself_jax.prepare.scale_by_height import measured, scaled, triangulated, unit_of

H36M = KNOWN_SKELETONS["h36m_17"]


def filmed(unit=1.0, noise=0.0, name="walk", subject="anna"):
    """A clip of the tiny recording's person, its rig in a unit of N metres, and their height."""
    known = known_rig()
    pose = make_arrays()["pose_world"][:120].astype(float)
    lenses = [Lens(tuple(row)) for row in known.dist]
    rig = rig_from_opencv(
        *("lab", known.names, known.K, lenses, known.R, known.t(unit), [known.size] * 4),
        metres=1.0,
        world_up=[0, 0, 1],
    )
    pixels = np.empty((len(pose), 4, 17, 2))
    for view in range(4):
        local = (pose - known.center[view]) @ known.R[view].T @ known.K[view].T
        plain = local[..., :2] / local[..., 2:]
        pixels[:, view] = distort_pixels(plain, known.K[view], lenses[view])
    pixels += np.random.default_rng(0).normal(0, noise, pixels.shape)
    confidence = np.ones(pixels.shape[:-1], np.float32)
    frames = np.arange(len(pose), dtype=np.int32)
    clip = Clip(name, "a", subject, rig, H36M, 50.0, pixels, confidence, frames)
    names = list(H36M.joint_names)
    hip, knee, ankle = (
        pose[:, [names.index(f"{side}_{joint}") for side in ("left", "right")]]
        for joint in ("hip", "knee", "ankle")
    )
    leg = sum(np.median(np.linalg.norm(a - b, axis=-1)) for a, b in ((hip, knee), (knee, ankle)))
    return clip, pose, leg / (0.245 + 0.246)  # thigh and shank by Winter


@pytest.mark.parametrize("unit", [1.0, 0.01, 0.001, 0.125])
def test_any_unit_is_found_from_the_height(unit):
    clip, pose, height = filmed(unit)
    np.testing.assert_allclose(unit_of(clip, height), unit, rtol=1e-6)
    points = triangulated(clip, np.arange(len(pose)), list(range(17)))
    np.testing.assert_allclose(points * unit, pose, atol=1e-5)


def test_detections_that_are_pixels_off_cost_few_per_cent():
    clip, _, height = filmed(0.001, noise=3.0)
    np.testing.assert_allclose(unit_of(clip, height), 0.001, rtol=0.03)


def test_missing_joints_are_not_measured():
    clip, pose, height = filmed(0.001)
    clip.confidence[:60, 1:] = 0
    clip.keypoints_2d[:60, 1:] = np.nan
    points = triangulated(clip, np.arange(len(pose)), [0])
    assert np.isnan(points[:60]).all() and np.isfinite(points[60:]).all()
    # The legs of the tiny walker change their length.
    np.testing.assert_allclose(unit_of(clip, height), 0.001, rtol=0.1)
    clip.confidence[10:, 1:] = 0
    with pytest.raises(GeoselfError, match=r"seen by two cameras 0 times .* --unit") as caught:
        unit_of(clip, height)
    assert caught.value.code == DATA


def test_clips_of_a_rig_share_its_unit_which_is_printed():
    clip, _, height = filmed(0.001)
    other, _, _ = filmed(0.001, noise=3.0, name="run")
    notices = []
    done = list(scaled(Reading(2, iter([clip, other])), height, notices.append).clips)
    for one in done:
        np.testing.assert_allclose(one.rig.center, known_rig().center, rtol=1e-5)
    assert len(notices) == 1 and "unit of rig lab is 0.001 m, by legs" in notices[0]


def test_one_height_is_not_two_peoples():
    clip, _, height = filmed(0.001)
    both = iter([clip, dataclasses.replace(clip, subject="bela")])
    with pytest.raises(GeoselfError, match="subjects anna and bela - it is one person's"):
        list(scaled(Reading(2, both), height, print).clips)


@pytest.mark.parametrize("height", [0.0, 175.0, float("nan")])
def test_a_height_in_another_unit_is_refused(height):
    with pytest.raises(GeoselfError, match="metres of a person") as caught:
        scaled(Reading(0, iter([])), height, print)
    assert caught.value.code == USAGE


def test_a_skeleton_without_legs_is_refused():
    clip, _, height = filmed()
    names = tuple(f"joint{n}" for n in range(17))
    clip = dataclasses.replace(clip, skeleton=dataclasses.replace(H36M, joint_names=names))
    with pytest.raises(GeoselfError, match=r"hips, knees and ankles .* --unit"):
        unit_of(clip, height)


def test_people_are_not_followed_while_metres_are_unknown():
    assert measured(RigOptions()).person == "only" and measured(RigOptions()).unit == BODY
    assert measured(RigOptions(person="largest")).person == "largest"
    for wrong in (RigOptions(unit="m"), RigOptions(person="consistent:1")):
        with pytest.raises(GeoselfError) as caught:
            measured(wrong)
        assert caught.value.code == USAGE
