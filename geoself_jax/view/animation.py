"""Animated artists of a video: 2D detections and 3D poses as lines that are created once."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba_array
from matplotlib.text import Text

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.view.axes import (
    BONE,
    GREY,
    GROUND,
    crop,
    detection_segments,
    draw_floor,
    draw_image_area,
)
from geoself_jax.view.line_segments import (
    CUT,
    EDGE,
    IMAGE,
    LINE,
    REFERENCE,
    SHADOW,
    bone_segments,
    bone_sides,
    bones_of,
    colors_of,
    dash,
    floor_lines,
    floor_reach,
    line_ends,
    seen_from,
)


class MovingDetections:
    """The 2D detections of one camera, in its image."""

    def __init__(
        self,
        axes: Axes,
        pixels: np.ndarray,
        confidence: np.ndarray,
        image_size: tuple[int, int],
        skeleton: Skeleton,
        shown: np.ndarray,
    ) -> None:
        """Draws the image, cropped to the person over all frames shown.

        Args:
            axes: To draw in.
            pixels, confidence: (T, J, 2), px, and (T, J) in [0, 1].
            image_size: Width, height, px.
            skeleton: J joints and their bones.
            shown: Indices of the frames to show.
        """
        self._pixels, self._confidence, self._skeleton = pixels, confidence, skeleton
        draw_image_area(axes, *crop(pixels[shown], confidence[shown], image_size), image_size)
        self._bones = _lines(axes, zorder=2)
        self._joints = axes.scatter(
            [], [], s=17, edgecolors=IMAGE, linewidths=0.7, zorder=3, animated=True
        )
        self._none = _note(axes, "no detection", 0.5)
        self.artists: list[Artist] = [self._bones, self._joints, self._none]

    def show(self, index: int, turned: float) -> None:
        """Updates the artists to a frame; -1 for none."""
        del turned  # the 2D view does not rotate
        there = index >= 0 and bool((self._confidence[index] > 0).any())
        self._none.set_visible(not there)
        for artist in (self._bones, self._joints):
            artist.set_visible(there)
        if there:
            pixels, confidence = self._pixels[index], self._confidence[index]
            segments, points, colors = detection_segments(pixels, confidence, self._skeleton)
            self._bones.set_segments(list(segments.ends))
            self._bones.set(color=segments.colors, linewidth=segments.widths)
            self._joints.set_offsets(points)
            self._joints.set(facecolor=colors)


class MovingPoses:
    """3D poses on a floor, from one viewpoint."""

    def __init__(
        self,
        axes: Axes,
        bodies: Sequence[np.ndarray],
        skeleton: Skeleton,
        shown: np.ndarray,
        *,
        azimuth: float,
        turns: bool,
    ) -> None:
        """Draws the floor, unless it rotates, large enough for all frames shown.

        Args:
            axes: To draw in.
            bodies: One (T, J, 3) per source, metres, upright on the floor (`drawn_poses.on_floor`).
            skeleton: J joints and their bones.
            shown: Indices of the frames to show.
            azimuth: Viewpoint's first angle, degrees, towards the camera's right.
            turns: Whether the viewpoint orbits.
        """
        self._bodies, self._bones = bodies, bones_of(skeleton)
        self._azimuth, self._turns = azimuth, turns
        sides = bone_sides(skeleton)
        self._colors = colors_of(sides, np.ones(len(sides)))
        points = np.stack([body[shown] for body in bodies])
        points = points[np.isfinite(points).all(-1)]
        reach = np.hypot(points[:, 0], points[:, 2]).max(initial=0)
        self._reach = floor_reach(float(reach))
        tallest = float(points[:, 1].max(initial=0.5))
        draw_floor(axes, 0, self._reach, tallest, azimuth, empty=turns)
        self._ground, self._lines = _lines(axes, zorder=0), _lines(axes, zorder=2)
        self._none = _note(axes, "no pose", 0.92)
        self._paint(floor_lines(0, self._reach, azimuth).shape[0], len(bodies) - 1)
        floor: list[Artist] = [self._ground] if turns else []
        self.artists: list[Artist] = [*floor, self._lines, self._none]

    def _paint(self, squares: int, others: int) -> None:
        """Sets the constant styles: bones over the other sources, those over the shadow."""
        bones = len(self._bones)
        self._ground.set(color=[LINE] * squares + [EDGE], linewidth=[0.7] * squares + [1.6])
        grey = [REFERENCE] * bones * others
        self._under = to_rgba_array([SHADOW] * bones + grey)[:, :3]
        styles = [dash(rank) for rank in range(1, others + 1) for _ in range(bones)]
        self._lines.set_linestyle(["-"] * bones + styles + ["-"] * 2 * bones)
        widths = [GROUND] * bones + [GREY] * bones * others
        self._lines.set_linewidth(widths + [BONE + CUT, BONE] * bones)

    def show(self, index: int, turned: float) -> None:
        """Updates the artists to a frame, -1 for none, and orbits by `turned` degrees."""
        azimuth = self._azimuth + turned
        if self._turns:
            floor = floor_lines(0, self._reach, azimuth)
            self._ground.set_segments([*floor, floor[0]])
        bodies = [body[index] if index >= 0 else body[0] * np.nan for body in self._bodies]
        shadow, first, *others = (
            line_ends(seen_from(body, azimuth), self._bones)
            for body in (bodies[0] * [1, 0, 1], *bodies)
        )
        order = np.argsort(-first[..., 2].mean(-1))  # painter's order: nearest last
        segments = bone_segments(first[..., :2], self._colors, order, BONE, "white")
        lacking = 2 * len(self._bones) - len(segments.ends)
        self._none.set_visible(not len(segments.ends))
        under = [ends[..., :2] for ends in (shadow, *others)]
        missing = np.full((lacking, 2, 2), np.nan)
        self._lines.set_segments(list(np.concatenate([*under, segments.ends, missing])))
        paints = [self._under, segments.colors, np.ones((lacking, 3))]
        self._lines.set(color=np.concatenate(paints))


def _lines(axes: Axes, zorder: float) -> LineCollection:
    lines = LineCollection([], capstyle="round", animated=True, zorder=zorder)
    axes.add_collection(lines, autolim=False)
    return lines


def _note(axes: Axes, words: str, height: float) -> Text:
    return axes.text(
        0.5,
        height,
        words,
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=EDGE,
        fontsize=11,
        animated=True,
        zorder=4,
    )
