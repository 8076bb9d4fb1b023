"""By how many frames a camera runs late against the others."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.data.recording import Recording
from geoself_jax.inspect.sample import Sample

FARTHEST = 25  # frames
FEWEST = 100  # detections
LEAST_PX = 0.3  # in an image 1000 wide: what a lag has to win; what a frame's motion must be
_LAGS = np.arange(-FARTHEST, FARTHEST + 1)
_GAIN = 0.9  # of the error in step: what a lag has to come under
_FAR, _SHARP = 8, 1.15  # frames from the best lag at which the error is this factor larger
_BLOCKS, _SHORT, _LEAST_LAG = 8, 8, 0.6  # of frames that have to agree; frames; frames
_NEAR_PX = 25.0  # farther off a detection is no good one
_REACH, _FAST_PX = 4, 1.2  # frames to each side that give a joint's motion; a frame, beyond noise


@dataclass(frozen=True)
class Lag:
    """How a camera is out of step: its image of an instant comes `frames` later (+)."""

    frames: int
    now_px: float
    best_px: float

    @property
    def gain_px(self) -> float:
        """By how much the median error falls without the lag."""
        return self.now_px - self.best_px


def words(lag: Lag, fps: float) -> str:
    """A lag as a sentence's end."""
    side = "late" if lag.frames > 0 else "early"
    count = abs(lag.frames)
    return f"{count} frame{'s' * (count > 1)} ({1000 * count / fps:.0f} ms) {side}"


def later(whole: Recording, frames: np.ndarray, lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns frames `lag` later, and whether each is in the same clip, exactly `lag` frames on."""
    there = np.clip(frames + lag, 0, whole.frames - 1)
    same = whole.clip_id[there] == whole.clip_id[frames]
    return there, same & (whole.frame_id[there] == whole.frame_id[frames] + lag)


def lag_of(sample: Sample, view: int) -> Lag | None:
    """A view's lag against the others; None where it is in step or cannot be estimated.

    The lag with the least error where the error has a minimum; else the one that leaves no error
    along the joints' motion.
    """
    errors = errors_at(sample, view)
    return best_lag(errors, sample.pixel_scale(view)) or _along_motion(sample, view, errors)


def compare(sample: Sample, aligned: Sample, view: int, frames: int) -> Lag:
    """A view's lag, with its median error as it is and in the sample without any camera's lag."""
    return Lag(frames, *(_median(one.error_of(view)) for one in (sample, aligned)))


def best_lag(errors: np.ndarray, pixel: float) -> Lag | None:
    """The lag whose median error is clearly the least; None where it is 0 or none is.

    Args:
        errors: (lags, n, joints) of `errors_at`, or of some of its instants.
        pixel: What counts as one in an image 1000 wide.
    """
    medians = np.full(len(_LAGS), np.nan)
    for i, error in enumerate(errors):
        error = error[~np.isnan(error)]
        medians[i] = np.median(error) if error.size >= FEWEST else np.nan
    now = medians[FARTHEST]
    if not np.isfinite(now):  # behind the camera: no clock's fault
        return None
    best = int(np.nanargmin(medians))
    if medians[best] > _GAIN * now or now - medians[best] < LEAST_PX * pixel:
        return None
    far = medians[np.abs(_LAGS - _LAGS[best]) >= _FAR]
    if not np.nanmin(far) > _SHARP * medians[best]:  # a body at rest fits at many lags
        return None
    return Lag(int(_LAGS[best]), float(now), float(medians[best]))


def errors_at(sample: Sample, view: int) -> np.ndarray:
    """(lags, n, joints) px error of a view read each lag later than the others; NaN if missing."""
    whole, frames = sample.whole, sample.frames
    found = np.full((2 * FARTHEST + 1, len(frames), whole.skeleton.joints), np.nan)
    for i, lag in enumerate(_LAGS):
        there, same = later(whole, frames, int(lag))
        error = sample.error_of(view, keypoints_2d=whole.keypoints_2d[there, view])
        seen = same[:, None] & (whole.confidence[there, view] > 0)
        found[i] = np.where(seen, error, np.nan)
    return found


def _along_motion(sample: Sample, view: int, errors: np.ndarray) -> Lag | None:
    """A lag of a few frames, by the errors along the motion: a late joint lies behind.

    Each block of fast joints gives an estimate, the median of error over speed weighted with the
    speed; they have to agree.
    """
    if sample.views < 3:
        return None
    behind = _behind(sample, view, 0)
    if len(behind) < _BLOCKS:
        return None
    lag = float(np.median(behind))
    deviation = 1.4826 * float(np.median(np.abs(behind - lag))) / np.sqrt(len(behind))
    if abs(lag) < max(_LEAST_LAG, 4 * deviation) or (np.sign(behind) == np.sign(lag)).mean() < 0.8:
        return None
    shift = _settled(sample, view, round(lag))
    now, best = (_median(errors[FARTHEST + one]) for one in (0, shift))
    return Lag(shift, now, best) if best < now else None


def _settled(sample: Sample, view: int, shift: int) -> int:
    """The lag at which a view lies behind no more; joints turn back, so that it takes steps."""
    for _ in range(3):
        more = _behind(sample, view, shift)
        step = round(float(np.median(more))) if len(more) else 0
        if step == 0 or abs(shift + step) > _SHORT:
            break
        shift += step
    return shift


def _behind(sample: Sample, view: int, shift: int) -> np.ndarray:
    """(blocks,) frames by which a view, read `shift` later, still lies behind; empty: too few."""
    whole, pixel = sample.whole, sample.pixel_scale(view)
    (before, one), (there, two), (after, three) = (
        later(whole, sample.frames, shift + more) for more in (-_REACH, 0, _REACH)
    )
    pixels = whole.keypoints_2d[:, view]
    motion = (pixels[after] - pixels[before]) / (2 * _REACH)
    speed = np.linalg.norm(motion, axis=-1)
    off = sample.expected[view][0] - pixels[there]
    near = np.linalg.norm(off, axis=-1) < _NEAR_PX * pixel + 5 * speed
    fast = (one & two & three)[:, None] & near & (speed > _FAST_PX * pixel)
    if fast.sum() < _BLOCKS * FEWEST // 2:
        return np.empty(0)
    ratio = (off[fast] * motion[fast]).sum(-1) / speed[fast] ** 2
    blocks = zip(np.array_split(ratio, _BLOCKS), np.array_split(speed[fast], _BLOCKS), strict=True)
    return np.array([_weighted_median(*block) for block in blocks])


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _median(values: np.ndarray) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")


def motion_px(sample: Sample) -> float:
    """Median pixels by which joints move from a frame to the next; NaN where none follows."""
    whole, frames = sample.whole, sample.frames[sample.frames < sample.whole.frames - 1]
    clips = whole.clip_id[frames + 1] == whole.clip_id[frames]
    next_one = clips & (whole.frame_id[frames + 1] == whole.frame_id[frames] + 1)
    at = frames[next_one]
    # over a tenth of a second's frames the detector's noise would count as motion less
    far = np.minimum(at + 5, whole.frames - 1)
    far = np.where(whole.clip_id[far] == whole.clip_id[at], far, at + 1)
    step = np.linalg.norm(whole.keypoints_2d[far] - whole.keypoints_2d[at], axis=-1)
    step = step / np.maximum(whole.frame_id[far] - whole.frame_id[at], 1)[:, None, None]
    step = step[np.isfinite(step)]
    return float(np.median(step)) if step.size else float("nan")
