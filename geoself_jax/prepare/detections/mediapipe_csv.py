"""MediaPipe's landmarks in a csv: a row a frame (NOSE_x, ...) or a row a landmark."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import normalized
from geoself_jax.data.files import load_text
from geoself_jax.data.skeletons import MEDIAPIPE_33
from geoself_jax.prepare.detections.rows import cell_number, csv_lines

_AXES = {"x": 0, "y": 1, "visibility": 2, "vis": 2, "v": 2}
_WIDE = (
    re.compile(r"(?P<joint>.+?)[ _.\-]?(?P<axis>x|y|visibility|vis|v)$", re.IGNORECASE),
    re.compile(r"(?P<axis>x|y|visibility|vis|v)[ _.\-]?(?P<joint>\d+)$", re.IGNORECASE),
)
_FRAME = re.compile(r"frame([ _]?(id|idx|index|number|num|no))?$|image_id$", re.IGNORECASE)
_LANDMARK = re.compile(r"(landmark|joint|keypoint)([ _]?(id|idx|index|name))?$", re.IGNORECASE)
_NAMES = [normalized(name) for name in MEDIAPIPE_33.joint_names]
_MOUTH = {"mouthleft": "leftmouth", "mouthright": "rightmouth"}
_JOINTS = MEDIAPIPE_33.joints
_LARGEST = 2**31

Found = tuple[np.ndarray, np.ndarray, list[str]]


def is_header(line: str) -> bool:
    """Whether a file with this first line has all landmarks' x and y."""
    names = [name.strip().strip('"') for name in line.split(",")]
    return _long(names) is not None or {0, 1} <= _whole(_wide(names))


def read(path: Path, max_bytes: int) -> Found:
    """Frames, (N, 33, 3) x, y, visibility, and what was assumed.

    Raises:
        GeoselfError: Not such a file (65).
    """
    lines = [line for line in csv_lines(path, load_text(path, max_bytes=max_bytes)) if line]
    names = [name.strip() for name in lines[0]] if lines else []
    frame = next((i for i, name in enumerate(names) if _FRAME.match(name)), None)
    notes = [] if frame is not None else [f"{path}: no column of frames, rows are counted from 0"]
    columns = _long(names)
    if columns is not None and frame is not None:
        return _rows_of_landmarks(path, lines, frame, columns)
    wide = _wide(names)
    if not {0, 1} <= _whole(wide):
        raise data_error(
            f"{path}: its columns are not x, y, visibility of {_JOINTS} landmarks",
            "wanted NOSE_x, NOSE_y, NOSE_visibility, ... or frame, landmark, x, y, visibility",
            "name the columns so",
        )
    if 2 not in _whole(wide):
        notes.append(f"{path}: no visibility: all confidences are 1")
    rows, frames = np.ones((len(lines) - 1, _JOINTS, 3)), np.arange(len(lines) - 1)
    for number, line in enumerate(lines[1:]):
        for (joint, axis), column in wide.items():
            rows[number, joint, axis] = _cell(path, number + 2, line, column)
        if frame is not None:
            frames[number] = _whole_number(path, number + 2, line, frame)
    return frames, rows, notes


def _wide(names: Sequence[str]) -> dict[tuple[int, int], int]:
    """Column by (landmark, 0 for x, 1 for y, 2 for the visibility)."""
    found = {}
    for column, name in enumerate(names):
        match = next((m for pattern in _WIDE if (m := pattern.match(name))), None)
        if match:
            found[match["joint"], _AXES[match["axis"].lower()]] = column
    digits = {joint: re.findall(r"\d+", joint) for joint, _ in found}
    numbers = {joint: int(d[-1][:6]) for joint, d in digits.items() if d}
    first = min(numbers.values(), default=0)
    placed = {}
    for (joint, axis), column in found.items():
        at = _index(joint) if joint not in numbers else numbers[joint] - min(first, 1)
        if at is not None and 0 <= at < _JOINTS:
            placed[at, axis] = column
    return placed


def _whole(wide: dict[tuple[int, int], int]) -> set[int]:
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
    path: Path, lines: Sequence[Sequence[str]], frame: int, columns: dict[str, int]
) -> Found:
    rows: dict[int, np.ndarray] = {}
    for number, line in enumerate(lines[1:], 2):
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
    return np.array(list(rows), np.int64), np.array(list(rows.values())), []


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
