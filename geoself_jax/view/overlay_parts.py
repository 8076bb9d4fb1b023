"""What is drawn over a video's frames: its 2D input as rings, the re-projected poses as bones."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba_array

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.view.axes import BONE, seen_share
from geoself_jax.view.line_segments import (
    COLOR,
    bone_segments,
    bone_sides,
    bones_of,
    colors_of,
    joint_sides,
)
from geoself_jax.view.video_joints import VideoJoints

OTHER = "#F0E442"  # sources after the first: Okabe and Ito's yellow, which few videos have
RING = 26  # points^2
THIN = 1.6  # points


class OverVideo:
    """The joints of one frame in axes that are the video's image: x right, y down, px."""

    def __init__(self, axes: Axes, joints: VideoJoints, skeleton: Skeleton) -> None:
        """Creates the artists.

        Args:
            axes: Axes whose limits are the video's pixels.
            joints: All frames, in the video's pixels.
            skeleton: Their joints and bones.
        """
        self._bones = bones_of(skeleton)
        people = [(joints.detected, joints.confidence), *joints.others]
        self._pixels = np.concatenate([pixels for pixels, _ in people], axis=1)
        self._confidence = np.concatenate([confidence for _, confidence in people], axis=1)
        drawn = [each for each in joints.reprojected if each is not None]
        self._lead = joints.reprojected[0]
        self._others = drawn if self._lead is None else drawn[1:]
        sides = bone_sides(skeleton)
        self._colors = colors_of(sides, np.ones(len(sides)))
        self._rings = to_rgba_array([COLOR[side] for side in joint_sides(skeleton)] * len(people))
        self._thin = _lines(axes, zorder=2)
        self._thin.set(color=OTHER, linewidth=THIN)
        self._thick = _lines(axes, zorder=3)
        self._seen = axes.scatter([], [], s=RING, linewidths=1.5, zorder=4, animated=True)
        self.artists: list[Artist] = [self._thin, self._thick, self._seen]

    def show(self, index: int, turned: float) -> None:
        """Updates the artists to a frame of the scene; -1 for none."""
        del turned
        for artist in self.artists:
            artist.set_visible(index >= 0)
        if index < 0:
            return
        thin = [each[index][self._bones] for each in self._others]
        self._thin.set_segments(list(np.concatenate(thin)) if thin else [])
        if self._lead is not None:
            ends, order = self._lead[index][self._bones], np.arange(len(self._bones))
            segments = bone_segments(ends, self._colors, order, BONE, "white")
            self._thick.set_segments(list(segments.ends))
            self._thick.set(color=segments.colors, linewidth=segments.widths)
        pixels = self._pixels[index]
        share = seen_share(pixels, self._confidence[index])
        seen = share > 0
        edges = self._rings.copy()
        edges[:, 3] = share
        self._seen.set_offsets(pixels[seen])
        fill = np.ones((int(seen.sum()), 4))
        fill[:, 3] = share[seen]
        self._seen.set(facecolor=fill, edgecolor=edges[seen])


def _lines(axes: Axes, zorder: float) -> LineCollection:
    lines = LineCollection([], capstyle="round", animated=True, zorder=zorder)
    axes.add_collection(lines, autolim=False)
    return lines
