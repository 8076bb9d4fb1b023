"""Does the frame rate make sense, by how the body moves?"""

import numpy as np

from geoself_jax.data.body_size import is_person
from geoself_jax.inspect import free_flight
from geoself_jax.inspect.free_flight import GRAVITY
from geoself_jax.inspect.sample import Sample
from geoself_jax.inspect.verdicts import Verdict, note, ok, warning

CHECK = "frame rate"
_FASTEST, _FAST = 20.0, 6.0  # m/s of 19 in 20 joints: twice a sprinter's top speed; a runner's
_FEWEST, _ALIKE = 3, 1.25  # flights that agree; by this factor to either side
_AS_BODIES = (0.75, 1.35)  # of gravity: 1.15 times and 0.87 of the frame rate


def check_speed(sample: Sample) -> list[Verdict]:
    """A verdict on the frame rate, by how fast the body moves."""
    whole, frames = sample.whole, sample.frames
    step = max(1, round(min(whole.fps, 50) / 5))
    later = np.minimum(np.searchsorted(frames, frames + step), len(frames) - 1)
    apart = whole.frame_id[frames[later]] - whole.frame_id[frames]
    near = (whole.clip_id[frames[later]] == whole.clip_id[frames]) & (apart > 0)
    near &= apart <= 5 * step
    if not is_person(whole.skeleton.joint_names):
        return [note(CHECK, "fps was not checked", "how fast such a body moves is not known")]
    if near.sum() < 10:
        return [note(CHECK, "fps was not checked", "too few neighbouring frames looked at")]
    moved = np.linalg.norm(sample.points[later] - sample.points, axis=-1)[near]
    speed = whole.unit * moved / apart[near][:, None] * whole.fps
    speed = speed[np.isfinite(speed)]
    if not speed.size:
        return [note(CHECK, "fps was not checked", "no body was triangulated")]
    fast = float(np.percentile(speed, 95))
    figures = f"1 joint in 20 is faster than {fast:.1f} m/s at {whole.fps:g} frames per second"
    if fast > _FASTEST:
        return [warning(CHECK, f"fps {whole.fps:g} looks wrong", figures, "fix fps")]
    if fast > _FAST:
        what = f"fps {whole.fps:g} is right only if somebody runs"
        return [note(CHECK, what, figures, "else fix fps")]
    return [ok(CHECK, "the person moves at a human speed", figures)]


def check_falls(samples: list[Sample]) -> list[Verdict]:
    """A verdict on the frame rate, by how fast whoever jumps falls; none without jumps."""
    whole = samples[0].whole
    if not is_person(whole.skeleton.joint_names):
        return []
    fps = whole.fps
    found = np.concatenate([free_flight.falls(sample) for sample in samples])
    found = found * whole.unit * fps**2
    found = _agreeing(found[found > GRAVITY / 16])  # a quarter of the frame rate
    if len(found) < _FEWEST:
        return []
    fall = float(np.median(found))
    figures = f"whoever jumps falls with {fall:.1f} m/s^2, median of {len(found)} jumps"
    if _AS_BODIES[0] <= fall / GRAVITY <= _AS_BODIES[1]:
        return [ok(CHECK, "bodies fall as they should", figures)]
    right = fps * np.sqrt(GRAVITY / fall)
    return [
        warning(
            CHECK,
            f"fps {fps:g} looks wrong",
            f"{figures}; with {right:.3g} frames per second it would be {GRAVITY}",
            "fix fps, or where that is right the unit of length",
        )
    ]


def _agreeing(falls: np.ndarray) -> np.ndarray:
    """The most that lie within a factor of one of them."""
    groups = [falls[np.abs(np.log(falls / one)) <= np.log(_ALIKE)] for one in falls]
    return max(groups, key=len, default=falls)
