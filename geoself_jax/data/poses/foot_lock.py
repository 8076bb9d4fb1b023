"""Feet that do not slide or sink while they rest on the floor; knees follow at the same lengths."""

import numpy as np

from geoself_jax.core.skeleton import Skeleton

SHORTEST = 0.12  # seconds of a contact that is one
BRIDGED = 0.08  # seconds without contact within one
BLENDED = 0.12  # seconds over which a foot returns to where it was lifted
STEP = 0.004  # metres: slides below it are smoothed away
_ROUNDS = 8
Leg = tuple[int, int, int, tuple[int, ...]]
_ALMOST = 0.999  # of a leg's length: no farther is a foot from its hip


def legs_of(skeleton: Skeleton) -> list[Leg]:
    """Hip, knee, ankle and all joints below it, of each ankle whose parents are these."""
    from geoself_jax.data.poses.contact import foot_joints

    legs, parents = [], skeleton.parents
    for ankle, kind in foot_joints(skeleton).items():
        knee = parents[ankle]
        hip = parents[knee] if knee >= 0 else -1
        if kind == "ankle" and hip >= 0:
            legs.append((hip, knee, ankle, below(skeleton, ankle)))
    return legs


def below(skeleton: Skeleton, joint: int) -> tuple[int, ...]:
    """The joints whose ancestor a joint is."""

    def descends(child: int) -> bool:
        parent = skeleton.parents[child]
        return parent == joint or (parent >= 0 and descends(parent))

    return tuple(child for child in range(skeleton.joints) if descends(child))


def contact_runs(contact: np.ndarray, seconds: np.ndarray) -> list[slice]:
    """Runs of frames with contact, short gaps bridged and short runs dropped.

    Args:
        contact: (T,) whether the foot rests.
        seconds: (T,) ascending.
    """
    at = np.flatnonzero(contact)
    if not len(at):
        return []
    breaks = np.flatnonzero(np.diff(seconds[at]) > BRIDGED + 1.5 * np.median(np.diff(seconds)))
    first, last = np.append(0, breaks + 1), np.append(breaks, len(at) - 1)
    runs = [slice(int(at[a]), int(at[b]) + 1) for a, b in zip(first, last, strict=True)]
    return [run for run in runs if seconds[run.stop - 1] - seconds[run.start] >= SHORTEST]


def at_rest(points: np.ndarray, weight: np.ndarray, noise: float) -> np.ndarray:
    """(N, 3) where a foot rests: constant except for steps that the points insist on.

    Least squares with a penalty on the length of each frame's step (total variation), by
    reweighting; a tridiagonal solve, linear in frames.

    Args:
        points: (N, 3) of the floor where it is seen; NaN where it is not.
        weight: (N,) of each; 0 where unseen.
        noise: Standard deviation of a point, metres.
    """
    from scipy.linalg import solveh_banded

    there = np.isfinite(points).all(-1) & (weight > 0)
    weight = np.where(there, weight, 0.0)
    seen = np.where(there[:, None], points, 0.0)
    middle = np.median(points[there], axis=0)
    rest = np.tile(middle, (len(points), 1))
    for _ in range(_ROUNDS):
        off = np.linalg.norm(seen - rest, axis=-1)
        trust = weight / (1 + (off / (3 * noise)) ** 2) / noise**2
        step = np.linalg.norm(np.diff(rest, axis=0), axis=-1)
        stiff = 1 / (noise * np.maximum(step, STEP / 4)) * max(1.0, noise / STEP)
        bands = np.zeros((2, len(points)))
        bands[0] = trust + 1e-6
        bands[0, :-1] += stiff
        bands[0, 1:] += stiff
        bands[1, :-1] = -stiff
        rest = solveh_banded(bands, trust[:, None] * seen + 1e-6 * middle, lower=True)
    return np.asarray(rest)


def blend(shift: np.ndarray, locked: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """(T, 3) shifts that fade within `BLENDED` seconds on both sides of the locked frames."""
    at = np.flatnonzero(locked)
    if not len(at):
        return np.zeros_like(shift)
    place = np.searchsorted(at, np.arange(len(shift)))
    before, after = at[np.maximum(place - 1, 0)], at[np.minimum(place, len(at) - 1)]
    total = np.zeros_like(shift)
    share = np.zeros(len(shift))
    for near in (before, after):
        left = np.maximum(1 - np.abs(seconds - seconds[near]) / BLENDED, 0)
        total += left[:, None] * shift[near]
        share += left
    return np.where(locked[:, None], shift, total / np.maximum(share, 1)[:, None])


def move_foot(pose: np.ndarray, leg: Leg, shift: np.ndarray) -> None:
    """Moves an ankle and what is below it; the knee keeps the lengths of thigh and shin.

    A foot that would be farther from its hip than its leg is long goes as far as that.

    Args:
        pose: (T, J, 3) float64, changed in place; NaN where missing.
        leg: As of `legs_of`.
        shift: (T, 3) metres.
    """
    hip, knee, ankle, foot = leg
    moved = np.flatnonzero(
        (np.abs(shift) > 0).any(-1) & np.isfinite(pose[:, [hip, knee, ankle]]).all((1, 2))
    )
    top, bend, old = pose[moved, hip], pose[moved, knee], pose[moved, ankle]
    thigh = np.linalg.norm(bend - top, axis=-1, keepdims=True)
    shin = np.linalg.norm(old - bend, axis=-1, keepdims=True)
    away = old + shift[moved] - top
    distance = np.linalg.norm(away, axis=-1, keepdims=True)
    axis = away / np.maximum(distance, 1e-9)
    distance = np.clip(distance, np.abs(thigh - shin) + 1e-3, _ALMOST * (thigh + shin))
    along = (thigh**2 - shin**2 + distance**2) / (2 * distance)
    out = np.sqrt(np.maximum(thigh**2 - along**2, 0))
    side = bend - top
    side = side - (side * axis).sum(-1, keepdims=True) * axis
    length = np.linalg.norm(side, axis=-1, keepdims=True)
    other = np.cross(axis, np.eye(3)[np.abs(axis).argmin(-1)])
    side = np.where(length > 1e-6, side, other)
    side = side / np.linalg.norm(side, axis=-1, keepdims=True)
    pose[moved, knee] = top + along * axis + out * side
    pose[moved, ankle] = top + distance * axis
    change = pose[moved, ankle] - old
    for joint in foot:
        pose[moved, joint] += change
