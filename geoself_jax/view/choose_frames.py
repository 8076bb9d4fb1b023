"""Selects the frames of a scene to show, and their timing."""

from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import usage_error
from geoself_jax.view.scene import Scene


class Moments(NamedTuple):
    """Frames in display order.

    Attributes:
        frame: (N,) number in the video.
        scene_index: (N,) into the scene's frames; -1 where it lacks that frame.
    """

    frame: np.ndarray
    scene_index: np.ndarray


def frame_range(scene: Scene, first: int | None, last: int | None) -> tuple[int, int]:
    """Returns the first and last frame number of a range.

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
    """Resamples a scene's frames to a video's frame rate, in real time.

    Where the scene has every n-th frame only, each is shown until the next; in longer gaps no frame
    is shown.

    Args:
        scene: Scene with its own frame rate.
        first, last: First and last frame number, from `frame_range`.
        fps: Frames per second of the video.
        speed: Playback speed; 0.5 is half speed.
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
    """Selects `count` evenly spaced frames in a range among those with a pose, else among all."""
    between = (scene.frame_id >= first) & (scene.frame_id <= last)
    posed = between & np.isfinite(scene.sequences[0].pose).all(-1).any(-1)
    among = np.flatnonzero(posed if posed.any() else between)
    middles = (np.arange(min(count, len(among))) + 0.5) / min(count, len(among))
    index = among[(middles * len(among)).astype(int)]
    return Moments(scene.frame_id[index], index)
