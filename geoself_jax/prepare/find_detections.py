"""Files and folders of detections in a recording's folder, one of each video."""

from collections.abc import Callable, Sequence
from pathlib import Path

from geoself_jax.prepare.detections import recognize_detections

DEPTH = 3
"""Depth to which folders are searched: recording/pose/camera_json."""

MOST = 10_000
"""Most entries of a folder that are listed: more are the frames of one camera."""

FILTERED, FILTERED_FOLDER = "_filtered", "-filtered"
"""What DeepLabCut appends to a filtered table's name, and anipose to its folder's."""

TABLES = (".h5", ".csv")
"""Suffixes under which one table is written twice, the one that is taken first."""


def detections_in(folder: Path, kind: str, depth: int = DEPTH) -> list[Path]:
    """Files and folders of detections in a folder; a folder that is one is not searched.

    Args:
        folder: Where to look.
        kind: Format of the detections, or `auto`.
        depth: Levels of folders to search.
    """
    found = []
    for number, path in enumerate(sorted(folder.iterdir())):
        if number >= MOST:
            break
        if path.name.startswith("."):
            continue
        if recognize_detections(path, kind):
            found.append(path)
        elif path.is_dir() and depth > 1:
            found += detections_in(path, kind, depth - 1)
    return found


def one_of_each_video(found: Sequence[Path], notice: Callable[[str], None]) -> list[Path]:
    """Takes one of the tables of a video: `.h5` before `.csv`, filtered before raw.

    Args:
        found: Files and folders of detections.
        notice: Receives one line that says which were taken.
    """
    videos: dict[tuple[Path, str], list[Path]] = {}
    for path in found:
        videos.setdefault(_video(path), []).append(path)
    taken = [min(paths, key=_rank) for paths in videos.values()]
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


def _rank(path: Path) -> tuple[bool, int]:
    suffix = path.suffix.lower()
    filtered = path.stem.endswith(FILTERED) or path.parent.name.endswith(FILTERED_FOLDER)
    return not filtered, TABLES.index(suffix) if suffix in TABLES else 0
