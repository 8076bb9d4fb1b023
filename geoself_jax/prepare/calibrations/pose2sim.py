"""Pose2Sim's Calib*.toml: one table a camera, metres, z up.

`name`, `size` [w, h], `matrix`, `distortions` (k1 k2 p1 p2), `rotation` (a vector), `translation`,
`fisheye`; x_cam = R x_world + t.
"""

import re
from collections.abc import Callable
from pathlib import Path

from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.first_bytes import head
from geoself_jax.prepare.calibrations.toml_tables import looks_so, toml_rig
from geoself_jax.prepare.calibrations.units_and_axes import silent


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None. Anipose writes the same tables, named cam_0 ..."""
    text = head(path)
    if not looks_so(path, text) or is_anipose(text):
        return None
    return "toml with tables of matrix, rotation, translation"


def is_anipose(text: str) -> bool:
    """The first table is `cam_` and a number without zeros before it; `fisheye` only when true."""
    first = re.search(r"(?m)^\s*\[\s*\"?([^\]\"]+)\"?\s*\]", text)
    named = first is not None and re.fullmatch(r"cam_(0|[1-9]\d*)", first[1].strip())
    return bool(named) and not re.search(r"(?m)^\s*fisheye\s*=\s*false", text)


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
    return toml_rig(path, unit=unit, up=up, own_unit="m", own_up="z", notice=notice)
