"""Robust least squares over time: a pass with free bones, then one with their lengths."""

from collections.abc import Callable, Sequence

import numpy as np

from geoself_jax.core.blas_threads import one_thread
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.refinement.bones import bone_lengths
from geoself_jax.data.refinement.equations import Terms, equations
from geoself_jax.data.refinement.observed import Observed

FIRST_ACCELERATION = 8.0
"""Units per second squared, of all joints while nothing is known of their motion."""
HIGHEST_FPS = 1000.0
"""Faster videos are refined as of this rate: numbers of double precision hold no more."""
FREE, RIGID = 3, 4
"""Iterations of the pass with free bones, and of that with their lengths."""

_SLOWEST, _FASTEST = 2.0, 30.0
_OVERLAP_SECONDS, _LONGEST_OVERLAP = 1.0, 120
_BYTES, _FEWEST = 2**25, 32


def refine_runs(
    runs: Sequence[Observed],
    skeleton: Skeleton,
    fps: float,
    *,
    terms: Terms = Terms(),  # noqa: B008 - frozen
    done: Callable[[int], None] = lambda frames: None,
) -> list[np.ndarray]:
    """Refines the poses of one person in one camera.

    Each joint is pulled to its detections' rays, the pose about the root to the network's, and
    each joint's acceleration to zero, all by their expected errors. The first pass estimates bone
    lengths (`bone_lengths`) and each joint's usual acceleration, which the second pass holds.
    Time and memory are linear in frames; runs longer than some hundred frames are solved in parts
    that overlap by a second.

    Args:
        runs: What is known of each run of frames.
        skeleton: Of the joints.
        fps: Frames per second.
        terms: Widths of the terms.
        done: Receives the number of frames finished since the last call.

    Returns:
        (T, J, 3) joints of each run, camera frame, in the unit of the runs.

    Raises:
        GeoselfError: Poses so far away that nothing can be solved for (65).
    """
    fps = min(fps, HIGHEST_FPS)
    expected = np.full(skeleton.joints, FIRST_ACCELERATION)
    count = _Count(done)

    def passed(lengths: np.ndarray | None, starts: Sequence[np.ndarray], rounds: int) -> list:
        return [
            _in_parts(seen, start, lengths, expected, skeleton, fps, terms, rounds, count)
            for seen, start in zip(runs, starts, strict=True)
        ]

    with one_thread():
        free = passed(None, [seen.points for seen in runs], FREE)
        expected = expected_accelerations(accelerations(free, fps), terms)
        return passed(bone_lengths(free, skeleton), free, RIGID)


def expected_accelerations(usual: np.ndarray, terms: Terms) -> np.ndarray:
    """What each joint's acceleration is expected to be, (J,), by its usual one."""
    return np.clip(terms.acceleration * usual, _SLOWEST, _FASTEST)


def accelerations(points: Sequence[np.ndarray], fps: float) -> np.ndarray:
    """Usual acceleration of each joint, (J,), units per second squared: root mean squares."""
    second = [run[2:] - 2 * run[1:-1] + run[:-2] for run in points]
    square = np.concatenate([(part**2).sum(-1) for part in second])
    if not len(square):
        return np.full(points[0].shape[1], FIRST_ACCELERATION)
    return fps**2 * np.sqrt(square.mean(0))


def _in_parts(
    seen: Observed,
    start: np.ndarray,
    lengths: np.ndarray | None,
    expected: np.ndarray,
    skeleton: Skeleton,
    fps: float,
    terms: Terms,
    rounds: int,
    count: "_Count",
) -> np.ndarray:
    """Iterates over overlapping parts, so that memory does not grow with the run."""
    frames, size = seen.frames, 3 * skeleton.joints
    fits = max(_FEWEST, _BYTES // (8 * size * (2 * size + 1)))
    overlap = min(_LONGEST_OVERLAP, fits // 4, max(8, round(_OVERLAP_SECONDS * fps)))
    most = fits - 2 * overlap
    found = np.empty_like(start)
    for first in range(0, frames, most):
        last = min(first + most, frames)
        wide = slice(max(first - overlap, 0), min(last + overlap, frames))
        part, points = seen.part(wide), start[wide]
        for _ in range(rounds):
            system = equations(part, points, lengths, expected, skeleton, fps, terms)
            points = system.solve().reshape(points.shape)
        found[first:last] = points[first - wide.start : last - wide.start]
        count.add((last - first) * rounds)
    return found


class _Count:
    """Reports finished frames by iterations: each frame takes those of both passes'."""

    def __init__(self, done: Callable[[int], None]) -> None:
        self._done, self._iterations, self._said = done, 0, 0

    def add(self, iterations: int) -> None:
        """Adds iterations times frames."""
        self._iterations += iterations
        frames = self._iterations // (FREE + RIGID)
        self._done(frames - self._said)
        self._said = frames
