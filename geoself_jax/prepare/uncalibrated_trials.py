"""Recordings of cameras without a calibration: their people, their files, one rig for all."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.datasets.choices import chosen
from geoself_jax.prepare.detections import formats_of
from geoself_jax.prepare.find_detections import detections_found, detections_in
from geoself_jax.prepare.find_recordings import find_recordings, without_calibrations
from geoself_jax.prepare.found import Found
from geoself_jax.prepare.instances import Instances
from geoself_jax.prepare.intrinsics import read_intrinsics, unplaced_rig
from geoself_jax.prepare.match_cameras import match_cameras
from geoself_jax.prepare.name_cameras import CAMERA, cameras_by_word, files_by_camera
from geoself_jax.prepare.name_people import Who
from geoself_jax.prepare.rig_options import RigOptions
from geoself_jax.prepare.skip_recordings import (
    RECORDING,
    people_of,
    without_skipped_recordings,
)
from geoself_jax.prepare.trials import Trial, of_data, read_file, unread_of

SIZED = ("coco", "sleap", "geoself")
"""Formats of detections that may hold the size of the images."""


def find_uncalibrated(
    inputs: Sequence[Path], own: RigOptions, options: ReadOptions
) -> tuple[list[Trial], list[GeoselfError]]:
    """Recordings with their files by camera, and what is wrong with the others.

    Cameras are called as the calibration calls them whose intrinsics are taken, as `--camera` or
    `--cameras` do, else after their files. All recordings are of one rig.

    Args:
        inputs: Folders, or trees of them; none where `own` names the files.
        own: About the recordings.
        options: What to take of them.

    Raises:
        GeoselfError: A flag is wrong (64), or needed and not there (65).
    """
    given = read_intrinsics(own, options.notice)
    known = given.camera_names if given else tuple(own.camera_paths) or None
    found = _found(inputs, own, options, known)
    people = people_of(found, own, options)
    if options.skip.names:
        found, people = without_skipped_recordings(found, people, own, options)
        if not found:
            return [], []
    wanted = chosen("subject", options.subjects, [who.subject for who in people], "the folders")
    matched: list[tuple[Found | None, Who, Mapping[str, Path]]] = []
    errors = []
    for each, who in zip(found, people, strict=True):
        if who.subject not in wanted:
            continue
        try:
            matched.append((each, who, _paths(each, own, options, known)))
        except GeoselfError as error:
            options.skip.unread.append(who.clip)
            errors.append(of_data(error))
    if not matched:
        return [], errors
    names = known or tuple(dict.fromkeys(name for _, _, paths in matched for name in paths))
    _check_shared(names, [paths for _, _, paths in matched])
    kept: dict[Path, Instances] = {}
    held = _held_sizes([paths for _, _, paths in matched], own, options, kept)
    rig = unplaced_rig(given.name if given else _top(found), names, given, own, held)
    return [_trial(*one, rig, own, options, kept) for one in matched], errors


def _check_shared(names: Sequence[str], recordings: Sequence[Mapping[str, Path]]) -> None:
    """Refuses cameras that are one by another spelling, or of recordings that share none.

    Raises:
        GeoselfError: They would be a rig whose cameras never see one another (65).
    """
    spelt: dict[str, str] = {}
    for name in names:
        other = spelt.setdefault(name.lower(), name)
        if other != name:
            what = f"cameras {other} and {name}"
            raise data_error(
                what, "are they one?", "name the files alike, or give --camera=NAME=PATH"
            )
    together = set(recordings[0])
    for paths in sorted(recordings, key=lambda each: -len(together & set(each))):
        if not together & set(paths):
            raise data_error(
                f"cameras {', '.join(sorted(paths)[:4])}",
                f"share no recording with {', '.join(sorted(together)[:4])}",
                "name the files alike in all recordings, or say the cameras: --cameras=NAME,NAME",
            )
        together |= set(paths)


def _held_sizes(
    recordings: Sequence[Mapping[str, Path]],
    own: RigOptions,
    options: ReadOptions,
    kept: dict[Path, Instances],
) -> dict[str, tuple[int, int]]:
    """Image sizes in each camera's first file, which is read and kept; zeros where it has none."""
    first = {name: paths[name] for paths in reversed(recordings) for name in paths}
    sizes = dict.fromkeys(first, (0, 0))
    for name, path in first.items():
        given = own.image_size.get(name, own.image_size.get(""))
        if given is None and set(SIZED) & set(formats_of(path, own.detections_format)):
            kept[path] = read_file(path, own, options)
            sizes[name] = kept[path].image_size
    return sizes


def _trial(
    found: Found | None,
    who: Who,
    paths: Mapping[str, Path],
    rig: Rig,
    own: RigOptions,
    options: ReadOptions,
    kept: Mapping[Path, Instances],
) -> Trial:
    if found is None:
        return Trial(None, who, rig, paths, read=kept)
    unread = dict(found.unread)
    if found.match is None:
        unread |= unread_of(found.folder, rig, paths, own, options)
    return Trial(found.folder, who, rig, paths, unread, found.offsets, kept)


def _top(found: Sequence[Found | None]) -> str:
    """The input's name; of several, that of the folder that they are in."""
    roots = [(each.root if each else RECORDING).resolve() for each in found]
    return roots[0].name if len(set(roots)) == 1 else roots[0].parent.name


def _found(
    inputs: Sequence[Path], own: RigOptions, options: ReadOptions, known: Sequence[str] | None
) -> Sequence[Found | None]:
    """The recordings; None is the one whose files are named."""
    if own.camera_paths:
        return [Found(inputs[0], inputs[0]) if inputs else None]
    kind = own.detections_format
    inputs, _ = without_calibrations(inputs, kind, options.notice)
    names = known or options.cameras
    cameras = _cameras(kind, names)
    found = find_recordings(
        inputs, kind, cameras, lambda *_: math.nan, options.notice, filtered=own.filtered
    )
    folders = [each.folder for each in found if not each.match]
    if len(folders) > 1 and all(CAMERA.fullmatch(folder.name) for folder in folders):
        raise data_error(
            f"{folders[0].parent}: {', '.join(folder.name for folder in folders[:4])}",
            "are cameras by their names, wanted recordings with a file of each camera in it",
            f"move them: RECORDING/{folders[0].name}, RECORDING/{folders[1].name} ...",
        )
    return found


def _cameras(kind: str, names: Sequence[str] | None) -> Callable[[Path, Path], Sequence[str]]:
    """Names of the cameras of a folder that may hold several recordings."""

    def cameras(folder: Path, _root: Path) -> Sequence[str]:
        words = names or cameras_by_word(detections_in(folder, kind))
        if words is None:
            raise data_error(f"{folder}: no names of cameras", "", "")  # not known yet
        return words

    return cameras


def _paths(
    each: Found | None, own: RigOptions, options: ReadOptions, known: Sequence[str] | None
) -> Mapping[str, Path]:
    """The detections of each camera of a recording, by name alone."""
    if each and each.error:
        raise each.error
    if each and each.match:
        return each.match.paths
    folder = each.folder if each else None
    kind, smooth = own.detections_format, own.filtered is not False
    names = known
    if names is None and folder is not None and folder.is_dir():
        files = detections_found(folder, kind, options.notice, filtered=smooth)
        by_file = files_by_camera(folder, files) if files else {}
        if files and set(options.cameras or ()) <= set(by_file):
            return by_file
        names = options.cameras
    match = match_cameras(
        *(folder, names or (), own.camera_paths, kind, options.notice), filtered=smooth
    )
    if not match.paths or not (match.certain or match.exact):  # no joints can prove it
        raise data_error(
            f"{folder}: {', '.join(path.name for path in match.files[:6])}",
            f"which is whose of {', '.join((names or ())[:6])} is not in their names",
            "name each: --camera=NAME=PATH",
        )
    return match.paths
