"""What a motion file holds: joints that move, in metres, in the file's axes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, usage_error

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "cmu": 0.0254 / 0.45}
"""Metres. `cmu` is that of CMU's files and their conversions to BVH: an inch over 0.45."""

BODY = 0.8, 2.3
"""Metres between a body's farthest joints."""

_SAMPLE = 60  # frames a body is measured in
_MOST_VALUES = 2**26  # numbers of a motion: 512 MiB, and some times that on the way


@dataclass(frozen=True)
class Motion:
    """Joints of one person over time. Frames T, joints J.

    Attributes:
        joint_names: As in the file, each once; `NAME_end` where a chain of bones ends.
        parents: Index of each joint's parent; -1 for the root.
        positions: (T, J, 3) metres, in the file's axes.
        fps: Frames per second.
    """

    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    positions: np.ndarray = field(repr=False)
    fps: float


def body_extent(positions: np.ndarray) -> float:
    """Median over frames of the largest distance between joints, the root (at 0) left out.

    A root may be the room's middle; it is never one of the body's ends.
    """
    chosen = np.unique(np.linspace(0, len(positions) - 1, _SAMPLE).astype(int))
    largest = [
        np.linalg.norm(joints[:, None] - joints[None], axis=-1).max()
        for joints in positions[chosen, 1:]
        if len(joints)
    ]
    return float(np.median(largest)) if largest else 0.0


def metres(
    path: Path, positions: np.ndarray, unit: str | None, notice: Callable[[str], None]
) -> float:
    """Length of the given unit, by which the body must have a person's size.

    Args:
        path: The file, for messages.
        positions: (T, J, 3) in the file's unit.
        unit: One of `UNITS`; None where nobody said it.
        notice: Receives one line with the body's size.

    Raises:
        GeoselfError: No such unit (64); none is given, or it fits no body (65).
    """
    if unit is not None and unit not in UNITS:
        raise usage_error(f"unit {unit!r}", "no such unit", nearest_name(unit, UNITS))
    extent = body_extent(positions)
    fits = {
        name: extent * length
        for name, length in UNITS.items()
        if unit in (None, name) and BODY[0] <= extent * length <= BODY[1]
    }
    if not fits:
        raise data_error(
            f"{path}: {extent:.4g} between the farthest joints",
            f"in {unit or 'no known unit (' + ', '.join(UNITS) + ')'} that is not a body of "
            f"{BODY[0]} to {BODY[1]} m",
            "check the file" if unit is None else "leave the unit out, or correct it",
        )
    if unit is None:
        meant = ", ".join(f"{size:.2f} m with --motion-unit={name}" for name, size in fits.items())
        raise data_error(
            f"{path}: its unit is not in the file",
            f"the body would measure {meant}",
            "give the unit that it was exported in: --motion-unit",
        )
    notice(f"{path}: unit {unit}, as given, by which the body measures {fits[unit]:.2f} m")
    return UNITS[unit]


def check_size(path: Path, frames: int, joints: int) -> None:
    """Refuses motions that would not fit into memory (65)."""
    if frames * joints * 3 > _MOST_VALUES:
        raise data_error(
            f"{path}: {frames} frames of {joints} joints", "too much to hold", "split the file"
        )
