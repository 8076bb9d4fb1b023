"""The recordings of an anipose project: sessions in a tree, videos by trial and camera.

As anipose 1.1.24 itself looks for them: sessions `nesting` folders below the project's, each with a
folder of detections, a file a video; `cam_regex` finds the camera in its name, and what is left is
the trial. The calibration lies in the nearest folder `calibration`, of the session or above it.
"""

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.prepare.anipose_config import (
    CALIBRATION,
    DEEPEST,
    FILTERED,
    POSE,
    REGEX,
    RESULTS,
    Config,
)
from geoself_jax.prepare.camera_regex import Named, split_names
from geoself_jax.prepare.detections import DETECTIONS, recognize_detections
from geoself_jax.prepare.detections.unknown import unknown
from geoself_jax.prepare.find_detections import LOOKED_INTO, MOST, one_of_each_video
from geoself_jax.prepare.found import Found
from geoself_jax.prepare.match_cameras import Match
from geoself_jax.prepare.rig_options import WAY_OUT

SUFFIX = ".h5"
RIG = "calibration.toml"

_DLC = re.compile(r"(?<=.)DLC_((?!DLC_).)*(net_?\d|shuffle\d).*$")
"""What DeepLabCut appends to a video's name; anipose cuts it off."""

_SEPARATORS = "-_ ."
_SHOWN = 6


class _Session(NamedTuple):
    """A session: its folder, that of its detections, and the files in it, by stem."""

    folder: Path
    pose: Path
    files: Sequence[Path]


def project_recordings(
    config: Config,
    root: Path,
    kind: str,
    filtered: bool | None,
    notice: Callable[[str], None],
) -> list[Found]:
    """The recordings of a project, or why they cannot be read, and what was taken.

    Args:
        config: Of the project.
        root: Its folder.
        kind: Format of the detections, or `auto`.
        filtered: Whether to take the filtered tables; None as the project does.
        notice: Receives a line for the project, and one for each thing that is left out.

    Raises:
        GeoselfError: No session has detections, or the pattern of cameras is none (65).
    """
    sessions = _sessions(config, root, kind, filtered, notice)
    stems = [_DLC.sub("", path.stem) for session in sessions for path in session.files]
    split = split_names(f"{config.path}: {REGEX}", config.cam_regex, stems)
    found: list[Found] = []
    place = 0
    for session in sessions:
        named = split[place : place + len(session.files)]
        place += len(session.files)
        found += _trials(config, root, session, named, kind, notice)
    if not found:
        raise data_error(
            f"{config.path}: {REGEX} = {config.cam_regex!r}",
            f"finds no camera in {_few([p.name for s in sessions for p in s.files])}",
            "correct it: its group ( ) is the camera's name in calibration.toml",
        )
    notice(_summary(config, root, sessions, found))
    for camera, (x, y) in config.offsets.items():
        notice(f"{config.path}: videos of camera {camera} are cropped: {x:g}, {y:g} px are added")
    if config.elsewhere:
        notice(f"{config.path}: path = {config.elsewhere!r} is not followed: {root} is taken")
    return found


def _sessions(
    config: Config,
    root: Path,
    kind: str,
    filtered: bool | None,
    notice: Callable[[str], None],
) -> list[_Session]:
    """Those with files of detections; a line for the folders at their level that have none."""
    sessions, without = [], []
    for folder in _folders(config, root):
        raw, smooth = folder / config.folders[POSE], folder / config.folders[FILTERED]
        wanted, other = (smooth, raw) if _smooth(config, filtered) else (raw, smooth)
        pose = wanted if _files(wanted) or filtered is not None else other
        files = one_of_each_video(_files(pose), notice, filtered=filtered is not False)
        if files:
            sessions.append(_Session(folder, pose, files))
        elif _files(other):
            do = "filter" if wanted == smooth else "analyze"
            notice(f"warning: {wanted}: no {SUFFIX} in it; run anipose {do}, or take {other.name}")
        elif config.nesting >= 0 and folder.name not in config.folders.values():
            without.append(folder)
    if without:
        names = _few([str(each.relative_to(root)) for each in without])
        poses = f"{config.folders[POSE]} or {config.folders[FILTERED]}"
        notice(f"{root}: no {SUFFIX} in {poses} of {names}: no session of this project")
    if not sessions:
        raise data_error(
            f"{root}: an anipose project without detections",
            f"nesting = {config.nesting}: looked for {config.folders[POSE]}/*{SUFFIX} "
            + (f"{config.nesting} folders below it" if config.nesting > 0 else "in it"),
            f"run anipose analyze, or correct nesting in {config.path.name}",
        )
    return sessions


def _smooth(config: Config, filtered: bool | None) -> bool:
    return config.filtered if filtered is None else filtered


def _folders(config: Config, root: Path) -> Iterator[Path]:
    """Those that anipose takes for sessions: at the level of `nesting`, or all below 0."""
    if config.nesting >= 0:
        yield from _below(root, config.nesting)
        return
    for level in range(1, DEEPEST + 1):
        yield from _below(root, level)


def _below(folder: Path, levels: int) -> Iterator[Path]:
    if not levels:
        yield folder
        return
    for path in sorted(itertools.islice(folder.iterdir(), MOST)):
        if path.is_dir() and not path.name.startswith("."):
            yield from _below(path, levels - 1)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    paths = itertools.islice(sorted(folder.iterdir()), MOST)
    return [p for p in paths if p.suffix == SUFFIX and not p.name.startswith(".") and p.is_file()]


def _trials(
    config: Config,
    root: Path,
    session: _Session,
    named: Sequence[Named | None],
    kind: str,
    notice: Callable[[str], None],
) -> Iterator[Found]:
    """A recording for each video of a session."""
    nameless = [path.name for path, name in zip(session.files, named, strict=True) if not name]
    if nameless:
        notice(
            f"warning: {session.pose}: {REGEX} = {config.cam_regex!r} finds no camera in "
            f"{_few(nameless)}: left out"
        )
    pairs = [(path, name) for path, name in zip(session.files, named, strict=True) if name]
    shown = _shown({name.video for _, name in pairs})
    calibration = _calibration(config, root, session.folder)
    for video in dict.fromkeys(name.video for _, name in pairs):
        cameras = [(name.camera, path) for path, name in pairs if name.video == video]
        folder = session.folder / shown[video] if shown[video] else session.folder
        found = Found(folder, root, calibration=calibration, offsets=config.offsets)
        yield _trial(found, cameras, kind)


def _trial(found: Found, cameras: Sequence[tuple[str, Path]], kind: str) -> Found:
    names = [camera for camera, _ in cameras]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        files = ", ".join(path.name for camera, path in cameras if camera == twice)
        error = data_error(
            f"{found.folder}: two files of camera {twice}",
            files,
            f"wanted one: rename the other, or correct {REGEX}",
        )
        return dataclasses.replace(found, error=error)
    read = {camera: path for camera, path in cameras if recognize_detections(path, kind)}
    unread = {
        camera: str(unknown(path, DETECTIONS, LOOKED_INTO))
        for camera, path in cameras
        if camera not in read
    }
    return dataclasses.replace(found, match=Match(read, tuple(read.values())), unread=unread)


def _calibration(config: Config, root: Path, session: Path) -> Path | GeoselfError:
    """Anipose's: in the nearest level that has a folder of calibration videos."""
    levels = [session, *(up for up in session.parents if up == root or root in up.parents)]
    level = next((up for up in levels if (up / config.folders[CALIBRATION]).is_dir()), None)
    do = f"run anipose calibrate, or name one: --calibration=FILE; {WAY_OUT}"
    if level is None:
        where = f"{session}: no folder {config.folders[CALIBRATION]}"
        return data_error(where, f"neither in it nor above it, up to {root}", do)
    path = level / config.folders[RESULTS] / RIG
    if not path.is_file():
        return data_error(f"{path}: no such file", "anipose takes this session's there", do)
    return path


def _shown(videos: set[str]) -> Mapping[str, str]:
    """Names without separators at their ends, if that leaves them apart."""
    plain = {video: video.strip(_SEPARATORS).replace("/", "_") for video in videos}
    return plain if len(set(plain.values())) == len(videos) else {video: video for video in videos}


def _summary(
    config: Config, root: Path, sessions: Sequence[_Session], found: Sequence[Found]
) -> str:
    names = [config.folders[FILTERED], config.folders[POSE]]
    taken = {name: [s for s in sessions if s.pose == s.folder / name] for name in names}
    left = {
        name: any(_files(s.folder / name) for s in sessions if s not in taken[name])
        for name in names
    }
    words = [f"{len(taken[name])} {name}" for name in names if taken[name]]
    flags = zip(names, ("yes", "no"), strict=True)
    words += [f"--filtered={flag} takes {name}" for name, flag in flags if left[name]]
    square = ""
    if config.square is not None:
        square = f"; its board's squares are {config.square:g} long, in the unit of the calibration"
    shown = _few([str(each.folder.relative_to(root)) for each in found])
    return (
        f"{config.path}: an anipose project, recordings: {len(found)}, sessions: {len(sessions)} "
        f"({', '.join(words)}): {shown}{square}"
    )


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
