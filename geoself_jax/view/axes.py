"""Draws one person in one pair of axes: 2D detections, and 3D poses over a floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.view.line_segments import (
    EDGE,
    IMAGE,
    LINE,
    REFERENCE,
    SHADOW,
    LineSegments,
    bone_segments,
    bone_sides,
    bones_of,
    colors_of,
    dash,
    floor_lines,
    floor_reach,
    joint_sides,
    line_ends,
    seen_from,
    upright,
    window,
)

_SURE = 0.1  # least confidence of a joint that the crop must contain
DETECTION, BONE, GREY, GROUND = 2.2, 3.2, 1.4, 1.8  # line widths, points


@dataclass(frozen=True)
class PosePlot:
    """One person in one frame: the data of one plot.

    Attributes:
        title: Plain text; markup is not interpreted.
        keypoints_2d: (joints, 2) px; NaN where missing.
        confidence: (joints,) in [0, 1]; 0 where missing.
        image_size: Width, height, px.
        poses: Name to (joints, 3), metres, camera axes (x right, y down, z forward), root-relative;
            NaN where missing. The first name of the first plot is the prediction, in colour; all
            others are references, thin and grey.
        up: (3,) direction against gravity in camera axes, `R @ world_up`; the default assumes a
            level camera.
    """

    title: str
    keypoints_2d: np.ndarray
    confidence: np.ndarray
    image_size: tuple[int, int]
    poses: dict[str, np.ndarray]
    up: tuple[float, float, float] | np.ndarray = (0.0, -1.0, 0.0)


def check(plots: Sequence[PosePlot], skeleton: Skeleton) -> None:
    """Checks that there is a plot and that all arrays match the skeleton.

    Raises:
        GeoselfError: No plot, or an array of another shape (65).
    """
    if not plots:
        raise data_error("no frame to draw", "at least one is required", "choose some frames")
    joints = skeleton.joints
    for plot in plots:
        found = {
            "keypoints_2d": (np.shape(plot.keypoints_2d), (joints, 2)),
            "confidence": (np.shape(plot.confidence), (joints,)),
        } | {f"pose {n!r}": (np.shape(pose), (joints, 3)) for n, pose in plot.poses.items()}
        for name, (shape, wanted) in found.items():
            if shape != wanted:
                raise data_error(
                    f"plot {plot.title!r}: {name} of shape {shape}",
                    f"expected {wanted}: the skeleton has {joints} joints",
                    "pass one row per joint",
                )


def names_of(plots: Sequence[PosePlot]) -> list[str]:
    """Returns the names of all poses in order of appearance; the first is the prediction."""
    return list(dict.fromkeys(name for plot in plots for name in plot.poses))


def seen_share(keypoints_2d: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Returns the opacity of each detection, (..., joints): 0 where missing, low where unsure."""
    confidence = np.clip(np.nan_to_num(confidence), 0, 1)
    seen = np.isfinite(keypoints_2d).all(-1) & (confidence > 0)
    return np.where(seen, 0.12 + 0.88 * confidence, 0)


def crop(
    keypoints_2d: np.ndarray, confidence: np.ndarray, image_size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns centre and size (x, y), px, of the confident detections, else all, else the image."""
    seen = seen_share(keypoints_2d, confidence) > 0
    sure = seen & (np.nan_to_num(confidence) >= _SURE)
    kept = keypoints_2d[sure if sure.any() else seen]
    points = kept if len(kept) else np.array([(0, 0), image_size], float)
    low, high = points.min(0), points.max(0)
    return (low + high) / 2, np.maximum(high - low, 0.02 * max(image_size))


def draw_image_area(
    axes: Axes, middle: np.ndarray, size: np.ndarray, image_size: tuple[int, int]
) -> None:
    """Draws an empty image and crops it to a centre and size, px, with a margin."""
    width, height = (float(side) for side in image_size)
    axes.add_patch(Rectangle((0, 0), width, height, facecolor=IMAGE, edgecolor=LINE, zorder=0))
    box = axes.get_window_extent()
    half = 0.5 * 1.22 * max(size[1], size[0] * box.height / box.width)
    across = half * box.width / box.height
    axes.set_xlim(middle[0] - across, middle[0] + across)
    axes.set_ylim(middle[1] + half, middle[1] - half)


def draw_detections(axes: Axes, plot: PosePlot, skeleton: Skeleton) -> None:
    """Draws the 2D detections in the image, cropped to the person; low confidence is faint."""
    size = (int(plot.image_size[0]), int(plot.image_size[1]))
    draw_image_area(axes, *crop(plot.keypoints_2d, plot.confidence, size), size)
    segments, points, colors = detection_segments(plot.keypoints_2d, plot.confidence, skeleton)
    _add(axes, segments)
    u, v = points.T
    axes.scatter(u, v, s=17, c=colors, edgecolors=IMAGE, linewidths=0.7, zorder=3)


def detection_segments(
    keypoints_2d: np.ndarray, confidence: np.ndarray, skeleton: Skeleton
) -> tuple[LineSegments, np.ndarray, np.ndarray]:
    """Returns one view's 2D bones, visible joints (seen, 2), px, and their colours (seen, 3)."""
    share = seen_share(keypoints_2d, confidence)
    bones, order = bones_of(skeleton), np.argsort(share)
    faint = share[bones].min(-1)
    colors = colors_of(bone_sides(skeleton), faint)
    segments = bone_segments(keypoints_2d[bones], colors, np.argsort(faint), DETECTION, IMAGE)
    order = order[share[order] > 0]
    return segments, keypoints_2d[order], colors_of(joint_sides(skeleton), share)[order]


def _add(axes: Axes, segments: LineSegments) -> None:
    lines = LineCollection(
        list(segments.ends),
        colors=segments.colors,
        linewidths=segments.widths,
        capstyle="round",
        zorder=2,
    )
    axes.add_collection(lines, autolim=False)


def _lines(ends: np.ndarray, color: Any, width: Any, **style: Any) -> LineCollection:
    ends = ends[np.isfinite(ends).all((1, 2))]
    return LineCollection(list(ends), colors=color, linewidths=width, capstyle="round", **style)


def _scale(plots: Sequence[PosePlot]) -> tuple[float, float]:
    """Returns half the floor's side and the tallest pose, metres, shared by all plots."""
    reach, tallest = 0.0, 0.5
    for plot in plots:
        for pose in plot.poses.values():
            points = upright(pose, plot.up)[np.isfinite(pose).all(-1)]
            reach = np.max(np.abs(points[:, [0, 2]]), initial=reach)
            tallest = max(tallest, np.ptp(points[:, 1])) if len(points) else tallest
    return floor_reach(reach), tallest


def draw_poses(
    axes: Axes, plot: PosePlot, plots: Sequence[PosePlot], skeleton: Skeleton, azimuth: float
) -> None:
    """Draws the 3D poses of a plot over a floor, at one scale for all `plots`.

    Args:
        axes: To draw in.
        plot: Poses to draw.
        plots: All plots of the figure; they set the scale.
        skeleton: Joints and bones.
        azimuth: Viewpoint's angle about the vertical, degrees, towards the camera's right; 0 is
            the camera's own side.
    """
    reach, tallest = _scale(plots)
    poses = {name: upright(pose, plot.up) for name, pose in plot.poses.items()}
    heights = np.array([pose[:, 1] for pose in poses.values()])
    floor = np.min(heights[np.isfinite(heights)], initial=0)  # the root is at 0
    draw_floor(axes, floor, reach, tallest, azimuth)
    bones, sides = bones_of(skeleton), bone_sides(skeleton)
    for rank, name in enumerate(names_of(plots)):
        if name not in poses:
            continue
        ends = line_ends(seen_from(poses[name], azimuth), bones)
        if rank:  # Under the prediction: visible only where the two differ.
            grey = dict(linestyles=[dash(rank)], zorder=1.5)
            axes.add_collection(_lines(ends[..., :2], REFERENCE, GREY, **grey), autolim=False)
            continue
        shadow = line_ends(seen_from(poses[name] * [1, 0, 1] + [0, floor, 0], azimuth), bones)
        axes.add_collection(_lines(shadow[..., :2], SHADOW, GROUND, zorder=1), autolim=False)
        order = np.argsort(-ends[..., 2].mean(-1))  # painter's order: nearest last
        colors = colors_of(sides, np.ones(len(sides)))
        _add(axes, bone_segments(ends[..., :2], colors, order, BONE, "white"))


def draw_floor(
    axes: Axes, floor: float, reach: float, tallest: float, azimuth: float, *, empty: bool = False
) -> None:
    """Draws the floor as squares, thick on the camera's side, and sets the axes' limits.

    Args:
        axes: To draw in.
        floor: Height of the floor, metres.
        reach: Half the floor's side, metres.
        tallest: Height of the tallest pose, metres.
        azimuth: Viewpoint's angle, degrees, as in `draw_poses`.
        empty: Whether to leave the squares out and fit the limits to every azimuth.
    """
    ends = floor_lines(floor, reach, azimuth)
    corners = np.array([floor_lines(floor, reach, a) for a in range(0, 90, 15)]) if empty else ends
    box = axes.get_window_extent()
    x, y = window(corners, floor, tallest, box.height / box.width)
    axes.set_xlim(x)
    axes.set_ylim(y)
    if not empty:
        axes.add_collection(_lines(ends, LINE, 0.7, zorder=0), autolim=False)
        axes.add_collection(_lines(ends[:1], EDGE, 1.6, zorder=0), autolim=False)
