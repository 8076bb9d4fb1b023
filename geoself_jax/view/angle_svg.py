"""Curves of joint angles over time as SVG, which prints as sharply as it shows."""

import html
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT = 380, 116
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 8, 20
_MOST = 700  # points of a line: more than a page's width can show
_STEPS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 360)  # degrees between lines
_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)


@dataclass(frozen=True)
class Scale:
    """What a plot's sides mean; two plots of one scale can be compared by eye.

    Attributes:
        low, high: Degrees at the lower and upper side.
        step: Degrees from one line of the grid to the next.
        seconds: Duration of the whole width, s.
    """

    low: float
    high: float
    step: float
    seconds: float

    def x(self, seconds: np.ndarray | float) -> np.ndarray:
        """Returns the place across of times since the start."""
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * np.asarray(seconds) / self.seconds

    def y(self, degrees: np.ndarray | float) -> np.ndarray:
        """Returns the place down of angles."""
        share = (np.asarray(degrees) - self.low) / (self.high - self.low)
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - share)


def scale_of(degrees: list[np.ndarray], seconds: float) -> Scale:
    """Returns a scale of round numbers that holds all angles.

    Args:
        degrees: Any number of (T,); NaN where missing.
        seconds: Duration of the longest, s.
    """
    known = np.concatenate([d[np.isfinite(d)] for d in degrees] or [np.zeros(1)])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    step = next((s for s in _STEPS if (high - low) / s <= 4), 720)
    low, high = step * np.floor(low / step), step * np.ceil(high / step)
    return Scale(low, max(high, low + step), step, max(seconds, 1e-3))


@dataclass(frozen=True)
class Line:
    """A curve: which side it is of, times (T,) s, angles (T,) and how far off (T,), degrees."""

    side: str
    seconds: np.ndarray
    degrees: np.ndarray
    uncertainty: np.ndarray | None = None


def plot(lines: list[Line], scale: Scale, step: float, name: str) -> str:
    """Returns an SVG element.

    Args:
        lines: To draw, in order.
        scale: Of both axes.
        step: Seconds from one frame to the next; after a longer pause the line is interrupted.
        name: What it shows, for readers who do not see it.
    """
    parts = [*_grid(scale)]
    for line in lines:
        stretches = list(_stretches(line, step))
        if line.uncertainty is not None:
            parts += [_band(line, rows, scale) for rows in stretches]
        for rows in stretches:
            points = _points(line.seconds[rows], line.degrees[rows], scale)
            parts.append(f'<path class="{line.side}" d="{_path(points)}"/>')
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(name)}">'
        f"{''.join(parts)}</svg>"
    )


def _grid(scale: Scale) -> Iterator[str]:
    right = WIDTH - _RIGHT
    for value in np.arange(scale.low, scale.high + scale.step / 2, scale.step):
        y = f"{scale.y(value):.1f}"
        yield f'<path class="grid" d="M{_LEFT} {y}H{right}"/>'
        yield f'<text x="{_LEFT - 5}" y="{scale.y(value) + 3.5:.1f}" class="at">{value:.0f}°</text>'
    step = next((s for s in _SECONDS if scale.seconds / s <= 6), 7200)
    for value in np.arange(0, scale.seconds + 1e-6, step):
        x, words = float(scale.x(value)), f"{value:g} s"
        ending = " end" if x > right - 10 else ""
        yield f'<text x="{x:.1f}" y="{HEIGHT - 5}" class="time{ending}">{words}</text>'


def _stretches(line: Line, step: float) -> Iterator[np.ndarray]:
    """Yields the rows of each stretch without a gap."""
    rows = np.flatnonzero(np.isfinite(line.degrees))
    gap = (np.diff(rows) > 1) | (np.diff(line.seconds[rows]) > 1.5 * step)
    yield from (part for part in np.split(rows, np.flatnonzero(gap) + 1) if len(part))


def _points(seconds: np.ndarray, degrees: np.ndarray, scale: Scale) -> np.ndarray:
    """Returns (N, 2) places; of a long line the least and the greatest of each few frames."""
    if len(seconds) > _MOST:
        each = -(-2 * len(seconds) // _MOST)
        edges = np.arange(0, len(seconds), each)
        low, high = np.minimum.reduceat(degrees, edges), np.maximum.reduceat(degrees, edges)
        seconds, degrees = np.repeat(seconds[edges], 2), np.stack([low, high], 1).ravel()
    return np.stack([scale.x(seconds), scale.y(degrees)], -1)


def _path(points: np.ndarray) -> str:
    """Returns a path; a lone point is a dot."""
    first, *others = (f"{x:.1f} {y:.1f}" for x, y in points)
    return f"M{first}" + "".join(f"L{point}" for point in others or [first])


def _band(line: Line, rows: np.ndarray, scale: Scale) -> str:
    assert line.uncertainty is not None
    off = np.nan_to_num(line.uncertainty[rows])
    ends = []
    for sign in (1, -1):
        degrees = np.clip(line.degrees[rows] + sign * off, scale.low, scale.high)
        ends.append(_points(line.seconds[rows], degrees, scale))
    around = np.concatenate([ends[0], ends[1][::-1]])
    return f'<path class="{line.side} band" d="{_path(around)}Z"/>'
