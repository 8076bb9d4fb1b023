"""Live refinement: the pose of a fixed number of frames ago, by all frames up to now."""

import dataclasses
import warnings
from collections import deque

import numpy as np

from geoself_jax.core.blas_threads import one_thread
from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.length_unit import unit_of
from geoself_jax.data.refinement.equations import Terms
from geoself_jax.data.refinement.learnt import Learnt
from geoself_jax.data.refinement.observed import Observed, observe
from geoself_jax.data.refinement.passes import FIRST_ACCELERATION, HIGHEST_FPS
from geoself_jax.data.refinement.pose_sequences import LONGEST_GAP_SECONDS
from geoself_jax.data.refinement.window import Window

FEWEST = 8
"""Frames of the window at least."""
LIVE = Terms(acceleration=1.0)
"""Terms of live use: free poses of few frames shake more, so that less is made of it."""


class FixedLag:
    """Refines one person in one camera, frame by frame.

    The same equations as `refine_sequences`, of the last frames, reweighted and solved once with
    each new one from where the last solution ended. Those before are summed up in two frames'
    equations (marginalized), so that the time of a frame does not grow. Two such windows stand for
    the two passes: bones are free in the first, from which their lengths and the usual
    accelerations are learnt (`Learnt`), and held in the second.

    Args:
        skeleton: Of the J joints.
        fps: Frames per second.
        lag: Frames by which the returned pose is late.
        terms: Widths of the terms.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        fps: float,
        lag: int,
        *,
        terms: Terms = LIVE,
    ) -> None:
        self._skeleton, self._fps, self._terms, self.lag = skeleton, fps, terms, lag
        self._solved_fps = min(fps, HIGHEST_FPS)
        self._learnt = Learnt(skeleton, self._solved_fps, terms)
        self._first = np.full(skeleton.joints, FIRST_ACCELERATION)
        self._nobody = np.full((skeleton.joints, 3), np.nan)
        self._found: deque[np.ndarray] = deque([self._nobody] * (lag + 1), maxlen=lag + 1)
        self._last: Observed | None = None  # of the person who is there
        self._missing = 0  # frames since then
        self._unit = 1.0
        self._is_said = False

    def __call__(
        self,
        points: np.ndarray | None,
        keypoints_2d: np.ndarray,
        confidence: np.ndarray,
        K: np.ndarray,
        *,
        distance: np.ndarray | None = None,
        axes: np.ndarray | None = None,
    ) -> np.ndarray:
        """Takes the next frame and returns the pose of `lag` frames before it.

        Args:
            points: (J, 3) lifted joints, camera frame, metres; None where there is nobody. Numbers
                that are not finite are nobody's.
            keypoints_2d: (J, 2) undistorted pixels; NaN where missing.
            confidence: (J,) in [0, 1]; 0 where missing.
            K: (3, 3) intrinsics, pixels.
            distance: (J,) expected error of each joint relative to the root, metres, or None.
            axes: (J, 2) the same across the ray and along it, or None; read before `distance`.

        Returns:
            (J, 3) joints, camera frame, metres. NaN before the first person, and in frames without
            one, unless the person is seen again by now, half a second later at most. NaN too for
            the frames of a window that has no solution, of which the first is warned of: it begins
            again with the next frame.
        """
        self._found.append(self._nobody)
        try:
            if points is None or not np.isfinite(points).all():
                self._miss()
            else:
                self._take(points, keypoints_2d, confidence, K, distance, axes)
        except GeoselfError as error:  # no solution, nor with any frame of this window
            self._give_up(error)
        return self._found[0]

    def _take(
        self,
        points: np.ndarray,
        keypoints_2d: np.ndarray,
        confidence: np.ndarray,
        K: np.ndarray,
        distance: np.ndarray | None,
        axes: np.ndarray | None,
    ) -> None:
        """Takes a frame with a person, and finds the window's poses."""
        if self._last is None:
            self._start(points)
        seen = observe(
            points[None],
            keypoints_2d[None],
            confidence[None],
            K,
            self._skeleton,
            distance=None if distance is None else distance[None],
            axes=None if axes is None else axes[None],
            unit=self._unit,
        )
        for window in (self._free, self._held):
            window.bridge(self._missing, seen.points[0])
        self._last, self._missing = seen, 0
        with one_thread():
            self._push(seen, seen.points, seen.points)
            self._free.solve(None, self._first)
            solved = self._held.solve(*self._learnt.of_unit(self._unit))
        for back in range(1, min(len(solved), self.lag + 1) + 1):
            self._found[-back] = self._unit * solved[-back]

    def _give_up(self, error: GeoselfError) -> None:
        """Drops a window without a solution, and the poses that it has said so far."""
        self._last = None
        self._found.extend([self._nobody] * (self.lag + 1))
        if not self._is_said:
            line = f"{error} - it begins again with the next frame, here and later"
            warnings.warn(line, stacklevel=3)
            self._is_said = True

    def _start(self, points: np.ndarray) -> None:
        """Begins a run with its first frame."""
        known = self._learnt.poses
        self._unit = unit_of(known if len(known) else points[None] - points[self._skeleton.root])
        frames = max(FEWEST, self.lag + 2)
        self._free, self._held = (
            Window(self._skeleton, self._solved_fps, frames, self._terms) for _ in range(2)
        )
        self._learnt.restart()

    def _miss(self) -> None:
        """Takes a frame without a person, who may come back."""
        if self._last is None:
            return
        self._missing += 1
        if self._missing > max(1, int(LONGEST_GAP_SECONDS * self._fps)):
            self._last = None
            return
        nothing = dataclasses.replace(
            self._last, weight=np.zeros_like(self._last.weight), lifted=np.array([False])
        )
        self._push(nothing, self._held.points[-1:], self._free.points[-1:])

    def _push(self, seen: Observed, held: np.ndarray, free: np.ndarray) -> None:
        left = self._free.push(seen, free, None, self._first)
        if left is not None:
            self._learnt.add(self._unit * left)
        self._held.push(seen, held, *self._learnt.of_unit(self._unit))
