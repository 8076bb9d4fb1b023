"""Does whoever jumps fall as bodies fall? Gravity is a clock, and a scale."""

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.inspect.sample import Sample
from geoself_jax.inspect.sides import find

GRAVITY = 9.81
_MOST = 24  # places looked at
_REACH = (24, 120)  # fewest and most frames to each side of one
_LIFTED = 0.12  # of a leg's length: every joint is that far above the floor
_FEWEST, _LEAST_RISE, _NOISE = 6, 0.1, 0.012  # frames; metres; metres off the parabola
_SEGMENTS = (
    ("left_shoulder", "right_shoulder", 0.069, 0.5),
    *((f"{s}_shoulder", f"{s}_hip", 0.217, 0.45) for s in ("left", "right")),
    *((f"{s}_shoulder", f"{s}_elbow", 0.027, 0.58) for s in ("left", "right")),
    *((f"{s}_elbow", f"{s}_wrist", 0.022, 0.6) for s in ("left", "right")),
    *((f"{s}_hip", f"{s}_knee", 0.142, 0.41) for s in ("left", "right")),
    *((f"{s}_knee", f"{s}_ankle", 0.057, 0.55) for s in ("left", "right")),
)
"""Ends, share of the body's mass with what hangs on it, and where from the first end it lies.

Rounded from P. de Leva, Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters,
Journal of Biomechanics 29, 1996; the head is put onto the shoulders.
"""


def falls(sample: Sample) -> np.ndarray:
    """(flights,) downward acceleration of the body's centre of mass in free flight.

    A flight is where every joint is off the floor and the centre of mass rises and falls on a
    parabola: nothing else does, whatever the frame rate.

    Returns:
        World units of length by frame squared; empty where nobody jumps, joints have no names, or
        the vertical is unknown.
    """
    weights = mass_of(sample.whole.skeleton)
    if weights is None or sample.whole.world_up is None:
        return np.empty(0)
    leg = _leg(sample)
    found = [
        fall
        for frames in _lifted(sample, leg)
        for fall in _in_window(Sample(sample.whole, frames), weights, leg)
    ]
    return np.array(found)


def mass_of(skeleton: Skeleton) -> np.ndarray | None:
    """(joints,) shares of the body's mass; None where a joint of it is missing."""
    weights = np.zeros(skeleton.joints)
    for first, last, mass, along in _SEGMENTS:
        ends = find(skeleton, first, last)
        if ends is None:
            return None
        weights[ends] += mass * (1 - along), mass * along
    return weights / weights.sum()


def _leg(sample: Sample) -> float:
    hip, knee = find(sample.whole.skeleton, "left_hip", "left_knee") or (0, 0)
    thigh = np.linalg.norm(sample.points[:, hip] - sample.points[:, knee], axis=-1)
    thigh = thigh[np.isfinite(thigh)]
    return 2 * float(np.median(thigh)) if thigh.size else float("nan")


def _height(sample: Sample) -> np.ndarray:
    """(n, joints) along the vertical, which must be known."""
    assert sample.whole.world_up is not None
    return sample.points @ sample.whole.world_up


def _lowest(sample: Sample) -> np.ndarray:
    """(n,) height of the lowest joint; NaN where an ankle is missing."""
    height = _height(sample)
    ankles = find(sample.whole.skeleton, "left_ankle", "right_ankle") or []
    low = np.nanmin(np.where(np.isnan(height), np.inf, height), axis=1)
    return np.where(np.isfinite(height[:, ankles]).all(1), low, np.nan)


def _lifted(sample: Sample, leg: float) -> list[np.ndarray]:
    """Consecutive frames about instants at which the body is off the floor, `_MOST` of them."""
    low = _lowest(sample)
    if not np.isfinite(low).any() or np.isnan(leg):
        return []
    up = np.flatnonzero(low > np.nanpercentile(low, 5) + _LIFTED * leg)
    whole, found, after = sample.whole, [], -1
    reach = int(np.clip(round(whole.fps), *_REACH))
    for frame in sample.frames[up]:
        if frame < after:
            continue
        around = np.arange(max(0, frame - reach), min(whole.frames, frame + reach + 1))
        same = (whole.clip_id[around] == whole.clip_id[frame]) & (
            whole.frame_id[around] - whole.frame_id[frame] == around - frame
        )
        found.append(around[same])
        after = frame + reach
    chosen = np.linspace(0, len(found) - 1, min(_MOST, len(found))).astype(int)
    return [found[i] for i in np.unique(chosen)]


def _in_window(sample: Sample, weights: np.ndarray, leg: float) -> list[float]:
    low = _lowest(sample)
    if not np.isfinite(low).any():
        return []
    off = low > np.nanpercentile(low, 20) + _LIFTED * leg
    edges = np.flatnonzero(np.diff(np.concatenate([[0], off.astype(int), [0]])))
    height = _height(sample) @ weights
    flights = [height[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [fall for flight in flights if (fall := _parabola(flight)) is not None]


def _parabola(height: np.ndarray) -> float | None:
    """The fall of a flight; None where it is not one, or too short."""
    height = np.where(np.isfinite(height), height, np.nan)
    if len(height) < _FEWEST or np.isnan(height).any() or np.ptp(height) < _LEAST_RISE:
        return None
    time = np.arange(len(height)) - (len(height) - 1) / 2
    bend, slope, level = np.polyfit(time, height, 2)
    off = float(np.std(height - np.polyval((bend, slope, level), time)))
    apex = -slope / (2 * bend) if bend < 0 else np.inf
    inside = abs(apex) < len(height) / 2
    return float(-2 * bend) if inside and off <= _NOISE else None
