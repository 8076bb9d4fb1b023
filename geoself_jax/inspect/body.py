"""Is what was triangulated a person: size, bones, joint order, upright, in front of the cameras?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geoself_jax.core.shown_lengths import HUMAN_UNITS, ShownUnits, size_text
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.body_size import body_size, is_person, known_size, wrong_unit_words
from geoself_jax.data.body_words import words_for
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.inspect.sample import Sample
from geoself_jax.inspect.sides import find
from geoself_jax.inspect.verdicts import Verdict, error, note, ok, warning

_ZERO = np.finfo(np.float64).tiny  # of a length, so that nothing is divided by none
NOT_CHECKED = "the vertical was not checked"
_FEWEST = 20
APART = 3.0
"""Times that bodies of one skeleton differ by at most: pups and adults by less."""

_SPREAD, _UNEVEN = 0.35, 1.35  # of a bone's length; of left to right
_LOOSE, _ABSURD = 0.03, 0.05  # metres by which bones change or differ, on average
_BETTER = 0.82  # what another order leaves of it
_SOUND = 0.02  # metres that are left in the right order
# Up to these times what a detector's usual error makes of the geometry: no proof of a fault.
_USUAL, _USUAL_MEAN = 3.0, 1.5  # of one bone of many; of all, on average
_LOOSE_ENDS, _GAINED = 0.02, 0.65  # the same of two joints' bones; what is left of it


@dataclass(frozen=True)
class Bones:
    """Bone lengths of one subject.

    Attributes:
        length: (bones,) median, metres; NaN where hardly seen.
        spread: (bones,) median absolute deviation from it, of it.
    """

    length: np.ndarray
    spread: np.ndarray


def bones_of(skeleton: Skeleton, points: np.ndarray) -> Bones:
    """Lengths of (frames, joints, 3) poses in metres."""
    pairs = np.array(skeleton.bones, int).reshape(-1, 2)
    lengths = np.linalg.norm(points[:, pairs[:, 0]] - points[:, pairs[:, 1]], axis=-1)
    return Bones(*_spread(lengths))


def _spread(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and relative median deviation over the first axis; NaN under `_FEWEST` values."""
    median, deviation = (np.full(lengths.shape[1:], np.nan) for _ in range(2))
    for at in np.ndindex(lengths.shape[1:]):
        values = lengths[(slice(None), *at)]
        values = values[np.isfinite(values)]
        if len(values) >= _FEWEST:
            median[at] = np.median(values)
            deviation[at] = np.median(np.abs(values - median[at])) / max(median[at], _ZERO)
    return median, deviation


def check_size(subject: str, skeleton: Skeleton, points: np.ndarray) -> list[Verdict]:
    """A verdict on the unit of length, by the size of one subject.

    Args:
        subject: Its name.
        skeleton: Of the joints; one that declares no size, and is no person's, may be of any.
        points: (frames, joints, 3), metres.
    """
    size = body_size(points)
    if np.isnan(size):
        return [note("size", f"subject {subject}: the size was not checked", "nobody triangulated")]
    figures = f"{size:.2f} m between the farthest joints, median"
    limits = known_size(skeleton.joint_names, skeleton.body_metres)
    if limits is None:
        what, do = f"subject {subject}: is that its size?", "else `prepare` again with --unit"
        return [note("size", what, size_text(size), do)]
    if not limits[0] <= size <= limits[1]:
        return [error("size", *wrong_unit_words(f"subject {subject}: the body", size, limits))]
    if skeleton.body_metres is not None:
        return [ok("size", f"subject {subject} has the size that is declared", size_text(size))]
    if not 0.7 <= size <= 2.2:
        what = f"subject {subject} has an unusual size"
        return [warning("size", what, figures, "check the unit of center")]
    return [ok("size", f"subject {subject} has a person's size", figures)]


def check_alike(sizes: dict[str, float]) -> list[Verdict]:
    """A warning where bodies of one skeleton differ more than animals of one kind do.

    Args:
        sizes: (`body_size`) of each rig, or of each subject, in one unit; NaN where unknown.
    """
    known = {name: size for name, size in sizes.items() if np.isfinite(size)}
    if len(known) < 2:
        return []
    small, large = min(known, key=lambda n: known[n]), max(known, key=lambda n: known[n])
    ratio = known[large] / known[small]
    if ratio <= APART:
        return []
    sizes_there = " and ".join(size_text(known[name]) for name in (small, large))
    evidence = f"{sizes_there} between the farthest joints, median"
    do = "check that both calibrations are in one unit; train animals so unlike apart"
    return [warning("size", f"{large} is {ratio:.3g} times as large as {small}", evidence, do)]


def check_bones(
    subject: str,
    skeleton: Skeleton,
    points: np.ndarray,
    expected: np.ndarray,
    unit: float = 1.0,
    shown: ShownUnits = HUMAN_UNITS,
) -> list[Verdict]:
    """Verdicts on one subject's bones: do they keep their length, are both sides alike?

    Args:
        subject: Its name.
        skeleton: Of the joints.
        points: (frames, joints, 3), metres.
        expected: (bones,) median deviation that is usual, metres (`precision.expected_changes`).
        unit: Metres that are 1 in these.
        shown: How lengths are.
    """
    bones, expected = bones_of(skeleton, points), np.nan_to_num(expected)
    if np.isfinite(bones.spread).sum() < 3:
        what = f"subject {subject}: bone lengths were not checked"
        few = len(skeleton.bones) < 3
        why = f"{len(skeleton.bones)} bones" if few else f"under {_FEWEST} instants of each"
        return [note("bones", what, why)]
    found = _unsteady(subject, skeleton, bones, expected)
    found += _uneven(
        subject, skeleton, bones, expected, lambda length: shown.bone.named(unit * length, 0)
    )
    figures = f"median spread {100 * np.nanmedian(bones.spread):.1f} %, usual with these cameras "
    figures += f"{100 * np.nanmedian(expected / bones.length):.1f} %"
    return found or [ok("bones", f"subject {subject}: bones keep their length", figures)]


def check_order(
    skeleton: Skeleton,
    subjects: dict[str, np.ndarray],
    unit: float = 1.0,
    shown: ShownUnits = HUMAN_UNITS,
    *,
    expected: float = 0.0,
    sure: bool = True,
) -> list[Verdict]:
    """A verdict where the joints' names do not fit: with others the bones are steadier and even.

    Args:
        skeleton: As the file names the joints.
        subjects: Of each the (frames, joints, 3) poses, metres.
        unit: Metres that are 1 in these.
        shown: How lengths are.
        expected: Metres by which bones usually change with these cameras, on average.
        sure: Whether the cameras are proved to fit: of two, a wrong one may fit the other.
    """
    distances = _distances(list(subjects.values()))
    every = np.arange(skeleton.joints)
    costs = _costs(skeleton, distances, every)
    if not np.isfinite(costs).any():
        what = "the joint order was not checked"
        why = f"no subject with {_FEWEST} instants" if skeleton.bones else "no bones"
        return [note("joint order", what, why)]
    now, length = float(np.nanmean(costs)), lambda cost: shown.error.named(unit * cost, 0)
    figures = f"bones change, and differ from their twins, by {length(now)} on average"
    absurd = max(_ABSURD, _USUAL_MEAN * expected)
    known = [
        (float(np.nanmean(_costs(other, distances, every))), name)
        for name, other in KNOWN_SKELETONS.items()
        if other.joints == skeleton.joints and other.bones != skeleton.bones
    ]
    best, name = min(known, default=(np.inf, ""))
    if now > _LOOSE and best < now / 2:
        evidence = f"{figures}, in the order of {name} by {length(best)}"
        what, do = "the joint order is wrong", f"give the joint_names of {name}"
        return [error("joint order", what, evidence, do)]
    swaps = [
        _exchange(skeleton, distances, costs, a, b) for b in range(len(every)) for a in range(b)
    ]
    best, a, b = min((swap for swap in swaps if swap), default=(np.inf, 0, 0))
    if now > absurd and best > now / 2:
        what, do = "the joint order is wrong", "give joint_names in the detector's order"
        if not sure:
            what = "no body has such bones"
            do = "check both cameras (two may fit each other though one is wrong), and joint_names"
        return [error("joint order", what, figures, do)]
    if best < _BETTER * now and best < _SOUND:
        first, second = sorted((skeleton.joint_names[a], skeleton.joint_names[b]))
        what = f"joints {first} and {second} look exchanged"
        evidence = f"{figures}, with the two exchanged by {length(best)}"
        return [warning("joint order", what, evidence, "check joint_names")]
    return [ok("joint order", "the joints' names fit the bones", figures)]


def _distances(subjects: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(joints, joints) median distance and its median deviation, metres, mean over subjects."""
    found = []
    for points in subjects:
        few = points[:: max(1, len(points) // 300)]
        length, spread = _spread(np.linalg.norm(few[:, :, None] - few[:, None], axis=-1))
        found.append((length, spread * length))
    known = np.isfinite(found).sum(0)
    length, deviation = np.nansum(found, axis=0) / np.where(known > 0, known, np.nan)
    return length, deviation


def _costs(
    skeleton: Skeleton, distances: tuple[np.ndarray, np.ndarray], names: np.ndarray
) -> np.ndarray:
    """(bones,) metres by which each changes and half of what it differs from its twin by.

    Args:
        skeleton: Whose bones.
        distances: Between all joints.
        names: (joints,) which joint of the data each of the skeleton's is taken to be.
    """
    length, deviation = distances
    bones = np.array(skeleton.bones, int).reshape(-1, 2)
    twins = np.array(skeleton.mirror)[bones]
    (a, b), (c, d) = names[bones].T, names[twins].T
    return np.asarray(deviation[a, b] + np.abs(length[a, b] - length[c, d]) / 2)


def _exchange(
    skeleton: Skeleton,
    distances: tuple[np.ndarray, np.ndarray],
    costs: np.ndarray,
    a: int,
    b: int,
) -> tuple[float, int, int] | None:
    """Mean cost with two joints' names exchanged; None where their bones hardly gain by it."""
    names = np.arange(skeleton.joints)
    names[[a, b]] = b, a
    bones = np.array(skeleton.bones, int).reshape(-1, 2)
    ends = np.isin(bones, (a, b)).any(-1)
    after = _costs(skeleton, distances, names)
    known = ends & np.isfinite(costs) & np.isfinite(after)
    if not known.any():
        return None
    before, then = costs[known].mean(), after[known].mean()
    gained = before > _LOOSE_ENDS and then < _GAINED * before
    return (float(np.nanmean(after)), a, b) if gained else None


def _unsteady(
    subject: str, skeleton: Skeleton, bones: Bones, expected: np.ndarray
) -> list[Verdict]:
    found, limits = [], np.maximum(_SPREAD, _USUAL * expected / bones.length)
    for (parent, child), spread, limit in zip(skeleton.bones, bones.spread, limits, strict=True):
        if spread > limit:
            names = skeleton.joint_names
            what = f"subject {subject}: the bone {names[parent]}-{names[child]} changes its length"
            evidence = f"median deviation {100 * spread:.0f} % of it"
            found.append(warning("bones", what, evidence, "check these joints' detections"))
    return found


def _uneven(
    subject: str,
    skeleton: Skeleton,
    bones: Bones,
    expected: np.ndarray,
    length: Callable[[float], str],
) -> list[Verdict]:
    place, found = {bone: i for i, bone in enumerate(skeleton.bones)}, []
    mirror = skeleton.mirror
    for (parent, child), i in place.items():
        twin = place.get((mirror[parent], mirror[child]))
        if twin is None or twin <= i or min(bones.length[i], bones.length[twin]) < 0.1:
            continue
        ratio = bones.length[i] / bones.length[twin]
        usual = _USUAL * np.hypot(expected[i], expected[twin])
        apart = abs(bones.length[i] - bones.length[twin])
        if max(ratio, 1 / ratio) > _UNEVEN and apart > usual:
            names = skeleton.joint_names
            what = f"subject {subject}: {names[parent]}-{names[child]} and its twin differ"
            evidence = f"{length(bones.length[i])} and {length(bones.length[twin])}"
            found.append(warning("bones", what, evidence, "check left_right and these joints"))
    return found


def check_up(samples: list[Sample]) -> list[Verdict]:
    """A verdict on the vertical, by the bodies' mean direction from the hips to the head."""
    skeleton, up = samples[0].whole.skeleton, samples[0].whole.world_up
    if up is None:
        return [note("world_up", NOT_CHECKED, "it is unknown; --up of prepare gives it")]
    direction = trunk(skeleton, np.concatenate([sample.points for sample in samples]))
    if direction is None:
        return [note("world_up", NOT_CHECKED, "no hips and head, or they lie")]
    angle = float(np.degrees(np.arccos(np.clip(direction @ up, -1, 1))))
    axis = int(np.argmax(np.abs(direction)))
    likely = [0, 0, 0]
    likely[axis] = int(np.sign(direction[axis]))
    figures = f"the mean direction from hips to head is {angle:.0f} degrees off world_up"
    many = words_for(skeleton.joint_names).many
    if angle <= 45:
        return [ok("world_up", f"{many} stand upright", figures)]
    lie = angle < 120
    what = f"{many} lie" if lie else f"{many} stand upside down"
    severity = warning if lie else error
    do, assumed = f"world_up is nearer to {likely}", samples[0].whole.assumed_skeleton
    if not assumed and _images_upright(samples, up):
        severity = note if lie else warning
        figures += ", while the cameras' images are upright by it"
        do = f"if they do not {'lie' if lie else 'stand on their hands'}, check the joints' names"
    if assumed:
        do = (
            f"either the joints are in another order than {assumed}'s, which was assumed as the "
            f"files name none (prepare again with --skeleton), or {do}"
        )
    return [severity("world_up", what, figures, do)]


def _images_upright(samples: list[Sample], up: np.ndarray) -> bool:
    """Whether upwards in the images is, on average over the cameras, near to `up`."""
    seen = -np.concatenate([sample.cameras.R for sample in samples])[:, 1].mean(0)
    return bool(seen @ up > np.cos(np.deg2rad(45)) * np.linalg.norm(seen) > 0.35)


def trunk(skeleton: Skeleton, points: np.ndarray) -> np.ndarray | None:
    """(3,) unit: the mean direction from the hips to the shoulders or head; None without both."""
    low = find(skeleton, "left_hip", "right_hip") or [skeleton.root]
    high = find(skeleton, "left_shoulder", "right_shoulder") or find(skeleton, "head")
    if high is None or set(high) & set(low):
        return None
    along = points[:, high].mean(1) - points[:, low].mean(1)
    along = along[np.isfinite(along).all(-1)]
    along = along[np.linalg.norm(along, axis=-1) > 1e-6]
    if len(along) < _FEWEST:
        return None
    mean = (along / np.linalg.norm(along, axis=-1, keepdims=True)).mean(0)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 0.5 else None


def check_depth(sample: Sample) -> list[Verdict]:
    """Verdicts on people behind a camera that sees them, or farther than a camera can see."""
    _, depth = sample.seen_by_all
    many = words_for(sample.whole.skeleton.joint_names).many
    found = []
    for view in range(sample.views):
        values = depth[:, view][sample.seen[:, view] & np.isfinite(depth[:, view])]
        if not values.size:
            continue
        behind, middle = float((values <= 0).mean()), float(np.median(values))
        far = sample.whole.unit * middle
        figures = f"{100 * behind:.0f} % of the joints it sees, median depth "
        figures += sample.shown.rig.named(far)
        if behind > 0.01:
            severity = error if behind > 0.2 else warning
            what = f"{sample.name(view)}: {many} are behind it"
            found.append(severity("depth", what, figures, "check R and center (x_cam = R (x - c))"))
        elif far > 100 and is_person(sample.whole.skeleton.joint_names):
            what = f"{sample.name(view)}: people are far away"
            do = "check the unit of center"
            found.append(warning("depth", what, f"median depth {far:.0f} m", do))
    rig = sample.whole.rig_names[sample.rig]
    return found or [ok("depth", f"rig {rig}: {many} are in front of all cameras")]
