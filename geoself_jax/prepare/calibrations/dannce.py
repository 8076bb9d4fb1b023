"""DANNCE's and Label3D's cameras in MATLAB files: one of all (`*dannce.mat`), or one a camera.

`params` is a cell of a struct a camera, `camnames` of their names; `hires_cam1_params.mat` holds
the fields of one camera itself. MATLAB multiplies rows: x_cam = x r + t and pixels = x_cam K, so
that `K` (3x3) and `r` (3x3) are the transposes of OpenCV's; `t` (1x3), `RDistort` (k1 k2 or
k1 k2 k3) and `TDistort` (p1 p2) are OpenCV's. Millimetres, as DANNCE's own settings have it; no
vertical is in the file.

MATLAB counts pixels from 1: 1 is taken off the principal point. Label3D's exported `data_2d` are
its `data_3d` projected with K as it is, to 4e-13 px (DANNCE's demonstration, 20,580 numbers), and
DANNCE takes 1 off these labels when it reads them; MATLAB's own `cameraIntrinsicsToOpenCV` takes
1 off the principal point. A file that SciPy wrote comes from OpenCV's calibration, which counts
from 0. Which it is, is said by the file's first line.

Source: demonstration files, `serve_data_DANNCE` and `ops` of DANNCE; `exportDannce` of Label3D.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_matlab, matlab_head
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import (
    FileCamera,
    checked_camera,
    mapping,
    numbers,
)
from geoself_jax.prepare.calibrations.transposed import columns_of, warn_of_axes
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent

SUFFIX = ".mat"
MOST = 200
"""Most files of a folder that are read."""

_CAMERA = ("K", "r", "t", "RDistort", "TDistort", "m")
_WITH = {"camnames", "labelData", "sync", "handLabeled2D"}
_LARGEST = 2**30  # bytes of such a file; labels are a few megabytes
_SCIPY = "MATLAB 5.0 MAT-file Platform:"  # MATLAB has a comma before Platform


def recognize(path: Path) -> str | None:
    """Why the file or folder is one of these, or None."""
    if path.is_dir():
        layouts = [_layout(file) for file in _files(path)]
        alone = layouts.count("camera")
        return (
            f"folder of {alone} cameras in DANNCE's .mat"
            if alone > 1 and "rig" not in layouts
            else None
        )
    layout = _layout(path)
    known = {"rig": "params of cameras", "camera": "K, r, t, RDistort and TDistort"}
    return f"MATLAB file with {known[layout]}" if layout else None


def is_rig(path: Path) -> bool:
    """Whether a file holds all cameras, and not one."""
    return _layout(path) == "rig"


def _layout(path: Path) -> str:
    """`rig` of a file with all cameras, `camera` of one, or empty."""
    head = matlab_head(path) if path.suffix.lower() == SUFFIX else None
    if head is None:
        return ""
    names, called = set(head.names), path.stem.lower()
    if head.hdf5:  # to be refused by its reader
        return "rig" if "dannce" in called else "camera" if called.endswith("_params") else ""
    if "params" in names and (names & _WITH or "dannce" in called):
        return "rig"
    return "camera" if set(_CAMERA[:5]) <= names else ""


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig.

    Args:
        path: A file of all cameras or of one, or a folder with a file a camera.
        unit: Of its world; None for millimetres.
        up: Of its world; None takes the images', with a notice.
        notice: Receives one line for each of these, for how pixels are counted and cameras called.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65).
    """
    files = [each for each in _files(path) if _layout(each)] if path.is_dir() else [path]
    cameras = [camera for file in files for camera in _cameras(file, notice)]
    _say_counting(path, files, notice)
    warn_of_axes(path, cameras, "r", notice)
    return rig_of(
        path, path.stem, cameras, unit=unit, up=up, own_unit="mm", own_up=None, notice=notice
    )


def _files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.suffix.lower() == SUFFIX)[:MOST]


def _cameras(path: Path, notice: Callable[[str], None]) -> list[FileCamera]:
    found = load_matlab(path, names=["params", "camnames", *_CAMERA], max_bytes=_LARGEST)
    first = 0.0 if _from_scipy(path) else 1.0
    if "params" not in found:
        if "K" not in found:
            raise data_error(
                f"{path}: neither params nor K",
                "a cell of cameras, or one camera's K, r, t, RDistort and TDistort, is wanted",
                "name DANNCE's or Label3D's file",
            )
        return [_camera(path, path.stem.removesuffix("_params"), found, first)]
    tables = found["params"] if isinstance(found["params"], list) else [found["params"]]
    names = _names(path, found.get("camnames"), len(tables), notice)
    return [
        _camera(path, name, mapping(table, f"{path}: params, camera {name}"), first)
        for name, table in zip(names, tables, strict=True)
    ]


def _names(path: Path, listed: Any, count: int, notice: Callable[[str], None]) -> list[str]:
    """The cameras' names, or numbers from 1 as DANNCE has them."""
    if listed is None:
        names = [f"Camera{number}" for number in range(1, count + 1)]
        notice(f"{path}: no camnames; the cameras are called Camera1 ... in the file's order")
        return names
    cells = listed if isinstance(listed, list) else [listed]
    cells = [each[0] if isinstance(each, list) and len(each) == 1 else each for each in cells]
    if len(cells) != count or not all(isinstance(each, str) and each.strip() for each in cells):
        raise data_error(
            f"{path}: {len(cells)} camnames, {count} params",
            "a text for each camera is wanted",
            "fix the file",
        )
    return [each.strip() for each in cells]


def _camera(path: Path, name: str, table: dict[str, Any], first: float) -> FileCamera:
    where = f"{path}, camera {name}"
    if np.any(table.get("m", 0)):
        raise data_error(
            f"{where}: filmed by a mirror (m is not 0)",
            "its image is that of no camera that turns and stands somewhere",
            "leave it out of the file",
        )
    K = columns_of(table.get("K"), f"{where}: K", "MATLAB")
    K = K - first * np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]])
    radial = numbers(table.get("RDistort"), f"{where}: RDistort", (-1,))
    if len(radial) not in (2, 3):
        raise data_error(f"{where}: {len(radial)} in RDistort", "2 or 3 are wanted", "fix the file")
    tangential = numbers(table.get("TDistort"), f"{where}: TDistort", (2,))
    return checked_camera(
        path,
        name,
        K=K,
        distortion=[*radial[:2], *tangential, *radial[2:]],
        rotation=numbers(table.get("r"), f"{where}: r", (3, 3)).T,
        translation=table.get("t"),
    )


def _from_scipy(path: Path) -> bool:
    head = matlab_head(path)
    return head is not None and head.written.startswith(_SCIPY)


def _say_counting(path: Path, files: Sequence[Path], notice: Callable[[str], None]) -> None:
    of_scipy = sum(map(_from_scipy, files))
    both = f" in {of_scipy} of {len(files)} files" if 0 < of_scipy < len(files) else ""
    if of_scipy:
        notice(f"{path}: written by SciPy{both}: pixels are taken to count from 0, as OpenCV's do")
    if of_scipy < len(files):
        notice(f"{path}: pixels count from 1 in MATLAB; took 1 off the principal points")
