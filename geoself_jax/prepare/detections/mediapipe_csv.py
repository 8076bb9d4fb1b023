"""MediaPipe's landmarks in a csv: a row a frame (NOSE_x, ...) or a row a landmark."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import normalized
from geoself_jax.data.files import load_text
from geoself_jax.data.skeletons import MEDIAPIPE_33
from geoself_jax.prepare.detections.landmarks import Landmarks
from geoself_jax.prepare.detections.rows import cell_number, csv_lines

_AXES = {"x": 0, "y": 1, "visibility": 2, "vis": 2, "v": 2}
_WIDE = (
    re.compile(r"(?P<joint>.+?)[ _.\-]?(?P<axis>x|y|visibility|vis|v)$", re.IGNORECASE),
    re.compile(r"(?P<axis>x|y|visibility|vis|v)[ _.\-]?(?P<joint>\d+)$", re.IGNORECASE),
)
_NUMBERED = re.compile(r"(pose[ _.\-]?)?(landmarks?|lm|keypoint|kp|joint)?[ _.\-]?\[?(\d{1,4})\]?$")
"""A landmark of the body by its number: those of hands, faces and the world have other prefixes."""
_FRAME = re.compile(r"frame([ _]?(id|idx|index|number|num|no))?$|image_id$", re.IGNORECASE)
_LANDMARK = re.compile(r"(landmark|joint|keypoint)([ _]?(id|idx|index|name))?$", re.IGNORECASE)
_NAMES = [normalized(name) for name in MEDIAPIPE_33.joint_names]
_MOUTH = {"mouthleft": "leftmouth", "mouthright": "rightmouth"}
_JOINTS = MEDIAPIPE_33.joints
_LARGEST = 2**31

Line = tuple[int, list[str]]
"""A line's number in the file, and its cells."""
Columns = dict[tuple[int, int], list[int]]
"""Columns of (landmark, 0 for x, 1 for y, 2 for the visibility); one each in a good file."""


def is_header(line: str) -> bool:
    """Whether a file with this first line has all landmarks' x and y."""
    names = [name.strip().strip('"') for name in line.split(",")]
    return _long(names) is not None or {0, 1} <= _whole(_wide(names)[0])


def read(path: Path, max_bytes: int) -> Landmarks:
    """The people in every frame.

    Without a column of frames an empty line is a frame with nobody.

    Raises:
        GeoselfError: Not such a file; two columns of one landmark (65).
    """
    lines = _lines(path, max_bytes)
    names = [name.strip() for name in lines[0][1]] if lines else []
    frame = next((i for i, name in enumerate(names) if _FRAME.match(name)), None)
    columns = _long(names)
    if columns is not None and frame is not None:
        _check_once(path, names, {axis: _places(names, axis) for axis in _AXES})
        return _rows_of_landmarks(path, lines, frame, columns)
    wide, beyond = _wide(names)
    if not {0, 1} <= _whole(wide):
        raise data_error(
            f"{path}: its columns are not x, y, visibility of {_JOINTS} landmarks",
            "wanted NOSE_x, NOSE_y, NOSE_visibility, ... or frame, landmark, x, y, visibility",
            "name the columns so",
        )
    _check_once(path, names, wide)
    notes = [] if frame is not None else [f"{path}: no column of frames, rows are counted from 0"]
    if 2 not in _whole(wide):
        notes.append(f"{path}: no visibility: all confidences are 1")
    if beyond:
        notes.append(
            f"{path}: of {_JOINTS + beyond} numbered landmarks the first {_JOINTS} are taken"
        )
    return _rows_of_frames(path, lines[1:], frame, wide)._replace(notes=notes)


def _lines(path: Path, max_bytes: int) -> list[Line]:
    """The lines with their numbers, from the header on.

    Where every second line is empty, a program on Windows ended each line twice.
    """
    lines = [*enumerate(csv_lines(path, load_text(path, max_bytes=max_bytes)), 1)]
    while lines and _is_empty(lines[0][1]):
        lines.pop(0)
    twice = len(lines) > 1 and all(_is_empty(line) for _, line in lines[1::2])
    return lines[::2] if twice else lines


def _is_empty(line: Sequence[str]) -> bool:
    return len(line) < 2 and not "".join(line).strip()


def _rows_of_frames(
    path: Path, lines: Sequence[Line], frame: int | None, wide: Columns
) -> Landmarks:
    """A row a frame; numbered rows are all frames only if some of them have nobody."""
    if frame is not None:
        lines = [(number, line) for number, line in lines if not _is_empty(line)]
    rows, frames = np.ones((len(lines), _JOINTS, 3)), np.arange(len(lines))
    for at, (number, line) in enumerate(lines):
        if _is_empty(line):
            rows[at] = np.nan
            continue
        for (joint, axis), (column, *_) in wide.items():
            rows[at, joint, axis] = _cell(path, number, line, column)
        if frame is not None:
            frames[at] = _whole_number(path, number, line, frame)
    every = frame is None or bool(np.isnan(rows[..., :2]).all((1, 2)).any())
    first = int(frames.min(initial=_LARGEST)) if every and len(frames) else None
    return Landmarks(frames, rows, int(frames.max(initial=-1)) + 1, first, [])


def _wide(names: Sequence[str]) -> tuple[Columns, int]:
    """Columns by landmark and axis, and how many numbered landmarks are beyond the body's."""
    found: list[tuple[str, int, int]] = []
    for column, name in enumerate(names):
        match = next((m for pattern in _WIDE if (m := pattern.match(name))), None)
        if match:
            found.append((match["joint"], _AXES[match["axis"].lower()], column))
    numbers = {joint: int(m[3]) for joint, *_ in found if (m := _NUMBERED.match(joint.lower()))}
    first = min(min(numbers.values(), default=0), 1)
    placed: Columns = {}
    for joint, axis, column in found:
        at = numbers[joint] - first if joint in numbers else _index(joint)
        if at is not None and at < _JOINTS:
            placed.setdefault((at, axis), []).append(column)
    beyond = len({number for number in numbers.values() if number - first >= _JOINTS})
    return placed, beyond


def _check_once(path: Path, names: Sequence[str], columns: Mapping[Any, Sequence[int]]) -> None:
    twice = next((each for each in columns.values() if len(each) > 1), None)
    if twice:
        raise data_error(
            f"{path}: columns {names[twice[0]]} ({twice[0] + 1}) and {names[twice[1]]} "
            f"({twice[1] + 1}) are the same number of one landmark",
            "wanted one person's landmarks in the image, once",
            "leave out the others",
        )


def _places(names: Sequence[str], axis: str) -> list[int]:
    return [column for column, name in enumerate(names) if name.lower() == axis]


def _whole(wide: Columns) -> set[int]:
    """The axes that all landmarks have."""
    return {axis for axis in range(3) if all((joint, axis) in wide for joint in range(_JOINTS))}


def _index(name: str) -> int | None:
    """A landmark's index by its name, `NOSE` or `landmark_nose`."""
    plain = normalized(re.sub(r"^(pose|pose_?landmark|landmark)[ _.]", "", name.lower()))
    plain = _MOUTH.get(plain, plain)
    return _NAMES.index(plain) if plain in _NAMES else None


def _long(names: Sequence[str]) -> dict[str, int] | None:
    """Columns of a table with a row a landmark, or None."""
    found = {name.lower(): column for column, name in enumerate(names)}
    landmark = next((i for i, name in enumerate(names) if _LANDMARK.match(name)), None)
    if landmark is None or not {"x", "y", "visibility"} <= set(found):
        return None
    return {"landmark": landmark, **{axis: found[axis] for axis in ("x", "y", "visibility")}}


def _rows_of_landmarks(
    path: Path, lines: Sequence[Line], frame: int, columns: dict[str, int]
) -> Landmarks:
    """A row a landmark: frames with nobody are not in the file."""
    rows: dict[int, np.ndarray] = {}
    for number, line in lines[1:]:
        if _is_empty(line):
            continue
        at = _whole_number(path, number, line, frame)
        name = line[columns["landmark"]] if columns["landmark"] < len(line) else ""
        joint = int(name) if name.isdecimal() and len(name) < 4 else _index(name)
        if joint is None or not 0 <= joint < _JOINTS:
            raise data_error(
                f"{path}: line {number}: landmark {name!r}",
                f"wanted 0 to {_JOINTS - 1} or MediaPipe's name",
                "check the file",
            )
        row = rows.setdefault(at, np.full((_JOINTS, 3), np.nan))
        if np.isfinite(row[joint, 0]):
            raise data_error(
                f"{path}: line {number}: landmark {name} of frame {at} is there twice",
                "wanted one person",
                "write a file a person",
            )
        row[joint] = [_cell(path, number, line, columns[a]) for a in ("x", "y", "visibility")]
    found = np.array(list(rows.values())).reshape(-1, _JOINTS, 3)
    return Landmarks(np.array(list(rows), np.int64), found, max(rows, default=-1) + 1, None, [])


def _cell(path: Path, number: int, line: Sequence[str], column: int) -> float:
    try:
        return cell_number(line[column])
    except (ValueError, IndexError) as error:
        raise data_error(
            f"{path}: line {number} has no number in column {column + 1} ({error})",
            "wanted x, y and visibility of each landmark",
            "write the file again",
        ) from error


def _whole_number(path: Path, number: int, line: Sequence[str], column: int) -> int:
    value = _cell(path, number, line, column)
    if not (0 <= value < _LARGEST and value == int(value)):
        raise data_error(
            f"{path}: line {number}: frame {value:g}", "wanted a whole number from 0", "fix it"
        )
    return int(value)
