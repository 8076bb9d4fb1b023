"""What anipose's config.toml says of a project's folders and names (anipose 1.1.24)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.files import load_toml
from geoself_jax.prepare.first_bytes import head

NAME = "config.toml"
REGEX = "[triangulation] cam_regex"

POSE, FILTERED = "pose_2d", "pose_2d_filter"
CALIBRATION, RESULTS = "calibration_videos", "calibration_results"
PIPELINE = {
    POSE: "pose-2d",
    FILTERED: "pose-2d-filtered",
    CALIBRATION: "calibration",
    RESULTS: "calibration",
    "videos_raw": "videos-raw",
}
"""Keys of [pipeline] that name folders of a session, and anipose's names for these."""

DEEPEST = 8
"""Most levels of folders to a session."""


class Config(NamedTuple):
    """A project.

    Attributes:
        path: The file.
        nesting: Levels of folders from the project to its sessions; below 0 for any.
        cam_regex: Finds the camera in a video's name.
        folders: Names of a session's folders, by the keys of `PIPELINE`.
        filtered: Whether anipose triangulates what it has filtered.
        offsets: Left upper corner of each cropped camera's video in its image, px.
        square: Side of the calibration board's squares, in an unnamed unit; None where not said.
        elsewhere: Another folder that the file takes for the project's; empty if none.
    """

    path: Path
    nesting: int
    cam_regex: str
    folders: Mapping[str, str]
    filtered: bool
    offsets: Mapping[str, tuple[float, float]]
    square: float | None
    elsewhere: str


def read_config(folder: Path) -> Config | None:
    """The project in a folder; None where no config.toml of anipose's lies in it.

    Raises:
        GeoselfError: The file is damaged, lacks what anipose needs or leads out of the folder (65).
    """
    path = folder / NAME
    if not path.is_file() or not any(key in head(path) for key in ("nesting", "cam_regex")):
        return None
    content = load_toml(path)
    triangulation = _table(path, content, "triangulation")
    if "nesting" not in content and "cam_regex" not in triangulation:
        return None
    nesting, regex = content.get("nesting"), triangulation.get("cam_regex")
    if not isinstance(nesting, int) or isinstance(nesting, bool) or nesting > DEEPEST:
        raise _wrong(path, "nesting", nesting, f"a whole number up to {DEEPEST}")
    if not isinstance(regex, str) or not regex:
        raise _wrong(path, REGEX, regex, "a regular expression such as 'cam([A-Z])'")
    given = _table(path, content, "pipeline")
    folders = {key: _folder(path, key, given.get(key, usual)) for key, usual in PIPELINE.items()}
    filtered = _table(path, content, "filter").get("enabled", False)
    if not isinstance(filtered, bool):
        raise _wrong(path, "[filter] enabled", filtered, "true or false")
    square = _table(path, content, "calibration").get("board_square_side_length")
    return Config(
        path,
        nesting,
        regex,
        folders,
        filtered,
        _offsets(path, _table(path, content, "cameras")),
        _number(square),
        _elsewhere(folder, content.get("path")),
    )


def _table(path: Path, content: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name, {})
    if not isinstance(found, dict):
        raise _wrong(path, f"[{name}]", found, "a table")
    return found


def _folder(path: Path, key: str, name: Any) -> str:
    inside = isinstance(name, str) and name and not Path(name).is_absolute()
    if not inside or ".." in Path(name).parts:
        raise _wrong(path, f"[pipeline] {key}", name, "the name of a folder within a session")
    return str(name)


def _offsets(path: Path, cameras: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Anipose adds them to every pixel of a cropped camera."""
    offsets = {}
    for camera, table in cameras.items():
        if not isinstance(table, dict) or "offset" not in table:
            raise _wrong(path, f"[cameras.{camera}]", table, "an offset = [x, y], in pixels")
        try:
            pair = np.array(table["offset"], np.float64)
        except (TypeError, ValueError, OverflowError):
            pair = np.zeros(0)
        if pair.shape != (2,) or not (np.abs(pair) < 1e6).all():
            raise _wrong(path, f"[cameras.{camera}] offset", table["offset"], "[x, y], in pixels")
        if pair.any():
            offsets[camera] = (float(pair[0]), float(pair[1]))
    return offsets


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number else None


def _elsewhere(folder: Path, given: Any) -> str:
    same = not isinstance(given, str) or Path(given).expanduser().resolve() == folder.resolve()
    return "" if same else str(given)


def _wrong(path: Path, key: str, value: Any, wanted: str) -> GeoselfError:
    found = "is not there" if value is None else f"is {str(value)[:60]!r}"
    return data_error(f"{path}: {key} {found}", f"anipose wants {wanted}", "correct the file")
