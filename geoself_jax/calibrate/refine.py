"""Repairs a calibration: which cameras were knocked, and where they are now.

All cameras are adjusted; those that stand to each other as before are taken as unmoved, and the
others are adjusted again with these held.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate import decide
from geoself_jax.calibrate.bundle import Free, Solution
from geoself_jax.calibrate.camera_jacobian import squared_errors
from geoself_jax.calibrate.points import nearest_points
from geoself_jax.calibrate.rig import PAIRS, Footage, described, prove_focal, spread
from geoself_jax.calibrate.solve import settled
from geoself_jax.calibrate.uncertainty import CameraError
from geoself_jax.calibrate.views import Pose, Views, angle_between
from geoself_jax.core.errors import data_error

_SIGMAS = 3.0
_LEAST_DEGREES, _LEAST_SHARE = 0.1, 0.004  # of the rig's reach: less is no move


class Refined(NamedTuple):
    """What became of a calibration.

    Attributes:
        pose: Cameras in the given frame and unit; unmoved ones as they were.
        solution: The last adjustment.
        scale: (J,) px.
        moved: (V,) whether each was moved.
        degrees, distance: (V,) by how much.
        error: Expected errors.
        before_px, after_px: (V,) median distance of detections from the joints of all views.
    """

    pose: Pose
    solution: Solution
    scale: np.ndarray
    moved: np.ndarray
    degrees: np.ndarray
    distance: np.ndarray
    error: CameraError
    before_px: np.ndarray
    after_px: np.ndarray


def refine(
    views: Views, given: Pose, ends: np.ndarray, footage: Footage, names: Sequence[str]
) -> Refined | None:
    """Returns the repaired cameras; None where it is not known which stand as before.

    Args:
        views: Detections.
        given: The calibration.
        ends: (B, 2) bones.
        footage: Where the frames are from.
        names: Of the cameras.

    Raises:
        GeoselfError: The joints leave a camera open, or contradict the intrinsics (65).
    """
    count = views.views
    if not _reach(given) > 0:
        raise data_error("all cameras stand in one place", "nothing to repair", "calibrate again")
    before = _residual(views, given)
    px = max(8.0, float(np.nanmedian(before)))
    every = Free.all_but_first(count)
    solution, scale = settled(views, given, ends, free=every, first_px=px, rounds=3)
    error = described(views, footage, solution, scale, every).error
    decide.check_known(views, scale, error, names)
    kept = unmoved(solution.pose, given, error)
    if kept is None or len(kept) < count:
        prove_focal(views.frames(spread(len(views.rays), PAIRS)), solution.pose, ends, names)
    if kept is None:
        return None
    pose = given
    if len(kept) < count:
        free = Free(~np.isin(np.arange(count), kept), np.zeros(count, bool))
        start = _aligned(solution.pose, given, kept)
        start.R[kept], start.center[kept] = given.R[kept], given.center[kept]
        solution, scale = settled(views, start, ends, free=free, first_px=px, rounds=3)
        pose = solution.pose
    moved = ~np.isin(np.arange(count), kept)
    degrees = angle_between(pose.R, given.R)
    distance = np.linalg.norm(pose.center - given.center, axis=1)
    after = _residual(views, pose)
    return Refined(pose, solution, scale, moved, degrees, distance, error, before, after)


def unmoved(pose: Pose, given: Pose, error: CameraError) -> list[int] | None:
    """The largest set of cameras, two at least, that stand to each other as they did.

    None without one, or where others that are as many, none of them in it, do so, too.
    """
    count, reach = len(pose.R), _reach(given)
    for size in range(count, 1, -1):
        fitting = []
        for some in itertools.combinations(range(count), size):
            kept = list(some)
            there = _aligned(pose, given, kept)
            unit = reach / _reach(pose)
            turned = angle_between(there.R[kept], given.R[kept])
            apart = np.linalg.norm(there.center[kept] - given.center[kept], axis=1)
            most = np.maximum(_SIGMAS * error.degrees[kept], _LEAST_DEGREES)
            far = np.maximum(_SIGMAS * error.center[kept] * unit, _LEAST_SHARE * reach)
            if np.all(turned <= most) and np.all(apart <= far):
                fitting.append((float(np.sum((turned / most) ** 2 + (apart / far) ** 2)), kept))
        if fitting:
            best = min(fitting)[1]
            rival = any(not set(best) & set(kept) for _, kept in fitting)
            return None if rival else best
    return None


def _aligned(pose: Pose, given: Pose, kept: list[int]) -> Pose:
    """The cameras in the given frame: turned, moved and scaled by those that are kept."""
    U, _, Vt = np.linalg.svd(np.einsum("vji,vjk->ik", given.R[kept], pose.R[kept]))
    turn = U @ np.diag([1, 1, np.linalg.det(U @ Vt)]) @ Vt
    center = pose.center @ turn.T
    middle, aim = center[kept].mean(0), given.center[kept].mean(0)
    own, there = center[kept] - middle, given.center[kept] - aim
    unit = np.sum(own * there) / max(np.sum(own**2), 1e-300)
    if not unit > 0:
        unit = _reach(given) / _reach(pose)
    return Pose(pose.R @ turn.T, (center - middle) * unit + aim, pose.log_focal)


def _reach(pose: Pose) -> float:
    return float(np.linalg.norm(pose.center - pose.center.mean(0), axis=1).mean())


def _residual(views: Views, pose: Pose) -> np.ndarray:
    """(V,) median px of detections from joints triangulated from all views."""
    points = nearest_points(views, pose)
    square = squared_errors(views, pose, points)
    known = (views.weight > 0) & ((views.weight > 0).sum(1, keepdims=True) >= 2)
    return np.array(
        [float(np.sqrt(np.median(square[:, v][known[:, v]]))) for v in range(views.views)]
    )
