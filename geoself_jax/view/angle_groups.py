"""Angles of left and right that belong together, and those that move the most."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.angles.human import ROUND, unwrapped

LEFT, RIGHT, MIDDLE = "left", "right", "middle"
_SIDE = {"l": LEFT, "left": LEFT, "r": RIGHT, "right": RIGHT}
_NAMED = re.compile(r"(?i)(?:^(left|right|l|r)[_ -](.+)|(.+)[_ -](left|right|l|r))$")


@dataclass(frozen=True)
class AngleGroup:
    """One angle of both sides, or one that has no side.

    Attributes:
        title: Name without the side, as displayed.
        columns: Side to column of the sequence: `left` and `right`, one of them, or `middle`.
        is_round: Whether it goes on at -180 degrees where it ends at 180.
    """

    title: str
    columns: dict[str, int]
    is_round: bool = False


def angle_groups(names: Sequence[str]) -> tuple[AngleGroup, ...]:
    """Groups angles by name, in order: `knee_angle_l` with `knee_angle_r`, `left_x` with `right_x`.

    Args:
        names: Of the angles.
    """
    found: dict[str, dict[str, int]] = {}
    rounds = set()
    for column, name in enumerate(names):
        match = _NAMED.match(name)
        side, title = MIDDLE, name
        if match:
            side = _SIDE[(match[1] or match[4]).lower()]
            title = match[2] or match[3]
        title = " ".join(title.replace("_", " ").split())
        if side in found.get(title, {}) or (MIDDLE in found.get(title, {})):
            side, title = MIDDLE, name  # of two spellings, the second by itself
        found.setdefault(title, {})[side] = column
        if name in ROUND:
            rounds.add(title)
    return tuple(
        AngleGroup(title, dict(sorted(columns.items())), title in rounds)
        for title, columns in found.items()
    )


def ranges(degrees: np.ndarray) -> np.ndarray:
    """Returns least, greatest and range of motion, degrees; NaN of no value.

    Args:
        degrees: (T, ...) NaN where missing.

    Returns:
        (3, ...).
    """
    there = np.isfinite(degrees)
    known = there.any(0)
    low = np.where(known, np.where(there, degrees, np.inf).min(0, initial=np.inf), np.nan)
    high = np.where(known, np.where(there, degrees, -np.inf).max(0, initial=-np.inf), np.nan)
    with np.errstate(invalid="ignore"):
        return np.stack([low, high, high - low])


def continuous(degrees: np.ndarray) -> np.ndarray:
    """Returns (T,) degrees of a round angle without the jumps from 180 to -180.

    A range of such an angle means nothing with them. The median is within half a turn of 0.
    """
    result = unwrapped(degrees)
    known = np.isfinite(result)
    return result - 360 * np.round(np.median(result[known]) / 360) if known.any() else result


def values(angles: AngleSequence, group: AngleGroup) -> dict[str, np.ndarray]:
    """Returns (T,) degrees of each side of a group, continuous."""
    columns = {side: angles.degrees[:, column] for side, column in group.columns.items()}
    return {s: continuous(v) if group.is_round else v for s, v in columns.items()}


def most_moving(angles: AngleSequence, count: int) -> list[AngleGroup]:
    """Returns the groups of the largest ranges of motion, those of two sides first.

    Args:
        angles: Of one person.
        count: How many at most.
    """
    groups = [group for group in angle_groups(angles.angle_names) if not group.is_round]

    def rank(group: AngleGroup) -> tuple[bool, float]:
        spans = [
            float(np.ptp(np.nanpercentile(value, (5, 95))))
            for value in values(angles, group).values()
            if np.isfinite(value).any()
        ]
        return len(group.columns) < 2, -max(spans, default=0.0)

    moving = [group for group in sorted(groups, key=rank) if rank(group)[1] < 0]
    return moving[:count]
