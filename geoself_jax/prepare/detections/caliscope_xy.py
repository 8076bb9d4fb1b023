"""Caliscope's 2D joints of all cameras in one table, `recordings/NAME/TRACKER/xy_TRACKER.csv`.

A row a joint: `sync_index`, one clock of all cameras; `cam_id` (in older files `port`), the number
of the camera in `camera_array.toml`; `keypoint_id` with an `object_id` (in older files `point_id`);
pixels of the video as filmed, `img_loc_x`, `img_loc_y`. Joints below the tracker's threshold are
not in the file, scores neither. `obj_loc_x`, ... are filled in for the corners of boards alone. A
body's ids are those of MediaPipe's 33 landmarks (POSE, HOLISTIC: hands and face, from 100 on, are
left) or of the model's card (ONNX_rtmpose_m_halpe26, ...); read off Caliscope 0.7.2 and 0.11.8.
"""

import dataclasses
import functools
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_text
from geoself_jax.data.skeletons import COCO_23, HALPE_26, MEDIAPIPE_33
from geoself_jax.prepare.detections.rows import LAST_FRAME, instances_of
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances

NAMED = True
"""Whether the file names its cameras."""

_CAMERA, _POINT, _OBJECT = ("cam_id", "port"), ("keypoint_id", "point_id"), ("object_id",)
_PIXELS = ("img_loc_x", "img_loc_y")
_BODIES = (
    (re.compile(r"pose|holistic"), MEDIAPIPE_33),
    (re.compile(r"onnx_.*halpe26"), HALPE_26),
    (re.compile(r"onnx_.*wholebody"), COCO_23),
)
"""Names of trackers, in lower case, and the skeleton of their first ids."""
_LARGEST_ID = 100_000
_AGAIN = "let Caliscope write it again"


def recognize(path: Path) -> str | None:
    """Why the file is one of these, and of a body, or None."""
    if path.suffix.lower() != ".csv" or not _columns(head(path)):
        return None
    return None if is_board(path) else f"Caliscope's table of all cameras, {path.name}"


def is_board(path: Path) -> bool:
    """Whether the file is such a table of a board's corners, whose places on it are known."""
    text = head(path)
    lines = text.splitlines()
    if path.suffix.lower() != ".csv" or not _columns(text) or len(lines) < 2:
        return False
    cells = dict(zip(lines[0].split(","), lines[1].split(","), strict=False))
    return bool(cells.get("obj_loc_x", "").strip())


def board(path: Path) -> GeoselfError:
    """The error (65) for a board's corners."""
    what = f"{path}: corners of a board, whose places on it are in obj_loc_x, obj_loc_y"
    do = "give recordings/NAME/TRACKER/xy_TRACKER.csv"
    return data_error(what, "wanted the joints of a body", do)


def _columns(text: str) -> list[int]:
    """Places of sync_index, camera, object, point, x and y; the object's is -1 where it has none.

    Empty where one is not there.
    """
    names = (text.splitlines() or [""])[0].strip().split(",")
    places = [
        next((names.index(name) for name in wanted if name in names), -1)
        for wanted in (("sync_index",), _CAMERA, _OBJECT, _POINT, *((name,) for name in _PIXELS))
    ]
    return [] if min(*places[:2], *places[3:]) < 0 else places


def cameras(path: Path) -> tuple[str, ...]:
    """Names of the cameras in the file, as the calibration has them; empty where it is bad."""
    changed = path.stat()
    return _cameras_at(path, changed.st_mtime_ns, changed.st_size)


@functools.lru_cache(1024)
def _cameras_at(path: Path, _changed: int, _size: int) -> tuple[str, ...]:
    try:
        numbers = np.unique(_table(path)[:, 1])
    except GeoselfError:
        return ()
    return tuple(f"cam_{number:.0f}" for number in numbers)


def why_bad(path: Path) -> GeoselfError:
    """The error (65) for a file that is taken for one camera's, or that is bad.

    Args:
        path: The file.
    """
    try:
        _table(path)
    except GeoselfError as error:
        return error
    names = cameras(path)
    if not names:
        return data_error(f"{path}: no joint in it", "", "check whether the tracker found somebody")
    what = f"{path}: the detections of all cameras, {len(names)}"
    do = f"give {path / names[0]}, or to prepare the whole recording: --input {path}"
    return data_error(what, "wanted one camera's", do)


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The bodies that one camera saw.

    Args:
        path: `FILE/CAMERA`, a name of `cameras`.
        skeleton: Of the joints 0, 1, ..., where it is not the tracker's usual one.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such a file; ids of no known tracker (65).
    """
    file = path.parent
    table = _table(file, max_bytes)
    if path.name not in cameras(file):
        raise why_bad(path if recognize(path) else file)
    mine = table[table[:, 1] == int(path.name.removeprefix("cam_"))]
    kept = skeleton or _skeleton(file)
    notes = [f"{file}: no confidences: 1 wherever there is a joint"]
    beyond = len(np.unique(table[table[:, 3] >= kept.joints, 3]))
    if beyond:
        notes.append(f"{file}: {beyond} points from id {kept.joints} on are left out")
    mine = mine[mine[:, 3] < kept.joints]
    whose, at = np.unique(mine[:, [0, 2]], axis=0, return_inverse=True)
    at, point = at.reshape(-1), mine[:, 3].astype(int)
    rows = np.full((len(whose), kept.joints, 3), np.nan)
    rows[at, point] = np.column_stack([mine[:, 4:], np.ones(len(mine))])
    rows[..., 2] = np.nan_to_num(rows[..., 2])
    frames = int(table[:, 0].max()) + 1
    found = instances_of(str(path), whose[:, 0].astype(int), rows, None, frames, kept, notes)
    return dataclasses.replace(found, first=int(table[:, 0].min()))


def _skeleton(file: Path) -> Skeleton:
    named = re.fullmatch(r"xy_(.+)\.csv", file.name, re.IGNORECASE)
    tracker = (named[1] if named else file.absolute().parent.name).lower()
    found = next((body for pattern, body in _BODIES if pattern.fullmatch(tracker)), None)
    if found is None:
        raise data_error(
            f"{file}: the points of the tracker {tracker}",
            "wanted a body's, of POSE, HOLISTIC, ONNX_..._halpe26 or ONNX_..._coco_wholebody",
            "if it is a body's, describe its points in order of their ids: --skeleton=FILE.toml",
        )
    return found


def _table(path: Path, max_bytes: int = 1 << 32) -> np.ndarray:
    """(N, 6) frame, camera, object, point, x, y; checked, and each once.

    Raises:
        GeoselfError: Some are no numbers, or there twice (65).
    """
    changed = path.stat()
    return _table_at(path, max_bytes, changed.st_mtime_ns, changed.st_size)


@functools.lru_cache(2)  # each camera asks for it
def _table_at(path: Path, max_bytes: int, _changed: int, _size: int) -> np.ndarray:
    text = load_text(path, max_bytes=max_bytes)
    places = _columns(text)
    if not places:
        raise data_error(f"{path}: not Caliscope's columns", "wanted sync_index, ...", _AGAIN)
    used = [place for place in places if place >= 0]
    lines = text.lstrip("\ufeff").splitlines()[1:]
    if not any(lines):
        return np.zeros((0, 6))
    try:
        read = np.loadtxt(
            io.StringIO("\n".join(lines)), delimiter=",", comments=None, usecols=used, ndmin=2
        )
    except ValueError as error:
        raise data_error(f"{path}: {error}", "wanted numbers, a joint a line", _AGAIN) from error
    table = read if len(used) == len(places) else np.insert(read, 2, 0, axis=1)
    _check(path, table, places)
    return table


def _check(path: Path, table: np.ndarray, places: Sequence[int]) -> None:
    most = np.array([LAST_FRAME, _LARGEST_ID, _LARGEST_ID, _LARGEST_ID])
    ids = table[:, :4]
    whole = (ids >= 0) & (ids <= most) & (ids == np.floor(ids))
    bad = np.argwhere(~np.column_stack([whole, np.isfinite(table[:, 4:])]))
    if len(bad):
        line, column = bad[0]
        what = f"{path}: line {line + 2}, column {places[column] + 1}: {table[line, column]:g}"
        raise data_error(what, "wanted whole numbers from 0, and pixels", _AGAIN)
    _, first, count = np.unique(ids, axis=0, return_index=True, return_counts=True)
    if (count > 1).any():
        frame, camera, _, point = ids[first[count > 1][0]].astype(int)
        what = f"{path}: point {point} of camera {camera} is in frame {frame} twice"
        raise data_error(what, "wanted each once", _AGAIN)
