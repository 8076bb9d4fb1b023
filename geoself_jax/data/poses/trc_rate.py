"""The frame rate of a .trc whose DataRate is the true rate without its decimals.

Caliscope writes 59 for 59.94 frames per second, and times rounded to milliseconds: at DataRate the
times would be no frames' soon. The Time column then says the rate.
"""

import numpy as np

NTSC = tuple(n * 1000 / 1001 for n in (24, 30, 48, 60, 90, 120, 240))
"""Rates of cameras that are no whole numbers."""

_DECIMALS = range(7)


def measured_rate(number: np.ndarray, seconds: np.ndarray, rate: float) -> float:
    """Frames per second by the times, where DataRate is that without its decimals; else DataRate.

    Args:
        number: (T,) of the column Frame#.
        seconds: (T,) of the column Time.
        rate: DataRate.
    """
    steps, span = np.diff(number), seconds[-1] - seconds[0]
    if len(number) < 2 or rate != int(rate) or not (span > 0 and (steps >= 1).all()):
        return rate
    found = float((number[-1] - number[0]) / span)
    error = _resolution(seconds) * found / span  # of a rate between two rounded times
    later = (seconds - seconds[0]) * found
    fits = np.abs(later - (number - number[0])).max() < 0.4
    if not fits or not error < abs(found - rate) < 1 + error:
        return rate
    near = [each for each in (*NTSC, round(found)) if abs(each - found) <= error]
    return float(near[0]) if near else found


def _resolution(seconds: np.ndarray) -> float:
    """The unit that times are rounded to."""
    off = (np.abs(seconds - np.round(seconds, decimals)).max() for decimals in _DECIMALS)
    return float(10.0 ** -next((d for d, most in enumerate(off) if most < 1e-9), _DECIMALS[-1]))
