"""Hampel's filter: detections far off the median of the frames about them, as outliers."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import usage_error

SECONDS = 0.5
"""Length of the window where it is not given."""
SIGMAS = 3.0
SMALLEST = 2.5e-3
"""Standard deviation that is always allowed, of a ray of depth 1.

That is 3 px at a focal length of 1145.
"""
_NORMAL = 1.4826
_CHUNK = 2**20  # places in windows that are in memory at once
_HOW = "wanted hampel or hampel:WINDOW,SIGMAS, frames and standard deviations, e.g. hampel:13,3"


@dataclass(frozen=True)
class Hampel:
    """Which detections are outliers over time.

    Attributes:
        window: Frames, odd, 3 to 999; None for `SECONDS`.
        sigmas: Standard deviations, by the window's median absolute deviation, above 0.
    """

    window: int | None = None
    sigmas: float = SIGMAS

    def outliers(self, rays: np.ndarray, frame_id: np.ndarray, fps: float) -> np.ndarray:
        """(N, J) whether a joint is seen far off the median of its window.

        Args:
            rays: (N, J, 2) viewing rays of depth 1; NaN where missing.
            frame_id: (N,) ascending frame numbers.
            fps: Frames per second of the video.
        """
        if not len(rays):
            return np.zeros(rays.shape[:2], bool)
        half = (self.window or max(5, 2 * round(SECONDS * fps / 2) + 1)) // 2
        count, size = len(rays), max(1, _CHUNK // (2 * half + 1))
        wrong: np.ndarray = np.zeros(rays.shape[:2], bool)
        for start in range(0, count, size):
            own = np.arange(start, min(start + size, count))
            rows = own[:, None] + np.arange(-half, half + 1)
            near = np.clip(rows, 0, count - 1)
            outside = (rows != near) | (np.abs(frame_id[near] - frame_id[own, None]) > half)
            for joint in range(rays.shape[1]):
                about = np.where(outside[..., None], np.nan, rays[near, joint])
                wrong[own, joint] = self._off(rays[own, joint], about)
        return wrong

    def _off(self, rays: np.ndarray, about: np.ndarray) -> np.ndarray:
        """(N,) whether rays (N, 2) are far off the median of (N, W, 2) about them."""
        middle = _median(about)
        spread = _NORMAL * _median(np.linalg.norm(about - middle[:, None], axis=-1)[..., None])
        off = np.linalg.norm(rays - middle, axis=-1)
        several = np.isfinite(about).all(-1).sum(1) >= 3
        found: np.ndarray = several & (off > self.sigmas * np.maximum(spread[:, 0], SMALLEST))
        return found


def _median(values: np.ndarray) -> np.ndarray:
    """(N, C) median over the window of (N, W, C), of what is there; NaN of nothing."""
    ordered = np.sort(values, axis=1)  # NaN last
    count = np.isfinite(ordered).sum(1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, 1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[1] - 1), 1)
    return np.asarray(0.5 * (low + high))[:, 0]


def parse_outliers(text: str) -> Hampel:
    """A filter from `hampel`, `hampel:13` or `hampel:13,3`.

    Raises:
        GeoselfError: Another filter, or numbers that it cannot take (64).
    """
    name, colon, rest = text.partition(":")
    words = rest.split(",") if colon else []
    try:
        window = int(words[0]) if words else None
        sigmas = float(words[1]) if len(words) > 1 else SIGMAS
    except ValueError as error:
        raise usage_error(f"--outliers={text}", str(error), _HOW) from error
    fits = window is None or (window % 2 == 1 and 3 <= window <= 999)
    if name != "hampel" or len(words) > 2 or not fits or not 0.5 <= sigmas <= 1e3:
        raise usage_error(f"--outliers={text}", "no such filter", _HOW)
    return Hampel(window, sigmas)
