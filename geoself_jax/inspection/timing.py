"""Are the cameras in step, and does the frame rate make sense?"""

from dataclasses import dataclass

import numpy as np

from geoself_jax.inspection.sample import Sample, place
from geoself_jax.inspection.verdicts import Verdict, note, ok, warning

CHECK = "synchronization"
FARTHEST = 25  # frames
_GAIN = 0.9  # of the error in step: what a lag has to come under
_LEAST_PX = 0.3  # in a picture 1000 wide: what it has to win; what a frame's motion must be
_FAR, _SHARP = 8, 1.15  # so many frames from the best lag the error is so much larger
_FEWEST = 100  # detections
_CLIPS, _WINDOW = 6, 60  # clips looked into for frames that were dropped, frames of a window
_DROPPED, _MOST_DROPPED, _MOVING_PX = 0.75, 12, 1.0  # of the error in step; frames; a frame
_FASTEST = 12.0  # m/s of a person; a sprinter's top speed


@dataclass(frozen=True)
class Lag:
    """How a camera is out of step: its picture of an instant comes `frames` later (+)."""

    frames: int
    now_px: float
    best_px: float


def words(lag: Lag, fps: float) -> str:
    """A lag as a sentence's end."""
    side = "late" if lag.frames > 0 else "early"
    count = abs(lag.frames)
    return f"{count} frame{'s' * (count > 1)} ({1000 * count / fps:.0f} ms) {side}"


def curve(sample: Sample, view: int) -> tuple[np.ndarray, np.ndarray]:
    """Lags, and the median error in pixels of a view read so much later; NaN without data."""
    whole, frames = sample.whole, sample.frames
    lags = np.arange(-FARTHEST, FARTHEST + 1)
    found = np.full(len(lags), np.nan)
    clock = whole.clip_id.astype(np.int64) * 2**32 + whole.frame_id
    for i, lag in enumerate(lags):
        there = np.clip(frames + lag, 0, whole.frames - 1)
        same = clock[there] == clock[frames] + lag
        pixels = whole.keypoints_2d[there, view]
        error = sample.error_of(view, keypoints_2d=pixels)
        error = error[same[:, None] & (whole.confidence[there, view] > 0) & ~np.isnan(error)]
        found[i] = np.median(error) if error.size >= _FEWEST else np.nan
    return lags, found


def lag_of(sample: Sample, view: int) -> Lag | None:
    """A view's lag against the others; None where it is in step or nothing can be said."""
    lags, errors = curve(sample, view)
    now = errors[FARTHEST]
    if np.isnan(now):
        return None
    best = int(np.nanargmin(errors))
    gain = now - errors[best]
    if errors[best] > _GAIN * now or gain < _LEAST_PX * sample.pixel_scale(view):
        return None
    far = errors[np.abs(np.arange(len(lags)) - best) >= _FAR]
    if not np.nanmin(far) > _SHARP * errors[best]:  # a body at rest fits at many lags
        return None
    return Lag(int(lags[best]), float(now), float(errors[best]))


def check_timing(sample: Sample) -> list[Verdict]:
    """Verdicts on lags, of a camera throughout and of one that changes within a clip."""
    if sample.views < 2:
        return []
    few = sample.thinned(600)
    rig = sample.whole.rig_names[sample.rig]
    moved = motion_px(few)
    if np.isnan(moved):
        what = f"rig {rig}: whether the cameras are in step was not checked"
        return [note(CHECK, what, "no consecutive frames")]
    if moved < _LEAST_PX:
        what = f"rig {rig}: whether the cameras are in step was not checked"
        return [note(CHECK, what, f"the person hardly moves: {moved:.2f} px a frame")]
    lags = [(lag_of(few, view), view) for view in range(few.views)]
    found = _lasting([(lag, view) for lag, view in lags if lag])
    if found:
        return [_late(few, lag, view) for lag, view in found]
    changed = _dropped(sample)
    evidence = f"best lag 0 of -{FARTHEST}..{FARTHEST} frames for each camera"
    return changed or [ok(CHECK, f"rig {rig}: the cameras are in step", evidence)]


def _lasting(found: list[tuple[Lag, int]]) -> list[tuple[Lag, int]]:
    """The lags that are not another's echo: a camera out of step draws what the others see."""
    if not found:
        return []
    win = max(lag.now_px - lag.best_px for lag, _ in found)
    return [(lag, view) for lag, view in found if lag.now_px - lag.best_px >= win / 2]


def _late(sample: Sample, lag: Lag, view: int) -> Verdict:
    other = f" against {sample.whole.camera_names[1 - view]}" if sample.views == 2 else ""
    return warning(
        CHECK,
        f"{sample.name(view)} runs {words(lag, sample.whole.fps)}{other}",
        f"its median error falls from {lag.now_px:.1f} to {lag.best_px:.1f} px when shifted",
        "shift its frames, or synchronize again",
    )


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


def _dropped(sample: Sample) -> list[Verdict]:
    """A lag that one end of a clip has and the other has not: frames are missing in between."""
    whole, found = sample.whole, []
    rig = np.flatnonzero(whole.rig_id == sample.rig)
    names, counts = np.unique(whole.clip_id[rig], return_counts=True)
    for clip in names[np.argsort(-counts, kind="stable")][:_CLIPS]:
        frames = rig[whole.clip_id[rig] == clip]
        if len(frames) < 40 or sample.views < 3:
            continue
        window = min(_WINDOW, len(frames) // 3)
        ends = [Sample(whole, frames[:window]), Sample(whole, frames[-window:])]
        if not min(motion_px(end) for end in ends) > _MOVING_PX:
            continue
        for view in range(sample.views):
            lags = [lag_of(end, view) for end in ends]
            steps = [lag.frames if lag else 0 for lag in lags]
            clear = all(lag is None or lag.best_px < _DROPPED * lag.now_px for lag in lags)
            if steps[0] != steps[1] and clear and abs(steps[0] - steps[1]) <= _MOST_DROPPED:
                gain = max(lag.now_px - lag.best_px for lag in lags if lag)
                found.append((gain, view, frames[0], steps))
    if not found:
        return []
    gain, view, frame, steps = max(found, key=lambda one: one[0])
    if gain < 3 * _LEAST_PX * sample.pixel_scale(view):
        return []
    return [
        warning(
            CHECK,
            f"{sample.name(view)}: the lag changes within {place(whole, frame).split(' frame')[0]}",
            f"{steps[0]} frames at its start, {steps[1]} at its end",
            "frames were dropped or doubled there: take them out of all cameras",
        )
    ]


def check_speed(sample: Sample) -> list[Verdict]:
    """A verdict on the frame rate, by how fast the body moves."""
    whole, frames = sample.whole, sample.frames
    later = np.searchsorted(frames, frames + max(1, round(whole.fps / 5)))
    later = np.minimum(later, len(frames) - 1)
    apart = whole.frame_id[frames[later]] - whole.frame_id[frames]
    near = (whole.clip_id[frames[later]] == whole.clip_id[frames]) & (apart > 0)
    near &= apart <= max(2, whole.fps)
    if near.sum() < 10:
        return [note("frame rate", "fps was not checked", "too few neighbouring frames looked at")]
    known = np.isfinite(sample.points).all(-1).sum(-1)[:, None]
    body = np.nansum(sample.points, axis=1) / np.where(known > 0, known, np.nan)
    step = np.linalg.norm(body[later] - body, axis=-1)[near] / apart[near] * whole.fps
    step = step[np.isfinite(step)]
    if not step.size:
        return [note("frame rate", "fps was not checked", "no body was triangulated")]
    fast = float(np.median(step))
    figures = f"median speed of the body {fast:.1f} m/s at {whole.fps:g} frames per second"
    if fast > _FASTEST:
        return [warning("frame rate", f"fps {whole.fps:g} looks wrong", figures, "mend fps")]
    return [ok("frame rate", "the person moves at a human speed", figures)]
