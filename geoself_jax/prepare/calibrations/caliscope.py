"""Caliscope's camera_array.toml: a table [cameras.NUMBER] a camera, metres, no known up.

`cam_id`, `size` [w, h], `matrix`, `distortions`, `rotation` (a vector; a 3x3 in older files),
`translation`, `fisheye`; x_cam = R x_world + t. Numbers are of its own files: camera 0 films
cam_0.mp4. Boards are given to it in centimetres and kept in metres (Caliscope 0.11.8). Its export
for other programs, camera_array_aniposelib.toml, is read as Pose2Sim's.

`rotation_count` says by how many quarter turns its trackers turn an image before they look at it;
what they find is turned back, so that the matrix is of the image as filmed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from geoself_jax.data.files import load_toml
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import (
    FileCamera,
    checked_camera,
    fisheye_flag,
    mapping,
)
from geoself_jax.prepare.calibrations.toml_tables import is_nested
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import head


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if path.suffix.lower() == ".toml" and is_nested(head(path)):
        return "toml with tables [cameras.0] ..."
    return None


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig of the cameras whose place is known.

    Args:
        path: The file.
        unit: Of its world; None for metres.
        up: Of its world; None takes the images', with a notice.
        notice: Receives one line for each of these, and for each camera left out or turned.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65).
    """
    tables = mapping(load_toml(path).get("cameras"), f"{path}: cameras")
    cameras = []
    for number, value in tables.items():
        table = mapping(value, f"{path}: cameras.{number}")
        if "rotation" not in table or "translation" not in table or table.get("ignore") is True:
            notice(f"{path}, camera cam_{number}: left out, Caliscope has not placed it")
            continue
        cameras.append(_camera(path, f"cam_{number}", table))
        if table.get("rotation_count", 0) not in (0, 4, -4):
            notice(
                f"{path}, camera cam_{number}: rotation_count {table['rotation_count']}: its "
                "detections must be pixels of the video as filmed, not turned"
            )
    return rig_of(
        path, path.stem, cameras, unit=unit, up=up, own_unit="m", own_up=None, notice=notice
    )


def _camera(path: Path, name: str, table: dict[str, Any]) -> FileCamera:
    return checked_camera(
        path,
        name,
        K=table.get("matrix"),
        distortion=table.get("distortions"),
        rotation=table["rotation"],
        translation=table["translation"],
        size=table.get("size"),
        fisheye=fisheye_flag(table.get("fisheye"), f"{path}, camera {name}: fisheye"),
    )
