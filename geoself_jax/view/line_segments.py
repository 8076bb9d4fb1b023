"""How a body becomes lines on paper: colours of its sides, and where a far viewer sees it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import to_rgb

from geoself_jax.core.skeleton import Skeleton

# Blue and vermillion of Okabe and Ito, "Color Universal Design" (2008): told apart by all eyes.
COLOR = {"left": "#0072B2", "right": "#D55E00", "middle": "#2B303A"}
REFERENCE, EDGE = "#8A919C", "#6B7280"
PICTURE, LINE, SHADOW = "#F3F5F7", "#D9DDE3", "#E3E6EA"
_DASHES: tuple[Any, ...] = ("-", (0, (3, 1.5)), (0, (1, 1)))
CUT = 1.8  # points by which what a bone cuts out is wider
_ELEVATION = 14.0  # degrees
_CELL = 0.5  # metres, a square of the floor


class Strokes(NamedTuple):
    """Lines in the order in which they are drawn.

    Attributes:
        ends: (lines, 2, 2).
        colors: (lines, 3) in [0, 1].
        widths: (lines,) points.
    """

    ends: np.ndarray
    colors: np.ndarray
    widths: np.ndarray


def dash(rank: int) -> Any:
    """Line style of the reference that comes `rank`-th, from 1."""
    return _DASHES[(rank - 1) % len(_DASHES)]


def joint_sides(skeleton: Skeleton) -> list[str]:
    """`left`, `right` or `middle` of each joint."""
    sides = ["middle"] * skeleton.joints
    for left, right in skeleton.left_right:
        sides[left], sides[right] = "left", "right"
    return sides


def bone_sides(skeleton: Skeleton) -> list[str]:
    """Side of each bone: its sided end's, or `middle` where it joins left and right."""
    sides = joint_sides(skeleton)
    ends = [{sides[parent], sides[child]} - {"middle"} for parent, child in skeleton.bones]
    return [next(iter(end)) if len(end) == 1 else "middle" for end in ends]


def bones_of(skeleton: Skeleton) -> np.ndarray:
    """(bones, 2) joints at their ends."""
    return np.array(skeleton.bones, int).reshape(-1, 2)


def colors_of(sides: Sequence[str], share: np.ndarray) -> np.ndarray:
    """(sides, 3) colours, faint where `share` is low, yet opaque: nothing shows through."""
    full = np.array([to_rgb(COLOR[side]) for side in sides]).reshape(-1, 3)
    return share[:, None] * full + (1 - share[:, None]) * np.array(to_rgb(PICTURE))


def bone_strokes(
    ends: np.ndarray, colors: np.ndarray, order: np.ndarray, width: float, background: str
) -> Strokes:
    """Bones in an order, each cut out of those under it; those with an end missing left out.

    Args:
        ends: (bones, 2, 2).
        colors: (bones, 3).
        order: (bones,) indices, what is drawn first first.
        width: Points.
        background: Colour of the cuts.
    """
    order = order[np.isfinite(ends[order]).all((1, 2))]
    a, b = ends[order, :1], ends[order, 1:]
    # The cut ends before the joints, so that limbs stay joined.
    cuts = np.concatenate([a + 0.2 * (b - a), b + 0.2 * (a - b)], axis=1)
    paints = np.empty((len(order), 2, 3))
    paints[:, 0], paints[:, 1] = to_rgb(background), colors[order]
    return Strokes(
        np.stack([cuts, ends[order]], axis=1).reshape(-1, 2, 2),
        paints.reshape(-1, 3),
        np.tile([width + CUT, width], len(order)),
    )


def upright(points: np.ndarray, up: Sequence[float] | np.ndarray) -> np.ndarray:
    """Camera axes to (right, up, away from the camera), the middle one against gravity."""
    up = np.asarray(up, float) / np.linalg.norm(up)
    ahead = np.array([0.0, 0, 1]) if abs(up[2]) < 0.99 else np.array([0.0, -1, 0])
    away = ahead - (ahead @ up) * up
    away /= np.linalg.norm(away)
    return points @ np.stack([np.cross(away, up), up, away], axis=-1)


def seen_from(points: np.ndarray, azimuth: float) -> np.ndarray:
    """Upright points as (right, up, depth) for a far viewer who went round by `azimuth` degrees."""
    a, e = np.radians(azimuth), np.radians(_ELEVATION)
    right, up, away = np.moveaxis(points, -1, 0)
    across, depth = np.cos(a) * right + np.sin(a) * away, np.cos(a) * away - np.sin(a) * right
    return np.stack(
        [across, np.cos(e) * up + np.sin(e) * depth, np.cos(e) * depth - np.sin(e) * up], -1
    )


def floor_reach(reach: float) -> float:
    """Half the side, metres, of a floor of whole squares for joints that reach so far."""
    return float(max(1.5, np.ceil(reach / _CELL - 0.5) + 0.5) * _CELL)


def floor_lines(height: float, reach: float, azimuth: float) -> np.ndarray:
    """(lines, 2, 2) as seen: a floor's squares, the edge towards the camera first."""
    ticks = np.linspace(-reach, reach, round(2 * reach / _CELL) + 1)
    across = [[(-reach, height, t), (reach, height, t)] for t in ticks]
    along = [[(t, height, -reach), (t, height, reach)] for t in ticks]
    return seen_from(np.array(across + along), azimuth)[..., :2]


def window(
    corners: np.ndarray, floor: float, tallest: float, shape: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Limits (x, y) that hold a floor and the tallest pose on it.

    Args:
        corners: (..., 2) of the floor as seen.
        floor: Its height, metres.
        tallest: Metres.
        shape: Height by width of the axes.
    """
    low = corners[..., 1].min() - 0.03
    high = np.cos(np.radians(_ELEVATION)) * (floor + tallest) + 0.1
    half = max((high - low) / 2, 1.02 * corners[..., 0].max() * shape)
    return (-half / shape, half / shape), (low, low + 2 * half)
