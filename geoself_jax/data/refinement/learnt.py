"""Bones and usual accelerations of the person in a live video, from the frames so far."""

from collections import deque

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.refinement.bones import bone_lengths
from geoself_jax.data.refinement.equations import Terms
from geoself_jax.data.refinement.passes import FIRST_ACCELERATION, expected_accelerations

APART_SECONDS, MOST = 0.1, 600
"""From one pose that is kept to the next, and how many are kept: the last minute."""
FEWEST = 20
"""Poses kept from which on bones are held."""
AGAIN_SECONDS = 0.5
"""From one estimate to the next."""


class Learnt:
    """What is learnt of a person, from poses found with free bones. Memory is bounded.

    Args:
        skeleton: Of the J joints.
        fps: Frames per second.
        terms: Widths of the terms.
    """

    def __init__(self, skeleton: Skeleton, fps: float, terms: Terms) -> None:
        self._skeleton, self._fps, self._terms = skeleton, fps, terms
        self._kept = np.zeros((MOST, skeleton.joints, 3))
        self._frames = self._poses = 0
        self._squares, self._count = np.zeros(skeleton.joints), 0.0
        self._last: deque[np.ndarray] = deque(maxlen=3)
        self._lengths: np.ndarray | None = None
        self._usual: np.ndarray | None = None

    @property
    def poses(self) -> np.ndarray:
        """(N, J, 3) joints that are kept, camera frame, metres."""
        return self._kept[: min(self._poses, MOST)]

    def of_unit(self, unit: float) -> tuple[np.ndarray | None, np.ndarray]:
        """Lengths (J,) of bones, None until enough is seen, and expected accelerations (J,).

        Args:
            unit: Metres of what both are in.
        """
        if self._usual is None:
            return None, np.full(self._skeleton.joints, FIRST_ACCELERATION)
        lengths = None if self._lengths is None else self._lengths / unit
        return lengths, expected_accelerations(self._usual / unit, self._terms)

    def restart(self) -> None:
        """The next frame does not follow the last one."""
        self._last.clear()

    def add(self, points: np.ndarray) -> None:
        """Takes the next frame's joints, (J, 3), camera frame, metres."""
        if self._frames % max(1, round(APART_SECONDS * self._fps)) == 0:
            self._kept[self._poses % MOST] = points
            self._poses += 1
        self._frames += 1
        self._last.append(points)
        if len(self._last) == 3:
            before, at, after = self._last
            self._squares += ((after - 2 * at + before) ** 2).sum(-1)
            self._count += 1
            if self._count > MOST * APART_SECONDS * self._fps:  # what is old counts less
                self._squares, self._count = self._squares / 2, self._count / 2
        if self._frames % max(1, round(AGAIN_SECONDS * self._fps)) == 0:
            self._estimate()

    def _estimate(self) -> None:
        if self._poses < FEWEST or not self._count:
            return
        self._lengths = bone_lengths([self.poses], self._skeleton)
        self._usual = self._fps**2 * np.sqrt(self._squares / self._count)
