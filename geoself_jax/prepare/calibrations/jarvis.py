"""JARVIS-MoCap's calibration: a YAML a camera in a folder, in OpenCV's FileStorage.

`intrinsicMatrix` and `R` are stored transposed, as for row vectors: pixels = ([x 1] [R; T]) K;
`distortionCoefficients` (k1 k2 and zeros) and `T` are OpenCV's. The world is the first camera's,
in the unit of the board's squares; neither that nor a vertical is in the files. Next to them lie
the halves from which they were made, `Intrinsics/` without R and T and `Extrinsics/` without K.

Source: files of JARVIS's example data set, and the projection of JARVIS-HybridNet.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations import opencv
from geoself_jax.prepare.calibrations.camera_table import FileCamera, checked_camera, numbers
from geoself_jax.prepare.calibrations.opencv_storage import load_filestorage
from geoself_jax.prepare.calibrations.transposed import columns_of, warn_of_axes
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent

SUFFIXES = (".yaml", ".yml")
MOST = 200
"""Most files of a folder that are read."""

_K, _LENS = "intrinsicMatrix", "distortionCoefficients"


def recognize(path: Path) -> str | None:
    """Why the file or folder is one of these, or None."""
    if path.is_dir():
        found = _cameras(path)
        return f"folder of {len(found)} cameras in JARVIS's YAML" if len(found) > 1 else None
    return "YAML with intrinsicMatrix, R and T" if {_K, "R", "T"} <= _names(path) else None


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
        unit: Of its world, the board's; required, as no file of these says it.
        up: Of its world; None takes the images', with a notice.
        notice: Receives one line for each of these.

    Raises:
        GeoselfError: Not such a file, a camera that is none, no unit (65).
    """
    files = _cameras(path) if path.is_dir() else [path]
    cameras = [_camera(file) for file in files]
    if cameras:
        notice(f"{path}: taken for JARVIS's: camera matrix and R are transposed in it")
        warn_of_axes(path, cameras, "R", notice)
    return rig_of(
        path, path.stem, cameras, unit=unit, up=up, own_unit=None, own_up=None, notice=notice
    )


def half(path: Path) -> GeoselfError | None:
    """The error (65) of a folder, or a file, that holds lenses or places alone; None for others."""
    if path.is_file():
        return _half(path, path.parent.parent)
    folders = [path, *sorted(each for each in path.iterdir() if each.is_dir())[:MOST]]
    found = (_half(file, folder.parent) for folder in folders for file in _files(folder))
    return next(filter(None, found), None)


def _half(file: Path, above: Path) -> GeoselfError | None:
    names = _names(file)
    if _K in names and not {"R", "T"} <= names:
        lacks = "where the camera stands"
    elif {"R", "T", "E", "F"} <= names and not any(opencv.is_kind(name, "K") for name in names):
        lacks = "a camera matrix"
    else:
        return None
    return data_error(
        f"{file}: {lacks} is not in it",
        "of JARVIS's files those with intrinsicMatrix, R and T are wanted, one a camera",
        f"name their folder, mostly the one above: --calibration={above}",
    )


def _names(path: Path) -> set[str]:
    return opencv.names_in(path) if path.suffix.lower() in SUFFIXES else set()


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)[:MOST]


def _cameras(folder: Path) -> list[Path]:
    return [file for file in _files(folder) if recognize(file)]


def _camera(path: Path) -> FileCamera:
    content, where = load_filestorage(path), f"{path}, camera {path.stem}"
    return checked_camera(
        path,
        path.stem,
        K=columns_of(content.get(_K), f"{where}: {_K}", "JARVIS"),
        distortion=content.get(_LENS),
        rotation=np.transpose(numbers(content.get("R"), f"{where}: R", (3, 3))),
        translation=content.get("T"),
    )
