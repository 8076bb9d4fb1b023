"""Pose2Sim's Calib*.toml: one table a camera, metres, z up.

`name`, `size` [w, h], `matrix`, `distortions` (k1 k2 p1 p2), `rotation` (a vector), `translation`,
`fisheye`; x_cam = R x_world + t. Pose2Sim and Caliscope's export of the same layout write `fisheye`
for every camera, false where it is none (Pose2Sim 0.10.49, Caliscope 0.11.8); Anipose and FreeMoCap
write it only where it is true, and have another unit. `calibrate --toml` adds where the cameras are
from, and the vertical where it is not z, or unknown.
"""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

from geoself_jax.core.up_flag import UNKNOWN
from geoself_jax.data.files import load_toml
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.toml_tables import looks_so, toml_rig
from geoself_jax.prepare.calibrations.units_and_axes import silent
from geoself_jax.prepare.first_bytes import head

_VECTOR = re.compile(r"[-+.\de]+,[-+.\de]+,[-+.\de]+")

BOARD = "charuco_square_size"
"""What FreeMoCap writes into [metadata], and no other program."""


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    text = head(path)
    if looks_so(path, text) and is_pose2sim(text):
        return "toml with tables of matrix, rotation, translation and fisheye = false"
    return None


def is_pose2sim(text: str) -> bool:
    """A camera says that it is no fisheye, and no board of FreeMoCap's is named."""
    return bool(re.search(r"(?m)^\s*fisheye\s*=\s*false", text)) and BOARD not in text


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
        unit, up: Of its world; None for metres and z.
        notice: Receives one line for each correction or oddity.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65).
    """
    metadata = load_toml(path).get("metadata")
    ours = metadata if isinstance(metadata, dict) else {}
    said = ours.get("world_up")
    if up is None and isinstance(said, str) and (said == UNKNOWN or _VECTOR.fullmatch(said)):
        up = said
    rig = toml_rig(path, unit=unit, up=up, own_unit="m", own_up="z", notice=notice)
    origin = ours.get("cameras_from", "")
    return dataclasses.replace(rig, cameras_from=origin if isinstance(origin, str) else "")
