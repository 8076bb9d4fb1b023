"""Camera matrices of programs that multiply rows: x_cam = x R + t, pixels = x_cam K."""

from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.prepare.calibrations.camera_table import numbers

_NEAR = 1e-6


def columns_of(value: Any, what: str, writer: str) -> np.ndarray:
    """K (3, 3) for columns, of one that is stored for rows: its last row is the principal point.

    Whoever stores K otherwise stores the rotation otherwise, too, which its numbers do not show:
    a K that is not for rows, or may be either, is refused.

    Args:
        value: As the file has it.
        what: File, camera and name of the matrix, for messages.
        writer: The program that stores it for rows.

    Raises:
        GeoselfError: No 3x3, stored for columns, or no principal point in it (65).
    """
    K = numbers(value, what, (3, 3))
    rows = np.allclose(K[:, 2], (0, 0, 1), rtol=0, atol=_NEAR)
    columns = np.allclose(K[2], (0, 0, 1), rtol=0, atol=_NEAR)
    if rows and columns:
        raise data_error(
            f"{what}: its principal point is 0 0",
            f"whether the matrices are transposed, as {writer} writes them, is not to be seen",
            "calibrate again, or write OpenCV's: camera_matrix, distortion_coefficients, R, T",
        )
    if columns:
        raise data_error(
            f"{what}: its last row is 0 0 1",
            f"{writer} writes the principal point there: K and rotation transposed",
            "if neither is, name them as OpenCV's: camera_matrix, distortion_coefficients, R, T",
        )
    if not rows:
        raise data_error(
            f"{what}: last column {' '.join(f'{x:g}' for x in K[:, 2])}",
            "0 0 1 is wanted",
            "fix the file",
        )
    return K.T
