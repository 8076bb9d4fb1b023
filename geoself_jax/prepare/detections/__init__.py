"""Files of 2D detectors, one module a format: `recognize(path)` and `read(path)`."""

import functools
import importlib
import os
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import data_error, missing_error, nearest_name, usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.prepare.instances import Instances

DETECTIONS = ("openpose", "alphapose", "mmpose", "coco", "deeplabcut", "sleap")
"""Names of the formats, which are those of their modules."""


def _module(name: str) -> Any:
    return importlib.import_module(f"geoself_jax.prepare.detections.{name}")


def recognize_detections(path: Path, format: str = "auto") -> str | None:
    """Why a path is a file or folder of detections (of that format), or None."""
    reasons = _reasons(path, format)
    return "; ".join(reasons.values()) if reasons else None


def _reasons(path: Path, format: str) -> dict[str, str]:
    try:
        changed = path.stat()
    except OSError:
        return {}
    return _reasons_at(path, format, changed.st_mtime_ns, changed.st_size)


@functools.lru_cache(4096)  # a child process parses an HDF5 file
def _reasons_at(path: Path, format: str, _changed: int, _size: int) -> dict[str, str]:
    names = DETECTIONS if format == "auto" else (format,)
    found = {name: _module(name).recognize(path) for name in names}
    return {name: reason for name, reason in found.items() if reason}


def read_detections(
    path: Path,
    *,
    format: str = "auto",
    skeleton: Skeleton | None = None,
    max_bytes: int = 1 << 32,
) -> Instances:
    """What a detector found in one camera's video.

    Args:
        path: File or folder.
        format: One of `DETECTIONS`, or `auto`.
        skeleton: Of the joints, where the file does not say.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: No such format (64) or path (66); of none or several formats, or bad (65).
    """
    if format != "auto" and format not in DETECTIONS:
        raise usage_error(
            f"--detections={format}", "no such format", nearest_name(format, DETECTIONS)
        )
    if not os.path.exists(path):  # pathlib's raises for names that are too long
        raise missing_error(str(path), "no such file or folder", "check the path")
    if format == "auto":
        reasons = _reasons(path, format)
        if len(reasons) != 1:
            candidates = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
            raise data_error(
                f"{path}: {'may be ' + candidates if reasons else 'detections of no known format'}",
                f"known: {', '.join(DETECTIONS)}",
                _folders(path) if not reasons else "give --detections=NAME",
            )
        format = next(iter(reasons))
    return _module(format).read(path, skeleton=skeleton, max_bytes=max_bytes)


def _folders(path: Path) -> str:
    """What to do about a path that is nothing by itself; it may hold a folder a camera."""
    names = sorted(each.name for each in path.iterdir() if each.is_dir()) if path.is_dir() else []
    if not names:
        return "give --detections=NAME"
    more = ", ..." if len(names) > 4 else ""
    return f"it holds folders, {', '.join(names[:4])}{more}: give one camera's"
