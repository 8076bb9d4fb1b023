"""What the detectors give: what is missing, where it lies, how far it is trusted."""

import numpy as np

from geoself_jax.core.rank_correlation import rank_correlation as ranked
from geoself_jax.data.recording import Recording
from geoself_jax.inspect.sample import Sample
from geoself_jax.inspect.verdicts import Verdict, error, note, ok, warning

_OUTSIDE = (0.1, 0.2)  # of the image size beyond its border; share of detections there
_BEYOND = 10  # times the image
_MISSING = 0.5
_SPOT = 0.01  # of the image: a person who walks through it covers more
_FEWEST = 200


def check_missing(recording: Recording) -> list[Verdict]:
    """Verdicts on joints, cameras and instants that are not seen."""
    seen, found = recording.confidence > 0, []
    by_view, by_joint = seen.mean((0, 2)), seen.mean((0, 1))
    for view, share in enumerate(by_view):
        name = f"camera {recording.camera_names[view]}"
        if share == 0:
            do = "it takes no part: check its file, or leave it out"
            found.append(warning("missing", f"{name} sees no joint", "0 detections", do))
        elif share < 1 - _MISSING:
            evidence = f"{100 * share:.1f} % of its joints are seen"
            found.append(warning("missing", f"{name} sees little", evidence, "check its file"))
    for joint, share in enumerate(by_joint):
        name = f"joint {recording.skeleton.joint_names[joint]}"
        if share == 0 and joint == recording.skeleton.root:
            do = "take another joint as the root, or a skeleton without it"
            what = f"the root, {name}, is never seen"
            evidence = "0 detections; poses are relative to it"
            found.append(error("missing", what, evidence, do))
        elif share == 0:
            do = "check the joint's name, or leave it out"
            found.append(warning("missing", f"{name} is never seen", "0 detections", do))
        elif share < 1 - _MISSING:
            evidence = f"in {100 * share:.1f} % of the images"
            found.append(warning("missing", f"{name} is seldom seen", evidence, "check it"))
    found += _unseen_by_one(recording, seen)
    alone = float((seen.any(-1).sum(-1) < 2).mean())
    if alone > 0.1 and recording.views > 1:
        severity = error if alone == 1 else warning
        what = "instants are seen by fewer than two cameras"
        found.append(
            severity("missing", what, f"{100 * alone:.0f} % of them", "check the synchronization")
        )
    return found or [ok("missing", "all cameras see all joints", f"{100 * seen.mean():.1f} %")]


def _unseen_by_one(recording: Recording, seen: np.ndarray) -> list[Verdict]:
    """Notes on joints that one camera never sees while others do."""
    never = np.logical_not(np.any(seen, axis=0))
    one = never & ~np.all(never, axis=0) & ~np.all(never, axis=1)[:, None]
    names = recording.skeleton.joint_names
    return [
        note(
            "missing",
            f"camera {recording.camera_names[view]} never sees "
            + ", ".join(names[joint] for joint in np.flatnonzero(one[view])),
            "others do",
        )
        for view in np.flatnonzero(np.any(one, axis=1))
    ]


def check_places(recording: Recording) -> list[Verdict]:
    """Verdicts on detections outside the image, or not in pixels at all."""
    found = []
    for rig in np.unique(recording.rig_id):
        for view in range(recording.views):
            found += _of_camera(recording, int(rig), view)
    return found or [ok("pixels", "detections lie within the images")]


def _of_camera(recording: Recording, rig: int, view: int) -> list[Verdict]:
    pixels = recording.keypoints_2d[recording.rig_id == rig, view].reshape(-1, 2)
    pixels = pixels[np.isfinite(pixels).all(-1)]
    if not pixels.size:
        return []
    size = recording.image_size[rig, view].astype(float)
    name = f"rig {recording.rig_names[rig]}, camera {recording.camera_names[view]}"
    reach = float(np.ptp(np.percentile(pixels, (2, 98), axis=0), axis=0).max())
    if reach <= _SPOT * size.min():
        evidence = f"they cover {reach:.2g} px of an image of {size[0]:.0f} x {size[1]:.0f} px"
        do = "multiply them by the image size"
        return [error("pixels", f"{name}: detections are normalised, not pixels", evidence, do)]
    beyond = (np.abs(pixels - size / 2) > _BEYOND * size).any(-1)
    if beyond.any():
        evidence = f"{beyond.sum()} detections ({100 * beyond.mean():.2g} %), "
        evidence += f"e.g. at {pixels[beyond][0].round().tolist()}"
        what = f"{name}: detections beyond {_BEYOND} times the image's size"
        do = "no detector gives these: convert the file again, or set their confidence to 0"
        return [error("pixels", what, evidence, do)]
    margin = _OUTSIDE[0] * size
    share = float(((pixels < -margin) | (pixels > size + margin)).any(-1).mean())
    if share > _OUTSIDE[1]:
        evidence = f"{100 * share:.0f} % are outside {size[0]:.0f} x {size[1]:.0f} px"
        do = "check image_size, and the resolution the detector saw"
        return [warning("pixels", f"{name}: detections lie outside its image", evidence, do)]
    return _center_off(recording, rig, view, name)


def _center_off(recording: Recording, rig: int, view: int, name: str) -> list[Verdict]:
    size, K = recording.image_size[rig, view], recording.camera.K[rig, view]
    off = np.abs(K[:2, 2] / size - 0.5)
    if off.max() <= 0.25:
        return []
    evidence = f"principal point {K[0, 2]:.0f}, {K[1, 2]:.0f} in {size[0]} x {size[1]} px"
    do = "check K and image_size: is K for another resolution or a crop?"
    return [warning("pixels", f"{name}: K and image_size do not fit", evidence, do)]


def check_confidence(recording: Recording) -> list[Verdict]:
    """Verdicts on confidences that say nothing."""
    found = []
    for view in range(recording.views):
        values = recording.confidence[:, view]
        values = values[values > 0]
        name = f"camera {recording.camera_names[view]}"
        if values.size < _FEWEST:
            continue
        if np.ptp(values) < 1e-6:
            evidence, do = f"all are {values[0]:.3g}", "give the detector's scores if it has any"
            found.append(warning("confidence", f"{name}: confidences are constant", evidence, do))
        elif (share := float((values >= values.max() - 1e-6).mean())) > 0.95:
            evidence = f"{100 * share:.0f} % are {values.max():.3g}"
            do = "were they clipped? rescale the detector's scores"
            found.append(warning("confidence", f"{name}: confidences are saturated", evidence, do))
        elif np.median(values) < 0.02:
            evidence, do = f"median {np.median(values):.2g}", "rescale the detector's scores"
            found.append(warning("confidence", f"{name}: confidences are tiny", evidence, do))
    return found or [ok("confidence", "confidences vary in all cameras")]


def check_trust(sample: Sample) -> list[Verdict]:
    """A verdict on whether a surer detection is a better one."""
    rank = rank_correlation(sample)
    rig = f"rig {sample.whole.rig_names[sample.rig]}"
    if np.isnan(rank):
        what = f"{rig}: whether confidence says how good a joint is was not checked"
        return [note("confidence", what, "too few detections, or constant")]
    figures = f"Spearman's rank correlation with the residual {rank:+.2f}"
    if rank > 0.15:
        do = "are they errors or distances? give scores that grow with certainty"
        return [warning("confidence", f"{rig}: surer joints are worse", figures, do)]
    if rank > -0.05:
        what = f"{rig}: confidence does not say how good a joint is"
        return [note("confidence", what, figures)]
    return [ok("confidence", f"{rig}: surer joints are better", figures)]


def rank_correlation(sample: Sample) -> float:
    """Spearman's, of confidence and distance to what the others see; NaN where undefined."""
    if sample.views < 2:
        return float("nan")
    errors = np.stack([sample.error_of(view) for view in range(sample.views)], 1)
    good = sample.seen & np.isfinite(errors)
    confidence, residual = sample.recording.confidence[good], errors[good]
    if len(confidence) < _FEWEST or np.ptp(confidence) < 1e-6:
        return float("nan")
    return ranked(confidence, residual)
