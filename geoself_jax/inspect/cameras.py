"""Do the cameras fit each other: which does not, and by which mistake?"""

import numpy as np

from geoself_jax.inspect import conventions, timing
from geoself_jax.inspect.sample import Sample
from geoself_jax.inspect.verdicts import Verdict, error, ok, warning

CHECK = "cameras"
WORST_PX, WARNING_PX = 20.0, 12.0  # in an image 1000 wide; the first is `data.rig_check`'s
_SUSPECT_PX = 6.0  # from here on usual mistakes are tried as explanations
_FEW = 300  # instants on which mistakes are tried out
_FEWEST = 20  # detections


def check_cameras(sample: Sample) -> list[Verdict]:
    """Verdicts on a rig's calibration; an error where a camera cannot be right."""
    medians = view_medians(sample)
    if not np.isfinite(medians).any():
        return [_nothing_triangulated(sample)]
    scale = [sample.pixel_scale(view) for view in range(sample.views)]
    view = int(np.nanargmax(medians / scale))
    if medians[view] <= WARNING_PX * scale[view]:
        few = sample.thinned(_FEW)
        suspect = medians[view] > _SUSPECT_PX * scale[view]
        found = conventions.explained_for_all(few, float(medians[view])) if suspect else None
        if found:
            return [warning(CHECK, *_for_all(few, view, float(medians[view]), found))]
        figures = f"median triangulation residual {np.nanmedian(medians):.1f} px, "
        figures += f"worst {medians[view]:.1f} px ({sample.name(view)})"
        return [ok(CHECK, "the cameras fit each other", figures)]
    severity = error if medians[view] > WORST_PX * scale[view] else warning
    return [severity(CHECK, *_diagnosis(sample.thinned(_FEW), view, float(medians[view])))]


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
    rig = f"rig {sample.whole.rig_names[sample.rig]}"
    evidence = _evidence(sample, view, worst)
    found = conventions.explained_for_all(sample, worst)
    alone, left = _odd_one_out(sample, worst)
    single = None if alone is None else _explained(sample, alone)
    if found and not (single and single[1] < found[1]):
        return _for_all(sample, view, worst, found)
    if alone is None:
        return (
            f"{rig}: the cameras do not fit each other",
            evidence + "; no usual mistake explains it, and no single camera",
            "wanted x_cam = R (x_world - center): R world to camera, center = -R^T t, cameras in "
            "the order of the views, all synchronized",
        )
    rest = "" if np.isnan(left) else f"; the other cameras fit within {left:.1f} px without it"
    if single:
        what = f"{sample.name(alone)}: {single[0]}"
        return what, f"{evidence}{rest}; {single[1]:.1f} px without that", "fix that camera"
    return (
        f"{sample.name(alone)} does not fit the others",
        evidence + rest + "; no usual mistake explains it",
        "check its K, R, center, synchronization, and that it sees the same person",
    )


def _evidence(sample: Sample, view: int, worst: float) -> str:
    return f"median triangulation residual {worst:.1f} px in {sample.name(view)}"


def _for_all(
    sample: Sample, view: int, worst: float, found: tuple[str, float]
) -> tuple[str, str, str]:
    """A mistake in all cameras in words."""
    what = f"rig {sample.whole.rig_names[sample.rig]}: {found[0]}"
    evidence = f"{_evidence(sample, view, worst)}; {found[1]:.1f} px without that"
    return what, evidence, "fix it and convert again"


def _explained(sample: Sample, view: int) -> tuple[str, float] | None:
    """The mistake in one camera: of its calibration or its detections, or a lag."""
    found = conventions.explained_for_one(sample, view)
    lag = timing.lag_of(sample, view)
    if lag is None or (found and found[1] < lag.best_px):
        return found
    return (f"runs {timing.words(lag, sample.whole.fps)}", lag.best_px)


def _odd_one_out(sample: Sample, worst: float) -> tuple[int | None, float]:
    """The camera without which the others fit, and how well; of two cameras the explained one."""
    if sample.views == 2:
        found = [(conventions.explained_for_one(sample, view), view) for view in (0, 1)]
        known = [(fit[1], view) for fit, view in found if fit]
        return (min(known)[1] if known else None), float("nan")
    left = [conventions.others_fit(sample, view) for view in range(sample.views)]
    view = int(np.argmin(left))
    return (view, left[view]) if left[view] < min(worst / 2, WARNING_PX) else (None, left[view])


def check_baselines(sample: Sample) -> list[Verdict]:
    """A verdict on pairs of cameras at one position: they do not constrain depth."""
    names, center = sample.whole.camera_names, sample.cameras.center
    depth = float(np.nanmedian(sample.seen_by_all[1]))
    there = [v for v in range(sample.views) if (sample.whole.confidence[:, v] > 0).any()]
    close = [
        (float(np.linalg.norm(center[a] - center[b])), a, b) for b in there for a in there if a < b
    ]
    if not close:
        return []
    distance, a, b = min(close)
    if distance >= 0.02 * depth:
        return [ok("baseline", f"rig {sample.whole.rig_names[sample.rig]}: all cameras are apart")]
    return [
        warning(
            "baseline",
            f"{sample.name(a)} and {names[b]} stand in one place",
            f"{distance:.2f} m apart, people {depth:.1f} m away",
            "check center, or leave one out",
        )
    ]
