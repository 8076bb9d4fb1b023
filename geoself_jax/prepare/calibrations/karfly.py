"""Human3.6M's camera-parameters.json of karfly/human36m-camera-parameters.

`intrinsics`: camera -> `calibration_matrix`, `distortion` (k1 k2 p1 p2 k3), once for all subjects;
`extrinsics`: subject -> camera -> `R`, `t` (3x1, t = -R center, millimetres); z up.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import data_error, nearest_name
from geoself_jax.data.files import load_json
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import FileCamera, checked_camera, mapping
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import head, holds

SIZES = {
    "54138969": (1000, 1002),
    "55011271": (1000, 1000),
    "58860488": (1000, 1000),
    "60457274": (1000, 1002),
}
"""Width and height of Human3.6M's images, which the file does not hold (VideoPose3D)."""


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if holds(head(path), "intrinsics", "calibration_matrix"):
        return "json with intrinsics of calibration_matrix"
    return None


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
    name: str | None = None,
) -> Rig:
    """The rig of one subject.

    Args:
        path: The file.
        unit, up: Of its world; None for millimetres and z.
        notice: Receives one line for each correction or oddity.
        name: Of the subject; None where the file has one only.

    Raises:
        GeoselfError: Not such a file, a camera that is none, no such or no single subject (65).
    """
    content = mapping(load_json(path), str(path))
    intrinsics = mapping(content.get("intrinsics"), f"{path}: intrinsics")
    extrinsics = mapping(content.get("extrinsics"), f"{path}: extrinsics")
    if name is None and len(extrinsics) == 1:
        name = next(iter(extrinsics))
    if name is None:
        raise data_error(
            f"{path}: the cameras of {', '.join(extrinsics) or 'nobody'}",
            "one subject's are wanted",
            "name the subject: --rig=S1",
        )
    if name not in extrinsics:
        raise data_error(
            f"{path}: no cameras of subject {name!r}", "", nearest_name(name, extrinsics)
        )
    placed = mapping(extrinsics[name], f"{path}: extrinsics of {name}")
    cameras = [_camera(path, key, intrinsics, value) for key, value in placed.items()]
    return rig_of(path, name, cameras, unit=unit, up=up, own_unit="mm", own_up="z", notice=notice)


def _camera(path: Path, key: str, intrinsics: dict[str, Any], placed: Any) -> FileCamera:
    inner = mapping(intrinsics.get(key), f"{path}: intrinsics of camera {key}")
    outer = mapping(placed, f"{path}: extrinsics of camera {key}")
    return checked_camera(
        path,
        key,
        K=inner.get("calibration_matrix"),
        distortion=inner.get("distortion"),
        rotation=outer.get("R"),
        translation=outer.get("t"),
        size=SIZES.get(key),
    )
