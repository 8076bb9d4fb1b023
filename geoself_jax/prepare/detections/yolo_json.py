"""Ultralytics' `Results.summary()` in a JSON: a list of frames, each a list of people."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_json
from geoself_jax.prepare.detections.rows import not_keypoints
from geoself_jax.prepare.first_bytes import head

_START = re.compile(r'^\s*\[[\s\[\],]*\[\s*\{.*"keypoints"\s*:\s*\{\s*"x"\s*:', re.DOTALL)

Found = tuple[int, str, int, np.ndarray, str | None]


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if path.suffix.lower() != ".json" or not _START.match(head(path)):
        return None
    return "a JSON list of frames with keypoints of x, y, visible"


def people(path: Path, max_bytes: int) -> tuple[int, list[Found]]:
    """Number of frames; frame, place, class, (J, 3) x, y, visibility, track of everybody.

    Raises:
        GeoselfError: Not such a file (65).
    """
    content = load_json(path, max_bytes=max_bytes)
    if not isinstance(content, list) or not all(isinstance(frame, list) for frame in content):
        raise data_error(
            f"{path}: not a list of frames", "wanted a list of instances for each", "check the file"
        )
    found = []
    for frame, entries in enumerate(content):
        for number, entry in enumerate(entries):
            place = f"instance {number} of frame {frame}"
            found.append((frame, place, *_person(path, place, entry)))
    return len(content), found


def _person(path: Path, place: str, entry: Any) -> tuple[int, np.ndarray, str | None]:
    values = entry if isinstance(entry, dict) else {}
    points, kind, track = values.get("keypoints"), values.get("class"), values.get("track_id")
    if not isinstance(points, dict) or not isinstance(kind, int):
        raise not_keypoints(str(path), place, "not there")
    try:
        row = np.stack([np.array(points.get(k), np.float64) for k in ("x", "y", "visible")], -1)
    except (TypeError, ValueError, OverflowError) as error:
        raise not_keypoints(str(path), place, "something else") from error
    if row.ndim != 2:
        raise not_keypoints(str(path), place, f"an array of shape {row.shape}")
    return kind, row, None if track is None else str(track)
