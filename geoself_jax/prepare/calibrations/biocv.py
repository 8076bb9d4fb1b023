"""BioCV's .calib: text of one camera a file, millimetres, no known up.

Width, height, three rows of the camera matrix, three or four rows of [R | t], and the distortion
(k1 k2 p1 p2 k3), rows of numbers; x_cam = R x + t. The file's name is the camera's.

Source: `calib_biocv_fun` of Pose2Sim 0.10.49; no file of the data set was at our disposal.
"""

import math
from collections.abc import Callable
from pathlib import Path

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_text
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import FileCamera, checked_camera
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import head

SUFFIX = ".calib"
MOST = 200
"""Most files of a folder that are read."""

_LARGEST = 2**16  # bytes of such a file
_LAYOUT = [1, 1, 3, 3, 3, 4, 4, 4]  # numbers a row, before the distortion


def recognize(path: Path) -> str | None:
    """Why the file or folder is one of these, or None."""
    if path.is_dir():
        found = _files(path)
        return f"folder of {len(found)} cameras in .calib" if found else None
    if path.suffix.lower() == SUFFIX and _rows(head(path)) is not None:
        return ".calib of width, height, matrix, [R | t] and distortion"
    return None


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig.

    Args:
        path: A file of one camera, or the folder of all.
        unit: Of its world; None for millimetres.
        up: Of its world; None takes the images', with a notice.
        notice: Receives one line for each of these.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65).
    """
    cameras = [_camera(file) for file in (_files(path) if path.is_dir() else [path])]
    return rig_of(
        path, path.stem, cameras, unit=unit, up=up, own_unit="mm", own_up=None, notice=notice
    )


def _files(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() == SUFFIX)
    return [file for file in files[:MOST] if recognize(file)]


def _rows(text: str) -> list[list[float]] | None:
    """Rows of numbers in the layout, without a fourth row of [R | t]; None for anything else."""
    try:
        rows = [[float(word) for word in line.split()] for line in text.splitlines()]
    except ValueError:
        return None
    rows = [row for row in rows if row]
    if len(rows) == len(_LAYOUT) + 2 and rows[8] == [0, 0, 0, 1]:
        del rows[8]
    fits = len(rows) == len(_LAYOUT) + 1 and [len(row) for row in rows[:-1]] == _LAYOUT
    return rows if fits and all(math.isfinite(x) for row in rows for x in row) else None


def _camera(path: Path) -> FileCamera:
    rows = _rows(load_text(path, max_bytes=_LARGEST))
    if rows is None:
        raise data_error(
            str(path),
            "rows of 1, 1, 3, 3, 3, 4, 4, 4 numbers and of the distortion are wanted",
            "check the file's format",
        )
    (width,), (height,), *rest, distortion = rows
    return checked_camera(
        path,
        path.stem,
        K=rest[:3],
        distortion=distortion,
        rotation=[row[:3] for row in rest[3:]],
        translation=[row[3] for row in rest[3:]],
        size=[width, height],
    )
