"""The last frames of a run, solved again with each new one."""

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.refinement.banded import Banded, Before
from geoself_jax.data.refinement.equations import Terms, frame_equations, stiffness
from geoself_jax.data.refinement.observed import Observed, joined


class Window:
    """The last frames of a run. Those that have left it are summed up in two frames' equations.

    Args:
        skeleton: Of the J joints.
        fps: Frames per second.
        frames: Length W, 3 or more; memory and time of a frame are bounded by it.
        terms: Widths of the terms.

    Attributes:
        points: (T, J, 3) joints of the window's frames, T up to W.
    """

    def __init__(self, skeleton: Skeleton, fps: float, frames: int, terms: Terms) -> None:
        self._skeleton, self._fps, self._frames, self._terms = skeleton, fps, frames, terms
        self._seen: Observed | None = None
        self._alone: list[Banded | None] = []  # each frame's own equations, as last solved
        self._before: Before | None = None
        self.points = np.zeros((0, skeleton.joints, 3))

    def push(
        self, seen: Observed, points: np.ndarray, lengths: np.ndarray | None, usual: np.ndarray
    ) -> np.ndarray | None:
        """Takes the next frame; the oldest one leaves a full window.

        Args:
            seen: What is known of it.
            points: (1, J, 3) where it is linearized first.
            lengths, usual: As of `solve`.

        Returns:
            (J, 3) joints of the frame that has left, or None.
        """
        self._seen = seen if self._seen is None else joined(self._seen, seen)
        self.points = np.concatenate([self.points, points])
        self._alone.append(None)
        if len(self.points) <= self._frames:
            return None
        first = self._alone.pop(0) or self._own_equations(slice(0, 1), lengths)
        three = Banded(3, 3 * self._skeleton.joints)
        three.add_frames(first)
        three.add_second_differences(stiffness(usual, self._fps))
        if self._before is not None:
            three.add_before(self._before)
        self._before = three.leave_first()
        left = self.points[0]
        self._seen, self.points = self._seen.part(slice(1, None)), self.points[1:]
        return left

    def bridge(self, missing: int, points: np.ndarray) -> None:
        """Moves the last frames, in which nobody was seen, onto the way to the next frame's joints.

        Args:
            missing: How many.
            points: (J, 3).
        """
        count = min(missing, len(self.points) - 1)
        for i in range(-count, 0):
            share = (count + 1 + i) / (count + 1)
            self.points[i] += share * (points - self.points[i])

    def solve(self, lengths: np.ndarray | None, usual: np.ndarray) -> np.ndarray:
        """Solves all of the window once more, from where it is.

        Args:
            lengths: (J,) of bones, or None to leave them free.
            usual: (J,) acceleration that each joint is expected to have.

        Returns:
            (T, J, 3) joints.
        """
        system = self._own_equations(slice(None), lengths)
        self._alone = [system.frame(at) for at in range(len(self.points))]
        system.add_second_differences(stiffness(usual, self._fps))
        if self._before is not None:
            system.add_before(self._before)
        self.points = system.solve().reshape(self.points.shape)
        return self.points

    def _own_equations(self, frames: slice, lengths: np.ndarray | None) -> Banded:
        assert self._seen is not None
        seen, points = self._seen.part(frames), self.points[frames]
        return frame_equations(seen, points, lengths, self._skeleton, self._fps, self._terms)
