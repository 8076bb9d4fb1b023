"""Finds the cameras from all starts that the pairs of views give."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from geoself_jax.calibrate.bundle import Free, Solution, adjust
from geoself_jax.calibrate.camera_jacobian import squared_errors
from geoself_jax.calibrate.constant_bones import Bones
from geoself_jax.calibrate.points import nearest_points
from geoself_jax.calibrate.two_view import Relative, relative_poses, sampson
from geoself_jax.calibrate.views import Pose, Views

_FEW = 250  # frames from which starts are adjusted
_CANDIDATES = 2  # of each pair
_PX, _START_PX = 8.0, 15.0  # on an epipolar line; inlier of a third camera
_ROUNDS = 3
_LEAST_PX = 0.3
_SAME_DEGREES = 0.5
SPREAD = 0.04
"""Share by which a bone between detected joints varies."""


class Start(NamedTuple):
    """A rig from one pair of views.

    Attributes:
        pair: Views it began with.
        solution: On the few frames.
        scale: (J,) px.
        score: Mean of Cauchy's function at 4 px; less is better.
    """

    pair: tuple[int, int]
    solution: Solution
    scale: np.ndarray
    score: float


def starts(
    views: Views,
    pairs: dict[tuple[int, int], list[Relative]],
    rng: np.random.Generator,
    ends: np.ndarray,
) -> list[Start]:
    """Adjusted rigs from each pair's candidates, best first; on a few frames."""
    few = views.frames(np.sort(rng.permutation(len(views.rays))[:_FEW]))
    few = few._replace(subject=np.unique(few.subject, return_inverse=True)[1])
    found = []
    for pair, candidates in pairs.items():
        for one in candidates[:_CANDIDATES]:
            pose = _whole_rig(few, pair, one)
            if pose is not None:
                solution, scale = settled(few, pose, ends, rounds=_ROUNDS, steps=10)
                found.append(Start(pair, solution, scale, _score(few, solution)))
    return sorted(found, key=lambda start: start.score)


def settled(
    views: Views,
    pose: Pose,
    ends: np.ndarray,
    *,
    rounds: int = 2,
    steps: int = 15,
    free: Free | None = None,
    spread: float = SPREAD,
    first_px: float = 8.0,
) -> tuple[Solution, np.ndarray]:
    """Adjusts, with each joint's scale and the bones' lengths estimated again in between."""
    points = nearest_points(views, pose)
    scale = np.full(points.shape[1], first_px)
    solution = Solution(pose, points, None, 0.0)
    for k in range(rounds):
        if len(ends) and spread and k:
            solution = solution._replace(bones=_bones(views, solution.points, ends, spread))
        solution = adjust(views, solution, scale, steps=steps, free=free)
        scale = joint_scale(views, solution)
    return solution, scale


def joint_scale(views: Views, solution: Solution) -> np.ndarray:
    """(J,) px of a joint's usual error, all views alike, in the detections themselves.

    One scale a view would be no scale: a camera that all points follow has no errors.
    """
    square = squared_errors(views, solution.pose, solution.points)
    seen = (views.weight > 0).sum(1)
    freedom = np.maximum(2 * seen - 3, 1)
    total = np.where(seen >= 2, square.sum(1) / freedom, np.nan)
    with np.errstate(all="ignore"):
        middle = np.nanmedian(total, axis=0)
    middle = np.where(np.isfinite(middle), middle, np.nanmedian(middle))
    return np.maximum(np.sqrt(2 * middle), _LEAST_PX)


def _bones(views: Views, points: np.ndarray, ends: np.ndarray, spread: float) -> Bones:
    known = (views.weight > 0).sum(1) >= 2
    apart = np.linalg.norm(points[:, ends[:, 0]] - points[:, ends[:, 1]], axis=-1)
    apart = np.where(known[:, ends[:, 0]] & known[:, ends[:, 1]], apart, np.nan)
    length = np.array(
        [_median(apart[views.subject == s], apart) for s in range(views.subject.max() + 1)]
    )
    return Bones(ends, length, spread)


def _median(own: np.ndarray, every: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        mine, all_ = np.nanmedian(own, 0), np.nanmedian(every, 0)
    mine = np.where(np.isfinite(mine), mine, all_)
    return np.where(np.isfinite(mine) & (mine > 0), mine, 1.0)


def _whole_rig(views: Views, pair: tuple[int, int], relative: Relative) -> Pose | None:
    """Places the other cameras by the joints that the pair gives (perspective from n points)."""
    i, j = pair
    R, center = np.tile(np.eye(3), (views.views, 1, 1)), np.zeros((views.views, 3))
    R[j], center[j] = relative.R, -relative.R.T @ relative.t
    two = views._replace(weight=views.weight[:, [i, j]], rays=views.rays[:, [i, j]])
    points = nearest_points(two, Pose.of(R[[i, j]], center[[i, j]]))
    both = (two.weight > 0).all(1)
    off = np.full(both.shape, np.inf)
    off[both] = sampson(two.rays[:, 0][both], two.rays[:, 1][both], relative.R, relative.t)
    good = both & (np.abs(off) * views.focal[i] < _PX)
    for v in range(views.views):
        if v in pair:
            continue
        see = good & (views.weight[:, v] > 0)
        if see.sum() < 50:
            return None
        cv2.setRNGSeed(0)
        done, turn, t, _ = cv2.solvePnPRansac(
            points[see], views.rays[:, v][see], np.eye(3), None, flags=cv2.SOLVEPNP_SQPNP,
            reprojectionError=_START_PX / views.focal[v], iterationsCount=300,
        )  # fmt: skip
        if not done:
            return None
        R[v] = cv2.Rodrigues(turn)[0]
        center[v] = -R[v].T @ t[:, 0]
    return in_frame_of_first(Pose.of(R, center))


def in_frame_of_first(pose: Pose) -> Pose:
    """The first camera at the origin, the others one unit away from it in the mean."""
    center = (pose.center - pose.center[0]) @ pose.R[0].T
    far = np.linalg.norm(center[1:], axis=1).mean()
    return Pose(pose.R @ pose.R[0].T, center / max(far, 1e-12), pose.log_focal)


def _score(views: Views, solution: Solution) -> float:
    square = squared_errors(views, solution.pose, solution.points)
    return float(np.sum(views.weight * np.log1p(square / 16)) / views.weight.sum())


def pairs_of(views: Views, rng: np.random.Generator) -> dict[tuple[int, int], list[Relative]]:
    """Candidates of each pair of views."""
    every: Sequence[tuple[int, int]] = list(itertools.combinations(range(views.views), 2))
    return {pair: relative_poses(views, *pair, rng) for pair in every}
