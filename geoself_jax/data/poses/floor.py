"""Poses on their floor: the root's depth by the feet at rest, which then neither slide nor sink."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.data.poses.contact import (
    HEIGHT_ERROR,
    FootRays,
    contact_weight,
    foot_rays,
)
from geoself_jax.data.poses.filter_runs import at_rows, rows_with_joints
from geoself_jax.data.poses.foot_lock import (
    at_rest,
    blend,
    contact_runs,
    legs_of,
    move_foot,
)
from geoself_jax.data.poses.root_depth import smooth_depth
from geoself_jax.data.poses.sequence import CAMERA, EXPECTED_ERRORS, PoseSequence

AUTO, FEET = "auto", "feet"
PRIOR_ERROR = 0.03  # metres: by which `HEIGHTS` are wrong for a person, shoes and detector
DEPTH_ERROR = 0.04
"""Share of the depth by which a network's root is off for a whole video, unless said otherwise."""
ANOTHER_FLOOR = 0.25
"""Of the camera's height, between feet at rest and 0, from which the floor is not at 0."""
LOWEST_CAMERA = 0.2  # metres above the floor: lower ones do not see how far away it is
POSE_ERROR = 0.01  # of the depth: of a lifted foot relative to the root
FEWEST = 5  # frames with contact
CONTACT = 0.25  # weight from which a foot is called at rest


@dataclass(frozen=True)
class Floor:
    """Where the floor is.

    Attributes:
        height: Along up in the calibration's world, metres; None to find it.
        by_feet: Whether it is found by the lifted feet alone, wherever the world's origin is.
        depth_error: Share of the depth by which the network's root is off for a whole video. The
            smaller, the more its feet say how high ankles are at rest.
    """

    height: float | None = None
    by_feet: bool = False
    depth_error: float = DEPTH_ERROR


@dataclass(frozen=True)
class OnFloor:
    """Poses on the floor, and what was found. Frames T.

    Attributes:
        poses: The poses, with `contact`.
        height: Of the floor along up in the world, metres; NaN where no foot was seen at rest.
        by_feet: Whether that is by the lifted feet.
        ankle: Height that the lowest kind of foot joint is taken to have at rest, metres.
        frames: With contact.
        moved: Median of what the root moved by, metres.
        share: Median of that, of the root's distance from the camera.
    """

    poses: PoseSequence
    height: float
    by_feet: bool
    ankle: float
    frames: int
    moved: float
    share: float = 0.0


def parse_floor(text: str) -> Floor:
    """A floor from `auto`, `feet` or its height in metres, and `:0.02`, the depth's error.

    Raises:
        GeoselfError: Neither (64).
    """
    where, colon, share = text.partition(":")
    try:
        depth_error = float(share) if colon else DEPTH_ERROR
        height = None if where in (AUTO, FEET) else float(where)
    except ValueError:
        depth_error, height = np.nan, np.nan
    if not (1e-3 <= depth_error <= 1 and abs(height or 0.0) < 1e3):
        wanted = "wanted auto, feet or a height in metres"
        raise usage_error(
            f"--floor={text}", wanted, "e.g. auto, 0, or auto:0.02 (docs/cleaning.md)"
        )
    return Floor(height, where == FEET, depth_error)


def on_floor(poses: PoseSequence, floor: Floor) -> OnFloor:
    """Corrects the root's depth by feet at rest, and keeps these where they rest.

    A foot on the floor is on its viewing ray and on a known plane, which gives its depth. The whole
    body is scaled about the camera, so it stays where it is seen. Frames without contact get the
    depth between those with it. What each joint is expected to be off, where that is known, is
    scaled as the body is.

    Args:
        poses: Absolute, camera axes, with detections and a camera of known place.
        floor: Where it is.

    Raises:
        GeoselfError: Other poses; a skeleton without feet; a floor above the camera (65).
    """
    _check(poses)
    rows = rows_with_joints(poses)
    if len(rows) == poses.frames:
        return _on_floor(poses, floor)
    found = _on_floor(at_rows(poses, rows), floor)  # of thinned videos, by their own step
    return dataclasses.replace(found, poses=_back(poses, found.poses, rows))


def _on_floor(poses: PoseSequence, floor: Floor) -> OnFloor:
    feet = foot_rays(poses)
    found = _plane(poses, feet, floor)
    if found is None:
        return OnFloor(poses, np.nan, False, np.nan, 0, 0.0)
    camera_height, feet, by_feet = found
    weight = contact_weight(poses, feet, camera_height)
    root = poses.skeleton.root
    pose = poses.pose.astype(np.float64)
    above = camera_height - feet.height
    ratio = above / feet.slope / pose[:, feet.joints, 2]
    error = np.sqrt((feet.noise / feet.slope) ** 2 + (HEIGHT_ERROR / above) ** 2 + POSE_ERROR**2)
    factor, weight = smooth_depth(pose[:, root, 2], ratio, error, weight, poses.seconds)
    scaled = factor[:, None, None] * pose
    rests = weight > CONTACT
    if not rests.any():  # no observation agrees with that floor
        return OnFloor(poses, np.nan, False, np.nan, 0, 0.0)
    _keep_feet(poses, scaled, feet, camera_height, weight)
    contact = np.zeros(pose.shape[:2], bool)
    contact[:, feet.joints] = rests
    away = np.linalg.norm(scaled[:, root] - pose[:, root], axis=-1)
    off = {
        name: (factor.reshape(-1, *[1] * (old.ndim - 1)) * old).astype(old.dtype)
        for name in EXPECTED_ERRORS
        if (old := getattr(poses, name)) is not None
    }
    return OnFloor(
        poses.replace(pose=scaled.astype(np.float32), contact=contact, **off),
        height=_above_world(poses) - camera_height,
        by_feet=by_feet,
        ankle=float(feet.height.max()),
        frames=int(rests.any(1).sum()),
        moved=float(np.nanmedian(away)),
        share=float(np.nanmedian(away / np.linalg.norm(pose[:, root], axis=-1))),
    )


def _back(poses: PoseSequence, some: PoseSequence, rows: np.ndarray) -> PoseSequence:
    """The whole sequence with what was found of some of its frames; the others have no joint."""
    if some.contact is None:
        return poses
    contact = np.zeros(poses.pose.shape[:2], bool)
    contact[rows] = some.contact
    pose = poses.pose.astype(some.pose.dtype)
    pose[rows] = some.pose
    off = {k: x.copy() for k in EXPECTED_ERRORS if (x := getattr(poses, k)) is not None}
    for name, values in off.items():
        values[rows] = getattr(some, name)
    return poses.replace(pose=pose, contact=contact, **off)


def _check(poses: PoseSequence) -> None:
    camera = poses.camera
    if poses.axes != CAMERA or poses.root_relative:
        wanted = "the floor wants absolute poses in camera axes"
        raise data_error(f"{poses.name}: {poses.axes} axes", wanted, "give what lift_video returns")
    if camera is None or camera.R is None or camera.center is None:
        raise data_error(
            f"{poses.name}: where its camera stands is not known",
            "the floor needs its rotation and height",
            "give a calibration with extrinsics",
        )


def _above_world(poses: PoseSequence) -> float:
    """Height of the camera above the world's origin, along up."""
    assert poses.camera is not None and poses.camera.R is not None
    return float(poses.up @ poses.camera.R @ poses.camera.center)


def _plane(
    poses: PoseSequence, feet: FootRays, floor: Floor
) -> tuple[float, FootRays, bool] | None:
    """The camera's height above the floor, feet with their heights, whether it is by the feet."""
    lifted = -(poses.pose[:, feet.joints].astype(np.float64) @ poses.up)  # below the camera
    below = np.where(np.isfinite(feet.slope), lifted + feet.height, np.nan)
    lowest = below[np.isfinite(below).any(1)]
    if len(lowest) < FEWEST:
        return None
    rough = float(np.median(np.nanmax(lowest, 1)))
    given = _above_world(poses) - (floor.height or 0.0)
    if floor.height is not None and given < LOWEST_CAMERA:
        camera = f"camera {poses.camera.name}" if poses.camera else "the camera"
        raise data_error(
            f"--floor={floor.height:g}: {camera} is {given:.2f} m above that floor",
            f"feet are seen from at least {LOWEST_CAMERA:g} m",
            "give the floor's height in the calibration's world, metres along up, or feet",
        )
    by_feet = floor.by_feet or given < LOWEST_CAMERA
    for _ in range(2):
        rests = contact_weight(poses, feet, rough if by_feet else given) > CONTACT
        if rests.any(1).sum() < FEWEST:
            return None
        rough = float(np.median(below[rests]))
        if floor.height is None and abs(given - rough) > ANOTHER_FLOOR * given:
            by_feet = True
    if by_feet:
        return rough, feet, True
    return given, _with_heights(feet, given, rough, floor.depth_error), False


def _with_heights(
    feet: FootRays, camera_height: float, rough: float, depth_error: float
) -> FootRays:
    """The feet with the heights that `HEIGHTS` and the network's own feet at rest agree on."""
    measured = (depth_error * camera_height) ** -2
    share = measured / (measured + PRIOR_ERROR**-2)
    height = np.maximum(feet.height + share * (camera_height - rough), 0.0)
    return FootRays(feet.joints, height, feet.rays, feet.noise, feet.slope)


def _keep_feet(
    poses: PoseSequence,
    pose: np.ndarray,
    feet: FootRays,
    camera_height: float,
    weight: np.ndarray,
) -> None:
    """Keeps each ankle in its place while it rests, and above the floor, in place."""
    seconds = poses.seconds
    columns = {int(joint): column for column, joint in enumerate(feet.joints)}
    for leg in legs_of(poses.skeleton):
        column = columns[leg[2]]
        floor = feet.height[column] - camera_height  # of the ankle, along up
        points = (-floor / feet.slope[:, column])[:, None] * feet.rays[:, column]
        shift = np.zeros((len(pose), 3))
        locked: np.ndarray = np.zeros(len(pose), bool)
        for run in contact_runs(weight[:, column] > CONTACT, seconds):
            w = weight[run, column]
            depth = np.nanmedian(points[run, 2])
            slope = np.nanmedian(feet.slope[run, column])
            noise = float(feet.noise[column] * depth / max(slope, 0.1))
            shift[run] = at_rest(points[run], w, noise) - pose[run, leg[2]]
            locked[run] = True
        locked &= np.isfinite(shift).all(-1)
        shift = blend(np.where(locked[:, None], shift, 0.0), locked, seconds)
        sunk = floor - (pose[:, leg[2]] + shift) @ poses.up
        shift += np.where(sunk > 0, sunk, 0.0)[:, None] * poses.up
        move_foot(pose, leg, np.nan_to_num(shift))
