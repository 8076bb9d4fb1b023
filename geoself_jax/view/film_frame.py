"""The picture that a film is made of: what moves, over what is drawn once."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from geoself_jax.view.animation import MovingDetections, MovingPoses
from geoself_jax.view.axes import crop
from geoself_jax.view.caption import Caption
from geoself_jax.view.drawn_poses import (
    camera_axes,
    detections,
    on_floor,
    picture_size,
    poses_in_camera,
)
from geoself_jax.view.line_segments import upright
from geoself_jax.view.plots import draw_legend, new_figure, place_axes, write_line
from geoself_jax.view.scene import Scene, joint_errors

_NEAR_CAMERA, _ASIDE = -20.0, 70.0  # degrees
_HIGH, _WIDE, _GAP, _ABOVE, _EDGE = 3.0, 3.0, 0.12, 0.42, 0.12  # inches
_NARROWEST, _WIDEST = 1.8, 3.6  # inches, the camera's picture
_SMALLEST = 160  # px


class Stage:
    """Draws any frame of a scene: the 2D input, and 3D from two sides or from one that turns.

    Attributes:
        size: Width and height of a picture, px, both even, as videos want them.
    """

    def __init__(self, scene: Scene, shown: np.ndarray, width: int, *, turns: bool) -> None:
        """Draws what stays.

        Args:
            scene: What to show.
            shown: Indices of its frames that will be: all fit into the picture.
            width: Pixels.
            turns: Whether the viewer goes round: then 3D is seen from one side in place of two.
        """
        self._scene, self._errors = scene, joint_errors(scene, 0)
        seen = detections(scene)
        wide = [] if seen is None else [_picture_width(scene, shown)]
        wide += [_WIDE] if turns else [_WIDE, _WIDE]
        inches = sum(wide) + _GAP * (len(wide) - 1) + 2 * _EDGE
        dpi = max(_SMALLEST, width - width % 2) / inches
        names = [sequence.name for sequence in scene.sequences]
        below = draw_legend(new_figure(inches, _HIGH, dpi), names, scene.skeleton) + 0.1
        high = 2 * round(dpi * (_HIGH + _ABOVE + below) / 2) / dpi
        self._figure = new_figure(inches, high, dpi)
        self.size = (round(inches * dpi), round(high * dpi))
        draw_legend(self._figure, names, scene.skeleton, top=below)
        places = _EDGE + np.cumsum([0, *wide[:-1]]) + _GAP * np.arange(len(wide))
        axes = [
            place_axes(self._figure, x, below, across, _HIGH)
            for x, across in zip(places, wide, strict=True)
        ]
        self._parts = _parts(scene, shown, axes, turns=turns)
        title = " · ".join(filter(None, (scene.name, scene.action)))
        write_line(self._figure, _EDGE, high - 0.3, title, inches * 0.55, fontweight="bold")
        self._caption, self._corner = Caption(dpi), (round((inches - _EDGE) * dpi), int(0.16 * dpi))
        canvas: Any = self._figure.canvas
        canvas.draw()
        self._canvas, self._background = canvas, canvas.copy_from_bbox(self._figure.bbox)

    def draw(self, frame: int, index: int, turned: float = 0.0) -> np.ndarray:
        """One picture, (height, width, 4) bytes RGBA; the next one is drawn into the same memory.

        Args:
            frame: Number in the video, to be written.
            index: Frame of the scene, or -1 where it has none.
            turned: Degrees by which the viewer went round.
        """
        self._canvas.restore_region(self._background)
        for part in self._parts:
            part.show(index, turned)
            for artist in part.artists:
                self._figure.draw_artist(artist)
        picture = np.asarray(self._canvas.buffer_rgba())
        self._caption.put(picture, self._words(frame, index), *self._corner)
        return picture

    def _words(self, frame: int, index: int) -> str:
        words = f"frame {frame}  {frame / self._scene.sequences[0].fps:6.2f} s"
        if index < 0 or self._errors is None or not np.isfinite(self._errors[index]).any():
            return words
        return f"{1000 * np.nanmean(self._errors[index]):.0f} mm  {words}"


def _picture_width(scene: Scene, shown: np.ndarray) -> float:
    """Inches, by the shape of what was seen."""
    pixels, confidence = detections(scene) or (np.zeros((1, 1, 2)), np.zeros((1, 1)))
    _, (width, height) = crop(pixels[shown], confidence[shown], picture_size(scene))
    return float(np.clip(_HIGH * width / height, _NARROWEST, _WIDEST))


def _parts(
    scene: Scene, shown: np.ndarray, axes: list[Axes], *, turns: bool
) -> list[MovingDetections | MovingPoses]:
    parts: list[MovingDetections | MovingPoses] = []
    seen, skeleton = detections(scene), scene.skeleton
    if seen is not None:
        first, *axes = axes
        parts.append(MovingDetections(first, *seen, picture_size(scene), skeleton, shown))
    _, up = camera_axes(scene)
    bodies = on_floor([upright(pose, up) for pose in poses_in_camera(scene).values()])
    for side, azimuth in zip(axes, (_NEAR_CAMERA, _ASIDE), strict=False):
        parts.append(MovingPoses(side, bodies, skeleton, shown, azimuth=azimuth, turns=turns))
    return parts
