"""What one panel of a picture shows: 2D detections, and 3D poses over a floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from geoself_jax.errors import data_error
from geoself_jax.skeleton import Skeleton

# Blue and vermillion of Okabe and Ito, "Color Universal Design" (2008): told apart by all eyes.
COLOR = {"left": "#0072B2", "right": "#D55E00", "middle": "#2B303A"}
REFERENCE, EDGE = "#8A919C", "#6B7280"
_PICTURE, _LINE, _SHADOW = "#F3F5F7", "#D9DDE3", "#E3E6EA"
_DASHES: tuple[Any, ...] = ("-", (0, (3, 1.5)), (0, (1, 1)))
_ELEVATION = 14.0  # degrees
_CELL = 0.5  # metres, a square of the floor
_SURE = 0.1  # confidence from which a joint is kept inside the crop


@dataclass(frozen=True)
class Panel:
    """One person in one picture.

    Attributes:
        title: Drawn as it stands, no markup.
        keypoints_2d: (joints, 2) px; NaN where missing.
        confidence: (joints,) in [0, 1]; 0 where missing.
        image_size: Width, height, px.
        poses: Name to (joints, 3), metres, camera axes (x right, y down, z forward), root-relative;
            NaN where missing. The first name of the first panel is the prediction, in colour; all
            others are references, thin and grey.
        up: (3,) direction against gravity in camera axes, `R @ world_up`; the default is right for
            a camera that is held level.
    """

    title: str
    keypoints_2d: np.ndarray
    confidence: np.ndarray
    image_size: tuple[int, int]
    poses: dict[str, np.ndarray]
    up: tuple[float, float, float] | np.ndarray = (0.0, -1.0, 0.0)


def check(panels: Sequence[Panel], skeleton: Skeleton) -> None:
    """Makes sure that there are panels and that their arrays fit the skeleton.

    Raises:
        GeoselfError: No panel, or one of other shapes (65).
    """
    if not panels:
        raise data_error("no panel to draw", "wanted one at least", "choose some frames")
    joints = skeleton.joints
    for panel in panels:
        found = {
            "keypoints_2d": (np.shape(panel.keypoints_2d), (joints, 2)),
            "confidence": (np.shape(panel.confidence), (joints,)),
        } | {f"pose {n!r}": (np.shape(pose), (joints, 3)) for n, pose in panel.poses.items()}
        for name, (shape, wanted) in found.items():
            if shape != wanted:
                raise data_error(
                    f"panel {panel.title!r}: {name} of shape {shape}",
                    f"wanted {wanted}, as the skeleton has {joints} joints",
                    "give one row a joint",
                )


def dash(rank: int) -> Any:
    """Line style of the reference that comes `rank`-th, from 1."""
    return _DASHES[(rank - 1) % len(_DASHES)]


def names_of(panels: Sequence[Panel]) -> list[str]:
    """Names of all poses in order of appearance; the first is the prediction."""
    return list(dict.fromkeys(name for panel in panels for name in panel.poses))


def _sides(skeleton: Skeleton) -> list[str]:
    sides = ["middle"] * skeleton.joints
    for left, right in skeleton.left_right:
        sides[left], sides[right] = "left", "right"
    return sides


def bone_sides(skeleton: Skeleton) -> list[str]:
    """Side of each bone: its sided end's, or `middle` where it joins left and right."""
    sides = _sides(skeleton)
    ends = [{sides[parent], sides[child]} - {"middle"} for parent, child in skeleton.bones]
    return [next(iter(end)) if len(end) == 1 else "middle" for end in ends]


def _bones(skeleton: Skeleton) -> np.ndarray:
    return np.array(skeleton.bones, int).reshape(-1, 2)


def colors_of(sides: Sequence[str], share: np.ndarray) -> np.ndarray:
    """(sides, 3) colours, faint where `share` is low, yet opaque: nothing shows through."""
    full = np.array([to_rgb(COLOR[side]) for side in sides]).reshape(-1, 3)
    return share[:, None] * full + (1 - share[:, None]) * np.array(to_rgb(_PICTURE))


def draw_detections(axes: Axes, panel: Panel, skeleton: Skeleton) -> None:
    """Draws the 2D detections in their picture, cropped to the person; unsure ones are faint."""
    width, height = (float(size) for size in panel.image_size)
    axes.add_patch(Rectangle((0, 0), width, height, facecolor=_PICTURE, edgecolor=_LINE, zorder=0))
    confidence = np.clip(np.nan_to_num(panel.confidence), 0, 1)
    seen = np.isfinite(panel.keypoints_2d).all(-1) & (confidence > 0)
    share = np.where(seen, 0.12 + 0.88 * confidence, 0)
    sure = seen & (confidence >= _SURE)
    kept = panel.keypoints_2d[sure if sure.any() else seen]
    points = kept if len(kept) else np.array([[0, 0], [width, height]])
    low, high = points.min(0), points.max(0)
    middle, size = (low + high) / 2, np.maximum(high - low, 0.02 * max(width, height))
    box = axes.get_window_extent()
    half = 0.5 * 1.22 * max(size[1], size[0] * box.height / box.width)
    across = half * box.width / box.height
    axes.set_xlim(middle[0] - across, middle[0] + across)
    axes.set_ylim(middle[1] + half, middle[1] - half)
    bones, order = _bones(skeleton), np.argsort(share)
    faint = share[bones].min(-1)
    colors = colors_of(bone_sides(skeleton), faint)
    _draw_bones(axes, panel.keypoints_2d[bones], colors, np.argsort(faint), 2.2, _PICTURE)
    order = order[seen[order]]
    u, v = panel.keypoints_2d[order].T
    axes.scatter(
        u,
        v,
        s=17,
        c=colors_of(_sides(skeleton), share)[order],
        edgecolors=_PICTURE,
        linewidths=0.7,
        zorder=3,
    )


def _draw_bones(
    axes: Axes,
    ends: np.ndarray,
    colors: np.ndarray,
    order: np.ndarray,
    width: float,
    background: str,
) -> None:
    """Draws bones (bones, 2, 2) in an order, each cut out of those under it."""
    order = order[np.isfinite(ends[order]).all((1, 2))]
    a, b = ends[order, :1], ends[order, 1:]
    # The cut ends before the joints, so that limbs stay joined.
    cuts = np.concatenate([a + 0.2 * (b - a), b + 0.2 * (a - b)], axis=1)
    segments = np.stack([cuts, ends[order]], axis=1).reshape(-1, 2, 2)
    paints = [paint for i in order for paint in (to_rgb(background), tuple(colors[i]))]
    widths = [width + 1.8, width] * len(order)
    axes.add_collection(_lines(segments, paints, widths, zorder=2), autolim=False)


def _lines(ends: np.ndarray, color: Any, width: Any, **style: Any) -> LineCollection:
    ends = ends[np.isfinite(ends).all((1, 2))]
    return LineCollection(list(ends), colors=color, linewidths=width, capstyle="round", **style)


def _upright(points: np.ndarray, up: Sequence[float] | np.ndarray) -> np.ndarray:
    """Camera axes to (right, up, away from the camera), the middle one against gravity."""
    up = np.asarray(up, float) / np.linalg.norm(up)
    ahead = np.array([0.0, 0, 1]) if abs(up[2]) < 0.99 else np.array([0.0, -1, 0])
    away = ahead - (ahead @ up) * up
    away /= np.linalg.norm(away)
    return points @ np.stack([np.cross(away, up), up, away], axis=-1)


def _seen_from(points: np.ndarray, azimuth: float) -> np.ndarray:
    """Upright points as (right, up, depth) for a far viewer who went round by `azimuth` degrees."""
    a, e = np.radians(azimuth), np.radians(_ELEVATION)
    right, up, away = np.moveaxis(points, -1, 0)
    across, depth = np.cos(a) * right + np.sin(a) * away, np.cos(a) * away - np.sin(a) * right
    return np.stack(
        [across, np.cos(e) * up + np.sin(e) * depth, np.cos(e) * depth - np.sin(e) * up], -1
    )


def _scale(panels: Sequence[Panel]) -> tuple[float, float]:
    """Half the floor's side and the tallest pose, metres, the same in all panels."""
    reach, tallest = 0.0, 0.5
    for panel in panels:
        for pose in panel.poses.values():
            points = _upright(pose, panel.up)[np.isfinite(pose).all(-1)]
            reach = np.max(np.abs(points[:, [0, 2]]), initial=reach)
            tallest = max(tallest, np.ptp(points[:, 1])) if len(points) else tallest
    return max(1.5, np.ceil(reach / _CELL - 0.5) + 0.5) * _CELL, tallest


def draw_poses(
    axes: Axes, panel: Panel, panels: Sequence[Panel], skeleton: Skeleton, azimuth: float
) -> None:
    """Draws a panel's 3D poses over a floor, at the same scale in all `panels`.

    Args:
        axes: To draw in.
        panel: Whose poses.
        panels: All of the picture's.
        skeleton: Of their joints.
        azimuth: Degrees by which the viewer went round the person, to the camera's right; 0 is the
            camera's own side.
    """
    reach, tallest = _scale(panels)
    poses = {name: _upright(pose, panel.up) for name, pose in panel.poses.items()}
    heights = np.array([pose[:, 1] for pose in poses.values()])
    floor = np.min(heights[np.isfinite(heights)], initial=0)  # the root is at 0
    corners = _draw_floor(axes, floor, azimuth, reach)
    low = corners[:, 1].min() - 0.03
    high = np.cos(np.radians(_ELEVATION)) * (floor + tallest) + 0.1
    box = axes.get_window_extent()
    half = max((high - low) / 2, 1.02 * corners[:, 0].max() * box.height / box.width)
    axes.set_ylim(low, low + 2 * half)
    axes.set_xlim(-half * box.width / box.height, half * box.width / box.height)
    bones, sides = _bones(skeleton), bone_sides(skeleton)
    for rank, name in enumerate(names_of(panels)):
        if name not in poses:
            continue
        ends = _seen_from(poses[name], azimuth)[bones]
        if rank:  # Under the prediction: what is seen of it is where the two differ.
            grey = dict(linestyles=[dash(rank)], zorder=1.5)
            axes.add_collection(_lines(ends[..., :2], REFERENCE, 1.4, **grey), autolim=False)
            continue
        shadow = _seen_from(poses[name] * [1, 0, 1] + [0, floor, 0], azimuth)[bones]
        axes.add_collection(_lines(shadow[..., :2], _SHADOW, 1.8, zorder=1), autolim=False)
        order = np.argsort(-ends[..., 2].mean(-1))  # the nearest last
        colors = colors_of(sides, np.ones(len(sides)))
        _draw_bones(axes, ends[..., :2], colors, order, 3.2, "white")


def _draw_floor(axes: Axes, floor: float, azimuth: float, reach: float) -> np.ndarray:
    """Draws squares, the edge towards the camera thick; returns their ends as seen, (points, 2)."""
    ticks = np.linspace(-reach, reach, round(2 * reach / _CELL) + 1)
    across = [[(-reach, floor, t), (reach, floor, t)] for t in ticks]
    along = [[(t, floor, -reach), (t, floor, reach)] for t in ticks]
    ends = _seen_from(np.array(across + along), azimuth)[..., :2]
    axes.add_collection(_lines(ends, _LINE, 0.7, zorder=0), autolim=False)
    axes.add_collection(_lines(ends[:1], EDGE, 1.6, zorder=0), autolim=False)
    return ends.reshape(-1, 2)
