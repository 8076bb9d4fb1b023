"""A lab's own recording: a calibration and each camera's detections become one clip."""

import dataclasses
import shlex
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error, joined, usage_error
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.choose_person import UNPLACED, check_way, choose_person
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.common_clock import counted_apart, started_together
from geoself_jax.prepare.common_frames import common_frames
from geoself_jax.prepare.detections import recognize_detections
from geoself_jax.prepare.detections.named_joints import UnknownJoints
from geoself_jax.prepare.every_track import ALL, ONE_ALONE, every_track
from geoself_jax.prepare.file_rate import other_sizes, rate_of, some_hold_a_rate
from geoself_jax.prepare.instances import Instances, nobody
from geoself_jax.prepare.left_out import camera_left_out, camera_missing, frames_left_out
from geoself_jax.prepare.match_cameras import shown_names
from geoself_jax.prepare.merge_rigs import check_image_sizes, check_places
from geoself_jax.prepare.name_people import Who
from geoself_jax.prepare.rig_options import RigOptions
from geoself_jax.prepare.trials import Trial, find_trials, of_data, read_views
from geoself_jax.prepare.uncalibrated_trials import find_uncalibrated

_NAMED = 4
"""Most recordings that are named in a line."""


def read_own_rig(inputs: Sequence[Path], own: RigOptions, options: ReadOptions) -> Reading:
    """One clip from each recording.

    Args:
        inputs: Folders with each camera's detections, or trees of such folders, and the calibration
            unless it is given; none where `camera_paths` of `own` names the detections.
        own: About the recording.
        options: What to take of it.

    Raises:
        GeoselfError: No frame rate (64); files missing (66) or bad (65), all recordings at once.
    """
    if own.fps is None and not some_hold_a_rate([*inputs, *own.camera_paths.values()]):
        raise usage_error("--fps", "the files do not hold the frame rate", "give --fps")
    if own.camera_paths and len(inputs) > 1:
        raise usage_error(
            "--camera", "it names the files of one recording", "prepare one --input at a time"
        )
    check_way(own.person)
    _check_uncalibrated(own)
    if own.subject is not None and own.subject_from is not None:
        raise usage_error("--subject-from", "--subject names them already", "leave out one")
    find = find_uncalibrated if own.uncalibrated else find_trials
    trials, errors = find(inputs, own, options)
    return Reading(len(trials), _clips(trials, errors, own, options))


def _check_uncalibrated(own: RigOptions) -> None:
    """Refuses to choose somebody by what needs the cameras."""
    if own.uncalibrated and own.person.partition(":")[0] in (ALL, "consistent"):
        raise usage_error(
            f"--person={own.person} with --uncalibrated",
            "who is who in several cameras is seen by where they stand",
            "choose --person=largest or track:NAME; once calibrated, prepare with "
            "--calibration=Calib.toml as calibrate --toml writes it",
        )


def _clips(
    trials: Sequence[Trial],
    errors: list[GeoselfError],
    own: RigOptions,
    options: ReadOptions,
) -> Iterator[Clip]:
    """The clips, and at the end one error for all recordings that are bad."""
    used = {name for trial in trials for name in trial.paths}
    for name in dict.fromkeys(name for trial in trials for name in trial.rig.camera_names):
        if name not in used and (options.cameras is None or name in options.cameras):
            whys = [trial.unread[name] for trial in trials if name in trial.unread]
            options.notice(camera_left_out(name, whys, len(used)))
    _ask_sizes(trials, used, options)
    said: dict[str, list[str]] = {}
    bad = options.skip.unread
    found = len(bad)  # unread before their detections were
    for trial in trials:
        try:
            clips = _clips_of(trial, used, own, options, said)
        except GeoselfError as error:
            errors.append(of_data(error))
            bad.append(trial.who.clip)
            if any(isinstance(each, UnknownJoints) for each in error.causes or (error,)):
                bad.clear()
                break  # of one detector: --skeleton is asked for before the others are read
        else:
            if not errors:
                yield from clips
    for line, names in said.items():
        options.notice(f"{_few(names)}: {line}")
    if errors:
        names = [*options.skip.names, *bad]
        if 0 < len(errors) == len(bad) < len(trials) + found and not any("," in n for n in names):
            options.notice(f"the others are read with --skip={shlex.quote(','.join(names))}")
        raise joined(errors)


def _clips_of(
    trial: Trial,
    used: Set[str],
    own: RigOptions,
    options: ReadOptions,
    said: dict[str, list[str]],
) -> list[Clip]:
    """A recording's clip, or one for each animal with a track, or the one of a single animal.

    `said` gets what is to be said of it, and maybe of others too.
    """
    name, paths = trial.who.clip, trial.paths
    rig = _rig_of(trial, used, options)
    there = [each for each in rig.camera_names if each in paths]
    if len(there) < 2:
        raise data_error(
            f"{trial.folder or 'the cameras named'}: detections of {len(there)} camera",
            "training needs two or more",
            "; ".join(trial.unread.values()) or "add cameras",
        )
    check_places(rig.select(there))
    read = read_views(rig.select(there), trial, own, options)
    _check_own_files(trial.paths)
    own = dataclasses.replace(own, fps=rate_of([*read.values()], own.fps))
    for line in other_sizes(read, rig):
        options.notice(line)
    if own.trim and counted_apart([*read.values()]):
        options.notice(f"{name}: --trim takes each camera's first frame as frame 0")
        read = dict(zip(read, started_together([*read.values()]), strict=True))
    frames = common_frames(name, read, trim=own.trim, notice=options.notice)
    for each in rig.camera_names:
        if each not in read:
            options.notice(camera_missing(name, each, trial.unread.get(each, "")))
    views = [read.get(each) or nobody(read[there[0]], each) for each in rig.camera_names]
    done = _Read(trial, rig, views, frames)
    if own.person != ALL:
        return [_clip(done, trial.who, own.person, own, options, said)]
    tracks = every_track([*read.values()], rig.select(there), options.notice)
    if not tracks:
        said.setdefault(ONE_ALONE, []).append(name)
        return [_clip(done, trial.who, "only", own, options, said)]
    whose = {each: Who(f"{trial.who.subject}-{each}", f"{name}/{each}") for each in tracks}
    return [_clip(done, whose[each], how, own, options, said) for each, how in tracks.items()]


def _check_own_files(paths: Mapping[str, Path]) -> None:
    """Refuses one file as the detections of two cameras.

    Raises:
        GeoselfError: It is (65).
    """
    whose: dict[Path, str] = {}
    for camera, path in paths.items():
        first = whose.setdefault(path.resolve(), camera)
        if first != camera:
            what = f"cameras {first} and {camera} have one file, {path}"
            raise data_error(what, "wanted the detections of each", "give each camera its own")


def _ask_sizes(trials: Sequence[Trial], used: Set[str], options: ReadOptions) -> None:
    """Asks for image sizes that the calibrations do not hold, before any detections are read."""
    for trial in trials:
        try:
            rig = _rig_of(trial, used, options)
        except GeoselfError:
            continue  # said where the recording is read
        check_image_sizes(rig)


def _rig_of(trial: Trial, used: Set[str], options: ReadOptions) -> Rig:
    """The cameras that are asked for and have detections in some recording."""
    rig = trial.rig if options.cameras is None else trial.rig.select(options.cameras)
    return rig.select([each for each in rig.camera_names if each in used])


class _Read(NamedTuple):
    """A recording with what was found in each camera of its rig, and its number of frames."""

    trial: Trial
    rig: Rig
    views: Sequence[Instances]
    frames: int


def _clip(
    read: _Read,
    who: Who,
    how: str | Mapping[str, str],
    own: RigOptions,
    options: ReadOptions,
    said: dict[str, list[str]],
) -> Clip:
    """The clip of one person or animal, chosen as `how` says."""
    trial, rig, views, frames = read
    name, paths, fps = who.clip, trial.paths, float(own.fps or 0)
    there = [each for each in rig.camera_names if each in paths]
    if own.uncalibrated:
        how = "only" if how == "auto" else how
        chosen = choose_person(views, rig, frames=frames, fps=fps, how=how, ways=UNPLACED)
    else:
        chosen = choose_person(views, rig, frames=frames, fps=fps, how=how)
    skeleton = views[0].skeleton
    assumed = next((view.assumed for view in views if view.assumed), "")
    joints = f"{skeleton.joints} joints {', '.join(skeleton.joint_names[:3])} ..."
    joints += f" (assumed: {assumed})" if assumed else ""
    line = _summary(rig.select(there), paths, own.detections_format, joints, chosen.note)
    said.setdefault(line, []).append(name)
    would = np.arange(0, frames, options.every)
    taken = (chosen.frame % options.every == 0) & (chosen.confidence > 0).any((1, 2))
    if not taken.any():
        raise data_error(f"{name}: nobody is seen in any frame", "", "check the detections")
    for line in _alone(name, rig, chosen.confidence[taken], chosen.frame[taken]):
        options.notice(line)
    if np.count_nonzero(taken) < len(would):
        somebody = np.isin(would, chosen.frame[taken])
        line = frames_left_out(name, would, somebody).removeprefix(f"{name}: ")
        said.setdefault(line, []).append(name)
    return Clip(
        name=name,
        action=own.action or trial.who.clip.rpartition("/")[2],
        subject=who.subject,
        rig=rig,
        skeleton=skeleton,
        fps=fps / options.every,
        keypoints_2d=chosen.keypoints_2d[taken],
        confidence=chosen.confidence[taken],
        frame_id=(chosen.frame[taken] // options.every).astype(np.int32),
        assumed=assumed,
    )


def _alone(name: str, rig: Rig, confidence: np.ndarray, frames: np.ndarray) -> list[str]:
    """A warning of each camera that shares no frame with another, as with numbers of its own.

    Raises:
        GeoselfError: No two cameras share one (65).
    """
    seen = np.asarray((confidence > 0).any(-1))
    together = seen & (seen.sum(-1) > 1)[:, None]
    alone = np.flatnonzero(seen.any(0) & ~together.any(0))
    ends = {view: frames[seen[:, view]][[0, -1]].tolist() for view in alone}
    at = [f"{a} to {b} of {rig.camera_names[view]}" for view, (a, b) in ends.items()]
    clock = "number the frames of all cameras by one clock: equal numbers at equal instants"
    if not together.any():
        what = f"{name}: no frame is seen by two cameras"
        do = clock if len(at) > 1 else "check the detections of the other cameras"
        raise data_error(what, f"somebody is in frames {', '.join(at)}", do)
    return [f"warning: {name}: frames {each} are seen by no other camera - {clock}" for each in at]


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return "; ".join(names[:_NAMED]) + more


def _summary(rig: Rig, paths: Mapping[str, Path], kind: str, joints: str, note: str) -> str:
    """One line: the file of each camera, the joints, and how the person was chosen."""
    reason = recognize_detections(paths[rig.camera_names[0]], kind)
    shown = shown_names([paths[camera] for camera in rig.camera_names])
    cameras = ", ".join(map(" = ".join, zip(rig.camera_names, shown, strict=True)))
    return f"cameras of {rig.name}: {cameras} ({reason}); {joints}; {note}"
