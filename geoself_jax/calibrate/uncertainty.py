"""How far off the cameras may be: the bundle's covariance, footage counted by what is new in it.

Detections of one posture at one place are off alike in all frames, and those of one joint in all
postures. So errors are added up by block of footage (`footage.blocks_of`) and by joint, and how
these sums spread, not the frames, says how sure the cameras are: the sandwich estimator with
clusters (Liang and Zeger 1986; in two ways: Cameron, Gelbach and Miller 2011, without the part
that is subtracted, on the safe side). A bootstrap over clusters comes to it by repetition.
"""

from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.bundle import Free, Solution, pulls
from geoself_jax.calibrate.views import Pose, Views, cross

_SHARED = 0.2
"""Of a joint's usual error, px: what all detections of a view have in common, which no spread
shows; between V views it is divided by V - 1. By the trials of benchmarks/calibration."""


class CameraError(NamedTuple):
    """Expected errors (root mean square) of each camera, all turned and scaled to fit best.

    Attributes:
        degrees: (V,) rotation.
        center: (V,) centre, in the unit of the cameras.
        blocks: How many blocks of footage it is from.
    """

    degrees: np.ndarray
    center: np.ndarray
    blocks: int


def expected_errors(views: Views, solution: Solution, scale: np.ndarray, free: Free) -> CameraError:
    """Returns what the blocks of footage say about the cameras' errors; infinite from one block.

    Args:
        views: Detections, with their blocks.
        solution: Where the adjustment ended.
        scale: (J,) px, as it was adjusted with.
        free: What was free.
    """
    count = len(np.unique(views.block))
    cameras = views.views
    if count < 2:
        unknown = np.full(cameras, np.inf)
        return CameraError(unknown, unknown, count)
    turned, moved = np.zeros(cameras), np.zeros(cameras)
    for moves in _moves(views, solution, scale, free):
        turn, place = _best_fitting(moves, solution.pose)
        turned += np.sum(turn**2, axis=(0, 2))
        moved += np.sum(place**2, axis=(0, 2))
    shared = _SHARED * float(np.median(scale)) / views.focal / (cameras - 1)
    return CameraError(np.degrees(np.sqrt(turned + shared**2)), np.sqrt(moved), count)


def expected_focal(views: Views, solution: Solution, scale: np.ndarray, free: Free) -> np.ndarray:
    """(V,) expected error of the logarithm of each focal length, of `Free.focal`.

    Args:
        views, solution, scale, free: As of `expected_errors`.
    """
    every = [np.sum(m[..., 6] ** 2, axis=0) for m in _moves(views, solution, scale, free)]
    return np.asarray(np.sqrt(np.sum(every, axis=0)))


def expected_clock(views: Views, solution: Solution, scale: np.ndarray, free: Free) -> np.ndarray:
    """(V, 2) expected errors of each camera's lag, frames, and rate, of `Free.clock`.

    Args:
        views, solution, scale, free: As of `expected_errors`.
    """
    every = [np.sum(m[..., 7:] ** 2, axis=0) for m in _moves(views, solution, scale, free)]
    found = np.sum(every, axis=0)
    if views.motion is not None and views.tau is not None and free.clock is not None:
        px = np.sqrt(np.mean(np.sum(views.motion**2, -1)[views.weight > 0])) * views.focal
        shared = _SHARED * float(np.median(scale)) / np.maximum(px, 1e-12) / (views.views - 1)
        both = np.stack([shared, shared / max(float(np.std(views.tau)), 1e-12)], 1)
        found += np.where(free.clock, both**2, 0.0)
    return np.asarray(np.sqrt(found))


def _moves(views: Views, solution: Solution, scale: np.ndarray, free: Free) -> list[np.ndarray]:
    """(clusters, V, n) what each cluster moves the cameras by, of blocks and of joints."""
    cameras = views.views
    pull = pulls(views, solution, scale, free)
    places = np.flatnonzero(np.diag(pull.normal) > 0)
    along = _growing(solution, views)[places]
    along /= max(np.linalg.norm(along), 1e-300)
    lhs = pull.normal[np.ix_(places, places)]
    lhs = lhs + np.trace(lhs) / len(places) * np.outer(along, along)
    found = []
    for rows in (pull.by_block, pull.by_joint):
        if len(rows) < 2:
            continue
        moves = np.zeros(rows.shape)
        moves[:, places] = np.linalg.lstsq(lhs, rows[:, places].T, rcond=1e-13)[0].T
        some = moves[:, : views.unknowns * cameras].reshape(-1, cameras, views.unknowns)
        found.append(some * np.sqrt(len(rows) / (len(rows) - 1)))
    return found


def _growing(solution: Solution, views: Views) -> np.ndarray:
    """The step that makes everything larger: nothing in the images speaks of it."""
    step = np.zeros((views.views, views.unknowns))
    step[:, 3:6] = solution.pose.center - solution.pose.center[0]
    bones = 0 if solution.bones is None else solution.bones.length.size
    return np.concatenate([step.reshape(-1), np.ones(bones)])


def _best_fitting(moves: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Turns (n, V, 3), world axes, rad, and moves of centres without what is common to all."""
    turn = np.einsum("vji,nvj->nvi", pose.R, moves[..., :3])
    common = turn.mean(1, keepdims=True)
    from_middle = pose.center - pose.center.mean(0)
    place = moves[..., 3:6] + np.einsum("nij,vj->nvi", cross(common[:, 0]), from_middle)
    place -= place.mean(1, keepdims=True)
    growth = np.einsum("nvi,vi->n", place, from_middle) / np.sum(from_middle**2)
    return turn - common, place - growth[:, None, None] * from_middle
