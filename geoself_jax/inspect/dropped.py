"""Frames that one camera lacks, or has twice: its lag at a clip's end is not that at its start."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geoself_jax.inspect import lateness
from geoself_jax.inspect.conventions import limit_of_one, others_fit
from geoself_jax.inspect.lateness import FARTHEST, LEAST_PX, motion_px
from geoself_jax.inspect.sample import Sample

_CLIPS, _WINDOW, _SHORTEST = 6, 60, 24  # clips that are searched; frames of a window
_CLEARLY = 1.25  # times the error
_GAIN, _MOST, _MOVING_PX = 0.75, 8, 1.0  # of the error in step; frames; a frame


@dataclass(frozen=True)
class Change:
    """A lag of `first` frames where a clip starts, at `frame`, and of `last` where it ends."""

    view: int
    frame: int
    first: int
    last: int
    gain: float


def find(sample: Sample, late: list[int]) -> Change | None:
    """The clearest change of a lag within a clip; None where none is proved.

    Proved is a change if at both ends, each read with its lag, the camera fits the others.

    Args:
        sample: Of one rig.
        late: Views that look late throughout; where there are any, only one of these counts, and
            only if it is in step at one end: then it is not late throughout.
    """
    clips = [ends for ends in _ends(sample) if min(motion_px(end) for end in ends) > _MOVING_PX]
    if not clips or sample.views < 3:
        return None
    found = [
        change
        for view in (late or range(sample.views))
        for change in _of_view(sample, view, clips)
        if not late or not (change.first and change.last)
    ]
    best = max(found, key=lambda change: change.gain, default=None)
    return best if best and best.gain >= 3 * LEAST_PX and _proved(sample, best, clips) else None


def _of_view(sample: Sample, view: int, clips: list[tuple[Sample, Sample]]) -> Iterator[Change]:
    ends = [end for two in clips for end in two]
    together = Sample(sample.whole, np.concatenate([end.frames for end in ends]))
    parts = np.cumsum([len(end.frames) for end in ends])[:-1]
    pixel = sample.pixel_scale(view)
    errors = np.split(lateness.errors_at(together, view), parts, axis=1)
    best = [lateness.best_lag(part, pixel) for part in errors]
    for clip, two in zip(clips, zip(best[::2], best[1::2], strict=True), strict=True):
        first, last = (lag.frames if lag else 0 for lag in two)
        clear = all(lag is None or lag.best_px < _GAIN * lag.now_px for lag in two)
        if first != last and clear and abs(first - last) <= _MOST:
            gain = max(lag.gain_px for lag in two if lag) / pixel
            yield Change(view, int(clip[0].frames[0]), first, last, gain)


def _proved(sample: Sample, change: Change, clips: list[tuple[Sample, Sample]]) -> bool:
    """Whether the camera fits at both ends with the lag it has there, and not with the other's."""
    two = next(two for two in clips if two[0].frames[0] == change.frame)
    limit = limit_of_one(sample, change.view, others_fit(sample, change.view))
    lags = change.first, change.last
    for end, own, other in zip(two, lags, lags[::-1], strict=True):
        errors = lateness.errors_at(end, change.view)
        then, with_other = (_median(errors[FARTHEST + lag]) for lag in (own, other))
        if not (then <= limit and with_other > _CLEARLY * then):
            return False
    return True


def _median(errors: np.ndarray) -> float:
    errors = errors[~np.isnan(errors)]
    return float(np.median(errors)) if errors.size else float("nan")


def _ends(sample: Sample) -> list[tuple[Sample, Sample]]:
    """The first and the last frames of the rig's longest clips."""
    whole, found = sample.whole, []
    rig = np.flatnonzero(whole.rig_id == sample.rig)
    names, counts = np.unique(whole.clip_id[rig], return_counts=True)
    for clip in names[np.argsort(-counts, kind="stable")][:_CLIPS]:
        frames = rig[whole.clip_id[rig] == clip]
        if len(frames) >= 3 * _SHORTEST:
            window = min(_WINDOW, len(frames) // 3)
            found.append((Sample(whole, frames[:window]), Sample(whole, frames[-window:])))
    return found
