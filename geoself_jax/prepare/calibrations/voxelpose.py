"""VoxelPose's calibration_shelf.json and calibration_campus.json: x_cam = R (x - T), millimetres.

Camera -> `R`, `T` (the camera's centre, where OpenCV's files have -R centre), `fx`, `fy`, `cx`,
`cy`, `k` (k1 k2 k3) and `p` (p1 p2), the lens being OpenCV's; z up. Image size is not in the file.

Source: `project_point_radial` of voxelpose-pytorch and of those who read its files.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from geoself_jax.prepare.first_bytes import head, holds


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    keys = ("R", "T", "fx", "fy", "cx", "cy", "k", "p")
    if path.suffix.lower() == ".json" and holds(head(path), *keys):
        return "json with R, T, fx, fy, cx, cy, k, p"
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
        path: The file.
        unit, up: Of its world; None for millimetres and z.
        notice: Receives one line for each correction or oddity.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65).
    """
    content = mapping(load_json(path), str(path))
    cameras = [_camera(path, name, value) for name, value in content.items()]
    notice(f"{path}: T is taken for the cameras' centres, as VoxelPose has it")
    return rig_of(
        path, path.stem, cameras, unit=unit, up=up, own_unit="mm", own_up="z", notice=notice
    )


def _camera(path: Path, name: str, value: Any) -> FileCamera:
    where = f"{path}, camera {name}"
    table = mapping(value, where)
    fx, fy, cx, cy = (
        float(numbers(table.get(key), f"{where}: {key}", (1,))[0])
        for key in ("fx", "fy", "cx", "cy")
    )
    k1, k2, k3 = numbers(table.get("k"), f"{where}: k", (3,)).tolist()
    p1, p2 = numbers(table.get("p"), f"{where}: p", (2,)).tolist()
    camera = checked_camera(
        path,
        name,
        K=[[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]],
        distortion=[k1, k2, p1, p2, k3],
        rotation=table.get("R"),
        translation=[0.0, 0.0, 0.0],
    )
    return placed(camera, numbers(table.get("T"), f"{where}: T", (3,)))
