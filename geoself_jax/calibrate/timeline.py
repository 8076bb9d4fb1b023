"""Detections of a rig by clip and frame, to be read at another time: also between frames."""

import warnings
from typing import NamedTuple

import numpy as np

_SLOPES = 5  # of which the median is a motion


class Timeline(NamedTuple):
    """Rays of one rig in the order of time.

    Attributes:
        rays: (F, V, J, 2), as of `Views`.
        weight: (F, V, J); 0 where missing.
        before, after: (F,) how many frames of the same clip come directly before and after each.
    """

    rays: np.ndarray
    weight: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def at(
        self, frames: np.ndarray, view: int, lag: float | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A view read `lag` frames later: rays (n, J, 2) and weights (n, J).

        Between frames the line between them; 0 weight where a clip ends before, or one is missing.

        Args:
            frames: (n,) their numbers.
            view: Which view.
            lag: Frames, any number; one, or (n,).
        """
        lags = np.broadcast_to(lag, frames.shape)
        whole = np.floor(lags).astype(int)
        part = (lags - whole)[:, None]
        first, known = self._moved(frames, whole)
        rays, weight = self.rays[first, view], self.weight[first, view]
        if (part > 1e-6).any():
            between = part > 1e-6
            second, there = self._moved(frames, whole + 1)
            read = (1 - part[..., None]) * rays + part[..., None] * self.rays[second, view]
            rays = np.where(between[..., None], read, rays)
            weight = np.where(between, np.minimum(weight, self.weight[second, view]), weight)
            known &= there | ~between[:, 0]
        return rays, np.where(known[:, None], weight, 0.0)

    def smooth(
        self, frames: np.ndarray, view: int, lag: float | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `at`, by the cubic B-spline over four frames, whose noise is nearly alike everywhere.

        The line between two frames has half the noise in its middle, so that a lag would be drawn
        to half a frame.

        Args:
            frames: (n,) their numbers.
            view: Which view.
            lag: Frames, any number; one, or (n,).
        """
        lags = np.broadcast_to(lag, frames.shape)
        whole = np.floor(lags).astype(int)
        f = (lags - whole)[:, None]
        taps = ((1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, 3 * (f + f**2 - f**3) + 1, f**3)
        rays = np.zeros_like(self.rays[frames, view])
        weight = np.full(rays.shape[:-1], np.inf)
        for k, tap in enumerate(taps):
            used = tap > 1e-9
            if not used.any():
                continue
            there, known = self._moved(frames, whole + k - 1)
            rays = rays + tap[..., None] / 6 * self.rays[there, view]
            here = np.where(known[:, None], self.weight[there, view], 0.0)
            weight = np.where(used, np.minimum(weight, here), weight)
        return rays, weight

    def motion(
        self, frames: np.ndarray, view: int, lag: float | np.ndarray, reach: int = 1
    ) -> np.ndarray:
        """(n, J, 2) how far a view's rays move in a frame, at that time; 0 where unknown.

        The median of the slopes to the frames around, as sides may be exchanged in one. Noise
        hides lags: it looks like
        motion that the other views do not have, and a step on the lag comes out too small.

        Args:
            frames: (n,) their numbers.
            view: Which view.
            lag: Frames, any number; one, or (n,).
            reach: Frames to either side.
        """
        slopes = []
        for d in np.unique(np.linspace(1, reach, min(reach, _SLOPES)).astype(int)).tolist():
            (early, one), (late, two) = (self.at(frames, view, lag + by) for by in (-d, d))
            both = ((one > 0) & (two > 0))[..., None]
            slopes.append(np.where(both, (late - early) / (2 * d), np.nan))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of joints that are nowhere known
            middle = np.nanmedian(slopes, axis=0) if reach > 1 else slopes[0]
        return np.nan_to_num(middle)

    def _moved(self, frames: np.ndarray, by: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        there = np.clip(frames + by, 0, len(self.rays) - 1)
        room = np.where(by > 0, self.after[frames], self.before[frames])
        return there, np.asarray(np.abs(by) <= room)


def timeline_of(
    rays: np.ndarray, weight: np.ndarray, clip_id: np.ndarray, frame_id: np.ndarray
) -> Timeline:
    """Arranges frames that are in the order of time.

    Args:
        rays, weight: As of `Timeline`.
        clip_id, frame_id: (F,) of each.
    """
    follows = (np.diff(clip_id) == 0) & (np.diff(frame_id) == 1)
    count = len(clip_id)
    before, after = np.zeros(count, int), np.zeros(count, int)
    for i in np.flatnonzero(follows) + 1:
        before[i] = before[i - 1] + 1
    for i in np.flatnonzero(follows)[::-1]:
        after[i] = after[i + 1] + 1
    return Timeline(rays, weight, before, after)
