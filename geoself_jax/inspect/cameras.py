"""Do the cameras fit each other: which does not, and by which mistake?"""

from itertools import combinations

import numpy as np

from geoself_jax.data.body_words import words_for
from geoself_jax.inspect import clocks, conventions
from geoself_jax.inspect.conventions import Cause
from geoself_jax.inspect.sample import Sample
from geoself_jax.inspect.verdicts import Verdict, error, ok, warning

CHECK = "cameras"
WORST_PX, WARNING_PX = 20.0, 12.0  # times `Sample.noise_scale`
_SUSPECT_PX = 6.0  # from here on usual mistakes are tried as explanations
_FEW = 300  # instants on which mistakes are tried out
_FEWEST = 20  # detections


def check_cameras(sample: Sample) -> list[Verdict]:
    """Verdicts on a rig's calibration; an error where a camera cannot be right."""
    medians = view_medians(sample)
    if not np.isfinite(medians).any():
        return [_nothing_triangulated(sample)]
    scale = [sample.noise_scale(view) for view in range(sample.views)]
    view = int(np.nanargmax(medians / scale))
    worst = float(medians[view])
    if worst <= WARNING_PX * scale[view]:
        few = sample.thinned(_FEW)
        found = conventions.of_all(few, worst) if worst > _SUSPECT_PX * scale[view] else None
        if found:
            return [warning(CHECK, *_for_all(few, view, worst, found))]
        figures = f"median triangulation residual {np.nanmedian(medians):.1f} px, "
        figures += f"worst {worst:.1f} px ({sample.name(view)})"
        return [ok(CHECK, "the cameras fit each other", figures)]
    severity = error if worst > WORST_PX * scale[view] else warning
    return [severity(CHECK, *_diagnosis(sample.thinned(_FEW), view, worst))]


def view_medians(sample: Sample) -> np.ndarray:
    """(views,) median triangulation residual, pixels; NaN where too few detections."""
    found = np.full(sample.views, np.nan)
    least = min(_FEWEST, np.isfinite(sample.residual).sum() // sample.views)
    for view in range(sample.views):
        residual = sample.residual[:, view]
        residual = residual[np.isfinite(residual)]
        if residual.size >= max(1, least):
            found[view] = np.median(residual)
    return found


def _nothing_triangulated(sample: Sample) -> Verdict:
    return error(
        CHECK,
        f"rig {sample.whole.rig_names[sample.rig]}: no joint can be triangulated",
        "no two cameras see one at the same instant from different directions",
        "check detections and calibration",
    )


def _diagnosis(sample: Sample, view: int, worst: float) -> tuple[str, str, str]:
    """What is wrong, the figures, and what to do: a cause only where undoing it proves it."""
    rig = f"rig {sample.whole.rig_names[sample.rig]}"
    evidence = _evidence(sample, view, worst)
    twins = _one_calibration(sample)
    if twins:
        what = f"{rig}: cameras {twins[0]} and {twins[1]} have one calibration"
        return what, f"{evidence}; their R and center are the same", "give each its own"
    everywhere = conventions.of_all(sample, worst)
    alone, left = _odd_one_out(sample, worst)
    single = None if alone is None else _of_camera(sample, alone, left)
    if everywhere and not (single and single.px < everywhere.px):
        return _for_all(sample, view, worst, everywhere)
    rest = "" if np.isnan(left) else f"; the other cameras fit within {left:.1f} px without it"
    if alone is not None and single:
        what = f"{sample.name(alone)}: {single.what}"
        return what, f"{evidence}{rest}; {single.px:.1f} px without that", single.do
    lags = clocks.of_rig(sample, worst)
    if lags:
        what = f"{rig}: the cameras' clocks differ ({lags.what})"
        do = "prepare with --sync, or --shift=NAME=FRAMES"
        return what, f"{evidence}; {lags.px:.1f} px without that", do
    if alone is None:
        return (
            f"{rig}: the cameras do not fit each other",
            evidence + "; no usual mistake explains it, and no single camera",
            "check that each file is its camera's, and that all are in step; wanted "
            "x_cam = R (x_world - center): R world to camera, center = -R^T t",
        )
    return (
        f"{sample.name(alone)} does not fit the others",
        evidence + rest + "; no usual mistake explains it",
        "check its K, R, center, synchronization, and that it sees the same body",
    )


def _one_calibration(sample: Sample) -> tuple[str, str] | None:
    """Two cameras that see something and have the same extrinsics."""
    _, R, center = sample.cameras
    there = [view for view in range(sample.views) if sample.seen[:, view].any()]
    for a, b in combinations(there, 2):
        if all(np.allclose(array[a], array[b], rtol=1e-9, atol=1e-9) for array in (R, center)):
            return sample.whole.camera_names[a], sample.whole.camera_names[b]
    return None


def _evidence(sample: Sample, view: int, worst: float) -> str:
    return f"median triangulation residual {worst:.1f} px in {sample.name(view)}"


def _for_all(sample: Sample, view: int, worst: float, found: Cause) -> tuple[str, str, str]:
    """A mistake in all cameras in words."""
    what = f"rig {sample.whole.rig_names[sample.rig]}: {found.what}"
    evidence = f"{_evidence(sample, view, worst)}; {found.px:.1f} px without that"
    return what, evidence, "fix it and convert again"


def _of_camera(sample: Sample, view: int, rest: float) -> Cause | None:
    """The mistake in one camera: of its calibration, its detections or its clock."""
    found = [
        cause
        for cause in (conventions.of_one(sample, view, rest), clocks.of_one(sample, view, rest))
        if cause
    ]
    if len(found) == 2:
        better, other = sorted(found, key=lambda cause: cause.px)
        return better if conventions.clearly(better.px, other.px) else None
    return found[0] if found else conventions.moved(sample, view, rest)


def _odd_one_out(sample: Sample, worst: float) -> tuple[int | None, float]:
    """The camera without which the others fit, and how well; of two cameras the explained one."""
    if sample.views == 2:
        causes = [(_of_camera(sample, view, float("nan")), view) for view in (0, 1)]
        known = sorted((cause.px, view) for cause, view in causes if cause)
        if not known or (len(known) == 2 and not conventions.clearly(known[0][0], known[1][0])):
            return None, float("nan")
        return known[0][1], float("nan")
    left = [conventions.others_fit(sample, view) for view in range(sample.views)]
    view, second = np.argsort(left)[:2].tolist()
    limit = min(worst / 2, WARNING_PX * max(sample.noise_scale(v) for v in range(sample.views)))
    fits = left[view] < limit and not left[second] < 1.5 * left[view]
    return (view if fits else None), left[view]


def check_baselines(sample: Sample) -> list[Verdict]:
    """A verdict on pairs of cameras at one position: they do not constrain depth."""
    names, center, unit = sample.whole.camera_names, sample.cameras.center, sample.whole.unit
    depth = float(np.nanmedian(sample.seen_by_all[1]))
    there = [v for v in range(sample.views) if (sample.whole.confidence[:, v] > 0).any()]
    close = [
        (float(np.linalg.norm(center[a] - center[b])), a, b) for b in there for a in there if a < b
    ]
    if not close:
        return []
    distance, a, b = min(close)
    shown, many = sample.shown.rig, words_for(sample.whole.skeleton.joint_names).many
    if distance >= 0.02 * depth:
        return [ok("baseline", f"rig {sample.whole.rig_names[sample.rig]}: all cameras are apart")]
    return [
        warning(
            "baseline",
            f"{sample.name(a)} and {names[b]} stand in one place",
            f"{shown.named(unit * distance, 2)} apart, {many} {shown.named(unit * depth)} away",
            "check center, or leave one out",
        )
    ]
