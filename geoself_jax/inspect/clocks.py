"""Cameras whose frames are not of one instant: late, early, or at another frame rate.

As for `conventions`, a cause only where undoing it proves it.
"""

import dataclasses
from collections.abc import Iterator
from itertools import chain, combinations

import numpy as np

from geoself_jax.data.recording import Recording
from geoself_jax.inspect import conventions, lateness
from geoself_jax.inspect.conventions import Cause
from geoself_jax.inspect.lateness import Lag
from geoself_jax.inspect.sample import Sample, epipolar, one

_FACTORS = (2, 3, 4, 1 / 2, 1 / 3, 1 / 4)  # of one camera's frame rate
_LAGS = range(-lateness.FARTHEST, lateness.FARTHEST + 1)
_FEW = 100  # instants on which pairs of cameras are shifted against each other


def of_one(sample: Sample, view: int, rest: float) -> Cause | None:
    """A lag or another frame rate of one camera, if without it the camera fits the others."""
    limit = conventions.limit_of_one(sample, view, rest)
    found = []
    lag = lateness.lag_of(sample, view)
    if lag and lag.best_px <= limit:
        found.append((lag.best_px, f"runs {lateness.words(lag, sample.whole.fps)}"))
    for factor in _FACTORS:
        error = _at_rate(sample, view, factor)
        if np.isfinite(error) and error <= limit:
            times = f"{factor:g} times" if factor > 1 else f"1/{1 / factor:g} of"
            found.append((error, f"its frame rate is {times} the others'"))
    found.sort()
    if not found or (len(found) > 1 and not conventions.clearly(found[0][0], found[1][0])):
        return None
    return Cause(found[0][1], found[0][0])


def of_rig(sample: Sample, worst: float) -> Cause | None:
    """Lags of several cameras against one of them, if without them the rig is sound."""
    found = []
    for lags in _by_pairs(sample):
        aligned = Sample(shifted(sample.whole, lags), sample.frames)
        found.append((conventions.worst_residual(aligned), lags))
    if not found:
        return None
    residual, lags = min(found)
    scale = max(sample.noise_scale(v) for v in range(sample.views))
    if not (residual <= conventions.SOUND_PX * scale and residual * 2 <= worst):
        return None
    names = sample.whole.camera_names
    late = [f"{names[v]} by {lag:+d} frames" for v, lag in enumerate(_against_most(lags)) if lag]
    return Cause(", ".join(late), residual)


def late_views(sample: Sample) -> dict[int, Lag]:
    """The views that look late or early against the others, each by itself."""
    found = {view: lateness.lag_of(sample, view) for view in range(sample.views)}
    return {view: lag for view, lag in found.items() if lag}


def in_step(sample: Sample) -> list[int] | None:
    """Frames by which each view is late; None unless without these none looks late.

    Of three views or more. The largest lag is undone until none is left, which changes what the
    other views look like: a sound camera looks late where two others are.
    """
    for start in chain([[0] * sample.views], _by_pairs(sample)):
        lags = list(start)
        for _ in range(2 * sample.views):
            aligned = Sample(shifted(sample.whole, lags), sample.frames)
            left = late_views(aligned)
            if not left:
                break
            view = max(left, key=lambda v: left[v].gain_px)
            lags[view] += left[view].frames
        else:
            continue
        if len(set(lags)) > 1:
            return _against_most(lags)
    return None


def _against_most(lags: list[int]) -> list[int]:
    """The lags against that which most of the views have, or else the first."""
    usual = max(lags, key=lags.count)
    return [lag - usual for lag in lags]


def _by_pairs(sample: Sample) -> Iterator[list[int]]:
    """Lags of all views against each of them in turn, by their epipolar distances."""
    few = sample.thinned(_FEW)
    pairs = {pair: _lag_of_pair(few, *pair) for pair in combinations(range(sample.views), 2)}
    for reference in range(sample.views):
        lags = [
            0 if v == reference else pairs[min(v, reference), max(v, reference)]
            for v in range(sample.views)
        ]
        lags = [lag if v > reference else -lag for v, lag in enumerate(lags)]
        if any(lags):
            yield lags


def shifted(recording: Recording, lags: list[int]) -> Recording:
    """The recording with each view read `lags[view]` frames later; unseen where there is none."""
    pixels, confidence = recording.keypoints_2d.copy(), recording.confidence.copy()
    frames = np.arange(recording.frames)
    for view, lag in enumerate(lags):
        there, same = lateness.later(recording, frames, lag)
        pixels[:, view] = np.where(same[:, None, None], pixels[there, view], np.nan)
        confidence[:, view] = np.where(same[:, None], confidence[there, view], 0)
    return dataclasses.replace(recording, keypoints_2d=pixels, confidence=confidence)


def _lag_of_pair(sample: Sample, a: int, b: int) -> int:
    """The lag of `b` against `a` with the least median epipolar distance; 0 where none is clear."""
    whole, frames = sample.whole, sample.frames
    own, medians = sample.pixels[:, a], []
    cameras = one(sample.cameras, a), one(sample.cameras, b)
    for lag in _LAGS:
        there, same = lateness.later(whole, frames, lag)
        seen = same[:, None] & (whole.confidence[there, b] > 0)
        other = np.where(seen[..., None], whole.keypoints_2d[there, b], np.nan)
        distance = epipolar(own, other, *cameras)
        distance = distance[np.isfinite(distance)]
        medians.append(float(np.median(distance)) if distance.size > lateness.FEWEST else np.inf)
    best = int(np.argmin(medians))
    now = medians[lateness.FARTHEST]
    return _LAGS[best] if medians[best] < 0.8 * now else 0


def _at_rate(sample: Sample, view: int, factor: float) -> float:
    """Median error of a view whose frames are taken `factor` times as far from the clip's start."""
    whole, frames = sample.whole, sample.frames
    first = np.searchsorted(whole.clip_id, whole.clip_id[frames])  # clips lie one after the other
    there = first + np.round((frames - first) * factor).astype(int)
    inside = there < whole.frames
    there = np.minimum(there, whole.frames - 1)
    inside &= whole.clip_id[there] == whole.clip_id[frames]
    seen = inside[:, None] & (whole.confidence[there, view] > 0)
    pixels = np.where(seen[..., None], whole.keypoints_2d[there, view], np.nan)
    error = sample.error_of(view, keypoints_2d=pixels)
    error = error[~np.isnan(error)]
    return float(np.median(error)) if error.size > lateness.FEWEST else float("nan")
