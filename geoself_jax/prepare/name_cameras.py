"""Names of cameras by the names of their files, where no calibration names them."""

import re
from collections.abc import Sequence
from pathlib import Path

from geoself_jax.core.errors import data_error
from geoself_jax.prepare.flat_trials import plain_stem
from geoself_jax.prepare.match_cameras import distinct_places

CAMERA = re.compile(
    r"(?<![a-z0-9])(?:cam(?:era)?|kamera|view|gopro|kinect|i?phone|webcam)[ _-]?(?:\d+|[a-z])"
    r"(?![a-z0-9])",
    re.IGNORECASE,
)
"""A camera's name among other words: `cam1` of `walk_cam1`."""

_SEPARATORS = "-_. "


def cameras_by_word(files: Sequence[Path]) -> tuple[str, ...] | None:
    """Names of cameras, each once, where every file has one; else None.

    Args:
        files: Files and folders of detections, of one recording or several.
    """
    words = [CAMERA.findall(plain_stem(place)) for place in distinct_places(files)]
    if not words or any(len(each) != 1 for each in words):
        return None
    return tuple(dict.fromkeys(each[0] for each in words))


def files_by_camera(folder: Path, files: Sequence[Path]) -> dict[str, Path]:
    """Detections of a recording by camera: by a word like `cam1`, else by the file's name.

    The recording's own name is left out of it: `walk_left` in the folder `walk` is `left`.

    Args:
        folder: Of the recording.
        files: Its files and folders of detections.

    Raises:
        GeoselfError: Two files have one name (65).
    """
    places = distinct_places(files)
    words = cameras_by_word(files)
    if words is not None and len(words) == len(files):
        names = list(words)
    else:
        names = _without(folder.name, [plain_stem(place) or place.name for place in places])
    if len({name.lower() for name in names}) < len(names):
        raise data_error(
            f"{folder}: {', '.join(path.name for path in files[:4])}",
            "their names do not say which camera each is of",
            "name them: --camera=NAME=PATH, or several recordings' cameras: --cameras=NAME,NAME",
        )
    return dict(zip(names, places.values(), strict=True))


def _without(recording: str, names: list[str]) -> list[str]:
    """The names without the recording's, where all of them have it at one end."""
    both = (
        rf"^{re.escape(recording)}[{_SEPARATORS}]+",
        rf"[{_SEPARATORS}]+{re.escape(recording)}$",
    )
    for pattern in (re.compile(each, re.IGNORECASE) for each in both):
        if all(map(pattern.search, names)):
            return [pattern.sub("", name) for name in names]
    return names
