"""Camera matrices of programs that multiply rows: x_cam = x R + t, pixels = x_cam K."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.prepare.calibrations.camera_table import FileCamera, numbers

_NEAR = 1e-6
_NEARER = 3  # times that the axes meet nearer with the rotations transposed


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


def warn_of_axes(
    path: Path, cameras: Sequence[FileCamera], name: str, notice: Callable[[str], None]
) -> None:
    """Says so where the optical axes meet only if the rotations are OpenCV's, not transposed.

    Args:
        path: Of the calibration.
        cameras: Read as of rows.
        name: Of the rotation in the file.
        notice: Receives the line.
    """
    if len(cameras) < 2:
        return
    R = np.stack([camera.R for camera in cameras])
    t = np.stack([camera.t for camera in cameras])
    taken, other = _miss(R, t), _miss(np.swapaxes(R, 1, 2), t)
    if other * _NEARER < taken:
        notice(
            f"warning: {path}: the cameras' optical axes miss one another by {taken:.3g}, and by "
            f"{other:.3g} if {name} is not transposed: if whoever wrote the file kept OpenCV's R, "
            f"transpose {name} in it"
        )


def _miss(R: np.ndarray, t: np.ndarray) -> float:
    """Mean distance of the optical axes from the point nearest to all, in the file's unit."""
    center, axis = -np.einsum("vji,vj->vi", R, t), R[:, 2]
    across = np.eye(3) - axis[:, :, None] * axis[:, None]
    nearest = np.linalg.pinv(across.sum(0)) @ np.einsum("vij,vj->i", across, center)
    return float(np.linalg.norm(np.einsum("vij,vj->vi", across, nearest - center), axis=1).mean())
