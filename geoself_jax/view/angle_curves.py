"""Curves of the angles that move the most, with a cursor at the frame shown."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.view.angle_groups import AngleGroup, most_moving, values
from geoself_jax.view.line_segments import COLOR, EDGE, LINE
from geoself_jax.view.plots import write_line

MOST = 3
"""Curves that a film shows where there is room."""
_LEAST = 0.8  # inches, of a curve with its name
_LEFT, _ABOVE = 0.36, 0.3  # inches: of the numbers, and of the name above each curve


@dataclass(frozen=True)
class Box:
    """A rectangle in a figure, inches."""

    x: float
    y: float
    width: float
    height: float


class AngleCurves:
    """Curves one above the other, drawn once; the cursor moves.

    Attributes:
        artists: What moves.
        corners: Upper right corner of each curve, inches, where its values are written.
    """

    def __init__(
        self, figure: Figure, box: Box, angles: AngleSequence, first: int, last: int
    ) -> None:
        """Draws the curves.

        Args:
            figure: To draw in.
            box: Where.
            angles: Of the person.
            first, last: Frame numbers at both ends.
        """
        self._angles = angles
        self._groups = most_moving(angles, min(MOST, max(1, int(box.height / _LEAST))))
        self.artists: list[Line2D] = []
        self.corners: list[tuple[float, float]] = []
        each = box.height / max(len(self._groups), 1)
        for k, group in enumerate(self._groups):
            low = box.y + box.height - (k + 1) * each
            axes = _axes(figure, Box(box.x + _LEFT, low + 0.08, box.width - _LEFT, each - _ABOVE))
            _draw(axes, angles, group, first, last)
            style = {"fontsize": 9, "color": EDGE}
            write_line(figure, box.x + _LEFT, low + each - _ABOVE + 0.12, group.title, 2.2, **style)
            cursor = axes.axvline(first, color=EDGE, linewidth=1.2, animated=True)
            self.artists.append(cursor)
            self.corners.append((box.x + box.width, low + each - 0.02))

    def show(self, frame: int) -> list[str]:
        """Moves the cursor to a frame number; returns what each curve has there."""
        row = int(np.searchsorted(self._angles.frame_id, frame))
        there = row < len(self._angles.frame_id) and self._angles.frame_id[row] == frame
        for cursor in self.artists:
            cursor.set_xdata([frame, frame])
        return [self._words(group, row if there else None) for group in self._groups]

    def _words(self, group: AngleGroup, row: int | None) -> str:
        parts = []
        for side, column in group.columns.items():
            value = np.nan if row is None else self._angles.degrees[row, column]
            number = f"{value:4.0f}°" if np.isfinite(value) else "   -°"
            parts.append(f"{'' if side == 'middle' else side} {number}")
        return "  ".join(parts)


def _axes(figure: Figure, box: Box) -> Axes:
    w, h = figure.get_size_inches()
    axes = figure.add_axes((box.x / w, box.y / h, box.width / w, box.height / h), facecolor="none")
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(LINE)
    axes.tick_params(axis="y", colors=EDGE, labelsize=8, length=0, pad=3)
    axes.set_xticks([])
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 3, 5, 10]))
    axes.grid(axis="y", color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)
    return axes


def _draw(axes: Axes, angles: AngleSequence, group: AngleGroup, first: int, last: int) -> None:
    for side, degrees in values(angles, group).items():
        axes.plot(angles.frame_id, degrees, color=COLOR[side], linewidth=1.5)
    axes.set_xlim(first, max(last, first + 1))
