"""Fit3D's, CHI3D's and HumanSC3D's camera_parameters: a JSON a camera, x_cam = R (x - T), metres.

`extrinsics`: `R`, and `T`, the camera's centre. `intrinsics_w_distortion`: `f`, `c`, `k` (k1 k2 k3)
and `p`. The file CAMERA.json, or the folder of CAMERA/ACTION.json, names the camera. Image size and
up are not in the files.

The tangential part of their lens is Human3.6M's: x (p1 y + p2 x) + p2 r^2, without OpenCV's factor
of 2. It is OpenCV's of p1 / 2 and p2 / 2 and a thin prism of s1 = p2 / 2 and s3 = p1 / 2.

Source: `project_3d_to_2d` of imar_vision_datasets_tools.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_json
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import (
    FileCamera,
    checked_camera,
    mapping,
    numbers,
    placed,
)
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import FRAMES, head, holds

MOST = 200
"""Most files of a folder that are read."""


def recognize(path: Path) -> str | None:
    """Why the file or folder is one of these, or None."""
    if path.is_dir():
        found = _files(path)
        return f"folder of {len(found)} cameras with intrinsics_w_distortion" if found else None
    if path.suffix.lower() == ".json" and holds(
        head(path), "extrinsics", "intrinsics_w_distortion"
    ):
        return "json with extrinsics and intrinsics_w_distortion"
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
        unit: Of its world; None for metres.
        up: Of its world; None takes the images', with a notice.
        notice: Receives one line for each of these.

    Raises:
        GeoselfError: Not such a file, a camera that is none, or a camera with a file for each
            action, which differ (65).
    """
    if not path.is_dir():
        cameras = [_camera(path, path.stem)]
    else:
        cameras = [_camera(_only(name, files), name) for name, files in _files(path).items()]
    return rig_of(
        path, path.stem, cameras, unit=unit, up=up, own_unit="m", own_up=None, notice=notice
    )


def _files(folder: Path) -> dict[str, list[Path]]:
    """Files by camera: those of the folder, else those of its folders."""
    direct = {file.stem: [file] for file in _recognized(folder)}
    if direct:
        return direct
    inner = sorted(each for each in folder.iterdir() if each.is_dir())[:MOST]
    found = {each.name: _recognized(each) for each in inner}
    found = {name: files for name, files in found.items() if files}
    return found if len(found) > 1 else {}  # one alone is the folder of all cameras


def _recognized(folder: Path) -> list[Path]:
    files = [file for file in folder.iterdir() if file.suffix.lower() == ".json"]
    files = [file for file in files if not file.name.lower().endswith(FRAMES)]
    return [file for file in sorted(files)[:MOST] if recognize(file)]


def _only(name: str, files: list[Path]) -> Path:
    """The file of a camera that has one an action, if all of them say the same."""
    for file in files[1:]:
        if load_json(file) != load_json(files[0]):
            raise data_error(
                f"{file}: camera {name} is not the one of {files[0].name}",
                "one rig is wanted, and it was moved between the actions",
                "copy one action's files into a folder, each named after its camera",
            )
    return files[0]


def _camera(path: Path, name: str) -> FileCamera:
    content = mapping(load_json(path), str(path))
    outer = mapping(content.get("extrinsics"), f"{path}: extrinsics")
    inner: dict[str, Any] = mapping(
        content.get("intrinsics_w_distortion"), f"{path}: intrinsics_w_distortion"
    )
    where = f"{path}, camera {name}"
    (fu, fv), (cu, cv), (k1, k2, k3), (p1, p2) = (
        numbers(inner.get(key), f"{where}: {key}", (count,)).tolist()
        for key, count in (("f", 2), ("c", 2), ("k", 3), ("p", 2))
    )
    camera = checked_camera(
        path,
        name,
        K=[[fu, 0.0, cu], [0.0, fv, cv], [0.0, 0.0, 1.0]],
        distortion=[k1, k2, p1 / 2, p2 / 2, k3, 0, 0, 0, p2 / 2, 0, p1 / 2, 0],
        rotation=outer.get("R"),
        translation=[0.0, 0.0, 0.0],
    )
    return placed(camera, numbers(outer.get("T"), f"{where}: T", (3,)))
