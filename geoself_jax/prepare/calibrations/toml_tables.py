"""TOML with one table a camera, as Pose2Sim and Anipose write it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_toml
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import checked_camera, fisheye_flag, odd_camera
from geoself_jax.prepare.calibrations.units_and_axes import rig_of

NO_CAMERAS = ("metadata", "capture_volume", "charuco", "checkerboard")
_KEYS = ("matrix", "rotation", "translation")
_NESTED = re.compile(r"(?m)^\s*\[\s*cameras\s*\.")  # Caliscope's own tables


def looks_so(path: Path, text: str) -> bool:
    """A .toml whose head has a camera's keys, its tables not within one named `cameras`."""
    found = path.suffix.lower() == ".toml" and all(key in text for key in _KEYS)
    return found and not is_nested(text)


def is_nested(text: str) -> bool:
    """The cameras' tables are [cameras.NAME]."""
    return bool(_NESTED.search(text))


def toml_rig(
    path: Path,
    *,
    unit: str | None,
    up: str | None,
    own_unit: str | None,
    own_up: str | None,
    notice: Callable[[str], None],
    by_table: bool = False,
) -> Rig:
    """The rig; see `units_and_axes.rig_of`.

    Args:
        path: The file.
        unit, up, own_unit, own_up, notice: As in `units_and_axes.rig_of`.
        by_table: Cameras in the order of their tables' names, as text; else as in the file.
    """
    content = load_toml(path)
    tables = sorted(content) if by_table else list(content)
    cameras = [
        _camera(path, table, content[table])
        for table in tables
        if table not in NO_CAMERAS and _is_camera(path, table, content[table])
    ]
    return rig_of(
        path,
        path.stem,
        cameras,
        unit=unit,
        up=up,
        own_unit=own_unit,
        own_up=own_up,
        notice=notice,
    )


def _is_camera(path: Path, table: str, value: Any) -> bool:
    """A table with a camera's keys; one that has some of them only is a damaged camera."""
    if not isinstance(value, dict):
        return False
    missing = [key for key in _KEYS if key not in value]
    if missing and len(missing) < len(_KEYS):
        raise data_error(
            f"{path}, table [{table}]: no {', '.join(missing)}",
            "a camera has matrix, rotation and translation",
            "calibrate this camera, or remove its table",
        )
    return not missing


def _camera(path: Path, table: str, value: dict[str, Any]) -> Any:
    name = value.get("name", table)
    if not isinstance(name, str | int):
        raise odd_camera(f"{path}, table [{table}]: name", name)
    return checked_camera(
        path,
        str(name),
        K=value["matrix"],
        distortion=value.get("distortions"),
        rotation=value["rotation"],
        translation=value["translation"],
        size=value.get("size"),
        fisheye=fisheye_flag(value.get("fisheye"), f"{path}, camera {name}: fisheye"),
    )
