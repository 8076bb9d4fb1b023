"""What one panel of a picture shows: 2D detections, and 3D poses over a floor."""

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
    LINE,
    PICTURE,
    REFERENCE,
    SHADOW,
    Strokes,
    bone_sides,
    bone_strokes,
    bones_of,
    colors_of,
    dash,
    floor_lines,
    floor_reach,
    joint_sides,
    seen_from,
    upright,
    window,
)

_SURE = 0.1  # confidence from which a joint is kept inside the crop
DETECTION, BONE, GREY, GROUND = 2.2, 3.2, 1.4, 1.8  # widths of lines, points


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


def names_of(panels: Sequence[Panel]) -> list[str]:
    """Names of all poses in order of appearance; the first is the prediction."""
    return list(dict.fromkeys(name for panel in panels for name in panel.poses))


def seen_share(keypoints_2d: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(..., joints) how strongly each detection is drawn: 0 where missing, little where unsure."""
    confidence = np.clip(np.nan_to_num(confidence), 0, 1)
    seen = np.isfinite(keypoints_2d).all(-1) & (confidence > 0)
    return np.where(seen, 0.12 + 0.88 * confidence, 0)


def crop(
    keypoints_2d: np.ndarray, confidence: np.ndarray, image_size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Middle and size (x, y), pixels, of the sure detections, else of all, else of the picture."""
    seen = seen_share(keypoints_2d, confidence) > 0
    sure = seen & (np.nan_to_num(confidence) >= _SURE)
    kept = keypoints_2d[sure if sure.any() else seen]
    points = kept if len(kept) else np.array([(0, 0), image_size], float)
    low, high = points.min(0), points.max(0)
    return (low + high) / 2, np.maximum(high - low, 0.02 * max(image_size))


def draw_picture(
    axes: Axes, middle: np.ndarray, size: np.ndarray, image_size: tuple[int, int]
) -> None:
    """Draws an empty picture, and shows the part of a middle and size, with a margin."""
    width, height = (float(side) for side in image_size)
    axes.add_patch(Rectangle((0, 0), width, height, facecolor=PICTURE, edgecolor=LINE, zorder=0))
    box = axes.get_window_extent()
    half = 0.5 * 1.22 * max(size[1], size[0] * box.height / box.width)
    across = half * box.width / box.height
    axes.set_xlim(middle[0] - across, middle[0] + across)
    axes.set_ylim(middle[1] + half, middle[1] - half)


def draw_detections(axes: Axes, panel: Panel, skeleton: Skeleton) -> None:
    """Draws the 2D detections in their picture, cropped to the person; unsure ones are faint."""
    size = (int(panel.image_size[0]), int(panel.image_size[1]))
    draw_picture(axes, *crop(panel.keypoints_2d, panel.confidence, size), size)
    strokes, points, colors = detection_strokes(panel.keypoints_2d, panel.confidence, skeleton)
    _add(axes, strokes)
    u, v = points.T
    axes.scatter(u, v, s=17, c=colors, edgecolors=PICTURE, linewidths=0.7, zorder=3)


def detection_strokes(
    keypoints_2d: np.ndarray, confidence: np.ndarray, skeleton: Skeleton
) -> tuple[Strokes, np.ndarray, np.ndarray]:
    """The bones of one view's detections, its joints (seen, 2) and their colours (seen, 3)."""
    share = seen_share(keypoints_2d, confidence)
    bones, order = bones_of(skeleton), np.argsort(share)
    faint = share[bones].min(-1)
    colors = colors_of(bone_sides(skeleton), faint)
    strokes = bone_strokes(keypoints_2d[bones], colors, np.argsort(faint), DETECTION, PICTURE)
    order = order[share[order] > 0]
    return strokes, keypoints_2d[order], colors_of(joint_sides(skeleton), share)[order]


def _add(axes: Axes, strokes: Strokes) -> None:
    lines = LineCollection(
        list(strokes.ends),
        colors=strokes.colors,
        linewidths=strokes.widths,
        capstyle="round",
        zorder=2,
    )
    axes.add_collection(lines, autolim=False)


def _lines(ends: np.ndarray, color: Any, width: Any, **style: Any) -> LineCollection:
    ends = ends[np.isfinite(ends).all((1, 2))]
    return LineCollection(list(ends), colors=color, linewidths=width, capstyle="round", **style)


def _scale(panels: Sequence[Panel]) -> tuple[float, float]:
    """Half the floor's side and the tallest pose, metres, the same in all panels."""
    reach, tallest = 0.0, 0.5
    for panel in panels:
        for pose in panel.poses.values():
            points = upright(pose, panel.up)[np.isfinite(pose).all(-1)]
            reach = np.max(np.abs(points[:, [0, 2]]), initial=reach)
            tallest = max(tallest, np.ptp(points[:, 1])) if len(points) else tallest
    return floor_reach(reach), tallest


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
    poses = {name: upright(pose, panel.up) for name, pose in panel.poses.items()}
    heights = np.array([pose[:, 1] for pose in poses.values()])
    floor = np.min(heights[np.isfinite(heights)], initial=0)  # the root is at 0
    draw_floor(axes, floor, reach, tallest, azimuth)
    bones, sides = bones_of(skeleton), bone_sides(skeleton)
    for rank, name in enumerate(names_of(panels)):
        if name not in poses:
            continue
        ends = seen_from(poses[name], azimuth)[bones]
        if rank:  # Under the prediction: what is seen of it is where the two differ.
            grey = dict(linestyles=[dash(rank)], zorder=1.5)
            axes.add_collection(_lines(ends[..., :2], REFERENCE, GREY, **grey), autolim=False)
            continue
        shadow = seen_from(poses[name] * [1, 0, 1] + [0, floor, 0], azimuth)[bones]
        axes.add_collection(_lines(shadow[..., :2], SHADOW, GROUND, zorder=1), autolim=False)
        order = np.argsort(-ends[..., 2].mean(-1))  # the nearest last
        colors = colors_of(sides, np.ones(len(sides)))
        _add(axes, bone_strokes(ends[..., :2], colors, order, BONE, "white"))


def draw_floor(
    axes: Axes, floor: float, reach: float, tallest: float, azimuth: float, *, empty: bool = False
) -> None:
    """Draws squares, the edge towards the camera thick, and shows what stands on them.

    Args:
        axes: To draw in.
        floor: Its height, metres.
        reach: Half its side, metres.
        tallest: Height of what stands there, metres.
        azimuth: As in `draw_poses`.
        empty: Whether to leave the squares out and make room for them from any side.
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
