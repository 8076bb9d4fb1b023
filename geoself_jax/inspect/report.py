"""All checks of a recording in order."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from geoself_jax.core.float32 import in_float32
from geoself_jax.core.shown_lengths import units_for_all
from geoself_jax.data.body_size import body_size
from geoself_jax.data.length_unit import in_length_units
from geoself_jax.data.recording import Recording
from geoself_jax.inspect import (
    body,
    by_clip,
    cameras,
    detection_checks,
    duplicates,
    frame_rate,
    lens,
    perspective,
    precision,
    same_person,
    sides,
    timing,
    verdicts,
)
from geoself_jax.inspect.sample import MOST, Sample, samples_of
from geoself_jax.inspect.statistics import all_figures
from geoself_jax.inspect.verdicts import Verdict

RIGS = 8  # most that are checked
_PEOPLE = 12


@dataclass(frozen=True)
class Report:
    """What inspecting found.

    Attributes:
        source: Name of the recording.
        recording: What was inspected, its lengths in its unit (`data.length_unit`).
        samples: The sampled instants, one sample per rig.
        verdicts: Worst first.
        figures: Plain numbers by name, see `statistics.all_figures`.
    """

    source: str
    recording: Recording
    samples: list[Sample]
    verdicts: list[Verdict]
    figures: dict[str, Any]

    @property
    def errors(self) -> int:
        """How many verdicts say that it cannot be right."""
        return sum(verdict.severity == "error" for verdict in self.verdicts)


@in_float32
def inspect(
    recording: Recording,
    source: str,
    against: Recording | None = None,
    other: str = "",
    most: int = MOST,
) -> Report:
    """Looks at a recording in all ways.

    Args:
        recording: To look at; its ground truth is not used.
        source: Its name.
        against: One that should have nothing in common with it, e.g. the test data.
        other: That one's name.
        most: Instants on which geometry is checked.
    """
    recording = in_length_units(recording)
    samples = samples_of(recording.without_ground_truth(), most)[:RIGS]
    found = of_detections(recording) + of_geometry(recording, samples)
    found += duplicates.check_repeats(recording) + same_person.check_copies(recording)
    if against is not None:
        found += duplicates.check_leaks(recording, against.scaled(1 / recording.unit), other)
    if recording.cameras_from:
        found.append(verdicts.note("cameras", "no board calibrated them", recording.cameras_from))
    usable = samples if recording.views > 1 else []
    figures = all_figures(recording, usable, _by_subject(recording, usable))
    return Report(source, recording, samples, verdicts.worst_first(found), figures)


def of_detections(recording: Recording) -> list[Verdict]:
    """Checks that need no calibration."""
    return [
        *detection_checks.check_missing(recording),
        *detection_checks.check_places(recording),
        *detection_checks.check_confidence(recording),
    ]


def of_geometry(
    recording: Recording, samples: list[Sample], *, thorough: bool = True
) -> list[Verdict]:
    """Checks of the cameras, and where these fit of the people between them.

    Args:
        recording: To look at, its lengths in its unit.
        samples: Its instants, one sample a rig.
        thorough: All checks; else those alone that can find an error, which training refuses.
    """
    if recording.views < 2 or not samples:
        what = "the cameras were not checked"
        why = f"{recording.views} view" if recording.views < 2 else "no instant seen by two cameras"
        do = "training needs two views or more"
        return [verdicts.error("cameras", what, why, do)]
    found, fitting = [], []
    for sample in samples:
        of_rig, fits = _of_clips(sample, thorough=thorough)
        found += of_rig
        fitting += fits
    if not fitting:
        what = "bodies and timing were not checked"
        return [*found, verdicts.note("cameras", what, "the cameras do not fit each other")]
    return found + of_people(recording, fitting, thorough=thorough, sided=not _disagree(found))


def _of_clips(sample: Sample, *, thorough: bool) -> tuple[list[Verdict], list[Sample]]:
    """Checks of one rig, clips at fault by themselves; and its instants, if the cameras fit there.

    A fault of all clips is said once: a lag shows most in the fastest of them, a lens in that which
    goes to the images' borders.
    """
    usual, worse = by_clip.apart(sample)
    found, fits = _of_rig(usual, thorough=thorough)
    if worse:
        whole = _of_rig(sample, thorough=thorough)
        if _loud(found) or any(verdict.check == lens.CHECK for verdict in _loud(whole[0])):
            (found, fits), usual, worse = whole, sample, []
    for clip in worse:
        found += by_clip.alone(clip, lambda few: _of_rig(few, thorough=thorough)[0])
    return found, [usual] if fits else []


def _loud(found: list[Verdict]) -> list[Verdict]:
    return [verdict for verdict in found if verdict.severity in ("error", "warning")]


def _disagree(found: list[Verdict]) -> bool:
    """Whether one person's left is another camera's right: what is triangulated is no body."""
    return any(sides.DISAGREE in verdict.what for verdict in found)


def _not_by_another(sample: Sample, fit: Verdict, found: list[Verdict]) -> list[Verdict]:
    """The verdicts on frames without those that one camera, which does not fit, draws on others."""
    names = [sample.name(view) for view in range(sample.views)]
    faulty = [name for name in names if fit.what.startswith((f"{name}: ", f"{name} "))]
    if not faulty:
        return found
    others = tuple(f"{name}: " for name in names if name not in faulty)
    return [v for v in found if v.severity == "ok" or not v.what.startswith(others)]


def _of_rig(sample: Sample, *, thorough: bool) -> tuple[list[Verdict], bool]:
    """Checks of one rig's cameras; and whether these fit each other."""
    fit = cameras.check_cameras(sample)
    if fit[0].severity == "ok":
        views = of_views(sample) if thorough else _of_frames_and_depth(sample)
        wrong = any(v.severity == "error" for v in views if sides.DISAGREE in v.what)
        return fit + views, not wrong
    if fit[0].severity == "warning":
        others = in_frames_and_time(sample)[0] if thorough else sides.check_frames(sample)
        if any(words in fit[0].what for words in (" runs ", "clocks differ")):
            others = [verdict for verdict in others if verdict.check != timing.CHECK]
        return fit + _not_by_another(sample, fit[0], others), False
    return fit, False


def _of_frames_and_depth(sample: Sample) -> list[Verdict]:
    return [*sides.check_frames(sample), *body.check_depth(sample)]


def of_views(sample: Sample) -> list[Verdict]:
    """Checks that need cameras that fit."""
    found, in_step = in_frames_and_time(sample)
    if _disagree(found):
        return found
    lenses = lens.check_lens(in_step)
    if any(verdict.severity == "warning" for verdict in lenses):
        found, in_step = _not_timed(sample), sample
    return [
        *found,
        *lenses,
        *body.check_depth(in_step),
        *perspective.check_perspective(in_step),
        *detection_checks.check_trust(in_step),
        *cameras.check_baselines(in_step),
    ]


def in_frames_and_time(sample: Sample) -> tuple[list[Verdict], Sample]:
    """Checks frames and lags; also returns the sample without lags that are proved.

    A camera that exchanges sides looks late, and one that is late seems to see somebody else.
    """
    found = sides.check_frames(sample)
    if _disagree(found):
        return found, sample
    sided = [v for v in found if v.check == sides.CHECK and v.severity != "ok"]
    names = [sample.name(view) for view in range(sample.views)]
    exchanged = [n for n in names if any(v.what.startswith(f"{n}: ") for v in sided)]
    late, in_step = timing.check_timing(sample)
    if exchanged:
        starts = tuple(f"{name}{end}" for name in exchanged for end in (": ", " "))
        late = [v for v in late if not v.what.startswith(starts)]
        clocks = tuple(f"{name}: " for name in names if any(name in v.what for v in late))
        strangers = [v for v in found if v.check == sides.BODY and v.what.startswith(clocks)]
        return [v for v in found if v not in strangers] + late, sample
    return (found if in_step is sample else sides.check_frames(in_step)) + late, in_step


def _not_timed(sample: Sample) -> list[Verdict]:
    """A lens that is wrong moves what is far from its middle, as a lag moves what is fast."""
    what = f"rig {sample.whole.rig_names[sample.rig]}: whether the cameras are in step was not"
    not_timed = verdicts.note(timing.CHECK, f"{what} checked", "a lens does not fit")
    return [*sides.check_frames(sample), not_timed]


def of_people(
    recording: Recording, samples: list[Sample], *, thorough: bool = True, sided: bool = True
) -> list[Verdict]:
    """Checks of the triangulated people; `thorough` as for `of_geometry`.

    `sided`: The cameras agree on what is left.
    """
    skeleton, subjects = recording.skeleton, _by_subject(recording, samples)
    usual = _expected_changes(recording, samples, subjects)
    found = [
        verdict
        for name, points in subjects.items()
        for verdict in body.check_size(name, skeleton, recording.unit * points)
    ]
    if any(verdict.severity == "error" for verdict in found):
        return found  # in another unit no bone is of a person's length
    found += _unlike(recording, samples, subjects)
    vertical = body.check_up(samples)
    shown = units_for_all(recording.unit * body_size(points) for points in subjects.values())
    order = body.check_order(
        skeleton, subjects, recording.unit, shown, expected=_mean(usual), sure=recording.views > 2
    )
    found += vertical + order
    found += [verdict for sample in samples for verdict in precision.check_directions(sample)]
    for name, points in subjects.items():
        if thorough:
            found += body.check_bones(name, skeleton, points, usual[name], recording.unit, shown)
    if vertical[0].severity != "ok":  # upside down, left looks like right
        what = "whether left and right are exchanged in all cameras was not checked"
        unchecked = vertical[0].what == body.NOT_CHECKED
        why = body.NOT_CHECKED if unchecked else "they do not stand upright by world_up"
        found.append(verdicts.note(sides.CHECK, what, why))
    elif sided and all(verdict.severity != "error" for verdict in order):
        found += sides.check_anatomy(samples)
    if not thorough:
        return found
    found += same_person.check_bodies(skeleton, subjects)
    found += [verdict for sample in samples for verdict in frame_rate.check_speed(sample)]
    return found + frame_rate.check_falls(samples)


def _unlike(
    recording: Recording, samples: list[Sample], subjects: dict[str, np.ndarray]
) -> list[Verdict]:
    """Of rigs, where one may be in another unit; else of subjects."""
    rigs = {f"rig {s.whole.rig_names[s.rig]}": body_size(s.points) for s in samples}
    people = {f"subject {name}": body_size(points) for name, points in subjects.items()}
    for sizes in (rigs, people):
        found = body.check_alike({n: recording.unit * size for n, size in sizes.items()})
        if found:
            return found
    return []


def _expected_changes(
    recording: Recording, samples: list[Sample], subjects: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """(bones,) of each subject, see `precision.expected_changes`."""
    who = np.concatenate([s.recording.subject_id for s in samples])
    covariance = np.concatenate([s.covariance for s in samples])
    return {
        name: precision.expected_changes(
            recording.skeleton,
            precision.Subject(points, covariance[who == recording.subject_names.index(name)]),
        )
        for name, points in subjects.items()
    }


def _mean(usual: dict[str, np.ndarray]) -> float:
    """Of all subjects' bones; 0 where none is known."""
    values = np.concatenate(list(usual.values()))
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else 0.0


def _by_subject(recording: Recording, samples: list[Sample]) -> dict[str, np.ndarray]:
    """The triangulated poses of each subject, all rigs together."""
    if not samples:
        return {}
    who = np.concatenate([s.recording.subject_id for s in samples])
    points = np.concatenate([s.points for s in samples])
    ids = np.unique(who)[:_PEOPLE]
    return {recording.subject_names[i]: points[who == i] for i in ids}
