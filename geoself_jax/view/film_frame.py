"""Renders the frames of a video: animated artists over a background that is drawn once."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from geoself_jax.view.animation import MovingDetections, MovingPoses
from geoself_jax.view.axes import crop
from geoself_jax.view.body_scale import scene_scale, square_name, units_of
from geoself_jax.view.caption import Caption
from geoself_jax.view.drawn_poses import (
    camera_axes,
    detections,
    image_size_of,
    on_floor,
    poses_in_camera,
)
from geoself_jax.view.line_segments import upright
from geoself_jax.view.plots import draw_legend, new_figure, place_axes, write_line
from geoself_jax.view.scene import Scene, joint_errors

_NEAR_CAMERA, _ASIDE = -20.0, 70.0  # degrees
_HIGH, _WIDE, _GAP, _ABOVE, _EDGE = 3.0, 3.0, 0.12, 0.42, 0.12  # inches
_NARROWEST, _WIDEST = 1.8, 3.6  # inches, the 2D axes
_SMALLEST = 160  # px


class FrameRenderer:
    """Renders any frame of a scene: 2D input, and 3D from two viewpoints or from one that orbits.

    Attributes:
        size: Width and height of a frame, px, both even, as video codecs require.
    """

    def __init__(self, scene: Scene, shown: np.ndarray, width: int, *, turns: bool) -> None:
        """Draws the background.

        Args:
            scene: What to show.
            shown: Indices of the frames to show; the axes contain all of them.
            width: Width of a frame, px.
            turns: Whether the viewpoint orbits; then there is one 3D view instead of two.
        """
        self._scene, self._errors = scene, joint_errors(scene, 0)
        seen = detections(scene)
        wide = [] if seen is None else [_image_width(scene, shown)]
        wide += [_WIDE] if turns else [_WIDE, _WIDE]
        inches = sum(wide) + _GAP * (len(wide) - 1) + 2 * _EDGE
        dpi = max(_SMALLEST, width - width % 2) / inches
        names = [sequence.name for sequence in scene.sequences]
        self._unit, scale = units_of([scene]).error, scene_scale(scene)
        legend: Any = {"names": names, "skeleton": scene.skeleton, "squares": square_name(scale)}
        below = draw_legend(new_figure(inches, _HIGH, dpi), **legend) + 0.1
        below = round(dpi * below) / dpi  # the axes are sharp alike, however high the legend is
        high = 2 * round(dpi * (_HIGH + _ABOVE + below) / 2) / dpi
        self._figure = new_figure(inches, high, dpi)
        self.size = (round(inches * dpi), round(high * dpi))
        draw_legend(self._figure, top=below, **legend)
        places = _EDGE + np.cumsum([0, *wide[:-1]]) + _GAP * np.arange(len(wide))
        axes = [
            place_axes(self._figure, x, below, across, _HIGH)
            for x, across in zip(places, wide, strict=True)
        ]
        self._parts = _parts(scene, shown, axes, scale, turns=turns)
        title = " · ".join(filter(None, (scene.name, scene.action)))
        write_line(self._figure, _EDGE, high - 0.3, title, inches * 0.55, fontweight="bold")
        self._caption, self._corner = Caption(dpi), (round((inches - _EDGE) * dpi), int(0.16 * dpi))
        canvas: Any = self._figure.canvas
        canvas.draw()
        self._canvas, self._background = canvas, canvas.copy_from_bbox(self._figure.bbox)

    def draw(self, frame: int, index: int, turned: float = 0.0) -> np.ndarray:
        """Renders one frame, (height, width, 4) bytes RGBA; the next call reuses the buffer.

        Args:
            frame: Frame number in the video, written as the caption.
            index: Frame index in the scene, or -1 for none.
            turned: Angle of the orbit, degrees.
        """
        self._canvas.restore_region(self._background)
        for part in self._parts:
            part.show(index, turned)
            for artist in part.artists:
                self._figure.draw_artist(artist)
        image = np.asarray(self._canvas.buffer_rgba())
        self._caption.put(image, self._words(frame, index), *self._corner)
        return image

    def _words(self, frame: int, index: int) -> str:
        words = f"frame {frame}  {frame / self._scene.sequences[0].fps:6.2f} s"
        if index < 0 or self._errors is None or not np.isfinite(self._errors[index]).any():
            return words
        error = self._unit.text(float(np.nanmean(self._errors[index])), 0)
        return f"{error} {self._unit.symbol}  {words}"


def _image_width(scene: Scene, shown: np.ndarray) -> float:
    """Returns the width of the 2D axes, inches, from the aspect ratio of the detections."""
    pixels, confidence = detections(scene) or (np.zeros((1, 1, 2)), np.zeros((1, 1)))
    _, (width, height) = crop(pixels[shown], confidence[shown], image_size_of(scene))
    return float(np.clip(_HIGH * width / height, _NARROWEST, _WIDEST))


def _parts(
    scene: Scene, shown: np.ndarray, axes: list[Axes], scale: float, *, turns: bool
) -> list[MovingDetections | MovingPoses]:
    parts: list[MovingDetections | MovingPoses] = []
    seen, skeleton = detections(scene), scene.skeleton
    if seen is not None:
        first, *axes = axes
        parts.append(MovingDetections(first, *seen, image_size_of(scene), skeleton, shown))
    _, up = camera_axes(scene)
    bodies = on_floor([upright(pose / scale, up) for pose in poses_in_camera(scene).values()])
    for side, azimuth in zip(axes, (_NEAR_CAMERA, _ASIDE), strict=False):
        parts.append(MovingPoses(side, bodies, skeleton, shown, azimuth=azimuth, turns=turns))
    return parts
