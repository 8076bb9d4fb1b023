"""Cameras of one rig from the joints that they see."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate import decide
from geoself_jax.calibrate.bundle import Free, Solution
from geoself_jax.calibrate.camera_jacobian import squared_errors
from geoself_jax.calibrate.footage import blocks_of
from geoself_jax.calibrate.plausible import check_in_front
from geoself_jax.calibrate.solve import pairs_of, settled, starts
from geoself_jax.calibrate.uncertainty import CameraError, expected_errors, expected_focal
from geoself_jax.calibrate.views import Pose, Views

PAIRS = 1500
"""Frames from which relative poses come."""

_WINDOWS = 30  # parts of these that count as one block


class Footage(NamedTuple):
    """Where frames are from, to know which are alike.

    Attributes:
        clip_id, frame_id: (F,).
        fps: Frames per second.
    """

    clip_id: np.ndarray
    frame_id: np.ndarray
    fps: float


class FoundRig(NamedTuple):
    """Cameras that the joints gave.

    Attributes:
        solution: Cameras and joints; the first camera at the origin, in an unknown unit.
        points: (F, J, 3) its joints, NaN where fewer than two views saw one.
        scale: (J,) px of a joint's usual error.
        error: Expected errors of the cameras.
        residual_px: (V,) median distance of detections.
        block: (F,) which footage is alike.
    """

    solution: Solution
    points: np.ndarray
    scale: np.ndarray
    error: CameraError
    residual_px: np.ndarray
    block: np.ndarray


def find_rig(
    views: Views,
    footage: Footage,
    ends: np.ndarray,
    names: Sequence[str],
    *,
    focal: bool = False,
    seed: int = 0,
) -> FoundRig:
    """Finds the cameras.

    Args:
        views: Detections.
        footage: Where its frames are from.
        ends: (B, 2) bones of constant length; none where empty.
        names: Of the cameras.
        focal: Whether focal lengths are found, too.
        seed: Of what is drawn.

    Raises:
        GeoselfError: They are not to be believed (65).
    """
    rng = np.random.default_rng(seed)
    few = views.frames(spread(len(views.rays), PAIRS))
    pairs = pairs_of(few, rng)
    decide.check_connected(few, pairs, names)
    found = starts(few, pairs, rng, ends)
    decide.check_starts(found, pairs, names)
    check_in_front(few, found[0].solution.pose)
    if not focal:
        prove_focal(few, found[0].solution.pose, ends, names)
    free = Free.all_but_first(views.views, focal=focal)
    solution, scale = settled(views, found[0].solution.pose, ends, free=free)
    result = described(views, footage, solution, scale, free)
    if focal:
        few = few.with_focal(solution.pose.log_focal)
        pairs = pairs_of(few, rng)
    decide.check_result(few, solution, scale, result.error, pairs, names)
    return result


def prove_focal(few: Views, pose: Pose, ends: np.ndarray, names: Sequence[str]) -> None:
    """Refuses focal lengths that the joints contradict; parts of the frames stand for blocks.

    Args:
        few: Detections.
        pose: Cameras, by the given focal lengths.
        ends, names: As of `find_rig`.

    Raises:
        GeoselfError: One is clearly another (65).
    """
    free = Free.all_but_first(few.views, focal=True)
    solution, scale = settled(few, pose, ends, free=free)
    if not decide.fits(few, scale):
        return  # other faults are named by what they do
    windows = few._replace(block=np.arange(len(few.rays)) * _WINDOWS // len(few.rays))
    decide.check_focal(solution.pose, expected_focal(windows, solution, scale, free), names)


def described(
    views: Views, footage: Footage, solution: Solution, scale: np.ndarray, free: Free
) -> FoundRig:
    """What is known of an adjusted rig.

    Args:
        views, footage: As of `find_rig`.
        solution, scale: Of `solve.settled`.
        free: What was free.
    """
    known = (views.weight > 0).sum(1) >= 2
    points = np.where(known[..., None], solution.points, np.nan)
    block = blocks_of(points, footage.clip_id, footage.frame_id, footage.fps)
    error = expected_errors(views._replace(block=block), solution, scale, free)
    return FoundRig(solution, points, scale, error, residuals(views, solution), block)


def residuals(views: Views, solution: Solution) -> np.ndarray:
    """(V,) median px between detections and joints that two views or more saw."""
    square = squared_errors(views, solution.pose, solution.points)
    known = (views.weight > 0) & ((views.weight > 0).sum(1, keepdims=True) >= 2)
    px = [np.sqrt(square[:, v][known[:, v]]) for v in range(views.views)]
    return np.array([np.median(one) if len(one) else np.nan for one in px])


def spread(frames: int, most: int) -> np.ndarray:
    """Numbers of up to `most` frames, evenly over all."""
    return np.unique(np.linspace(0, frames - 1, min(most, frames)).astype(int))
