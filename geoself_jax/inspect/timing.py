"""Are the cameras in step?"""

import numpy as np

from geoself_jax.inspect import clocks, dropped, lateness
from geoself_jax.inspect.conventions import SOUND_PX, limit_of_one, others_fit
from geoself_jax.inspect.lateness import FARTHEST, LEAST_PX, Lag, motion_px
from geoself_jax.inspect.sample import Sample
from geoself_jax.inspect.verdicts import Verdict, note, ok, warning

CHECK = "synchronization"
_INSTANTS = 600  # on which lags are estimated


def check_timing(sample: Sample) -> tuple[list[Verdict], Sample]:
    """Verdicts on lags, of a camera throughout and of one that changes within a clip.

    Also returns the sample without the lags that are proved: what else is wrong shows only there.
    """
    if sample.views < 2:
        return [], sample
    few = sample.thinned(_INSTANTS)
    rig = sample.whole.rig_names[sample.rig]
    moved = motion_px(few)
    if np.isnan(moved):
        what = f"rig {rig}: whether the cameras are in step was not checked"
        return [note(CHECK, what, "no consecutive frames")], sample
    if moved < LEAST_PX:
        what = f"rig {rig}: whether the cameras are in step was not checked"
        return [note(CHECK, what, f"the body hardly moves: {moved:.2f} px a frame")], sample
    found = _lasting(clocks.late_views(few))
    changed = dropped.find(sample, list(found))
    if changed:
        return [_changing(sample, changed)], sample
    if found:
        return _out_of_step(sample, found)
    evidence = f"best lag 0 of -{FARTHEST}..{FARTHEST} frames for each camera"
    return [ok(CHECK, f"rig {rig}: the cameras are in step", evidence)], sample


def _changing(sample: Sample, lag: dropped.Change) -> Verdict:
    clip = sample.whole.clip_names[sample.whole.clip_id[lag.frame]]
    return warning(
        CHECK,
        f"{sample.name(lag.view)}: the lag changes within clip {clip}",
        f"{lag.first} frames at its start, {lag.last} at its end",
        "frames were dropped or doubled there: take them out of all cameras",
    )


def _lasting(found: dict[int, Lag]) -> dict[int, Lag]:
    """The lags that are not another's echo: a camera out of step draws what the others see."""
    if not found:
        return {}
    win = max(lag.gain_px for lag in found.values())
    return {view: lag for view, lag in found.items() if lag.gain_px >= win / 2}


def _out_of_step(sample: Sample, found: dict[int, Lag]) -> tuple[list[Verdict], Sample]:
    """The lags without which all cameras are in step; where none are known, who looks late."""
    few = sample.thinned(_INSTANTS)
    if sample.views == 2:
        sound = SOUND_PX * few.noise_scale(0)
        return [_late(few, lag, view, sound) for view, lag in found.items()], sample
    without = clocks.in_step(few)
    if without is None:
        return [_unexplained(few, lag, view) for view, lag in found.items()], sample
    aligned = Sample(clocks.shifted(sample.whole, without), sample.frames)
    then, verdicts, proved = aligned.thinned(_INSTANTS), [], True
    for view in np.flatnonzero(without).tolist():
        lag = lateness.compare(few, then, view, without[view])
        limit = limit_of_one(then, view, others_fit(then, view))
        verdicts.append(_late(few, lag, view, limit))
        proved &= lag.best_px <= limit
    return verdicts, aligned if proved else sample


def _late(sample: Sample, lag: Lag, view: int, limit: float) -> Verdict:
    """A camera's lag, a cause only if it fits the others without it: `limit` in pixels."""
    if not lag.best_px <= limit:
        return _unexplained(sample, lag, view)
    other = f" against {sample.whole.camera_names[1 - view]}" if sample.views == 2 else ""
    return warning(
        CHECK,
        f"{sample.name(view)} runs {lateness.words(lag, sample.whole.fps)}{other}",
        f"its median error falls from {lag.now_px:.1f} to {lag.best_px:.1f} px when shifted",
        f"prepare with --shift={sample.whole.camera_names[view]}={lag.frames}, or --sync",
    )


def _unexplained(sample: Sample, lag: Lag, view: int) -> Verdict:
    return warning(
        CHECK,
        f"{sample.name(view)} does not fit the others' motion",
        f"its median error falls from {lag.now_px:.1f} to {lag.best_px:.1f} px when it is "
        f"taken as {lateness.words(lag, sample.whole.fps)}, but then not all cameras fit",
        "check its synchronization and its calibration: what it is, is not proved",
    )
