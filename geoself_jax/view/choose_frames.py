"""Which of a scene's frames are shown, and when."""

from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import usage_error
from geoself_jax.view.scene import Scene


class Moments(NamedTuple):
    """What is shown one after the other.

    Attributes:
        frame: (N,) number in the video.
        scene_index: (N,) into the scene's frames; -1 where it lacks that frame.
    """

    frame: np.ndarray
    scene_index: np.ndarray


def frame_range(scene: Scene, first: int | None, last: int | None) -> tuple[int, int]:
    """The first and last frame, by number in the video, of what is asked for.

    Raises:
        GeoselfError: The scene has no frame there (64).
    """
    there = scene.frame_id
    low = int(there[0]) if len(there) and first is None else first or 0
    high = int(there[-1]) if len(there) and last is None else last or 0
    if not ((there >= low) & (there <= high)).any():
        known = f"has {there[0]} to {there[-1]}" if len(there) else "has none"
        raise usage_error(
            f"{scene.name}: no frame from {low} to {high}", f"it {known}", "choose others"
        )
    return low, high


def in_real_time(scene: Scene, first: int, last: int, fps: float, speed: float) -> Moments:
    """The frames that a film shows, the video's time kept.

    Where the scene has every n-th frame only, each stays until the next; in longer gaps it is
    missing.

    Args:
        scene: With its own frames a second.
        first, last: From `frame_range`.
        fps: Frames a second of the film.
        speed: 0.5 for half as fast.
    """
    step = scene.sequences[0].fps * speed / fps
    count = max(1, round((last - first + 1) / step))
    frame = np.minimum(first + np.floor(np.arange(count) * step + 1e-6).astype(int), last)
    return Moments(frame, _index(scene.frame_id, frame))


def _index(frame_id: np.ndarray, frame: np.ndarray) -> np.ndarray:
    usual = np.median(np.diff(frame_id)) if len(frame_id) > 1 else 1
    before = np.searchsorted(frame_id, frame, side="right") - 1
    there = (before >= 0) & (frame - frame_id[before] < usual)
    return np.where(there, before, -1)


def spread(scene: Scene, first: int, last: int, count: int) -> Moments:
    """`count` frames spread evenly over those between that have a pose, or all where none has."""
    between = (scene.frame_id >= first) & (scene.frame_id <= last)
    posed = between & np.isfinite(scene.sequences[0].pose).all(-1).any(-1)
    among = np.flatnonzero(posed if posed.any() else between)
    middles = (np.arange(min(count, len(among))) + 0.5) / min(count, len(among))
    index = among[(middles * len(among)).astype(int)]
    return Moments(scene.frame_id[index], index)
