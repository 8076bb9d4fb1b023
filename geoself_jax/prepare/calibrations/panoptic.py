"""CMU Panoptic's calibration_<sequence>.json: x_cam = R x + t, centimetres, y down.

`cameras`: a list of `name`, `type` (vga, hd, kinect-color), `resolution`, `K`, `distCoef`
(k1 k2 p1 p2 k3), `R`, `t` (3x1).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_json
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import (
    FileCamera,
    camera_name,
    checked_camera,
    mapping,
)
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import head, holds

TYPE = "hd"
"""Of the cameras that are taken: 31, of one clock, 29.97 frames per second."""


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if holds(head(path), "cameras", "distCoef"):
        return "json with cameras of K, distCoef, R, t"
    return None


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
    types: Sequence[str] = (TYPE,),
) -> Rig:
    """The rig of the HD cameras.

    Args:
        path: The file.
        unit, up: Of its world; None for centimetres and -y.
        notice: Receives one line for each thing left out.
        types: Of the cameras to take.

    Raises:
        GeoselfError: Not such a file, a camera that is none, none of these types (65).
    """
    entries = mapping(load_json(path), str(path)).get("cameras")
    if not isinstance(entries, list):
        raise data_error(f"{path}: cameras", "a list of cameras is wanted", "check the format")
    tables = [mapping(entry, f"{path}: cameras[{i}]") for i, entry in enumerate(entries)]
    kinds = [str(table.get("type", TYPE)) for table in tables]
    taken = [table for table, kind in zip(tables, kinds, strict=True) if kind in types]
    if not taken:
        found = ", ".join(sorted(set(kinds))) or "none"
        raise data_error(
            f"{path}: cameras of type {found}", f"{' or '.join(types)} wanted", "check the file"
        )
    if len(taken) < len(tables):
        others = ", ".join(sorted(set(kinds) - set(types)))
        notice(f"{path}: took the {len(taken)} {'/'.join(types)} cameras, left out {others}")
    cameras = [_camera(path, table) for table in taken]
    name = path.stem.removeprefix("calibration_")
    return rig_of(path, name, cameras, unit=unit, up=up, own_unit="cm", own_up="-y", notice=notice)


def _camera(path: Path, table: dict[str, Any]) -> FileCamera:
    return checked_camera(
        path,
        camera_name(path, table),
        K=table.get("K"),
        distortion=table.get("distCoef"),
        rotation=table.get("R"),
        translation=table.get("t"),
        size=table.get("resolution"),
    )
