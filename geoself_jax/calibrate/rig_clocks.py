"""Lags and rates of a rig's clocks, by bundle adjustment together with its cameras.

The lags of pairs are a start. Here a camera's clock is two more unknowns of it: reading its
detections later moves them along their motion. Expected errors are those of the adjustment, with
the cameras free, so that a lag which other places of the cameras explain as well is seen as such.
"""

from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.bundle import Free, Solution, adjust
from geoself_jax.calibrate.points import nearest_points
from geoself_jax.calibrate.solve import joint_scale, pairs_of, settled, starts
from geoself_jax.calibrate.timeline import Timeline
from geoself_jax.calibrate.uncertainty import expected_clock
from geoself_jax.calibrate.views import Pose, Views

_FRAMES, _FEW = 1500, 600  # that are adjusted, and of these the ones that give a first rig
_ROUNDS, _STEPS, _SETTLED = 15, 8, 0.01  # of reading again; frames
_OF_PART, _LEAST_OF_PART = 200, 60  # frames of a part
_LEAST_BLOCKS = 8  # seconds of it: fewer do not say how their errors spread
_LEAST_JOINTS, _LEAST_JOINTS_OF_PART = 1000, 500  # that two views see at a time
_SLOPE_SECONDS = 0.12  # to either side: of a line along which joints move
_MOST_GAIN = 5.0
_PART_SETTLED = 0.1  # frames
_FARTHEST = 3.0  # frames that a round moves
_SIGMAS, _LEAST_DRIFT = 4.0, 0.3  # a rate below is none; frames over the footage
_NO_BONES = np.zeros((0, 2), np.int64)


class Clocks(NamedTuple):
    """How late each camera of a rig is against the first, and by how much more each frame.

    Attributes:
        lag: (V,) frames, at frame 0, on top of those that were given.
        rate: (V,) frames a frame.
        error: (V, 2) expected errors: of the lag at `middle`, frames, and of the rate.
        pose: The cameras, in a frame of their own where they were not given.
        scale: (J,) px of a joint's usual error.
        middle: Number of the frame in the middle of the footage.
    """

    lag: np.ndarray
    rate: np.ndarray
    error: np.ndarray
    pose: Pose
    scale: np.ndarray
    middle: float


class Reader(NamedTuple):
    """Detections of a rig that are read at a time of each camera.

    Attributes:
        timeline: Detections.
        clip_id, frame_id: (F,) clip of each frame, and number in it.
        focal: (V,) px.
        fps: Frames per second.
    """

    timeline: Timeline
    clip_id: np.ndarray
    frame_id: np.ndarray
    focal: np.ndarray
    fps: float

    def frames(self, lags: np.ndarray, most: int = _FRAMES) -> np.ndarray:
        """Places of frames that two cameras see, evenly over all.

        Args:
            lags: (F, V) frames that each camera is late.
            most: Of them.
        """
        every = np.arange(len(self.frame_id))
        seen = [
            (self.timeline.at(every, view, np.round(lags[:, view]))[1] > 0).any(1)
            for view in range(lags.shape[1])
        ]
        both = every[np.sum(seen, 0) >= 2]
        return both[np.unique(np.linspace(0, len(both) - 1, min(most, len(both))).astype(int))]

    def views(self, frames: np.ndarray, lags: np.ndarray, middle: float) -> Views:
        """Some frames, with how the detections move.

        Args:
            frames: (n,) their places in the timeline.
            lags: (n, V) frames that each camera is late.
            middle: Frame from which the rate counts.
        """
        rays, weight, motion = [], [], []
        reach = max(round(_SLOPE_SECONDS * self.fps), 1)
        for view in range(len(self.focal)):
            one, seen = self.timeline.smooth(frames, view, lags[:, view])
            moves = self.timeline.motion(frames, view, lags[:, view], reach)
            rays.append(one)
            weight.append(seen)
            motion.append(moves)
        known = np.stack(weight, 1)
        known = np.where((known > 0).sum(1, keepdims=True) >= 2, known, 0.0)
        second = (self.frame_id[frames] / self.fps).astype(int)
        clip = self.clip_id[frames]
        block = np.unique(np.stack([clip, second], 1), axis=0, return_inverse=True)[1].reshape(-1)
        return Views(
            np.stack(rays, 1), known, self.focal, np.zeros(len(frames), int), block,
            np.stack(motion, 1), self.frame_id[frames] - middle,
        )  # fmt: skip


class _Fit(NamedTuple):
    """An adjustment of cameras and clocks; lags at the middle of the footage."""

    lag: np.ndarray
    rate: np.ndarray
    solution: Solution
    scale: np.ndarray
    error: np.ndarray  # (V, 2) of lag and rate


def refine_clocks(
    reader: Reader,
    base: np.ndarray,
    rng: np.random.Generator,
    pose: Pose | None,
    *,
    focal: bool = False,
) -> Clocks | None:
    """Returns lags and rates by all views together; None where no rig fits them.

    Args:
        reader: Detections.
        base: (F, V) lags within a few frames, to which what is found is added.
        rng: Draws what first rigs come from.
        pose: Of calibrated cameras, held; None finds them.
        focal: Whether focal lengths are free where the cameras are.
    """
    middle, place = _middle(reader), np.arange(len(reader.focal)) > 0
    if pose is None:
        frames = reader.frames(base)
        pose = _first_rig(reader.views(frames, base[frames], middle), rng)
        if pose is None:
            return None
    else:
        place = np.zeros_like(place)
    lens = np.full(len(place), focal and bool(place.any()) and len(place) > 2)
    fit = _constant(reader, base, pose, Free(place, lens, _clock(len(place), drifting=False)))
    free = Free(place, lens, _clock(len(place), drifting=True))
    start = _Start(fit.lag, np.zeros(len(place)), fit.solution.pose, fit.scale)
    drift = _fitted(reader, base, start, free, middle)
    span = np.ptp(reader.frame_id) / 2
    known = np.abs(drift.rate) > _SIGMAS * drift.error[:, 1]
    if (known & (np.abs(drift.rate) * span > _LEAST_DRIFT)).any():
        fit = drift
    at_start = fit.lag - fit.rate * middle
    return Clocks(at_start, fit.rate, fit.error, fit.solution.pose, fit.scale, middle)


def lags_left(reader: Reader, pose: Pose) -> Clocks:
    """By how much cameras are late that are adjusted together with their lags; no rates.

    Args:
        reader: Detections.
        pose: The cameras, as they were found with all in step; free.
    """
    place = np.arange(len(reader.focal)) > 0
    base = np.zeros((len(reader.frame_id), len(place)))
    frames = reader.frames(base)
    if (reader.views(frames, base[frames], 0.0).weight > 0).any(1).sum() < _LEAST_JOINTS:
        unknown = np.where(place[:, None], np.inf, np.zeros((1, 2)))
        return Clocks(np.zeros(len(place)), np.zeros(len(place)), unknown, pose, np.ones(1), 0.0)
    clock = _clock(len(place), drifting=False)
    fit = _constant(reader, base, pose, Free(place, np.zeros_like(place), clock))
    return Clocks(fit.lag, fit.rate, fit.error, fit.solution.pose, fit.scale, _middle(reader))


def _middle(reader: Reader) -> float:
    return float(np.median(reader.frame_id))


def _constant(reader: Reader, base: np.ndarray, pose: Pose, free: Free) -> _Fit:
    """Lags alone, without rates."""
    frames, middle = reader.frames(base), _middle(reader)
    views = reader.views(frames, base[frames], middle)
    solution, scale = settled(views, pose, _NO_BONES, steps=_STEPS, free=free)
    pose = solution.pose._replace(clock=None)
    lag = np.clip(_late(solution)[:, 0], -_FARTHEST, _FARTHEST)
    return _fitted(reader, base, _Start(lag, np.zeros(len(lag)), pose, scale), free, middle)


class _Start(NamedTuple):
    """Where an adjustment begins."""

    lag: np.ndarray
    rate: np.ndarray
    pose: Pose
    scale: np.ndarray


def _fitted(reader: Reader, base: np.ndarray, start: _Start, free: Free, middle: float) -> _Fit:
    """Adjusts, and reads the detections again at the new lags, until these stay."""
    lag, rate, pose, scale = start
    before, gain = np.zeros_like(lag), 1.0
    for _ in range(_ROUNDS):
        lags = base + lag + rate * (reader.frame_id - middle)[:, None]
        frames = reader.frames(lags)
        views = reader.views(frames, lags[frames], middle)
        here = Solution(pose, nearest_points(views, pose), None, 0.0)
        solution = adjust(views, here, scale, steps=_STEPS, free=free)
        scale = joint_scale(views, solution)
        more = np.clip(_late(solution), -_FARTHEST, _FARTHEST)
        pose = solution.pose._replace(clock=None)
        gain = _next_gain(gain, before, more[:, 0])
        step = np.clip(gain * more, -_FARTHEST, _FARTHEST)
        lag, rate, before = lag + step[:, 0], rate + step[:, 1], more[:, 0]
        if np.abs(more[:, 0]).max() < _SETTLED:
            break
    error = expected_clock(views, solution, scale, free)
    if free.clock is not None and (views.weight > 0).any(1).sum() < _LEAST_JOINTS:
        error = np.where(free.clock, np.inf, error)  # too few to say how they spread
    return _Fit(lag, rate, solution._replace(pose=pose), scale, error)


def _next_gain(gain: float, before: np.ndarray, after: np.ndarray) -> float:
    """By what to multiply a step, by how much the last one, with its gain, left to go (secant)."""
    left = float(before @ after / max(float(before @ before), 1e-12))
    return gain / (1 - left) if 0 < left < 1 and gain / (1 - left) < _MOST_GAIN else 1.0


def _late(solution: Solution) -> np.ndarray:
    """(V, 2) what was found of the clocks; 0 where no step was taken."""
    clock = solution.pose.clock
    return np.zeros((len(solution.pose.R), 2)) if clock is None else clock


def _first_rig(views: Views, rng: np.random.Generator) -> Pose | None:
    few = views.frames(np.unique(np.linspace(0, len(views.rays) - 1, _FEW).astype(int)))
    few = few._replace(motion=None, tau=None)
    found = starts(few, pairs_of(few, rng), rng, _NO_BONES)
    return found[0].solution.pose if found else None


def _clock(count: int, *, drifting: bool) -> np.ndarray:
    """(V, 2) what is free of the clocks: the first is the measure of all."""
    return np.stack([np.arange(count) > 0, (np.arange(count) > 0) & drifting], 1)


def lags_of_parts(
    reader: Reader, lags: np.ndarray, clocks: Clocks, parts: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Lags that parts of the footage have on top, and their expected errors: (parts, V) frames.

    Infinite errors where a part says nothing. The cameras are held.

    Args:
        reader: Detections.
        lags: (F, V) frames by which each camera is read late.
        clocks: What was found of the whole.
        parts: Places of each part's frames.
    """
    count = len(reader.focal)
    free = Free(np.zeros(count, bool), np.zeros(count, bool), _clock(count, drifting=False))
    found, errors = np.zeros((len(parts), count)), np.full((len(parts), count), np.inf)
    seen = np.zeros(len(reader.frame_id), bool)
    seen[reader.frames(lags, len(seen))] = True
    for k, part in enumerate(parts):
        some = part[seen[part]]
        if len(some) < _LEAST_OF_PART:
            continue
        some = some[np.unique(np.linspace(0, len(some) - 1, _OF_PART).astype(int))]
        for _ in range(_ROUNDS):
            views = reader.views(some, lags[some] + found[k], clocks.middle)
            start = Solution(clocks.pose, nearest_points(views, clocks.pose), None, 0.0)
            solution = adjust(views, start, clocks.scale, steps=_STEPS, free=free)
            more = np.clip(_late(solution)[:, 0], -_FARTHEST, _FARTHEST)
            found[k] += more
            if np.abs(more).max() < _PART_SETTLED:
                break
        read = np.asarray((views.weight > 0).any(axis=1))
        blocks = np.unique(views.block[read.any(1)])
        if read.sum() < _LEAST_JOINTS_OF_PART or len(blocks) < _LEAST_BLOCKS:
            continue
        error = expected_clock(views, solution, clocks.scale, free)[:, 0]
        errors[k] = np.where(np.arange(count) > 0, error, 0.0)
    return found, errors
