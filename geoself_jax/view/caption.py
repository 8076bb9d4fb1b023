"""A line of numbers that changes in every picture of a film."""

import functools
from typing import Any

import numpy as np

from geoself_jax.view.plots import new_figure, write_line

_SIZE = 8.5  # points
_CELL = (0.08, 0.17)  # inches


class Caption:
    """Words put together from letters that are drawn once.

    Laying out a line takes matplotlib longer than drawing all the bones. The letters are of one
    width, so that numbers stand still.
    """

    def __init__(self, dpi: float) -> None:
        """Nothing is drawn yet.

        Args:
            dpi: Of the figure that the words will be put on.
        """
        self._cell = functools.cache(functools.partial(_cell, dpi))

    def put(self, picture: np.ndarray, words: str, right: int, top: int) -> None:
        """Puts words on a picture, from a right upper corner to the left as far as there is room.

        Args:
            picture: (height, width, 4) bytes, changed in place.
            words: Plain letters.
            right, top: Pixels.
        """
        for letter in reversed(words):
            cell = self._cell(letter)
            height, width = cell.shape[:2]
            right -= width
            if right < 0:
                return
            picture[top : top + height, right : right + width] = cell


def _cell(dpi: float, letter: str) -> np.ndarray:
    width, height = (max(1, round(side * dpi)) / dpi for side in _CELL)
    figure = new_figure(width, height, dpi)
    write_line(figure, 0, height / 4, letter, 1, fontsize=_SIZE, family="monospace")
    canvas: Any = figure.canvas
    canvas.draw()
    return np.array(canvas.buffer_rgba())
