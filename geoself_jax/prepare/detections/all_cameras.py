"""Files that hold the detections of all cameras, as detections of each: `FILE/CAMERA`.

No such path is on the disk: `split` makes them, messages name file and camera by them, and
`--camera=NAME=FILE/CAMERA` takes them.
"""

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import GeoselfError, data_error

SEVERAL = ("freemocap", "caliscope_xy")
"""Formats with all cameras in a file; their modules have `cameras(path)`, the names in it, too."""


def split(path: Path) -> list[Path]:
    """The detections of each camera in a file of all; of any other path, or a bad file, itself.

    Args:
        path: A file or folder of detections.
    """
    return [path / name for name in _cameras(path)] or [path]


def file_of(path: Path) -> Path:
    """The file on the disk that holds these detections.

    Args:
        path: A file or folder of detections, or a camera in a file of all.
    """
    return path.parent if _is_part(path) else path


def is_there(path: Path) -> bool:
    """Whether there is such a file, folder, or camera in a file of all cameras."""
    if os.path.exists(path):  # pathlib's raises for names that are too long
        return True
    return _is_part(path) and path.name in _cameras(path.parent)


def formats_of_part(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Why a path is a camera in a file of all cameras, by format; nothing if it is none.

    Args:
        path: `FILE/CAMERA`.
        names: Of the formats to try.
    """
    found = {}
    for name in (name for name in names if name in SEVERAL):
        reason = _module(name).recognize(path.parent)
        if reason and path.name in _module(name).cameras(path.parent):
            found[name] = reason
    return found


def refuse_whole(paths: Sequence[Path]) -> None:
    """Refuses bad files of all cameras, and two files of them in one recording.

    Args:
        paths: Detections of a recording, as `split` leaves them.

    Raises:
        GeoselfError: There are some (65).
    """
    bad = next((error for path in paths if (error := _bad(path)) is not None), None)
    if bad is not None:
        raise bad
    files = list(dict.fromkeys(path.parent for path in paths if _is_part(path)))
    if len(files) > 1:
        listed = ", ".join(str(path) for path in files[:4])
        raise data_error(
            f"{len(files)} files with the detections of all cameras: {listed}",
            "which one is meant is unknown",
            f"give one: --input {files[0]}",
        )


def one_file_of(paths: Sequence[Path]) -> Path | None:
    """The file whose cameras have no names of their own and that all of the paths are of, or None.

    Args:
        paths: Detections of a recording.
    """
    files = {path.parent if _is_part(path) else None for path in paths}
    file = files.pop() if len(files) == 1 else None
    unnamed = [name for name in SEVERAL if file is not None and _module(name).recognize(file)]
    return file if unnamed and not _module(unnamed[0]).NAMED else None


def _bad(path: Path) -> GeoselfError | None:
    if _is_part(path):
        return None
    for name in SEVERAL:
        if _module(name).recognize(path):
            error: GeoselfError = _module(name).why_bad(path)
            return error
    return None


def _is_part(path: Path) -> bool:
    return os.path.isfile(path.parent)


def _cameras(path: Path) -> tuple[str, ...]:
    for name in SEVERAL:
        if _module(name).recognize(path):
            cameras: tuple[str, ...] = _module(name).cameras(path)
            return cameras
    return ()


def _module(name: str) -> Any:
    return importlib.import_module(f"geoself_jax.prepare.detections.{name}")
