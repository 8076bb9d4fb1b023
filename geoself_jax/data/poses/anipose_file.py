"""anipose's table of 3D joints, `pose-3d/NAME.csv`: six columns a joint, a row a frame from 0 on.

Columns as in anipose 1.1.24's triangulate.py: NAME_x, NAME_y, NAME_z, NAME_error, NAME_ncams and
NAME_score of each joint, M_00 to M_22, center_0 to center_2, fnum. A point of the calibration's
frame is M^-1 (point + center). The file has no frame rate and no unit.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_text
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.decimals import finer
from geoself_jax.data.poses.guess_units import CAMERA_UP, check_unit, guess_up
from geoself_jax.data.poses.labels import one_word, say_changed, skeleton_of
from geoself_jax.data.poses.reprojection import detected, reprojection_error
from geoself_jax.data.poses.resample import from_first_frame
from geoself_jax.data.poses.sequence import CAMERA, WORLD, PoseSequence
from geoself_jax.data.poses.text_table import read_rows, write_rows

_OF_JOINT = ("x", "y", "z", "error", "ncams", "score")
_M = tuple(f"M_{row}{column}" for row in range(3) for column in range(3))
_CENTER = ("center_0", "center_1", "center_2")
_ROTATION = 1e-3
"""How far singular values of M may be from 1."""


def write(
    poses: PoseSequence,
    path: Path,
    *,
    before: PoseSequence,
    turn: np.ndarray,
    metres: float,
    notice: Callable[[str], None],
) -> None:
    """Writes a row for each frame of the video from 0 to the last; empty where missing.

    Args:
        poses: As they are written, turned.
        path: The file.
        before: The same before they were turned.
        turn: (3, 3) rotation that they were turned by.
        metres: Length of the file's unit.
        notice: Receives a line on names that had to change and on scores that are not known.

    Raises:
        GeoselfError: No frame, or too many (65); the disk refuses (74).
    """
    names = one_word(poses.skeleton.joint_names, marks="")  # keypoint-moseq looks for \w+_x
    why = "anipose's readers take letters, digits and _"
    say_changed(path, why, poses.skeleton.joint_names, names, notice)
    score = poses.measured_confidence
    if score is None:
        notice(f"{path}: no 2D confidence, so scores are empty; keypoint-moseq takes them for 0")
        score = np.full(poses.pose.shape[:2], np.nan)
    error, seen = reprojection_error(poses), detected(poses)
    cells = np.concatenate(
        [poses.pose.astype(np.float64) / metres, *(a[..., None] for a in (error, seen, score))],
        axis=-1,
    )
    rows = from_first_frame(poses, cells, np.nan)
    rows[..., 4] = np.nan_to_num(rows[..., 4])  # no camera saw what is in no frame
    M, center = _frame(before, turn)
    fixed = np.broadcast_to([*M.ravel(), *center / metres], (len(rows), 12))
    table = np.column_stack([rows.reshape(len(rows), -1), fixed, np.arange(len(rows))])
    header = [*(f"{name}_{what}" for name in names for what in _OF_JOINT), *_M, *_CENTER, "fnum"]
    more = finer(poses.pose)
    decimals = more + (6 if metres == 1 else 4)  # a micrometre, or less
    joint = [f"%.{decimals}f"] * 3 + ["%.3f", "%.1f", "%.4f"]
    frame = ["%.9f"] * len(_M) + [f"%.{9 + more}f"] * len(_CENTER)
    with whole_file(path) as stream:
        csv.writer(stream, lineterminator="\n").writerow(header)
        write_rows(stream, table, joint * len(names) + frame + ["%d"], ",", "")


def read(
    path: Path,
    *,
    skeleton: Skeleton | None,
    up: str | None,
    fps: float,
    metres: float,
    notice: Callable[[str], None],
) -> PoseSequence:
    """Reads the joints of anipose's table, in its own axes.

    Args:
        path: The file.
        skeleton: Of the joints in the file's order; None to infer it from their names.
        up: Such as `z`, `-y` or `0.1,0.2,0.97`; None to guess it (`guess_units.guess_up`).
        fps: Frames per second.
        metres: Length of the file's unit.
        notice: Receives a warning where M distorts lengths, and a line on a body larger than any
            person (`guess_units.check_unit`).

    Raises:
        GeoselfError: Missing (66), damaged or without these columns (65).
    """
    reader = csv.reader(io.StringIO(load_text(path)))
    try:
        header = [cell.strip() for cell in next(reader, [])]
        names = _joint_names(path, header)
        rows = ((reader.line_num, row) for row in reader if row)
        table = read_rows(str(path), rows, len(header))
    except csv.Error as error:
        raise data_error(str(path), f"not a csv ({error})", "check the file") from error
    if not len(table):
        raise data_error(str(path), "no row below the names", "check the file")
    at = {cell: column for column, cell in enumerate(header)}
    columns = [at[f"{name}_{axis}"] for name in names for axis in "xyz"]
    pose = metres * table[:, columns].reshape(len(table), len(names), 3)
    found = skeleton_of(str(path), names, skeleton)
    check_unit(str(path), pose, found, notice)
    direction = guess_up(pose, found, up)
    if set(_M) <= set(at):
        _check_rotation(path, table[0, [at[name] for name in _M]].reshape(3, 3), notice)
    return PoseSequence(
        name=path.stem,
        pose=pose.astype(np.float32),
        skeleton=found,
        fps=fps,
        frame_id=_frame_id(path, table[:, at["fnum"]]),
        axes=CAMERA if tuple(direction) == CAMERA_UP else WORLD,
        up=direction,
    )


def _frame(before: PoseSequence, turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """M and center, metres: what is written is M x - center of a point x of the calibration.

    Where the camera stands in it is not always known: then x is in camera axes.
    """
    camera = before.camera
    if before.axes == WORLD or camera is None or camera.R is None or camera.center is None:
        return turn, np.zeros(3)
    M = turn @ camera.R
    return M, np.zeros(3) if before.root_relative else M @ camera.center


def _joint_names(path: Path, header: Sequence[str]) -> list[str]:
    """Names by the columns NAME_error, as anipose's own readers find them."""
    names = [cell.removesuffix("_error") for cell in header if cell.endswith("_error")]
    wanted = {f"{name}_{axis}" for name in names for axis in "xyz"} | {"fnum"}
    missing = sorted(wanted - set(header))
    if not names or missing:
        raise data_error(
            f"{path}, line 1: no column {missing[0] if names else 'NAME_error'}",
            "wanted anipose's: NAME_x, NAME_y, NAME_z, NAME_error of each joint, and fnum",
            "give a file of anipose's folder pose-3d",
        )
    count = Counter(header)
    twice = sorted(cell for cell in wanted if count[cell] > 1)
    if twice:
        raise data_error(f"{path}, line 1: {twice[0]}", "is there twice", "name the columns apart")
    return names


def _frame_id(path: Path, numbers: np.ndarray) -> np.ndarray:
    whole = np.isfinite(numbers) & (numbers == np.rint(numbers))
    if not whole.all():
        row = int(np.flatnonzero(~whole)[0])
        raise data_error(
            f"{path}, row {row + 1}: fnum {numbers[row]}", "wanted a whole number", "fix it"
        )
    return numbers.astype(np.int64)


def _check_rotation(path: Path, M: np.ndarray, notice: Callable[[str], None]) -> None:
    """Warns where the axes that anipose was given are not at right angles."""
    if not np.isfinite(M).all():
        raise data_error(f"{path}: M_00 to M_22", "are no numbers", "triangulate again")
    stretch = np.linalg.svd(M, compute_uv=False)
    if np.abs(stretch - 1).max() > _ROTATION:
        low, high = 100 * stretch[-1], 100 * stretch[0]
        notice(
            f"warning: {path}: M is no rotation: lengths are {low:.0f} to {high:.0f} % of the "
            "true ones, by direction - give anipose axes at right angles"
        )
