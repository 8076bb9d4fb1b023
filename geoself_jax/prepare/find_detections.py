"""Files and folders of detections in a recording's folder, one of each video."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from geoself_jax.prepare.calibrations import recognize_calibration
from geoself_jax.prepare.detections import DETECTIONS, recognize_detections
from geoself_jax.prepare.detections.all_cameras import split
from geoself_jax.prepare.detections.unknown import SUFFIXES, unknown
from geoself_jax.prepare.first_bytes import FRAMES
from geoself_jax.prepare.sleap_exports import without_projects

DEPTH = 3
"""Depth to which folders are searched: recording/pose/camera_json."""

MOST = 10_000
"""Most entries of a folder that are listed: more are the frames of one camera."""

STAGES = ("pose-associated", "pose-sync", "pose")
"""Pose2Sim's folders of detections, the one that it triangulates first (Pose2Sim 0.10)."""

LOOKED_INTO = 1 << 26
"""Most bytes of a file of no known format that is parsed to name its mistake."""

FILTERED, FILTERED_FOLDER = "_filtered", "-filtered"
"""What DeepLabCut appends to a filtered table's name, and anipose to its folder's."""

TABLES = (".h5", ".csv")
"""Suffixes under which one table is written twice, the one that is taken first."""


def detections_in(folder: Path, kind: str, depth: int = DEPTH) -> list[Path]:
    """Files and folders of detections in a folder; a folder that is one is not searched.

    Of a file of all cameras the detections of each.

    Args:
        folder: Where to look, or a file of all cameras.
        kind: Format of the detections, or `auto`.
        depth: Levels of folders to search.
    """
    if not folder.is_dir():
        return split(folder)
    found = []
    for number, path in enumerate(sorted(folder.iterdir())):
        if number >= MOST:
            break
        if path.name.startswith("."):
            continue
        if recognize_detections(path, kind):
            found += split(path)
        elif path.is_dir() and depth > 1:
            found += detections_in(path, kind, depth - 1)
    return found


def detections_found(
    folder: Path, kind: str, notice: Callable[[str], None], *, filtered: bool = True
) -> list[Path]:
    """As `detections_in`, of Pose2Sim's last stage alone, and one of each video.

    Args:
        folder, kind: As of `detections_in`.
        notice: Receives one line that says which were taken.
        filtered: Whether to take a video's filtered table before its raw one.
    """
    last = _last_stage(folder, detections_in(folder, kind), notice)
    last = without_projects(folder, last, notice)
    return one_of_each_video(last, notice, filtered=filtered)


def _last_stage(
    folder: Path, found: Sequence[Path], notice: Callable[[str], None]
) -> Sequence[Path]:
    """Detections of the last stage of Pose2Sim's project: what it triangulates itself."""
    stages: dict[Path, list[str]] = {}
    at: dict[Path, tuple[Path, str]] = {}
    for path in found:
        up = next((up for up in path.parents if up.name in STAGES and folder in up.parents), None)
        if up is not None:
            at[path] = up.parent, up.name
            stages.setdefault(up.parent, []).append(up.name)
    last = {place: min(names, key=STAGES.index) for place, names in stages.items()}
    for place, name in last.items():
        left = [each for each in STAGES if each in stages[place] and each != name]
        if left:
            notice(f"{place / name}: taken, Pose2Sim's last stage; left: {', '.join(left)}")
    return [path for path in found if path not in at or last[at[path][0]] == at[path][1]]


def unread_in(folder: Path, kind: str, depth: int = DEPTH) -> Iterator[Path]:
    """Files and folders that detectors may have written and that are not recognized.

    Args:
        folder, kind, depth: As of `detections_in`.
    """
    if not folder.is_dir():
        return
    for path in itertools.islice(sorted(folder.iterdir()), MOST):
        if path.name.startswith(".") or recognize_detections(path, kind):
            continue
        if path.is_dir() and _frames_or_nothing(path):
            yield path
        elif path.is_dir() and depth > 1:
            yield from unread_in(path, kind, depth - 1)
        elif _may_be(path):
            yield path


def _may_be(path: Path) -> bool:
    named = path.name.lower().endswith(SUFFIXES) and path.is_file()
    return named and not recognize_calibration(path)


def _frames_or_nothing(folder: Path) -> bool:
    first = next((each for each in folder.iterdir() if not each.name.startswith(".")), None)
    return first is None or first.name.endswith(FRAMES)


def why_none(folder: Path, kind: str) -> str:
    """What is wrong with the first file of a folder without detections; empty if there is none."""
    first = next((path for path in unread_in(folder, kind) if path.is_file()), None)
    return "" if first is None else str(unknown(first, DETECTIONS, LOOKED_INTO))


def one_of_each_video(
    found: Sequence[Path], notice: Callable[[str], None], *, filtered: bool = True
) -> list[Path]:
    """Takes one of the tables of a video: `.h5` before `.csv`, filtered before raw.

    Args:
        found: Files and folders of detections.
        notice: Receives one line that says which were taken.
        filtered: Whether to take the filtered table before the raw one.
    """
    videos: dict[tuple[Path, str], list[Path]] = {}
    for path in found:
        videos.setdefault(_video(path), []).append(path)
    taken = [min(paths, key=lambda each: _rank(each, filtered)) for paths in videos.values()]
    doubled = [path for path in taken if len(videos[_video(path)]) > 1]
    if doubled:
        left = [
            f"{path.parent.name}/{path.name}"
            for path in videos[_video(doubled[0])]
            if path != doubled[0]
        ]
        more = f" and {len(doubled) - 1} more like it" if len(doubled) > 1 else ""
        notice(f"{doubled[0]}: taken{more}; of the same video and left: {', '.join(left)}")
    return taken


def _video(path: Path) -> tuple[Path, str]:
    if not (path.suffix.lower() in TABLES and path.is_file()):
        return path.parent, path.name
    return Path(str(path.parent).removesuffix(FILTERED_FOLDER)), path.stem.removesuffix(FILTERED)


def _rank(path: Path, filtered: bool) -> tuple[bool, int]:
    suffix = path.suffix.lower()
    smooth = path.stem.endswith(FILTERED) or path.parent.name.endswith(FILTERED_FOLDER)
    return smooth != filtered, TABLES.index(suffix) if suffix in TABLES else 0
