"""Symmetric systems whose unknowns are coupled within a frame and to the next two frames."""

from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error

_TINY = 1e-9


class Before(NamedTuple):
    """What frames that have left a window say of its first two: normal equations of 2 n numbers.

    Attributes:
        matrix: (2 n, 2 n).
        known: (2 n,) right side.
    """

    matrix: np.ndarray
    known: np.ndarray


class Banded:
    """The normal equations A x = b of T frames of n numbers, A in LAPACK's lower banded form.

    Args:
        frames: T.
        size: n, three a joint.

    Attributes:
        known: (T, n) right side b.
    """

    def __init__(self, frames: int, size: int) -> None:
        self._bands = np.zeros((frames, size, 2 * size + 1))  # [t, column, row - column]
        self._bands[..., 0] = _TINY
        self.known = np.zeros((frames, size))
        # [t, column, row] of the same memory, for rows from the column on
        each = self._bands.strides[0], 2 * size * self._bands.itemsize, self._bands.itemsize
        self._within = np.lib.stride_tricks.as_strided(self._bands, (frames, size, size), each)

    def add_block(self, row: int, column: int, block: np.ndarray) -> None:
        """Adds the (T, 3, 3) block of two joints of the same frame, and its mirror image.

        Args:
            row, column: Joints; where they are the same the block is symmetric.
            block: Rows are the first joint's coordinates.
        """
        if row < column:
            row, column, block = column, row, block.swapaxes(1, 2)
        first, rows = 3 * column, slice(3 * row, 3 * row + 3)
        if row > column:
            self._within[:, first : first + 3, rows] += block.swapaxes(1, 2)
            return
        for j in range(3):
            self._within[:, first + j, first + j : first + 3] += block[:, j:, j]

    def frame(self, at: int) -> "Banded":
        """The equations of one frame, of a system whose frames are not coupled."""
        one = Banded(1, self.known.shape[1])
        one._bands[0], one.known[0] = self._bands[at], self.known[at]
        return one

    def add_frames(self, first: "Banded") -> None:
        """Adds the equations of the first frames alone."""
        frames = len(first.known)
        self._bands[:frames] += first._bands
        self.known[:frames] += first.known

    def add_before(self, before: Before) -> None:
        """Adds what is known of the first two frames by those before them."""
        size = self.known.shape[1]
        for column in range(2 * size):
            rows = before.matrix[column:, column]
            self._bands[column // size, column % size, : len(rows)] += rows
        self.known[:2] += before.known.reshape(2, size)

    def leave_first(self) -> Before:
        """Eliminates the first of three frames: what it says of the other two.

        Raises:
            GeoselfError: Double precision does not suffice (65).
        """
        from scipy.linalg import cho_factor, cho_solve

        frames, size, width = self._bands.shape
        left = np.zeros((frames * size, size))  # columns of the first frame
        for column in range(size):
            left[column : column + width, column] = self._bands[0, column]
        low, rest = left[:size], left[size:]
        both = np.column_stack([rest.T, self.known[0]])
        try:
            factor = cho_factor(low, lower=True, check_finite=False)
            solved = cho_solve(factor, both, check_finite=False)
        except np.linalg.LinAlgError:
            solved = np.full_like(both, np.nan)
        if not np.isfinite(solved).all():
            raise _unsolvable()
        matrix = np.zeros((2 * size, 2 * size))
        for column in range(2 * size):
            below = self._bands[1 + column // size, column % size]
            matrix[column:, column] = below[: 2 * size - column]
        matrix += np.tril(matrix, -1).T
        matrix -= rest @ solved[:, :-1]
        known = self.known[1:].reshape(-1) - rest @ solved[:, -1]
        return Before(matrix, known)

    def add_second_differences(self, weight: np.ndarray) -> None:
        """Adds weight * |x[t-1] - 2 x[t] + x[t+1]|^2 of each joint.

        Args:
            weight: (J,), of each joint.
        """
        frames, size, _ = self._bands.shape
        there = np.zeros(frames)
        there[1:-1] = 1
        before, after = np.append(0, there[:-1]), np.append(there[1:], 0)
        each = np.repeat(weight, 3)
        self._bands[:, :, 0] += np.outer(4 * there + before + after, each)
        self._bands[:, :, size] += np.outer(-2 * (there + after), each)
        self._bands[:, :, 2 * size] += np.outer(after, each)

    def solve(self) -> np.ndarray:
        """Returns x, (T, n); uses the matrix up. n (2 n)^2 operations a frame.

        Raises:
            GeoselfError: Double precision does not suffice (65).
        """
        from scipy.linalg import cho_solve_banded, cholesky_banded

        frames, size, width = self._bands.shape
        matrix = self._bands.reshape(frames * size, width).T
        known = self.known.reshape(-1)
        try:
            factor = cholesky_banded(matrix, overwrite_ab=True, lower=True, check_finite=False)
            found = cho_solve_banded((factor, True), known, check_finite=False)
        except np.linalg.LinAlgError:
            found = np.full_like(known, np.nan)
        if not np.isfinite(found).all():
            raise _unsolvable()
        return np.asarray(found.reshape(frames, size))


def _unsolvable() -> GeoselfError:
    why = "its equations have no solution: some lifted joints are absurdly far away"
    do = "check the detections and the calibration, or leave --refine out"
    return data_error("refinement over time", why, do)
