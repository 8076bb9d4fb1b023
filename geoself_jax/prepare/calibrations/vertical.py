"""Which way is up in a calibration's world: given, by the format, or by level cameras."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from geoself_jax.core.up_flag import AXES, parse_up

_AXES = {name: np.array(axis) for name, axis in AXES.items()}
_UP = "--up=x|-x|y|-y|z|-z or X,Y,Z (of lift: --world-up)"

_NEAR_AXIS, _NEAR_ALL_AROUND = np.cos(np.deg2rad((25, 10)))  # the latter sees up itself
_ROLLED, _PITCHED = np.sin(np.deg2rad((20, 50)))  # of cameras that are taken to be level
_AROUND = 0.3  # least second singular value, of two cameras 35 degrees apart


def up_of(
    path: Path,
    R: np.ndarray,
    up: str | None,
    own_up: str | None,
    notice: Callable[[str], None],
) -> np.ndarray | None:
    """The direction that the user or the format says, else the images, or None if they do not.

    Args:
        path: The file, for messages.
        R: (views, 3, 3) world to camera.
        up: The user's (`parse_up`); None where they say nothing.
        own_up: The format's axis; None where it has none.
        notice: Receives a line for what was guessed, or contradicts the images.

    Returns:
        (3,) of length 1, or None.

    Raises:
        GeoselfError: No such direction (64).
    """
    if up is not None:
        given = parse_up(up)
        return None if given is None else np.array(given)
    seen = -R[:, 1].mean(0)  # upwards in the images, on average
    agreed = float(np.linalg.norm(seen))
    if own_up is not None:
        if agreed > 0.5 and seen @ _AXES[own_up] < 0.5 * agreed:
            notice(
                f"{path}: up is {own_up} in this format, but upwards in the images is "
                f"{_vector(seen / agreed)}; {_UP} overrules"
            )
        return _AXES[own_up]
    level, around = agreed > 0.5 and _level(R, seen / agreed), _all_around(R)
    near = max(_AXES, key=lambda name: float(seen @ _AXES[name]))
    if level and seen @ _AXES[near] >= (_NEAR_ALL_AROUND if around else _NEAR_AXIS) * agreed:
        notice(
            f"{path}: up is not in the file; took {near}, upwards in the images; {_UP} overrules"
        )
        return _AXES[near]
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
