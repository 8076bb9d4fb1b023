"""Tables for pandas, R and spreadsheets: a row a frame, three columns a joint."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_text
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.decimals import finer
from geoself_jax.data.poses.guess_units import CAMERA_UP, check_unit, guess_up
from geoself_jax.data.poses.labels import skeleton_of
from geoself_jax.data.poses.sequence import (
    CAMERA,
    FILLED,
    MEASURED,
    PREDICTED,
    REJECTED,
    WORLD,
    PoseSequence,
)
from geoself_jax.data.poses.text_table import read_rows, write_rows

_FIRST = ("frame", "time")
_MARK = "_mark"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that starts so


def write(poses: PoseSequence, path: Path) -> None:
    """Writes frame, time (seconds), NAME_x, NAME_y, NAME_z ...; metres; empty where missing.

    A sequence with `marks` has a column NAME_mark of each joint after these.
    """
    if not poses.frames:
        raise data_error(f"{poses.name}: no frame", "nothing to write", "check the input")
    table = np.column_stack(
        [poses.frame_id, poses.seconds, poses.pose.reshape(poses.frames, -1).astype(np.float64)]
    )
    formats = ["%d", "%.6f"] + [f"%.{6 + finer(poses.pose)}f"] * (table.shape[1] - 2)
    if poses.marks is not None:
        table = np.column_stack([table, poses.marks])
        formats += ["%d"] * poses.skeleton.joints
    with whole_file(path) as stream:
        names = [guarded(name) for name in poses.skeleton.joint_names]
        header = [*_FIRST, *(f"{name}_{axis}" for name in names for axis in "xyz")]
        header += [f"{name}{_MARK}" for name in names] * (poses.marks is not None)
        csv.writer(stream, lineterminator="\n").writerow(header)
        write_rows(stream, table, formats, ",", "")


def read(
    path: Path,
    *,
    skeleton: Skeleton | None,
    up: str | None,
    notice: Callable[[str], None],
) -> PoseSequence:
    """Reads a table with the columns that `write` writes.

    Args:
        path: The file; metres.
        skeleton: Of the joints in the file's order; None to infer it from their names.
        up: Such as `z`, `-y` or `0.1,0.2,0.97`; None to guess it (`guess_units.guess_up`).
        notice: Receives a line on a body larger than any person (`guess_units.check_unit`).

    Raises:
        GeoselfError: Missing (66), damaged or without these columns (65).
    """
    reader = csv.reader(io.StringIO(load_text(path)))
    try:
        names, marked = _joint_names(path, next(reader, []))
        rows = ((reader.line_num, row) for row in reader if row)
        places = 2 + 3 * len(names)
        table = read_rows(str(path), rows, places + marked * len(names))
    except csv.Error as error:
        raise data_error(str(path), f"not a csv ({error})", "check the file") from error
    if not len(table):
        raise data_error(str(path), "no row below the names", "check the file")
    pose = table[:, 2:places].reshape(len(table), len(names), 3).astype(np.float32)
    found = skeleton_of(str(path), names, skeleton)
    check_unit(str(path), pose, found, notice)
    direction = guess_up(pose, found, up)
    return PoseSequence(
        name=path.stem,
        pose=pose,
        skeleton=found,
        fps=_fps(path, table),
        frame_id=_frame_id(path, table[:, 0]),
        axes=CAMERA if tuple(direction) == CAMERA_UP else WORLD,
        up=direction,
        marks=_marks(path, table[:, places:]) if marked else None,
    )


def _marks(path: Path, table: np.ndarray) -> np.ndarray:
    wrong = ~np.isin(table, (MEASURED, PREDICTED, FILLED, REJECTED))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        what = f"{path}, row {row + 1}: mark {table[row, column]:g} of joint {column + 1}"
        raise data_error(what, "wanted 0, 1, 2 or 3", "fix it, or delete the columns")
    return table.astype(np.uint8)


def guarded(name: str) -> str:
    """Returns a name that no spreadsheet takes for a formula.

    Args:
        name: Of a column.
    """
    return f"'{name}" if name.startswith(_FORMULA) else name


def _joint_names(path: Path, header: Sequence[str]) -> tuple[list[str], bool]:
    """Names by the columns' own, in threes, and whether columns of marks follow."""
    columns = [cell.strip() for cell in header]
    joints = (len(columns) - len(_FIRST)) // 4
    last = columns[len(columns) - joints :]
    firsts = [f"{column[:-2]}{_MARK}" for column in columns[2 : 2 + 3 * joints : 3]]
    marked = bool(joints) and last == firsts
    columns = columns[:-joints] if marked else columns
    names = [column[:-2] for column in columns[2::3]]
    wanted = [*_FIRST, *(f"{name}_{axis}" for name in names for axis in "xyz")]
    if columns != wanted or not names:
        wrong = next((a for a, b in zip(columns, wanted, strict=False) if a != b), columns[-1:])
        raise data_error(
            f"{path}, line 1: {str(wrong)[:60]}",
            "wanted columns frame, time, then NAME_x, NAME_y, NAME_z of each joint",
            "set --poses-format=anipose (format=)" if "fnum" in columns else "name the columns so",
        )
    return [unguarded(name) for name in names], marked


def unguarded(name: str) -> str:
    """Returns the name that `guarded` was given.

    Args:
        name: Of a column, as in the file.
    """
    return name[1:] if name.startswith("'") and name[1:].startswith(_FORMULA) else name


def _frame_id(path: Path, numbers: np.ndarray) -> np.ndarray:
    whole = np.isfinite(numbers) & (numbers == np.rint(numbers)) & (np.abs(numbers) < 2**53)
    if not whole.all():
        row = int(np.flatnonzero(~whole)[0])
        raise data_error(
            f"{path}, row {row + 1}: frame {numbers[row]}", "wanted a whole number", "fix it"
        )
    return numbers.astype(np.int64)


def _fps(path: Path, table: np.ndarray) -> float:
    """Frames per second by the first and the last row; 1 of a single frame at time 0."""
    frame, seconds = table[[0, -1], 0], table[[0, -1], 1]
    if len(table) == 1:
        frame[0] = seconds[0] = 0
    frames, span = frame[1] - frame[0], seconds[1] - seconds[0]
    if len(table) == 1 and frames == 0:
        return 1.0
    fps = frames / span if span > 0 else np.nan
    if not (np.isfinite(fps) and fps > 0):
        raise data_error(
            f"{path}: time goes from {seconds[0]:g} to {seconds[1]:g} s",
            f"over {frames:g} frames",
            "wanted seconds since frame 0",
        )
    rounded = round(fps, 3)  # times have six decimals
    return float(rounded if abs(rounded - fps) <= 1.1e-6 * fps / span else fps)
