"""Clips that fit worse than a rig's others: a fault in one of them is lost among many."""

import dataclasses
import shlex
from collections.abc import Callable

import numpy as np

from geoself_jax.inspect.sample import Sample, spread
from geoself_jax.inspect.verdicts import Verdict, note, warning

CHECK = "clips"
_FEW, _RATIO_OF_FEW = 4, 2.5  # instants of a clip, and how many times the others' residual is more
_SURE, _RATIO = 24, 1.5
_CLEARLY = 2.0  # under that, and without another fault, actions of a sound recording differ
_LEAST_PX = 1.0  # times `Sample.noise_scale`
_INSTANTS, _ALONE = 400, 4  # of a clip that is looked at by itself; clips that are
_NAMED, _SKIPPED = 3, 8


@dataclasses.dataclass(frozen=True)
class Clip:
    """Instants of a clip, or of several, that fit worse.

    Attributes:
        sample: The instants.
        name: `clip NAME`, or `clips NAME, NAME`.
        names: All their names.
        figures: How much worse.
        ratio: How many times the residual of the others.
    """

    sample: Sample
    name: str
    names: tuple[str, ...]
    figures: str
    ratio: float


def apart(sample: Sample) -> tuple[Sample, list[Clip]]:
    """A rig's instants without the clips that fit worse, and each of these by itself.

    Worse is a clip in which a camera's median residual is far over what it has in half of the
    clips; of two, what it has in the other.
    """
    clips, at = np.unique(sample.recording.clip_id, return_inverse=True)
    if len(clips) < 2:
        return sample, []
    residual = [sample.residual[at == clip] for clip in range(len(clips))]
    medians = np.array([_medians(each) for each in residual])
    usual = np.nanpercentile(medians, 50 if len(clips) > 2 else 0, axis=0, method="lower")
    least = _LEAST_PX * np.array([sample.noise_scale(view) for view in range(sample.views)])
    instants = np.bincount(at)
    ratio = np.where(instants < _SURE, _RATIO_OF_FEW, _RATIO)[:, None]
    worse = (medians > ratio * usual) & (medians - usual > least) & (instants >= _FEW)[:, None]
    bad = np.flatnonzero(worse.any(1))
    if not len(bad):
        return sample, []
    bad = bad[np.argsort(-np.nanmax((medians / usual)[bad], axis=1), kind="stable")]
    bad = bad[: len(clips) - 1]  # of two, each in another camera, the worse
    groups = [[clip] for clip in bad[:_ALONE]] + ([list(bad[_ALONE:])] if bad[_ALONE:].size else [])
    rest = Sample(sample.whole, sample.frames[~np.isin(at, bad)])
    return rest, [_clip(sample, clips[group], medians[group], usual) for group in groups]


def _medians(residual: np.ndarray) -> list[float]:
    found = []
    for view in range(residual.shape[1]):
        values = residual[:, view][np.isfinite(residual[:, view])]
        found.append(float(np.median(values)) if values.size else np.nan)
    return found


def _clip(sample: Sample, clips: np.ndarray, medians: np.ndarray, usual: np.ndarray) -> Clip:
    whole = sample.whole
    there = np.flatnonzero(np.isin(whole.clip_id, clips) & (whole.rig_id == sample.rig))
    two = (whole.confidence[there] > 0).any(-1).sum(-1) >= 2
    names = [whole.clip_names[clip] for clip in clips]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    name = f"clip{'s' * (len(names) > 1)} {', '.join(names[:_NAMED])}{more}"
    view = int(np.nanargmax(medians[0] / usual))
    figures = f"median residual {medians[0, view]:.1f} px in {sample.name(view)}, where it has "
    figures += f"{usual[view]:.1f} px in others"
    ratio = float(medians[0, view] / usual[view])
    return Clip(Sample(whole, spread(there[two], _INSTANTS)), name, tuple(names), figures, ratio)


def alone(clip: Clip, check: Callable[[Sample], list[Verdict]]) -> list[Verdict]:
    """What a check finds wrong in a clip by itself; that it fits worse where it finds nothing."""
    found = [
        dataclasses.replace(verdict, what=f"{clip.name}: {verdict.what}", do=_do(clip, verdict))
        for verdict in check(clip.sample)
        if verdict.severity in ("error", "warning")
    ]
    do = "look at these detections, and whether its calibration and files are its own"
    says = warning if clip.ratio > _CLEARLY else note
    return found or [says(CHECK, f"{clip.name} fits worse than others", clip.figures, do)]


def _do(clip: Clip, verdict: Verdict) -> str:
    """The fix, or how to go on without what cannot be fixed."""
    names = ",".join(clip.names)
    if len(clip.names) > _SKIPPED or names.count(",") >= len(clip.names):
        return verdict.do
    skip = f"prepare --skip={shlex.quote(names)} leaves out what cannot be fixed"
    return "; ".join(filter(None, (verdict.do, skip)))
