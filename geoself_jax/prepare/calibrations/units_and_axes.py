"""From a file's unit and axes to metres: given, or by the format; never by the size."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.core.notices import silent
from geoself_jax.data.rig import Rig, rig_from_opencv
from geoself_jax.prepare.calibrations.camera_table import FileCamera
from geoself_jax.prepare.calibrations.vertical import up_of
from geoself_jax.prepare.missing_flag import MissingFlag

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}

BODY = "body"
"""In the place of a unit: lengths stay as they are, to be scaled by a body that was measured."""

UNUSED = "unused"
"""In the place of a unit: where cameras stand is not taken, and no line speaks of it."""

LENGTHS = METRES | {BODY: 1.0, UNUSED: 1.0}
"""Metres of each of these."""

_ROUNDED = 1e-5  # R R^T off the identity by less is a matter of printed digits


def rig_of(
    path: Path,
    name: str,
    cameras: Sequence[FileCamera],
    *,
    unit: str | None,
    up: str | None,
    own_unit: str | None,
    own_up: str | None,
    notice: Callable[[str], None],
    sure: bool = False,
    counted: bool = False,
) -> Rig:
    """The cameras as a rig in metres.

    Args:
        path: The file, for messages.
        name: Of the rig.
        cameras: One or more.
        unit: m, cm or mm, from the user.
        up: An axis, three numbers or `unknown`, from the user (`parse_up`).
        own_unit, own_up: The format's; None where it has none.
        notice: Receives a line on the unit, and one for each guess or correction.
        sure: The file itself names its up axis: no warning about `own_up`.
        counted: The file names no cameras: their names count them in its order.

    Raises:
        GeoselfError: No such unit or axis (64); no camera, two of one name, a unit that neither the
            file nor the user says (65).
    """
    _check_names(path, cameras)
    for camera in cameras:
        if camera.rotation_error > _ROUNDED:
            notice(
                f"{path}, camera {camera.name}: R R^T is {camera.rotation_error:.2g} off the "
                "identity; took the nearest rotation"
            )
    R = np.stack([camera.R for camera in cameras])
    t = np.stack([camera.t for camera in cameras])
    rig = rig_from_opencv(
        name,
        [camera.name for camera in cameras],
        np.stack([camera.K for camera in cameras]),
        [camera.lens for camera in cameras],
        R,
        t,
        np.array([camera.size for camera in cameras]),
        metres=_metres(path, -np.einsum("vji,vj->vi", R, t), unit, own_unit),
        world_up=up_of(path, R, up, own_up, silent if sure else notice),
    )
    if len(cameras) > 1 and unit != UNUSED:
        notice(_said(path, rig.center, unit, own_unit))
    return dataclasses.replace(rig, counted=counted)


def _said(path: Path, center: np.ndarray, unit: str | None, own_unit: str | None) -> str:
    """The unit, who says so, and the rig's size in it."""
    if unit == BODY:
        return f"{path}: unit not taken from the file; the body's height will say it"
    source = f"{own_unit}, as this format has it" if unit is None else f"{unit}, as given"
    baseline = _baseline(center)
    return f"{path}: unit {source}; the cameras farthest apart are {baseline:.3g} m apart"


def _check_names(path: Path, cameras: Sequence[FileCamera]) -> None:
    if not cameras:
        raise data_error(str(path), "no camera in it", "check the file's format")
    names = [camera.name for camera in cameras]
    for name in names:
        if names.count(name) > 1:
            raise data_error(
                f"{path}, camera {name}", "two cameras have this name", "rename one of them"
            )


def _baseline(center: np.ndarray) -> float:
    """The largest distance between two cameras."""
    return float(np.linalg.norm(center[:, None] - center[None], axis=-1).max())


def _metres(path: Path, center: np.ndarray, unit: str | None, own_unit: str | None) -> float:
    if unit is not None and unit not in LENGTHS:
        raise usage_error(f"--unit={unit}", "no such unit", nearest_name(unit, METRES))
    chosen = unit or own_unit
    if chosen is not None:
        return LENGTHS[chosen]
    alone = len(center) == 1
    length = float(np.linalg.norm(center[0])) if alone else _baseline(center)
    meant = ", ".join(
        f"{_short(length * metres)} m with --unit={name}" for name, metres in METRES.items()
    )
    raise MissingFlag(
        f"{path}: its unit is not in the file",
        f"the camera would be {meant} from the world's origin"
        if alone
        else f"the cameras farthest apart would be {meant} apart",
        "give the unit in which the board or the room was measured, --unit=m, cm or mm; of a "
        "person prepare also takes the height: --height=1.75",
    )


def _short(value: float) -> str:
    """Three digits, and no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
