"""Frame numbers and frame rate of a table, from its times."""

import numpy as np

from geoself_jax.core.errors import data_error

_UNEVEN = 0.2
"""Of a step, by which times of a constant rate may be off by their few decimals."""
_ANOTHER = 1.0
"""Frames by which a file's own numbers and times may disagree."""


def frames_of_times(
    source: str, seconds: np.ndarray, frames: np.ndarray | None = None
) -> tuple[float, np.ndarray]:
    """Returns frames per second, and each row's frame number.

    Args:
        source: The file, for messages.
        seconds: (rows,) since frame 0, ascending.
        frames: (rows,) numbers that the file gives; None where it gives none.

    Raises:
        GeoselfError: No row, or times or numbers that do not ascend (65).
    """
    if not len(seconds):
        raise data_error(source, "no row below the names", "check the file")
    if not np.isfinite(seconds).all() or (np.diff(seconds) <= 0).any():
        row = int(np.argmin(np.diff(seconds) > 0)) + 2 if len(seconds) > 1 else 1
        raise data_error(f"{source}, row {row}: time", "wanted seconds, ascending", "sort the rows")
    if frames is not None:
        whole = np.isfinite(frames) & (frames == np.rint(frames))
        if not whole.all() or (np.diff(frames) <= 0).any() or frames[0] < 0:
            raise data_error(
                f"{source}: frame", "wanted whole numbers from 0, ascending", "fix the column"
            )
    if len(seconds) == 1:
        frame = int(seconds[0] > 0) if frames is None else int(frames[0])
        fps = frame / seconds[0] if frame and seconds[0] > 0 else 1.0
        return float(fps), np.array([frame], np.int64)
    if frames is None:
        frames = _numbered(source, seconds)
    elif _off(seconds, frames).max() > _ANOTHER:
        row = int(_off(seconds, frames).argmax()) + 1
        why = "frames and times of one rate"
        raise data_error(f"{source}, row {row}: time", f"wanted {why}", "fix the columns")
    fps = float((frames[-1] - frames[0]) / (seconds[-1] - seconds[0]))
    rounded = round(fps, 3)  # times have six decimals
    span = seconds[-1] - seconds[0]
    return rounded if abs(rounded - fps) <= 2e-6 * fps / span else fps, frames.astype(np.int64)


def _off(seconds: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """How far times are from a constant rate, frames; the rate of most steps."""
    rate = np.median(np.diff(frames) / np.diff(seconds))
    expected = frames[0] + (seconds - seconds[0]) * rate
    return np.asarray(np.abs(frames - expected) / np.maximum(1, 1e-3 * (frames - frames[0])))


def _numbered(source: str, seconds: np.ndarray) -> np.ndarray:
    """Frame numbers of times with few decimals: a step alone says the rate too coarsely."""
    gaps = np.diff(seconds)
    for step in (np.median(gaps), gaps.min()):  # where most frames are missing, the least
        rate = 1 / float(step)
        for _ in range(2):
            steps = np.rint(gaps * rate)
            rate = float(max(steps.sum(), 1) / gaps.sum())
        frames = np.rint(seconds[0] * rate) + np.concatenate([[0], np.cumsum(steps)])
        off = np.abs((seconds - seconds[0]) * rate - (frames - frames[0]))
        if (steps > 0).all() and off.max() <= _UNEVEN:
            if frames[0] < 0:
                do = "let it begin at 0"
                raise data_error(source, f"begins at {seconds[0]:g} s, before its video", do)
            return np.asarray(frames)
    raise data_error(source, "its times are uneven", "resample it at a constant rate")
