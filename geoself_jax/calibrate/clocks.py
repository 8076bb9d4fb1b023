"""By how many frames cameras are late, from their joints: with the geometry, or before it.

Of each pair of views, many lags are tried; from each the relative pose and the lag are refined
together on the epipolar distance. The lag is known where one fits clearly best and all pairs agree.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.timeline import Timeline
from geoself_jax.calibrate.two_view import fit_of_rays, refined_with_lag, sampled_poses
from geoself_jax.core.errors import data_error

FARTHEST_SECONDS = 2.5

_STEP = 5  # frames between lags that are tried
_FRAMES, _FEW = 500, 120  # frames that a lag is refined on, and tried on
_KEPT = 4  # of the tried lags are refined on all
_CLEAR, _CHANCE = 0.02, 0.5  # by which the fit has to be better; the same of a single frame
_OVERLAP = 0.6  # of the joints of both views that a lag leaves
_SAME = 1.0  # frames: one lag
_AGREE = 1.5  # frames by which pairs may differ: each alone bends its cameras to fit
_FEWEST, _LEAST_FRAMES = 300, 30
_STEPS, _SHORT = 15, 8
_FIRST_PX, _SHRINKING, _LAST_PX = 16.0, 0.8, 3.0


class Lag(NamedTuple):
    """What two views say: the second comes `frames` later.

    Attributes:
        frames: Later.
        fit: Share of joints on their epipolar lines.
        rival: The same at another lag, the best of them.
        clear: By how much the fit has to be better to count.
    """

    frames: float
    fit: float
    rival: float
    clear: float

    @property
    def known(self) -> bool:
        """Whether no other lag fits nearly as well."""
        return self.fit > self.rival + self.clear


Known = dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]
"""Relative poses (R, t) of pairs of views, where the cameras are calibrated."""


def find_lags(
    timeline: Timeline,
    focal: np.ndarray,
    fps: float,
    names: Sequence[str],
    rng: np.random.Generator,
    known: Known | None = None,
) -> np.ndarray:
    """Returns (V,) frames by which each view is late against the first.

    Args:
        timeline: Detections.
        focal: (V,) px.
        fps: Frames per second.
        names: Of the cameras.
        rng: Draws frames and joints.
        known: Of calibrated cameras.

    Raises:
        GeoselfError: A lag is not known, or pairs contradict each other (65).
    """
    count = timeline.rays.shape[1]
    pairs = list(itertools.combinations(range(count), 2))
    found = {}
    for i, j in pairs:
        pose = None if known is None else known[i, j]
        lag = pair_lag(timeline, i, j, float(np.sqrt(focal[i] * focal[j])), fps, rng, pose)
        if lag is not None and lag.known:
            found[i, j] = lag.frames
    lags = _agreed(found, count)
    if lags is None:
        alone = [names[v] for v in range(count) if not any(v in pair for pair in found)]
        one = 0 < len(alone) < count
        what = f"the lag of camera {alone[0]}" if one else "the cameras' lags"
        raise data_error(
            f"{what} {'is' if one else 'are'} not known from the joints",
            f"no lag within {FARTHEST_SECONDS:g} s fits clearly best"
            if alone
            else "pairs disagree",
            "use footage with quick movements across all views, or a clap, and cut it by that; "
            "where frames were lost, the parts one by one",
        )
    return lags


def pair_lag(
    timeline: Timeline,
    first: int,
    second: int,
    px: float,
    fps: float,
    rng: np.random.Generator,
    known: tuple[np.ndarray, np.ndarray] | None = None,
) -> Lag | None:
    """How late the second view is against the first; None where too little is seen by both.

    Args:
        timeline: Detections.
        first, second: Two of the views.
        px: Focal length.
        fps: Frames per second.
        rng: Draws frames and joints.
        known: Their relative pose (R, t), held, or None.
    """
    seen = np.flatnonzero((timeline.weight[:, [first, second]] > 0).any((1, 2)))
    if len(seen) < _LEAST_FRAMES:
        return None
    most = max(round(FARTHEST_SECONDS * fps), 2)
    frames = np.sort(rng.permutation(seen)[:_FRAMES])
    few = np.sort(rng.permutation(frames)[:_FEW])
    every, lesser = (_pair(timeline, some, first, second, px) for some in (frames, few))
    tried, reached = [], []
    for lag in range(-most, most + 1, _STEP):
        found = _from_lag(lesser, float(lag), rng, known)
        tried += found
        reached += [lag] * bool(found)
    last = [_settled(every, one, _STEPS, known is not None) for one in _apart(tried)[:_KEPT]]
    ends = _apart([end for end in last if end is not None and abs(end.lag) <= most + 1])
    if len(ends) < 2 or not min(reached) < ends[0].lag < max(reached):
        return None  # nothing to compare it with, or the best may lie beyond
    clear = max(_CLEAR, _CHANCE / np.sqrt(len(frames)))
    return Lag(ends[0].lag, ends[0].fit, ends[1].fit, clear)


class _Pair(NamedTuple):
    """Two views in some frames."""

    timeline: Timeline
    frames: np.ndarray
    first: int
    second: int
    px: float
    least: int = _FEWEST

    def rays(self, lag: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Rays of joints that both see, weights, and the second's motion a frame."""
        x, one = self.timeline.smooth(self.frames, self.first, 0.0)
        y, two = self.timeline.smooth(self.frames, self.second, lag)
        motion = self.timeline.motion(self.frames, self.second, lag)
        weight = np.sqrt(one * two)
        both = weight > 0
        return x[both], y[both], weight[both], motion[both]


def _pair(timeline: Timeline, frames: np.ndarray, first: int, second: int, px: float) -> _Pair:
    """Two views; at a lag they have to keep a good part of the joints that both see now."""
    pair = _Pair(timeline, frames, first, second, px)
    return pair._replace(least=max(_FEWEST, int(_OVERLAP * len(pair.rays(0.0)[0]))))


class _Try(NamedTuple):
    """A lag and a relative pose, and how well they fit."""

    lag: float
    fit: float
    R: np.ndarray
    t: np.ndarray


def _from_lag(
    pair: _Pair, lag: float, rng: np.random.Generator, known: tuple[np.ndarray, np.ndarray] | None
) -> list[_Try]:
    """What is found from one lag: relative poses there, refined together with the lag."""
    x, y, w, _ = pair.rays(lag)
    if len(x) < pair.least:
        return []
    poses = [known] if known is not None else sampled_poses(x, y, w, pair.px, rng)
    starts = [_Try(lag, 0.0, R, t) for R, t in poses]
    found = [_settled(pair, start, _SHORT, known is not None) for start in starts]
    return [one for one in found if one is not None]


def _settled(pair: _Pair, start: _Try, steps: int, held: bool) -> _Try | None:
    """Refines lag and pose together; None where clips end before."""
    lag, R, t = start.lag, start.R, start.t
    for step in range(steps + 1):
        x, y, w, motion = pair.rays(lag)
        if len(x) < pair.least:
            return None
        if step == steps:
            break
        scale = max(_FIRST_PX * _SHRINKING**step, _LAST_PX)
        R, t, more = refined_with_lag(x, y, w, motion, R, t, pair.px, scale, held)
        lag += float(np.clip(more, -2, 2))
    return _Try(lag, fit_of_rays(x, y, w, R, t, pair.px), R, t)


def _apart(tried: list[_Try]) -> list[_Try]:
    """The best of each lag, best first."""
    kept: list[_Try] = []
    for one in sorted(tried, key=lambda one: -one.fit):
        if all(abs(one.lag - other.lag) > _SAME for other in kept):
            kept.append(one)
    return kept


def _agreed(found: dict[tuple[int, int], float], count: int) -> np.ndarray | None:
    """Each view's lag by the pairs; None where they do not reach all views, or disagree."""
    if not found:
        return None
    rows, aims = [], []
    for (i, j), lag in found.items():
        row = np.zeros(count)
        row[j], row[i] = 1, -1
        rows.append(row)
        aims.append(lag)
    A, b = np.array(rows)[:, 1:], np.array(aims)
    if np.linalg.matrix_rank(A) < count - 1:
        return None
    lags = np.linalg.lstsq(A, b, rcond=None)[0]
    for _ in range(10):  # least absolute differences: one pair that is wrong does not pull the rest
        w = 1 / np.maximum(np.abs(A @ lags - b), 1e-3)
        lags = np.linalg.lstsq(A * np.sqrt(w)[:, None], b * np.sqrt(w), rcond=None)[0]
    off = np.abs(A @ lags - b)
    if np.mean(off > _AGREE) > 0.34:
        return None
    return np.concatenate([[0.0], lags])
