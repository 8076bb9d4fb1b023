"""Renders a video's frames with the poses on them, and the 3D body next to them."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.view.angle_curves import AngleCurves, Box
from geoself_jax.view.angle_groups import most_moving
from geoself_jax.view.animation import MovingPoses
from geoself_jax.view.body_scale import scene_scale
from geoself_jax.view.caption import Caption
from geoself_jax.view.drawn_poses import camera_axes, on_floor, poses_in_camera
from geoself_jax.view.line_segments import COLOR, upright
from geoself_jax.view.overlay_parts import OTHER, OverVideo
from geoself_jax.view.plots import new_figure, place_axes, write_line
from geoself_jax.view.scene import Scene
from geoself_jax.view.video_joints import VideoJoints

_DPI = 100.0
_ASIDE = 70.0  # degrees
_VIDEO = 0.68  # of the width, at most
_TALLEST, _LOWEST = 0.62, 0.25  # height over width, at most and at least
_HEAD, _FOOT, _EDGE = 0.5, 0.34, 0.12  # inches
_CURVES = 0.42  # of the height next to the video


class OverlayRenderer:
    """Renders any frame of a video: left the video with joints on it, right the 3D body.

    Attributes:
        size: Width and height of a frame, px, both even, as video codecs require.
    """

    def __init__(
        self,
        scene: Scene,
        joints: VideoJoints,
        video_size: tuple[int, int],
        shown: np.ndarray,
        width: int,
        *,
        turns: bool = False,
        angles: AngleSequence | None = None,
    ) -> None:
        """Draws the background.

        Args:
            scene: Poses to show.
            joints: Of the scene, in the video's pixels.
            video_size: Width and height of the video's frames, px.
            shown: Indices of the scene's frames to show; the 3D axes contain all of them.
            width: Width of a rendered frame, px.
            turns: Whether the viewpoint of the 3D body orbits.
            angles: Joint angles, of which those that move the most get a curve; None for none.
        """
        self._scene = scene
        self._video = wide, tall_video = _inside(video_size, width)
        high = max(tall_video, 2 * round(_LOWEST * width / 2))  # a strip is above nothing
        self.size = (width - width % 2, high)
        dpi = _DPI * width / 1280
        self._figure = new_figure(self.size[0] / dpi, high / dpi, dpi)
        self._parts: list[Any] = [self._over(joints, video_size, dpi)]
        left = wide / dpi + _EDGE
        room = self.size[0] / dpi - left - _EDGE
        self._curves = None
        tall = high / dpi - _HEAD - _FOOT
        below = _CURVES * tall if angles is not None and most_moving(angles, 1) else 0.0
        if angles is not None and below:
            ends = (int(scene.frame_id[shown[0]]), int(scene.frame_id[shown[-1]]))
            box = Box(left, 0.1, room, below)
            self._curves = AngleCurves(self._figure, box, angles, *ends)
        body = place_axes(self._figure, left, _FOOT + below, room, tall - below)
        self._parts.append(_body(scene, shown, body, turns=turns))
        title = " · ".join(filter(None, (scene.name, scene.action)))
        style: Any = {"fontweight": "bold", "fontsize": 10}
        write_line(self._figure, left, high / dpi - 0.22, title, room, **style)
        _legend(self._figure, scene, left + room / 2, below + 0.12 * bool(below))
        self._caption, self._dpi = Caption(dpi), dpi
        self._corner = (round((left + room) * dpi), round(0.26 * dpi))
        canvas: Any = self._figure.canvas
        canvas.draw()
        self._canvas, self._background = canvas, canvas.copy_from_bbox(self._figure.bbox)

    def _over(self, joints: VideoJoints, video_size: tuple[int, int], dpi: float) -> OverVideo:
        wide, high = self._video
        axes = place_axes(self._figure, 0, (self.size[1] - high) / dpi, wide / dpi, high / dpi)
        axes.set_xlim(0, video_size[0])
        axes.set_ylim(video_size[1], 0)
        return OverVideo(axes, joints, self._scene.skeleton)

    def draw(self, image: np.ndarray, frame: int, index: int, turned: float = 0.0) -> np.ndarray:
        """Renders one frame, (height, width, 4) bytes RGBA; the next call reuses the buffer.

        Args:
            image: (height, width, 3) uint8 RGB of the video.
            frame: Its number, written as the caption.
            index: Frame index in the scene, or -1 for none.
            turned: Angle of the orbit, degrees.
        """
        self._canvas.restore_region(self._background)
        drawn = np.asarray(self._canvas.buffer_rgba())
        wide, high = self._video
        small = Image.fromarray(image).resize((wide, high), Image.Resampling.BOX, reducing_gap=1.0)
        drawn[:high, :wide, :3] = np.asarray(small)
        for part in self._parts:
            part.show(index, turned)
            for artist in part.artists:
                self._figure.draw_artist(artist)
        if self._curves is not None:
            self._show_curves(drawn, frame)
        words = f"frame {frame}  {frame / self._scene.sequences[0].fps:6.2f} s"
        self._caption.put(drawn, words, *self._corner)
        return drawn

    def _show_curves(self, drawn: np.ndarray, frame: int) -> None:
        assert self._curves is not None
        words = self._curves.show(frame)
        for artist, said, (right, top) in zip(
            self._curves.artists, words, self._curves.corners, strict=True
        ):
            self._figure.draw_artist(artist)
            down = self.size[1] - round(top * self._dpi)
            self._caption.put(drawn, said, round(right * self._dpi), down)


def _inside(video_size: tuple[int, int], width: int) -> tuple[int, int]:
    """Returns the video's size in a frame of a width, px, its height even and neither nothing."""
    across, down = video_size
    scale = min(_VIDEO * width / across, _TALLEST * width / down)
    return max(1, round(scale * across)), max(2, 2 * round(scale * down / 2))


def _body(scene: Scene, shown: np.ndarray, axes: Axes, *, turns: bool) -> MovingPoses:
    scale, (_, up) = scene_scale(scene), camera_axes(scene)
    bodies = on_floor([upright(pose / scale, up) for pose in poses_in_camera(scene).values()])
    return MovingPoses(axes, bodies, scene.skeleton, shown, azimuth=_ASIDE, turns=turns)


def _legend(figure: Figure, scene: Scene, middle: float, low: float) -> None:
    """Says what the lines and rings are, under the 3D body; its place is in inches."""
    bones = [Line2D([], [], color=COLOR[side], linewidth=3.2) for side in ("left", "right")]
    ring = Line2D([], [], marker="o", markersize=5, markerfacecolor="white", linestyle="none")
    ring.set(markeredgecolor=COLOR["middle"], markeredgewidth=1.5)
    handles = [*bones, ring]
    labels = ["left", "right", "2D input"]
    if len(scene.sequences) > 1:
        handles.append(Line2D([], [], color=OTHER, linewidth=2))
        labels.append("other sources")
    legend = figure.legend(
        *(handles, labels),
        loc="lower center",
        bbox_to_anchor=(middle / figure.get_figwidth(), low / figure.get_figheight()),
        ncols=len(labels),
        frameon=False,
        fontsize=9,
        columnspacing=1.2,
        handlelength=1.4,
    )
    for text in legend.get_texts():
        text.set(parse_math=False, usetex=False)
