"""AIST++'s cameras/<environment>.json: x_cam = R x + t, centimetres, y up.

A list of `name` (c01 ...), `size`, `matrix`, `rotation` (a vector), `translation`, `distortions`.
"""

from collections.abc import Callable
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


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    text = head(path)
    keys = ("name", "matrix", "rotation", "translation", "distortions")
    if text.lstrip().startswith("[") and holds(text, *keys):
        return "json list of matrix, rotation, translation, distortions"
    return None


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig of an environment.

    Args:
        path: The file.
        unit, up: Of its world; None for centimetres and y.
        notice: Receives one line for each correction or oddity.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65).
    """
    entries = load_json(path)
    if not isinstance(entries, list):
        raise data_error(str(path), "a list of cameras is wanted", "check the file's format")
    cameras = [
        _camera(path, mapping(entry, f"{path}: entry {i}")) for i, entry in enumerate(entries)
    ]
    return rig_of(
        path, path.stem, cameras, unit=unit, up=up, own_unit="cm", own_up="y", notice=notice
    )


def _camera(path: Path, table: dict[str, Any]) -> FileCamera:
    return checked_camera(
        path,
        camera_name(path, table),
        K=table.get("matrix"),
        distortion=table.get("distortions"),
        rotation=table.get("rotation"),
        translation=table.get("translation"),
        size=table.get("size"),
    )
