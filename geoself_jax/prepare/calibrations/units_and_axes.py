"""From a file's unit and axes to metres and an up: given, or by the format; never by the size."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.core.notices import silent
from geoself_jax.data.rig import Rig, rig_from_opencv
from geoself_jax.prepare.calibrations.camera_table import FileCamera

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}

BODY = "body"
"""In the place of a unit: lengths stay as they are, to be scaled by a body that was measured."""

LENGTHS = METRES | {BODY: 1.0}
"""Metres of each of these."""

AXES = {
    f"{sign}{axis}": (-1.0 if sign else 1.0) * np.eye(3)[i]
    for i, axis in enumerate("xyz")
    for sign in ("", "-")
}

_UP = "--up=x|-x|y|-y|z|-z (of lift: --world-up)"

_NEAR_AXIS, _NEAR_ALL_AROUND = np.cos(np.deg2rad((25, 10)))  # the latter sees up itself
_ROLLED, _PITCHED = np.sin(np.deg2rad((20, 50)))  # of cameras that are taken to be level
_AROUND = 0.3  # least second singular value, of two cameras 35 degrees apart
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
) -> Rig:
    """The cameras as a rig in metres.

    Args:
        path: The file, for messages.
        name: Of the rig.
        cameras: One or more.
        unit: m, cm or mm, from the user.
        up: x, -x, y, -y, z or -z, from the user.
        own_unit, own_up: The format's; None where it has none.
        notice: Receives a line on the unit, and one for each guess or correction.
        sure: The file itself names its up axis: no warning about `own_up`.

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
        world_up=_up(path, R, up, own_up, silent if sure else notice),
    )
    if len(cameras) > 1:
        notice(_said(path, rig.center, unit, own_unit))
    return rig


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
    raise data_error(
        f"{path}: its unit is not in the file",
        f"the camera would be {meant} from the world's origin"
        if alone
        else f"the cameras farthest apart would be {meant} apart",
        "give the unit in which the board or the room was measured, --unit=m, cm or mm; prepare "
        "also takes the person's height: --height=1.75",
    )


def _short(value: float) -> str:
    """Three digits, and no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _up(
    path: Path,
    R: np.ndarray,
    up: str | None,
    own_up: str | None,
    notice: Callable[[str], None],
) -> np.ndarray | None:
    """The axis that the user or the format says, else the images, or None where they do not."""
    if up is not None:
        if up not in AXES:
            raise usage_error(f"--up={up}", "no such axis", nearest_name(up, AXES))
        return AXES[up]
    seen = -R[:, 1].mean(0)  # upwards in the images, on average
    agreed = float(np.linalg.norm(seen))
    if own_up is not None:
        if agreed > 0.5 and seen @ AXES[own_up] < 0.5 * agreed:
            notice(
                f"{path}: up is {own_up} in this format, but upwards in the images is "
                f"{_vector(seen / agreed)}; {_UP} overrules"
            )
        return AXES[own_up]
    level, around = agreed > 0.5 and _level(R, seen / agreed), _all_around(R)
    near = max(AXES, key=lambda name: float(seen @ AXES[name]))
    if level and seen @ AXES[near] >= (_NEAR_ALL_AROUND if around else _NEAR_AXIS) * agreed:
        notice(
            f"{path}: up is not in the file; took {near}, upwards in the images; {_UP} overrules"
        )
        return AXES[near]
    if level and around:
        notice(
            f"{path}: up is not in the file, and upwards in the images, {_vector(seen / agreed)}, "
            f"is no axis; took that direction; {_UP} overrules"
        )
        return np.asarray(seen / agreed)
    notice(
        f"{path}: up is not in the file, nor can it be seen by the images, whose cameras are not "
        f"level; it stays unknown, and training turns no body about it; {_UP} gives it"
    )
    return None


def _level(R: np.ndarray, up: np.ndarray) -> bool:
    """Whether all cameras stand as those do that film people: not rolled, not steep."""
    rolled, pitched = R[:, 0] @ up, R[:, 2] @ up
    return bool((np.abs(rolled) < _ROLLED).all() and (np.abs(pitched) < _PITCHED).all())


def _all_around(R: np.ndarray) -> bool:
    """Whether level cameras look several ways: of one alone, pitch is a tilt of the world."""
    return len(R) > 1 and bool(np.linalg.svd(R[:, 0])[1][1] > _AROUND * np.sqrt(len(R)))


def _vector(values: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.2f}" for value in values) + ")"
