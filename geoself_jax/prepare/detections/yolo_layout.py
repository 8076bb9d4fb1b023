"""How the numbers of Ultralytics' lines are read: joints of x, y, visibility, or of x, y alone.

A line does not say it, and 52 numbers are 17 joints of three and a confidence, or 26 of two. A
line's own box decides: its joints lie in it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.prepare.detections.rows import BY_COUNT, WHOLE

BOX = 5
"""Numbers before the joints: the class and the box."""
INSIDE = 0.9
"""Share of the joints that lie in their box, or near it."""
NEAR = (0.1, 0.5, 1.0)
"""How far outside of the box that is, in its sides: the first at which a way of reading fits."""
NEARER = 0.8
"""Of two ways that fit, one counts whose joints are nearer to the middle by this factor."""
_THIN = 1e-6  # smallest side of a box, of the image


class Layout(NamedTuple):
    """Number of joints, and numbers of each: 3 with a visibility, else 2."""

    joints: int
    size: int

    def __str__(self) -> str:
        return f"{self.joints} joints of x, y" + ", visibility" * (self.size == 3)

    def rest(self, numbers: np.ndarray) -> list[float]:
        """What follows the joints: at most confidence and track."""
        found: list[float] = numbers[BOX + self.joints * self.size :].tolist()
        return found


def layout_of(
    path: Path, places: Sequence[str], lines: Sequence[np.ndarray], joints: int | None
) -> Layout:
    """The one way of reading all lines by which joints lie in their boxes.

    Args:
        path: For messages.
        places: Of the lines, for messages.
        lines: Numbers of each.
        joints: Number of joints, where it is known.

    Raises:
        GeoselfError: No way, or several (65).
    """
    known = [joints] if joints is not None else [*BY_COUNT, *WHOLE]
    ways = [Layout(count, 3) for count in known]
    counts = {(len(numbers) - BOX - rest) // 2 for numbers in lines[:1] for rest in range(3)}
    ways += [Layout(count, 2) for count in sorted(counts) if joints in (None, count)]
    for place, numbers in zip(places, lines, strict=True):
        ways = [way for way in ways if _has_room(way, numbers)]
        if not any(way.joints in known for way in ways):
            there = max(len(numbers) - BOX, 0)
            raise data_error(
                f"{path}: {place} has {there} numbers after its box",
                f"wanted x, y, visibility of {joints or ', '.join(map(str, known))} joints, and at "
                "most confidence and track",
                "describe the model's joints: --skeleton=FILE.toml",
            )
    return _by_boxes(path, ways, [_from_middle(way, lines) for way in ways])


def _by_boxes(path: Path, ways: Sequence[Layout], away: Sequence[np.ndarray]) -> Layout:
    """The way whose joints lie in the boxes, and of several the one nearest to their middles."""
    for near in NEAR:
        inside = [bool(((one <= 0.5 + near).all(-1)).mean() >= INSIDE) for one in away]
        fitting = sorted(
            (float(one.mean()), way)
            for one, way, fits in zip(away, ways, inside, strict=True)
            if fits
        )
        if len(fitting) == 1 or (fitting and fitting[0][0] <= NEARER * fitting[1][0]):
            return fitting[0][1]
        if fitting:
            raise data_error(
                f"{path}: its lines may be {' or '.join(str(way) for _, way in fitting)}",
                "joints lie in the boxes either way",
                "name the joints: --skeleton=NAME",
            )
    raise data_error(
        f"{path}: read as {' or as '.join(map(str, ways))}, joints lie outside of their boxes",
        "Ultralytics' lines are class, x, y, width, height of the box, then the joints in it",
        "describe the model's joints: --skeleton=FILE.toml",
    )


def _has_room(way: Layout, numbers: np.ndarray) -> bool:
    """Whether a line has the joints, and after them nothing or a confidence and a track."""
    rest = len(numbers) - BOX - way.joints * way.size
    return 0 <= rest <= 2 and (rest < 2 or _is_track(float(numbers[-1])))


def _is_track(value: float) -> bool:
    return value >= 1 and value.is_integer()


def _from_middle(way: Layout, lines: Sequence[np.ndarray]) -> np.ndarray:
    """(N, 2) how far joints are from the middle of their box, in its width and height."""
    end = BOX + way.joints * way.size
    values = np.array([numbers[:end] for numbers in lines])
    box, joints = values[:, 1:BOX], values[:, BOX:].reshape(len(values), way.joints, way.size)
    away = np.abs(joints[..., :2] - box[:, None, :2])
    there = (joints[..., :2] != 0).any(-1) & np.isfinite(away).all(-1)
    sides = np.maximum(box[:, None, 2:], _THIN)
    return (away / sides)[there] if there.any() else np.zeros((1, 2))
