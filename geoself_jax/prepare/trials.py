"""Recordings of an own rig with their people, their cameras and the file of each camera."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import USAGE, GeoselfError, data_error, joined
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.ask_first import ask_first
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.common_clock import common_clock
from geoself_jax.prepare.datasets.choices import chosen
from geoself_jax.prepare.detections import DETECTIONS, in_pixels, read_detections
from geoself_jax.prepare.detections.score_scale import scaled
from geoself_jax.prepare.detections.unknown import broken, unknown
from geoself_jax.prepare.find_detections import LOOKED_INTO, detections_in, unread_in
from geoself_jax.prepare.find_recordings import (
    Fit,
    find_calibration,
    find_recordings,
    without_calibrations,
)
from geoself_jax.prepare.found import Found
from geoself_jax.prepare.instances import Instances
from geoself_jax.prepare.match_cameras import Match, camera_named, match_cameras, names_say
from geoself_jax.prepare.missing_flag import MissingFlag
from geoself_jax.prepare.name_people import Who
from geoself_jax.prepare.prove_cameras import prove, residual_px
from geoself_jax.prepare.rig_options import RigOptions, read_rig
from geoself_jax.prepare.skip_recordings import people_of, without_skipped_recordings

_KEPT = 64  # files that are read once to try several readings of their names


@dataclass(frozen=True)
class Trial:
    """A recording whose cameras have their files.

    Attributes:
        folder: None where the files are named one by one.
        who: Names of the subject and the clip.
        rig: All cameras of the calibration.
        paths: Detections by camera.
        unread: Why a camera's file is none of these, by camera.
        offsets: Pixels to add to a camera's, x and y: its videos are cropped.
        read: Detections that were read already, by file.
    """

    folder: Path | None
    who: Who
    rig: Rig
    paths: Mapping[str, Path]
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)
    offsets: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    read: Mapping[Path, Instances] = dataclasses.field(default_factory=dict)


def find_trials(
    inputs: Sequence[Path], own: RigOptions, options: ReadOptions
) -> tuple[list[Trial], list[GeoselfError]]:
    """Recordings with their rigs and files, and what is wrong with the others.

    Args:
        inputs: Folders, or trees of them; none where `own` names the files.
        own: About the recordings.
        options: What to take of them.

    Raises:
        GeoselfError: A flag is wrong (64), or needed and not there (65).
    """
    ask_first(inputs, own)
    if not own.camera_paths:
        inputs, spare = without_calibrations(inputs, own.detections_format, options.notice)
        if len(spare) == 1 and own.calibration is None:
            own = dataclasses.replace(own, calibration=spare[0])
    rig_at = _rigs(own, options)
    found: list[Found | None] = [None]
    if inputs and own.camera_paths:
        found = [Found(inputs[0], inputs[0])]
    elif inputs:
        kind = own.detections_format
        fit = _fit(rig_at, own, options)
        names = _names(rig_at)
        given = own.filtered
        found = [*find_recordings(inputs, kind, names, fit, options.notice, filtered=given)]
        _refuse_cameras_outside(found, kind, rig_at)
    people: list[Who] = []
    if options.skip.names:  # of recordings without a sound calibration, too
        people = people_of(found, own, options)
        found, people = without_skipped_recordings(found, people, own, options)
        if not found:
            return [], []
    rigs = [_or_error(rig_at, each) for each in found]
    errors = {str(rig): rig for rig in rigs if isinstance(rig, GeoselfError)}  # each once
    if missing := [error for error in errors.values() if isinstance(error, MissingFlag)]:
        raise missing[0]
    if len(errors) and all(isinstance(rig, GeoselfError) for rig in rigs):
        return [], list(errors.values())  # without cameras it is not known what a folder holds
    people = people or people_of(found, own, options)
    wanted = chosen("subject", options.subjects, [who.subject for who in people], "the folders")
    trials = []
    for each, who, rig in zip(found, people, rigs, strict=True):
        if isinstance(rig, GeoselfError) or who.subject not in wanted:
            continue
        folder = each.folder if each else None
        kept: dict[Path, Instances] = {}
        try:
            if each and each.error:
                raise each.error
            match = each.match if each else None
            paths = _paths(folder, rig, own, options, match, kept)
            unread = unread_of(folder, rig, paths, own, options) if match is None else {}
            unread = {**unread, **(each.unread if each else {})}
            offsets = each.offsets if each else {}
            read = kept if len(found) == 1 else {}
            trials.append(Trial(folder, who, rig, paths, unread, offsets, read))
        except GeoselfError as error:
            options.skip.unread.append(who.clip)
            errors[str(error)] = of_data(error)
    return trials, list(errors.values())


def _or_error(rig_at: Callable[[Found | None], Rig], found: Found | None) -> Rig | GeoselfError:
    try:
        return rig_at(found)
    except GeoselfError as error:
        return of_data(error)


def _refuse_cameras_outside(
    found: Sequence[Found | None], kind: str, rig_at: Callable[[Found | None], Rig]
) -> None:
    """Refuses folders of cameras with the recordings in each: cam1/walk, cam1/run, cam2/walk ...

    Raises:
        GeoselfError: They are so (65).
    """
    folders = [each.folder for each in found if each and not each.match]
    try:
        cameras = rig_at(found[0]).camera_names if len(folders) > 1 else ()
    except GeoselfError:
        return  # said where the recording is read
    inside = [detections_in(folder, kind) for folder in folders] if cameras else []
    if any(len(files) > 1 and names_say(cameras, files) for files in inside):
        return  # each of several cameras
    if cameras and names_say(cameras, folders):
        raise data_error(
            f"{folders[0].parent}: {', '.join(folder.name for folder in folders[:4])}",
            "are cameras, wanted recordings with a folder or a file of each camera in it",
            f"move them: RECORDING/{folders[0].name}, RECORDING/{folders[1].name} ...",
        )


def _rigs(own: RigOptions, options: ReadOptions) -> Callable[[Found | None], Rig]:
    """Reads the rig of a recording, each calibration once."""
    said: set[Path] = set()

    @functools.cache
    def read(place: Path | None) -> Rig:
        return read_rig(own, place, options.notice)

    @functools.cache
    def place_of(folder: Path, root: Path) -> Path:
        place = find_calibration(folder, root, own.detections_format)
        if root not in (place, *place.parents) and place not in said:
            said.add(place)
            options.notice(f"{place}: taken, above {root}; --calibration=FILE names another")
        return place

    def rig_at(found: Found | None) -> Rig:
        if own.calibration is not None or found is None:
            return read(None)
        if isinstance(found.calibration, GeoselfError):
            raise found.calibration
        if found.calibration is not None:
            return read(found.calibration)
        return read(place_of(found.folder, found.root))

    return rig_at


def _names(rig_at: Callable[[Found | None], Rig]) -> Callable[[Path, Path], Sequence[str]]:
    return lambda folder, root: rig_at(Found(folder, root)).camera_names


def _fit(rig_at: Callable[[Found | None], Rig], own: RigOptions, options: ReadOptions) -> Fit:
    """How well files triangulate as those of cameras."""
    read = functools.lru_cache(_KEPT)(functools.partial(read_file, own=own, options=options))

    def fit(folder: Path, root: Path, paths: Mapping[str, Path]) -> float:
        return residual_px(rig_at(Found(folder, root)), paths, read)

    return fit


def of_data(error: GeoselfError) -> GeoselfError:
    """The error, if other recordings may be right.

    Raises:
        GeoselfError: That error, of a flag (64).
    """
    if error.code == USAGE:
        raise error
    return error


def _paths(
    folder: Path | None,
    rig: Rig,
    own: RigOptions,
    options: ReadOptions,
    match: Match | None,
    kept: dict[Path, Instances],
) -> dict[str, Path]:
    """The detections of each camera, by name or by proof, for which files are read and kept."""
    if match is None:
        match = match_cameras(
            *(folder, rig.camera_names, own.camera_paths, own.detections_format, options.notice),
            filtered=own.filtered is not False,
        )
    _check_cameras(folder, rig, match)
    if match.certain and (own.camera_paths or not rig.counted):
        return match.paths

    def read(path: Path) -> Instances:
        return kept.setdefault(path, read_file(path, own, options))

    return prove(folder, rig, match, read, options.notice)


def _check_cameras(folder: Path | None, rig: Rig, match: Match) -> None:
    """A project's own names of cameras are the calibration's."""
    others = [camera for camera in match.paths if camera not in rig.camera_names]
    if others:
        raise data_error(
            f"{folder}: camera {', '.join(others)} of {match.paths[others[0]].name}",
            f"the calibration has {', '.join(rig.camera_names)}",
            "give them the same names, or take the file out",
        )


def unread_of(
    folder: Path | None,
    rig: Rig,
    paths: Mapping[str, Path],
    own: RigOptions,
    options: ReadOptions,
) -> dict[str, str]:
    """Why the files of cameras without detections are not read; of others, broken ones are said.

    Args:
        folder: Of the recording; None where its files are named.
        rig: Its cameras.
        paths: Detections by camera.
        own, options: As of `find_trials`.
    """
    if folder is None or own.camera_paths:
        return {}
    found: dict[str, str] = {}
    for path in unread_in(folder, own.detections_format):
        camera = camera_named(rig.camera_names, paths, path)
        if camera is not None:
            found[camera] = str(unknown(path, DETECTIONS, LOOKED_INTO))
        elif path.is_file() and (error := broken(path, LOOKED_INTO)) is not None:
            options.notice(f"warning: not read: {error}")
    return found


def read_views(
    rig: Rig, trial: Trial, own: RigOptions, options: ReadOptions
) -> dict[str, Instances]:
    """Returns each camera's detections, by one clock, and says what was assumed.

    Args:
        rig: Cameras that have a file.
        trial: Theirs.
        own, options: As of `find_trials`.
    """
    views, errors = [], []
    for name, size in zip(rig.camera_names, rig.image_size.tolist(), strict=True):
        path = trial.paths[name]
        try:
            found = trial.read[path] if path in trial.read else read_file(path, own, options)
            views.append(_uncropped(in_pixels(found, size), trial.offsets.get(name)))
        except GeoselfError as error:
            errors.append(of_data(error))
            continue
        for note in views[-1].notes:
            options.notice(note)
    if errors:
        raise joined(errors)
    timed, assumed = common_clock(views, rig.camera_names)
    if assumed:
        options.notice(assumed)
    return dict(zip(rig.camera_names, timed, strict=True))


def _uncropped(found: Instances, offset: tuple[float, float] | None) -> Instances:
    """Pixels of the whole image, where the video is a part of it."""
    if offset is None:
        return found
    moved = found.keypoints_2d + np.array(offset, np.float32)
    return dataclasses.replace(found, keypoints_2d=moved)


def read_file(path: Path, own: RigOptions, options: ReadOptions) -> Instances:
    """Detections in one camera's file, their confidences in [0, 1]; fractions as they are.

    Args:
        path: The file or folder.
        own, options: As of `find_trials`.

    Raises:
        GeoselfError: It is of no known format, or bad (65).
    """
    found = read_detections(
        path,
        format=own.detections_format,
        skeleton=own.skeleton,
        max_bytes=options.max_bytes,
        image_size=None,
        deviation_px=own.deviation_px,
    )
    return scaled(found, own.confidence_scale)
