"""Symmetric systems whose unknowns are coupled within a frame and to the next two frames."""

import numpy as np

from geoself_jax.core.errors import data_error

_TINY = 1e-9


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

    def add_block(self, row: int, column: int, block: np.ndarray) -> None:
        """Adds the (T, 3, 3) block of two joints of the same frame, and its mirror image.

        Args:
            row, column: Joints; where they are the same the block is symmetric.
            block: Rows are the first joint's coordinates.
        """
        if row < column:
            row, column, block = column, row, block.swapaxes(1, 2)
        for i in range(3):
            for j in range(3):
                below = 3 * (row - column) + i - j
                if below >= 0:
                    self._bands[:, 3 * column + j, below] += block[:, i, j]

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
            why = "its equations have no solution: some lifted joints are absurdly far away"
            do = "check the detections and the calibration, or leave --refine out"
            raise data_error("refinement over time", why, do)
        return np.asarray(found.reshape(frames, size))
