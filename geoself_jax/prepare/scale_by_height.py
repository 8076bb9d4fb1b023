"""The unit of a rig from a person of known height, where neither file nor user says it.

Legs are measured, not the whole body, whose top no detector marks: thigh and shank are 0.245 and
0.246 of the height (Drillis and Contini 1966, in Winter, Biomechanics and Motor Control of Human
Movement). One person is some per cent off that, and so is the scale.
"""

import dataclasses
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.data.recording import HostCamera
from geoself_jax.geometry.camera import Camera
from geoself_jax.geometry.lenses import undistort_pixels
from geoself_jax.geometry.triangulation import triangulate_dlt
from geoself_jax.prepare.calibrations.units_and_axes import BODY
from geoself_jax.prepare.clip import Clip, Reading
from geoself_jax.prepare.rig_options import RigOptions

LEG = 0.491
"""Hip to ankle, along thigh and shank, of the height."""

HEIGHTS = 0.3, 2.6
"""Metres of a person, children too."""

MOST = 2000
"""Most frames of a clip that are measured."""

_FEWEST = 20  # thighs and shanks, each
_BONES = (("hip", "knee"), ("knee", "ankle"))


def measured(own: RigOptions) -> RigOptions:
    """The options with which a rig of unknown unit is read.

    Who is who is followed in metres, so that only a way to choose without them is left.

    Raises:
        GeoselfError: A unit is given, or people are to be followed (64).
    """
    if own.unit is not None:
        raise usage_error("--height", f"--unit={own.unit} says the unit", "leave out one of them")
    if own.person.startswith("consistent"):
        raise usage_error(
            f"--height with --person={own.person}",
            "people are followed in metres, which are not known yet",
            "give the calibration's --unit, or --person=largest or track:NAME",
        )
    person = "only" if own.person == "auto" else own.person
    return dataclasses.replace(own, unit=BODY, person=person)


def scaled(reading: Reading, height: float, notice: Callable[[str], None]) -> Reading:
    """The clips with their rigs in metres.

    Args:
        reading: Clips whose rigs are in an unknown unit.
        height: Of the one person in them, metres.
        notice: Receives a line with the unit of each rig.

    Raises:
        GeoselfError: No person's height (64); several subjects, no legs, or too few seen (65).
    """
    if not HEIGHTS[0] <= height <= HEIGHTS[1]:
        raise usage_error(
            f"--height={height:g}", f"metres of a person, {HEIGHTS[0]} to {HEIGHTS[1]}", "fix it"
        )
    return Reading(reading.total, _scaled(reading.clips, height, notice))


def _scaled(clips: Iterator[Clip], height: float, notice: Callable[[str], None]) -> Iterator[Clip]:
    """Equal rigs get one unit, from their first clip."""
    units: dict[bytes, float] = {}
    subject = None
    for clip in clips:
        subject = subject or clip.subject
        if clip.subject != subject:
            raise data_error(
                f"--height={height:g}: subjects {subject} and {clip.subject}",
                "it is one person's",
                "prepare each of them alone, or give the calibration's --unit",
            )
        key = clip.rig.center.tobytes()
        if key not in units:
            units[key] = unit_of(clip, height)
            notice(
                f"{clip.name}: the unit of rig {clip.rig.name} is {units[key]:.4g} m, by legs of "
                f"{LEG} of {height:g} m; some per cent off: if it is a usual one, give --unit"
            )
        rig = dataclasses.replace(clip.rig, center=clip.rig.center * units[key])
        yield dataclasses.replace(clip, rig=rig)


def unit_of(clip: Clip, height: float) -> float:
    """Metres of the rig's unit, by the person's legs.

    Args:
        clip: Its rig's centres in the unknown unit.
        height: Metres.

    Raises:
        GeoselfError: The skeleton has no legs, or they are seen too seldom (65).
    """
    every = np.unique(np.linspace(0, len(clip.keypoints_2d) - 1, MOST).astype(int))
    bones = _leg_bones(clip.skeleton)
    joints = sorted({joint for bone in bones for pair in bone for joint in pair})
    points = np.full((len(every), clip.skeleton.joints, 3), np.nan)
    points[:, joints] = triangulated(clip, every, joints)
    leg = 0.0
    for bone in bones:
        pairs = np.array(bone)
        lengths = np.linalg.norm(points[:, pairs[:, 0]] - points[:, pairs[:, 1]], axis=-1)
        lengths = lengths[np.isfinite(lengths)]
        if len(lengths) < _FEWEST:
            raise data_error(
                f"{clip.name}: a leg's bone is seen by two cameras {len(lengths)} times",
                f"{_FEWEST} are wanted to measure it",
                "give the calibration's --unit in place of --height",
            )
        leg += float(np.median(lengths))
    return LEG * height / leg


def _leg_bones(skeleton: Skeleton) -> list[list[tuple[int, int]]]:
    """Thighs, and shanks, as pairs of joints."""
    names = [normalized(name) for name in skeleton.joint_names]
    bones = []
    for bone in _BONES:
        pairs = [[f"{side}{joint}" for joint in bone] for side in ("left", "right")]
        found = [pair for pair in pairs if set(pair) <= set(names)]
        bones.append([(names.index(upper), names.index(lower)) for upper, lower in found])
    if not all(bones):
        raise data_error(
            f"--height: the skeleton has {', '.join(skeleton.joint_names[:8])} ...",
            "hips, knees and ankles of a person are measured",
            "give the calibration's --unit",
        )
    return bones


def triangulated(clip: Clip, frames: np.ndarray, joints: list[int]) -> np.ndarray:
    """Weighted linear triangulation.

    Args:
        clip: Its detections and rig; V views.
        frames: (T,) which.
        joints: J of them.

    Returns:
        (T, J, 3) in the rig's world and unit; NaN where under two cameras see the joint.
    """
    rig = clip.rig
    origin = rig.center.mean(0)
    size = max(float(np.abs(rig.center - origin).max()), 1e-12)  # so that no unit matters
    detected = clip.keypoints_2d[frames][:, :, joints]
    plain = [
        undistort_pixels(detected[:, view], rig.K[view], rig.lenses[view])
        for view in range(rig.views)
    ]
    weight = clip.confidence[frames][:, :, joints] ** 2
    camera = HostCamera(rig.K, rig.R, (rig.center - origin) / size).on_device()
    point = jax.jit(triangulate_dlt)(
        jnp.asarray(np.stack(plain, 1), jnp.float32),
        jnp.asarray(weight, jnp.float32),
        Camera(*(jnp.broadcast_to(a, (len(frames), *a.shape)) for a in camera)),
    )
    return np.asarray(point, np.float64) * size + origin
