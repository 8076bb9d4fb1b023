"""Left for right: in a camera, in some of its frames, or in the whole file."""

import dataclasses

import numpy as np

from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.inspect.sample import Sample, place
from geoself_jax.inspect.verdicts import Verdict, error, note, ok, warning

CHECK, BODY = "left and right", "body"
DISAGREE = "the cameras disagree on left and right"
_LEAST_PX = 15.0  # in an image 1000 wide, of the frame as it is
_SHARE = (0.08, 0.6)  # of a camera's frames exchanged: from here a warning, from here an error
_RUN = 60  # frames
_STRANGER_PX, _STRANGERS = 60.0, 0.03
_BENT = 0.1  # knee off the line from hip to ankle, of that line's length
_FEWEST = 50

Votes = tuple[np.ndarray, np.ndarray]
"""Whether something points forward, and at which instants it was asked."""


def check_frames(sample: Sample) -> list[Verdict]:
    """Verdicts on frames of a camera with left and right exchanged, or with somebody else."""
    pairs = [joint for pair in sample.whole.skeleton.left_right for joint in pair]
    if sample.views < 2 or not pairs:
        what = "frames with left and right exchanged were not looked for"
        return [note(CHECK, what, "the skeleton has no left/right pairs" * (not pairs))]
    rig = sample.whole.rig_names[sample.rig]
    swapped = [_swapped(sample, view, pairs) for view in range(sample.views)]
    shares = np.array([each.mean() for each, _, _ in swapped])
    found = [v for view, each in enumerate(swapped) for v in _of_view(sample, view, *each)]
    worst, several = int(shares.argmax()), int((shares > _SHARE[0]).sum())
    clear = [v for v in found if v.severity == "error" and v.check == CHECK]
    if len(clear) == 1 and len(found) > 1 and sample.views > 2:
        return clear + [v for v in check_frames(_undone(sample, worst)) if v.severity != "ok"]
    two = sample.views == 2 and any(v.check == CHECK and v.severity != "note" for v in found)
    if two or (several > max(1, sample.views / 2 - 1) and shares.sum() > _SHARE[1]):
        each = (f"{sample.whole.camera_names[v]} in {100 * s:.0f} %" for v, s in enumerate(shares))
        evidence = "exchanging them halves the error of " + ", ".join(each) + " of its frames"
        do = "look at the images of each camera, and exchange them where left is not left"
        severity = error if shares.sum() > 1 else warning
        return [severity(CHECK, f"rig {rig}: {DISAGREE}", evidence, do)]
    return found or [ok(CHECK, f"rig {rig}: left and right agree in all cameras")]


def _undone(sample: Sample, view: int) -> Sample:
    """The sample with left and right of one view exchanged."""
    whole, mirror = sample.whole, list(sample.whole.skeleton.mirror)
    pixels, confidence = whole.keypoints_2d.copy(), whole.confidence.copy()
    pixels[:, view], confidence[:, view] = pixels[:, view, mirror], confidence[:, view, mirror]
    changed = dataclasses.replace(whole, keypoints_2d=pixels, confidence=confidence)
    return Sample(changed, sample.frames)


def _swapped(
    sample: Sample, view: int, pairs: list[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) frames that look exchanged in a view, and the errors, px, as they are and exchanged."""
    mirror = list(sample.whole.skeleton.mirror)
    own = sample.pixels[:, view]
    seen = sample.seen[:, view].any(-1)
    now = _by_frame(sample.error_of(view)[:, pairs])
    exchanged = _by_frame(sample.error_of(view, keypoints_2d=own[:, mirror])[:, pairs])
    least = _LEAST_PX * sample.pixel_scale(view)
    return seen & (now > least) & (exchanged < now / 2), now, exchanged


def _of_view(
    sample: Sample, view: int, swapped: np.ndarray, now: np.ndarray, exchanged: np.ndarray
) -> list[Verdict]:
    seen, scale = sample.seen[:, view].any(-1), sample.pixel_scale(view)
    share = float(swapped.sum() / max(1, seen.sum()))
    if share > _SHARE[0] and swapped.sum() > 1:
        rest = float(np.median(now[seen & ~swapped])) if (seen & ~swapped).any() else 0.0
        proved = np.median(exchanged[swapped]) <= max(3 * rest, _LEAST_PX * scale)
        return [_exchanged(sample, view, swapped, share, proved=bool(proved))]
    strange = seen & (_by_frame(sample.error_of(view)) > _STRANGER_PX * scale)
    share = float(strange.sum() / max(1, seen.sum()))
    if _STRANGERS < share < 0.5 and strange.sum() > 1:
        return [_stranger(sample, view, strange, share)]
    return []


def _by_frame(errors: np.ndarray) -> np.ndarray:
    """(n,) median over the joints with an error; 0 where there are fewer than 4."""
    known = ~np.isnan(errors)
    ordered = np.sort(np.where(known, errors, np.inf), axis=-1)
    middle = np.maximum(known.sum(-1) - 1, 0) // 2
    return np.where(known.sum(-1) >= 4, ordered[np.arange(len(errors)), middle], 0)


def _exchanged(
    sample: Sample, view: int, swapped: np.ndarray, share: float, *, proved: bool
) -> Verdict:
    first, last = (place(sample.whole, sample.frames[np.flatnonzero(swapped)[i]]) for i in (0, -1))
    evidence = f"exchanging them halves the error in {100 * share:.0f} % of the frames looked at, "
    evidence += f"first {first}, last {last}"
    if not proved:
        what = f"{sample.name(view)}: left and right may be exchanged in some frames"
        evidence += "; what is left is more than the other frames have"
        return warning(CHECK, what, evidence, "look at these frames")
    if not _lasting(sample, swapped):
        what = f"{sample.name(view)}: left and right are exchanged for a while, as detectors do"
        return note(CHECK, what, evidence)
    if share > _SHARE[1]:
        what = f"{sample.name(view)}: left and right are exchanged"
        return error(CHECK, what, evidence, "exchange them (is the image mirrored?)")
    what = f"{sample.name(view)}: left and right are exchanged in some frames"
    return warning(CHECK, what, evidence, "exchange them there, or set those confidences to 0")


def _lasting(sample: Sample, swapped: np.ndarray) -> bool:
    """Whether it is in several clips, or longer in one than a detector's own mistakes."""
    frames = sample.frames[swapped]
    clips, counts = np.unique(sample.whole.clip_id[frames], return_counts=True)
    if (counts > 1).sum() > 1:
        return True
    own = sample.whole.frame_id[frames[sample.whole.clip_id[frames] == clips[counts.argmax()]]]
    return bool(np.ptp(own) >= _RUN)


def _stranger(sample: Sample, view: int, strange: np.ndarray, share: float) -> Verdict:
    first = place(sample.whole, sample.frames[np.flatnonzero(strange)[0]])
    return warning(
        BODY,
        f"{sample.name(view)}: somebody else, a wrong pose or another instant in some frames",
        f"{100 * share:.0f} % of the frames are over {_STRANGER_PX:.0f} px off while the others "
        f"fit, first {first}",
        "match the bodies of the views again, check whether it is in step, or set those "
        "confidences to 0",
    )


def check_anatomy(samples: list[Sample]) -> list[Verdict]:
    """Verdicts on left and right in the whole file, or in whole clips: knees bend forward."""
    votes = [_votes(sample) for sample in samples]
    forward = np.concatenate([votes for votes, _ in votes])
    clips = np.concatenate([clips for _, clips in votes])
    if len(forward) < _FEWEST:
        what = "whether left and right are exchanged in all cameras was not checked"
        return [note(CHECK, what, f"{len(forward)} instants with a bent knee or a nose, wanted 50")]
    share = float(forward.mean())
    figures = f"knees bend, and noses point, forward in {100 * share:.0f} % of {len(forward)} cases"
    if share < 0.2:
        what = "left and right are exchanged in all cameras, or the world is mirrored"
        return [error(CHECK, what, figures, "exchange them, or fix the world's axes")]
    names = samples[0].whole.clip_names
    found = []
    for clip in np.unique(clips):
        own = forward[clips == clip]
        if len(own) >= _FEWEST and own.mean() < 0.2:
            what = f"clip {names[clip]}: left and right are exchanged in all cameras"
            figures_of = (
                f"knees bend forward in {100 * own.mean():.0f} % of {len(own)} cases, in all "
            )
            figures_of += f"clips in {100 * share:.0f} %"
            found.append(warning(CHECK, what, figures_of, "exchange them there"))
    if found:
        return found
    if share < 0.7:
        what = "whether left and right are exchanged in all cameras is undecided"
        return [note(CHECK, what, figures)]
    return [ok(CHECK, "left and right are the body's own", figures)]


def _votes(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Whether a bent knee or a nose points forward, of each that does, and its clip.

    Of people who are upright: of one who lies or stands on the hands the vertical does not tell.
    """
    skeleton, points = sample.whole.skeleton, sample.points
    up = sample.whole.world_up
    ahead = None if up is None else _ahead(skeleton, points, up)
    if up is None or ahead is None:
        return np.empty(0, bool), np.empty(0, int)
    kept = _upright(skeleton, points, up)
    points, ahead, clips = points[kept], ahead[kept], sample.recording.clip_id[kept]
    found = _knees(skeleton, points, ahead) + _nose(skeleton, points, ahead)
    if not found:
        return np.empty(0, bool), np.empty(0, int)
    return (
        np.concatenate([votes for votes, _ in found]),
        np.concatenate([clips[at] for _, at in found]),
    )


def _upright(skeleton: Skeleton, points: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(n,) the trunk is within 60 degrees of the vertical; all where it is not known."""
    trunk = find(skeleton, "left_shoulder", "right_shoulder", "left_hip", "right_hip")
    if trunk is None:
        return np.ones(len(points), bool)
    shoulders, hips = points[:, trunk[:2]].mean(1), points[:, trunk[2:]].mean(1)
    along = shoulders - hips
    return along @ up > 0.5 * np.linalg.norm(along, axis=-1)


def find(skeleton: Skeleton, *names: str) -> list[int] | None:
    """The joints of these names, e.g. `left_hip`; None where one is not there."""
    known = {normalized(name): joint for joint, name in enumerate(skeleton.joint_names)}
    found = [known.get(normalized(name)) for name in names]
    return None if None in found else [joint for joint in found if joint is not None]


def _ahead(skeleton: Skeleton, points: np.ndarray, up: np.ndarray) -> np.ndarray | None:
    """(n, 3) where the body faces if its left is left, by the hips and the vertical."""
    hips = find(skeleton, "left_hip", "right_hip")
    if hips is None:
        return None
    ahead = np.cross(points[:, hips[0]] - points[:, hips[1]], up)
    return ahead / np.linalg.norm(ahead, axis=-1, keepdims=True).clip(1e-6)


def _knees(skeleton: Skeleton, points: np.ndarray, ahead: np.ndarray) -> list[Votes]:
    votes = []
    for side in ("left", "right"):
        leg = find(skeleton, f"{side}_hip", f"{side}_knee", f"{side}_ankle")
        if leg is None:
            continue
        hip, knee, ankle = (points[:, joint] for joint in leg)
        line = ankle - hip
        length = np.linalg.norm(line, axis=-1, keepdims=True).clip(1e-6)
        off = knee - hip
        off = off - (off * line).sum(-1, keepdims=True) * line / length**2
        off = off / length
        bent = np.linalg.norm(off, axis=-1) > _BENT  # False where NaN
        at = np.flatnonzero(bent)
        votes.append(((off * ahead).sum(-1)[at] > 0, at))
    return votes


def _nose(skeleton: Skeleton, points: np.ndarray, ahead: np.ndarray) -> list[Votes]:
    face = find(skeleton, "nose", "left_ear", "right_ear")
    if face is None:
        return []
    nose, left, right = (points[:, joint] for joint in face)
    forward = ((nose - (left + right) / 2) * ahead).sum(-1)
    at = np.flatnonzero(np.abs(forward) > 0.03)  # none where NaN
    return [(forward[at] > 0, at)]
