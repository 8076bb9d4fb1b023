"""OpenCap's cameraIntrinsicsExtrinsics.pickle: a file a camera, millimetres, the board's y down.

`intrinsicMat`, `distortion` (k1 k2 p1 p2 k3), `imageSize` (height, width), `rotation` (3x3) and
`translation`; x_cam = R x + t in a world whose board stands upright. The folder of the file is the
camera's name (Cam0); of several in one folder, each file's.

Source: OpenCap's readers, and calib_toml_to_opencap of Pose2Sim 0.10.49, which writes such files.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.data.files import load_pickle
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import (
    FileCamera,
    checked_camera,
    mapping,
    numbers,
)
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import head

FILE = "cameraIntrinsicsExtrinsics"
"""Name of OpenCap's own files: the folder's is the camera's."""

MOST = 200
"""Most files of a folder that are read."""


def recognize(path: Path) -> str | None:
    """Why the file or folder is one of these, or None."""
    if path.is_dir():
        found = _files(path)
        return f"folder of {len(found)} cameras in OpenCap's pickles" if found else None
    if path.suffix.lower() in (".pickle", ".pkl") and _names(head(path)):
        return "pickle with intrinsicMat, rotation, translation"
    return None


def _names(text: str) -> bool:
    return all(key in text for key in ("intrinsicMat", "rotation", "translation"))


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig.

    Args:
        path: A file of one camera, or a folder of all: files, or folders with a file each.
        unit, up: Of its world; None for millimetres and -y.
        notice: Receives one line for each correction or oddity.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65).
    """
    files = _files(path) if path.is_dir() else [path]
    cameras = [_camera(file) for file in files]
    return rig_of(
        path, path.stem, cameras, unit=unit, up=up, own_unit="mm", own_up="-y", notice=notice
    )


def _files(folder: Path) -> list[Path]:
    inner = sorted(each for each in folder.iterdir() if each.is_dir())[:MOST]
    places = [folder, *inner]
    return [file for place in places for file in sorted(place.glob("*.p*k*l*")) if recognize(file)]


def _camera(path: Path) -> FileCamera:
    name = path.parent.name if path.stem == FILE else path.stem
    table = mapping(load_pickle(path), str(path))
    size = table.get("imageSize")
    return checked_camera(
        path,
        name,
        K=_list(table.get("intrinsicMat")),
        distortion=_list(table.get("distortion")),
        rotation=_list(table.get("rotation")),
        translation=_list(table.get("translation")),
        size=None if size is None else numbers(size, f"{path}: imageSize", (2,))[::-1].tolist(),
    )


def _list(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
