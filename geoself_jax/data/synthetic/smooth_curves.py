"""Smooth random signals in time, of which motions are made. All are C1 at least."""

import numpy as np
from numpy.typing import ArrayLike

Array = np.ndarray


def ease(x: ArrayLike) -> Array:
    """Minimum-jerk passage from 0 to 1 for x in [0, 1] (Flash and Hogan 1985)."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def bump(x: ArrayLike) -> Array:
    """Smooth rise and fall, 1 at x = 0.5 and 0 outside of [0, 1]."""
    return np.sin(np.pi * np.clip(x, 0.0, 1.0)) ** 2


def soft_floor(x: ArrayLike, floor: float | Array, width: float) -> Array:
    """`max(x, floor)` with a corner of about `width` rounded off."""
    return floor + width * np.logaddexp(0.0, (np.asarray(x) - floor) / width)


def wander(
    rng: np.random.Generator, t: Array, shape: tuple[int, ...], scale: ArrayLike, period: float
) -> Array:
    """Band-limited noise: six sines of random phase, slower than about 1/`period`.

    Args:
        rng: Source of chance.
        t: Times (frames,), s.
        shape: Shape of one frame of the result.
        scale: Standard deviation, broadcast to `shape`.
        period: Shortest period, s.

    Returns:
        (frames, *shape)
    """
    count = int(np.prod(shape))
    frequency = rng.uniform(0.08, 1.0, (6, 1, count)) / period
    phase = rng.uniform(0.0, 2.0 * np.pi, (6, 1, count))
    waves = np.sin(2.0 * np.pi * frequency * t[None, :, None] + phase).sum(0) / np.sqrt(3.0)
    return waves.reshape(len(t), *shape) * scale


def timeline(
    rng: np.random.Generator,
    t: Array,
    hold: tuple[float, float],
    move: tuple[float, float],
) -> Array:
    """A key coordinate that rests at whole numbers and moves evenly in between.

    Args:
        rng: Source of chance.
        t: Times (frames,), s.
        hold: Shortest and longest rest at a key, s.
        move: Shortest and longest passage to the next key, s.

    Returns:
        (frames,): n + linear progress in [0, 1) on the way from key n to key n + 1.
    """
    count = int((t[-1] - t[0]) / (hold[0] + move[0])) + 3
    spans = np.stack([rng.uniform(*hold, count), rng.uniform(*move, count)], -1).ravel()
    times = t[0] - rng.uniform(0.0, spans[0] + spans[1]) + np.concatenate([[0], np.cumsum(spans)])
    keys = np.repeat(np.arange(count + 1.0), 2)[: len(times)]
    return np.interp(t, times, keys)


def keyed(u: Array, keys: Array, start: float = 0.0, end: float = 1.0) -> Array:
    """Values of `keys` (count, ...) along key coordinate `u`, by minimum-jerk passages.

    Keys repeat when they run out. A passage takes the part [start, end] of a move only.
    """
    n = np.floor(u).astype(int)
    weight = ease((u - n - start) / (end - start)).reshape(-1, *[1] * (keys.ndim - 1))
    return keys[n % len(keys)] * (1.0 - weight) + keys[(n + 1) % len(keys)] * weight


def hermite(t: Array, nodes: Array) -> Array:
    """Cubic through `nodes` (count, 3) of time, value and slope; ends are held.

    Args:
        t: Times (frames,).
        nodes: Rows of increasing time, value, slope.
    """
    i = np.clip(np.searchsorted(nodes[:, 0], t, side="right") - 1, 0, len(nodes) - 2)
    (t0, y0, v0), (t1, y1, v1) = nodes[i].T, nodes[i + 1].T
    span = t1 - t0
    s = np.clip((t - t0) / span, 0.0, 1.0)
    rise = s**2 * (3.0 - 2.0 * s)
    return y0 * (1 - rise) + y1 * rise + span * (v0 * s * (1 - s) ** 2 - v1 * s**2 * (1 - s))
