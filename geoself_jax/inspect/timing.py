"""Are the cameras in step, and does the frame rate make sense?"""

from dataclasses import dataclass

import numpy as np

from geoself_jax.data.recording import Recording
from geoself_jax.inspect.conventions import SOUND_PX, others_fit
from geoself_jax.inspect.sample import Sample
from geoself_jax.inspect.verdicts import Verdict, note, ok, warning

CHECK = "synchronization"
FARTHEST = 25  # frames
_LAGS = np.arange(-FARTHEST, FARTHEST + 1)
_GAIN = 0.9  # of the error in step: what a lag has to come under
_LEAST_PX = 0.3  # in an image 1000 wide: what it has to win; what a frame's motion must be
_FAR, _SHARP = 8, 1.15  # frames from the best lag at which the error is this factor larger
FEWEST = 100  # detections
_CLIPS, _WINDOW, _SHORTEST = 6, 60, 24  # clips searched for dropped frames; frames of a window
_DROPPED, _MOST_DROPPED, _MOVING_PX = 0.75, 8, 1.0  # of the error in step; frames; a frame
_BLOCKS, _SHORT, _LEAST_LAG = 8, 8, 0.6  # of frames that have to agree; frames; frames
_NEAR_PX = 25.0  # farther off a detection is no good one
_REACH, _FAST_PX = 4, 1.2  # frames to each side that give a joint's motion; a frame, beyond noise
_FASTEST = 20.0  # m/s of 19 in 20 joints: twice a sprinter's top speed


@dataclass(frozen=True)
class Lag:
    """How a camera is out of step: its image of an instant comes `frames` later (+)."""

    frames: int
    now_px: float
    best_px: float


def words(lag: Lag, fps: float) -> str:
    """A lag as a sentence's end."""
    side = "late" if lag.frames > 0 else "early"
    count = abs(lag.frames)
    return f"{count} frame{'s' * (count > 1)} ({1000 * count / fps:.0f} ms) {side}"


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
    if medians[best] > _GAIN * now or now - medians[best] < _LEAST_PX * pixel:
        return None
    far = medians[np.abs(_LAGS - _LAGS[best]) >= _FAR]
    if not np.nanmin(far) > _SHARP * medians[best]:  # a body at rest fits at many lags
        return None
    return Lag(int(_LAGS[best]), float(now), float(medians[best]))


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


def _median(values: np.ndarray) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")


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
    changed = _dropped(sample, [view for _, view in found])
    if found and not changed:
        return [_late(few, lag, view) for lag, view in found]
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
    if not _explained(sample, lag, view):
        return warning(
            CHECK,
            f"{sample.name(view)} does not fit the others' motion",
            f"its median error falls from {lag.now_px:.1f} to {lag.best_px:.1f} px when it is "
            f"taken as {words(lag, sample.whole.fps)}, which is still more than a sound camera has",
            "check its synchronization and its calibration: the lag alone does not explain it",
        )
    return warning(
        CHECK,
        f"{sample.name(view)} runs {words(lag, sample.whole.fps)}{other}",
        f"its median error falls from {lag.now_px:.1f} to {lag.best_px:.1f} px when shifted",
        "shift its frames, or synchronize again",
    )


def _explained(sample: Sample, lag: Lag, view: int) -> bool:
    """Whether a camera without its lag fits the others about as well as these fit each other."""
    if sample.views == 2:
        return lag.best_px <= SOUND_PX * sample.noise_scale(view)
    rest = others_fit(sample, view)
    return lag.best_px <= max(2 * rest, 3 * sample.noise_scale(view))


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


def _dropped(sample: Sample, late: list[int]) -> list[Verdict]:
    """A lag that one end of a clip has and the other has not: frames are missing in between.

    Args:
        sample: Of one rig.
        late: Views that look late throughout; where there are any, only one of these counts, and
            only if it is in step at one end: then it is not late throughout.
    """
    clips = [ends for ends in _ends(sample) if min(motion_px(end) for end in ends) > _MOVING_PX]
    if not clips or sample.views < 3:
        return []
    ends = [end for two in clips for end in two]
    together = Sample(sample.whole, np.concatenate([end.frames for end in ends]))
    parts = np.cumsum([len(end.frames) for end in ends])[:-1]
    found = []
    for view in range(sample.views):
        pixel = sample.pixel_scale(view)
        errors = np.split(errors_at(together, view), parts, axis=1)
        lags = [best_lag(part, pixel) for part in errors]
        for clip, two in zip(clips, zip(lags[::2], lags[1::2], strict=True), strict=True):
            steps = [lag.frames if lag else 0 for lag in two]
            clear = all(lag is None or lag.best_px < _DROPPED * lag.now_px for lag in two)
            if late and (view not in late or all(steps)):
                continue
            if steps[0] != steps[1] and clear and abs(steps[0] - steps[1]) <= _MOST_DROPPED:
                gain = max(lag.now_px - lag.best_px for lag in two if lag)
                found.append((gain / pixel, view, clip[0].frames[0], steps))
    if not found or max(found, key=lambda one: one[0])[0] < 3 * _LEAST_PX:
        return []
    _, view, frame, steps = max(found, key=lambda one: one[0])
    clip = sample.whole.clip_names[sample.whole.clip_id[frame]]
    return [
        warning(
            CHECK,
            f"{sample.name(view)}: the lag changes within clip {clip}",
            f"{steps[0]} frames at its start, {steps[1]} at its end",
            "frames were dropped or doubled there: take them out of all cameras",
        )
    ]


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


def check_speed(sample: Sample) -> list[Verdict]:
    """A verdict on the frame rate, by how fast the body moves."""
    whole, frames = sample.whole, sample.frames
    step = max(1, round(min(whole.fps, 50) / 5))
    later = np.minimum(np.searchsorted(frames, frames + step), len(frames) - 1)
    apart = whole.frame_id[frames[later]] - whole.frame_id[frames]
    near = (whole.clip_id[frames[later]] == whole.clip_id[frames]) & (apart > 0)
    near &= apart <= 5 * step
    if near.sum() < 10:
        return [note("frame rate", "fps was not checked", "too few neighbouring frames looked at")]
    moved = np.linalg.norm(sample.points[later] - sample.points, axis=-1)[near]
    speed = moved / apart[near][:, None] * whole.fps
    speed = speed[np.isfinite(speed)]
    if not speed.size:
        return [note("frame rate", "fps was not checked", "no body was triangulated")]
    fast = float(np.percentile(speed, 95))
    figures = f"1 joint in 20 is faster than {fast:.1f} m/s at {whole.fps:g} frames per second"
    if fast > _FASTEST:
        return [warning("frame rate", f"fps {whole.fps:g} looks wrong", figures, "fix fps")]
    return [ok("frame rate", "the person moves at a human speed", figures)]
