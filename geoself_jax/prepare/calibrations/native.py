"""Our own JSON of a rig, format geoself-rig/1: the convention of the inside, nothing to convert.

{"format": "geoself-rig/1",
 "name": "lab",
 "world_up": [0, 0, 1],   null where it is unknown
 "camera_names": ["left", "right"],
 "K": [[[fx, 0, cx], [0, fy, cy], [0, 0, 1]], ...],
 "R": [3x3, ...],           world to camera: x right, y down, z forward
 "center": [[x, y, z], ...],   metres, in the world: x_cam = R (x_world - center)
 "dist": [[k1, k2, p1, p2, k3], ...],   0, 4, 5, 8 or 12 of OpenCV's, or a fisheye's 4
 "fisheye": [false, ...],   may be left out
 "image_size": [[width, height], ...]}  may be left out
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name
from geoself_jax.data.files import load_json
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import (
    checked_camera,
    fisheye_flag,
    mapping,
    numbers,
)
from geoself_jax.prepare.calibrations.units_and_axes import LENGTHS, rig_of, silent
from geoself_jax.prepare.first_bytes import head

FORMAT = "geoself-rig/1"
_KEYS = ("camera_names", "K", "R", "center", "dist", "world_up")
_MORE = ("format", "name", "fisheye", "image_size")


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    return f"json of format {FORMAT}" if f'"{FORMAT}"' in head(path) else None


def write_native(rig: Rig, path: Path) -> None:
    """Writes a rig, to the last bit.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    content = {
        "format": FORMAT,
        "name": rig.name,
        "world_up": None if rig.world_up is None else rig.world_up.tolist(),
        "camera_names": list(rig.camera_names),
        "K": rig.K.tolist(),
        "R": rig.R.tolist(),
        "center": rig.center.tolist(),
        "dist": [list(lens.coefficients) for lens in rig.lenses],
        "fisheye": [lens.fisheye for lens in rig.lenses],
        "image_size": rig.image_size.tolist(),
    }
    with whole_file(path) as stream:
        stream.write(json.dumps(content, indent=1) + "\n")


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
        unit: Of `center`; None for metres.
        up: An axis in the place of `world_up`.
        notice: Receives one line for each correction or oddity.

    Raises:
        GeoselfError: Not such a file, a key too many or few, a camera that is none (65).
    """
    content = mapping(load_json(path), str(path))
    _check_keys(path, content)
    names = content["camera_names"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise data_error(f"{path}: camera_names", "a list of text is wanted", "fix the file")
    lists = {key: _list(path, content, key, len(names)) for key in ("K", "R", "center", "dist")}
    more = {key: _list(path, content, key, len(names)) for key in ("fisheye", "image_size")}
    cameras = [
        checked_camera(
            path,
            name,
            K=lists["K"][i],
            distortion=lists["dist"][i],
            rotation=lists["R"][i],
            translation=lists["center"][i],
            size=more["image_size"][i],
            fisheye=fisheye_flag(more["fisheye"][i], f"{path}, camera {name}: fisheye"),
        )
        for i, name in enumerate(names)
    ]
    unknown = content["world_up"] is None
    world_up = None if unknown else numbers(content["world_up"], f"{path}: world_up", (3,))
    if world_up is not None and not np.isclose(np.linalg.norm(world_up), 1, atol=1e-3):
        raise data_error(f"{path}: world_up", "a vector of length 1 is wanted", "fix the file")
    placed = [dataclasses.replace(camera, t=-camera.R @ camera.t) for camera in cameras]
    name = str(content.get("name", path.stem))
    rig = rig_of(
        path, name, placed, unit=unit, up=up, own_unit="m", own_up="z", notice=notice, sure=True
    )
    center = np.stack([camera.t for camera in cameras]) * LENGTHS[unit or "m"]
    return dataclasses.replace(rig, center=center, world_up=rig.world_up if up else world_up)


def _check_keys(path: Path, content: dict[str, Any]) -> None:
    if content.get("format") != FORMAT:
        raise data_error(
            f"{path}: format {content.get('format')!r}", f"{FORMAT} is wanted", "check the file"
        )
    for key in content:
        if key not in _KEYS + _MORE:
            raise data_error(f"{path}: {key}", "no such key", nearest_name(key, _KEYS + _MORE))
    missing = [key for key in _KEYS if key not in content]
    if missing:
        raise data_error(
            f"{path}: no {', '.join(missing)}", f"{', '.join(_KEYS)} are wanted", "add it"
        )


def _list(path: Path, content: dict[str, Any], key: str, views: int) -> list[Any]:
    """One entry a camera; None for each where an optional key is left out."""
    values = content.get(key)
    if values is None and key in _MORE:
        return [None] * views
    if not isinstance(values, list) or len(values) != views:
        found = f"{len(values)} entries" if isinstance(values, list) else type(values).__name__
        raise data_error(
            f"{path}: {key}: {found}", f"a list of {views}, one a camera, is wanted", "fix it"
        )
    return values
