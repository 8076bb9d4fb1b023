"""A pose as 2D line segments: colours of the sides, and orthographic projection.

Lengths are in metres of a body drawn as large as people (`body_scale.scale_of`).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import to_rgb

from geoself_jax.core.shown_lengths import SQUARE
from geoself_jax.core.skeleton import Skeleton

# Blue and vermillion of Okabe and Ito, "Color Universal Design" (2008): distinguishable
# with every colour vision.
COLOR = {"left": "#0072B2", "right": "#D55E00", "middle": "#2B303A"}
REFERENCE, EDGE = "#8A919C", "#6B7280"
IMAGE, LINE, SHADOW = "#F3F5F7", "#D9DDE3", "#E3E6EA"
_DASHES: tuple[Any, ...] = ("-", (0, (3, 1.5)), (0, (1, 1)))
CUT = 1.8  # points by which the outline around a bone is wider
_ELEVATION = 14.0  # degrees
_CELL = SQUARE  # of the floor
_MOST_CELLS = 400  # in a row: a network that diverged lifts joints to 10^10 m


class LineSegments(NamedTuple):
    """Line segments in drawing order.

    Attributes:
        ends: (lines, 2, 2) end points (x, y).
        colors: (lines, 3) RGB in [0, 1].
        widths: (lines,) points.
    """

    ends: np.ndarray
    colors: np.ndarray
    widths: np.ndarray


def dash(rank: int) -> Any:
    """Returns the line style of the `rank`-th reference, from 1."""
    return _DASHES[(rank - 1) % len(_DASHES)]


def joint_sides(skeleton: Skeleton) -> list[str]:
    """Returns the side of each joint: `left`, `right` or `middle`."""
    sides = ["middle"] * skeleton.joints
    for left, right in skeleton.left_right:
        sides[left], sides[right] = "left", "right"
    return sides


def bone_sides(skeleton: Skeleton) -> list[str]:
    """Returns the side of each of `bones_of`; `middle` where it connects left and right."""
    sides = joint_sides(skeleton)
    ends = [{sides[a], sides[b]} - {"middle"} for a, b in bones_of(skeleton)]
    return [next(iter(end)) if len(end) == 1 else "middle" for end in ends]


def bones_of(skeleton: Skeleton) -> np.ndarray:
    """Returns the joint indices at both ends of each bone, (bones, 2).

    A joint without any is one of no length behind them, which is drawn as a point.
    """
    joined = {joint for bone in skeleton.bones for joint in bone}
    alone = [(joint, joint) for joint in range(skeleton.joints) if joint not in joined]
    return np.array([*skeleton.bones, *alone], int).reshape(-1, 2)


def line_ends(points: np.ndarray, bones: np.ndarray) -> np.ndarray:
    """Returns the points at both ends of each bone, (bones, 2, 2 or 3).

    Args:
        points: (joints, 2 or 3), metres at a human's size.
        bones: As of `bones_of`. One of no length gets 1 cm: of less matplotlib draws nothing.
    """
    ends = points[bones]
    ends[bones[:, 0] == bones[:, 1], :, 0] += (-0.005, 0.005)
    return ends


def colors_of(sides: Sequence[str], share: np.ndarray) -> np.ndarray:
    """Returns (sides, 3) RGB, blended with the background where `share` is low, yet opaque."""
    full = np.array([to_rgb(COLOR[side]) for side in sides]).reshape(-1, 3)
    return share[:, None] * full + (1 - share[:, None]) * np.array(to_rgb(IMAGE))


def bone_segments(
    ends: np.ndarray, colors: np.ndarray, order: np.ndarray, width: float, background: str
) -> LineSegments:
    """Returns the bones in drawing order, each with an outline; omits bones with a missing end.

    Args:
        ends: (bones, 2, 2) end points (x, y).
        colors: (bones, 3) RGB in [0, 1].
        order: (bones,) indices in drawing order.
        width: Line width, points.
        background: Colour of the outlines.
    """
    order = order[np.isfinite(ends[order]).all((1, 2))]
    a, b = ends[order, :1], ends[order, 1:]
    # The outline ends before the joints, so that limbs stay connected.
    cuts = np.concatenate([a + 0.2 * (b - a), b + 0.2 * (a - b)], axis=1)
    paints = np.empty((len(order), 2, 3))
    paints[:, 0], paints[:, 1] = to_rgb(background), colors[order]
    return LineSegments(
        np.stack([cuts, ends[order]], axis=1).reshape(-1, 2, 2),
        paints.reshape(-1, 3),
        np.tile([width + CUT, width], len(order)),
    )


def upright(points: np.ndarray, up: Sequence[float] | np.ndarray) -> np.ndarray:
    """Rotates camera axes to (right, up, away from the camera), up against gravity."""
    up = np.asarray(up, float) / np.linalg.norm(up)
    ahead = np.array([0.0, 0, 1]) if abs(up[2]) < 0.99 else np.array([0.0, -1, 0])
    away = ahead - (ahead @ up) * up
    away /= np.linalg.norm(away)
    return points @ np.stack([np.cross(away, up), up, away], axis=-1)


def seen_from(points: np.ndarray, azimuth: float) -> np.ndarray:
    """Rotates upright points to (right, up, depth) of a viewpoint at `azimuth` degrees."""
    a, e = np.radians(azimuth), np.radians(_ELEVATION)
    right, up, away = np.moveaxis(points, -1, 0)
    across, depth = np.cos(a) * right + np.sin(a) * away, np.cos(a) * away - np.sin(a) * right
    return np.stack(
        [across, np.cos(e) * up + np.sin(e) * depth, np.cos(e) * depth - np.sin(e) * up], -1
    )


def floor_reach(reach: float) -> float:
    """Returns half the side, metres, of a floor of whole squares that contains `reach`."""
    return float(max(1.5, np.ceil(reach / _CELL - 0.5) + 0.5) * _CELL)


def floor_lines(height: float, reach: float, azimuth: float) -> np.ndarray:
    """Returns the floor's projected lines, (lines, 2, 2), the edge on the camera's side first.

    A floor of squares too small to be seen has edges alone.
    """
    cells = 2 * reach / _CELL
    ticks = np.linspace(-reach, reach, round(cells if cells <= _MOST_CELLS else 1) + 1)
    across = [[(-reach, height, t), (reach, height, t)] for t in ticks]
    along = [[(t, height, -reach), (t, height, reach)] for t in ticks]
    return seen_from(np.array(across + along), azimuth)[..., :2]


def window(
    corners: np.ndarray, floor: float, tallest: float, shape: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Returns axis limits (x, y) that contain a floor and the tallest pose on it.

    Args:
        corners: (..., 2) projected points of the floor, metres.
        floor: Height of the floor, metres.
        tallest: Height of the tallest pose, metres.
        shape: Aspect ratio of the axes, height / width.
    """
    low = corners[..., 1].min() - 0.03
    high = np.cos(np.radians(_ELEVATION)) * (floor + tallest) + 0.1
    half = max((high - low) / 2, 1.02 * corners[..., 0].max() * shape)
    return (-half / shape, half / shape), (low, low + 2 * half)
