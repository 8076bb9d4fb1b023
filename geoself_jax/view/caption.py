"""A line of text that changes in every frame of a video."""

import functools
from typing import Any

import numpy as np

from geoself_jax.view.plots import new_figure, write_line

_SIZE = 8.5  # points
_CELL = (0.08, 0.17)  # inches


class Caption:
    """Text composed of glyphs that are rendered once.

    matplotlib takes longer to lay out a line than to draw all bones. The font is monospaced, so
    that digits do not move.
    """

    def __init__(self, dpi: float) -> None:
        """Renders no glyph yet.

        Args:
            dpi: Resolution of the figure to write on, dots per inch.
        """
        self._cell = functools.cache(functools.partial(_cell, dpi))

    def put(self, image: np.ndarray, words: str, right: int, top: int) -> None:
        """Writes text on an image, right-aligned at an upper right corner, as far as it fits.

        Args:
            image: (height, width, 4) bytes RGBA, changed in place.
            words: Text to write.
            right, top: Upper right corner, px.
        """
        for letter in reversed(words):
            cell = self._cell(letter)
            height, width = cell.shape[:2]
            right -= width
            if right < 0:
                return
            image[top : top + height, right : right + width] = cell


def _cell(dpi: float, letter: str) -> np.ndarray:
    width, height = (max(1, round(side * dpi)) / dpi for side in _CELL)
    figure = new_figure(width, height, dpi)
    write_line(figure, 0, height / 4, letter, 1, fontsize=_SIZE, family="monospace")
    canvas: Any = figure.canvas
    canvas.draw()
    return np.array(canvas.buffer_rgba())
