"""Recordings in the folders that are named: each itself, or those of a tree in it."""

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.notices import silent
from geoself_jax.prepare.anipose_config import read_config
from geoself_jax.prepare.anipose_project import project_recordings
from geoself_jax.prepare.calibration_above import calibration_above
from geoself_jax.prepare.calibrations import SUFFIXES, broken_calibration, recognize_calibration
from geoself_jax.prepare.detections import recognize_detections
from geoself_jax.prepare.find_detections import MOST, detections_in, why_none
from geoself_jax.prepare.first_bytes import FRAMES
from geoself_jax.prepare.flat_trials import flat_trials
from geoself_jax.prepare.found import Found
from geoself_jax.prepare.match_cameras import Match, names_say
from geoself_jax.prepare.person_folder import is_inner
from geoself_jax.prepare.sleap_exports import without_projects

DEPTH = 5
"""Depth of a tree: session/person/trial/pose/camera_json."""

_TRIED = 200  # files of a folder that are tried as a calibration


Cameras = Callable[[Path, Path], Sequence[str]]
"""Names of the cameras of a folder in an input; may raise `GeoselfError`."""

Fit = Callable[[Path, Path, Mapping[str, Path]], float]
"""Triangulation residual of files of a folder in an input as those of cameras, px in an image 1000
wide; NaN where unknown."""


def find_recordings(
    inputs: Sequence[Path],
    kind: str,
    cameras: Cameras,
    fit: Fit,
    notice: Callable[[str], None],
    *,
    filtered: bool | None = None,
) -> list[Found]:
    """Every recording once, in order.

    A folder is one recording where its detections belong to cameras each once, else the folders in
    it are, or hold some. An anipose project's are where its config.toml says.

    Args:
        inputs: Folders (or what will be refused).
        kind: Format of the detections, or `auto`.
        cameras: Names of the cameras of a folder.
        fit: How well files triangulate as those of cameras.
        notice: Receives one line for what was found in a tree, or named twice.
        filtered: Whether to take filtered tables; None where there are some, or as anipose does.

    Raises:
        GeoselfError: An anipose project cannot be walked (65).
    """
    found: dict[Path, Found] = {}
    for root in inputs:
        config = read_config(root) if root.is_dir() else None
        if config is not None:
            for each in project_recordings(config, root, kind, filtered, notice):
                found.setdefault(each.folder.resolve(), each)
            continue
        empty: list[Path] = []
        folders = _walked(root, root, kind, cameras, empty) if root.is_dir() else [root]
        if folders != [root]:
            notice(f"{root}: {len(folders)} recordings in it: {_listed(folders, root)}")
            if empty:
                why = next(filter(None, (why_none(each, kind) for each in empty)), "")
                notice(
                    f"warning: {root}: no detections of a known format in {_listed(empty, root)}"
                    + (f": {why}" if why else "")
                )
        for folder in folders:
            try:
                flat = _flat(folder, root, kind, cameras, fit, notice, filtered is not False)
            except GeoselfError as error:
                found.setdefault(folder.resolve(), Found(folder, root, error=error))
                continue
            for name, match in flat.items():
                place = folder.resolve() / name
                found.setdefault(place, Found(folder / name, root, match))
            if flat:
                continue
            if folder.resolve() in found:
                notice(f"{folder}: named twice, taken once")
            found.setdefault(folder.resolve(), Found(folder, root))
    return list(found.values())


def _flat(
    folder: Path,
    root: Path,
    kind: str,
    cameras: Cameras,
    fit: Fit,
    notice: Callable[[str], None],
    filtered: bool,
) -> Mapping[str, Match]:
    if not folder.is_dir() or recognize_detections(folder, kind):
        return {}
    try:
        names = cameras(folder, root)
    except GeoselfError:
        return {}  # said where the recording is read
    residual = functools.partial(fit, folder, root)
    return flat_trials(folder, names, kind, residual, notice, filtered=filtered)


def _listed(folders: Sequence[Path], root: Path, most: int = 8) -> str:
    more = f" and {len(folders) - most} more" if len(folders) > most else ""
    return ", ".join(str(folder.relative_to(root)) for folder in folders[:most]) + more


def _walked(folder: Path, root: Path, kind: str, cameras: Cameras, empty: list[Path]) -> list[Path]:
    """The recordings in a folder, or the folder where it is one (or nothing is known of it).

    Folders next to recordings that hold neither detections nor a calibration are added to `empty`.
    """
    if any(recognize_detections(path, kind) for path in entries(folder)):
        return [folder]
    inner = {path: detections_in(path, kind, DEPTH) for path in entries(folder) if path.is_dir()}
    inner = {p: without_projects(folder, files, silent) for p, files in inner.items() if files}
    trials = [path for path in inner if not is_inner(path)]
    everything = [file for files in inner.values() for file in files]
    if not trials or (len(trials) > 1 and _is_one(folder, root, everything, cameras)):
        return [folder]
    below = [each for path in trials for each in _walked(path, root, kind, cameras, empty)]
    others = (path for path in entries(folder) if path.is_dir() and path not in inner)
    empty += [path for path in others if not any(calibrations_in(path))]
    one_each = all(len(files) == 1 for files in inner.values())
    lone = folder == root and len(below) == 1 and below[0].parent == root  # anna/pose_of_v2/cam1
    return [folder] if one_each or lone else below


def _is_one(folder: Path, root: Path, files: Sequence[Path], cameras: Cameras) -> bool:
    try:
        return names_say(cameras(folder, root), files)
    except GeoselfError:
        return False


def entries(folder: Path) -> list[Path]:
    """What is in a folder, hidden files aside, in order.

    Args:
        folder: Of which at most `MOST` entries are listed.
    """
    paths = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    return list(itertools.islice(paths, MOST))


def without_calibrations(
    inputs: Sequence[Path], kind: str, notice: Callable[[str], None]
) -> tuple[list[Path], list[Path]]:
    """The inputs that may be recordings, and calibrations that a pattern like `session/*` added.

    Args:
        inputs: As the user named them; a single one is never left out.
        kind: Format of the detections, or `auto`.
        notice: Receives one line for each that is left out.
    """
    spare = [
        path
        for path in inputs
        if len(inputs) > 1 and any(calibrations_in(path)) and not _detected(path, kind)
    ]
    if len(spare) == len(inputs):
        return list(inputs), []
    for path in spare:
        notice(f"{path}: a calibration, no recording")
    return [path for path in inputs if path not in spare], spare


def _detected(path: Path, kind: str) -> bool:
    if recognize_detections(path, kind):
        return True
    return path.is_dir() and bool(detections_in(path, kind, DEPTH))


def find_calibration(folder: Path, root: Path, kind: str) -> Path:
    """The nearest folder that holds a calibration, from a recording's up to the input's.

    Args:
        folder: The recording.
        root: The input that it was found in.
        kind: Format of the detections: a folder that has some lends its calibration to no other.

    Returns:
        That folder; else the nearest with a broken one, which reading names; else the session's
        above the input; else the recording's.

    Raises:
        GeoselfError: There are several above the input (65).
    """
    levels = [folder, *(up for up in folder.parents if up == root or root in up.parents)]
    for level in levels:
        if level.is_dir() and _holds_calibration(level, kind):
            return level
    broken = (level for level in levels if level.is_dir() and broken_calibration(level))
    return next(broken, None) or calibration_above(root) or folder


def _holds_calibration(folder: Path, kind: str) -> bool:
    if any(calibrations_in(folder)):
        return True
    inner = (path for path in entries(folder) if path.is_dir())
    return any(
        any(calibrations_in(path)) and not detections_in(path, kind)
        for path in inner
        if not recognize_detections(path, kind)
    )


def calibrations_in(folder: Path) -> Iterator[bool]:
    """Whether a path is a calibration, and each of its files.

    Args:
        folder: A folder, of which some files are tried, or a file.
    """
    yield bool(recognize_calibration(folder))
    if not folder.is_dir():
        return
    files = (
        path
        for path in entries(folder)
        if path.name.lower().endswith(SUFFIXES) and not path.name.endswith(FRAMES)
    )
    for path in itertools.islice(files, _TRIED):
        yield bool(recognize_calibration(path))
