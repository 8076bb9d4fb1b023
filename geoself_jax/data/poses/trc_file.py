"""OpenSim's .trc: markers over time, tabs between cells, five lines of header.

The header is the one that OpenSim's TRCFileAdapter reads and writes. A missing joint is three times
`NaN`, not three empty cells: OpenSim refuses a row that ends in an empty cell, and readers that
split at white space put the joints after empty cells in the wrong places.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_text
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.decimals import finer
from geoself_jax.data.poses.guess_units import CAMERA_UP, METRES, check_unit, given_up
from geoself_jax.data.poses.labels import one_word, said_words, skeleton_of
from geoself_jax.data.poses.resample import even
from geoself_jax.data.poses.sequence import CAMERA, WORLD, PoseSequence
from geoself_jax.data.poses.text_table import read_rows, write_rows
from geoself_jax.data.poses.trc_rate import measured_rate

_KEYS = (
    *("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units"),
    *("OrigDataRate", "OrigDataStartFrame", "OrigNumFrames"),
)


def write(
    poses: PoseSequence, path: Path, notice: Callable[[str], None], markers: bool = False
) -> None:
    """Writes every frame from the first to the last, metres, frame numbers from 1.

    Args:
        poses: One person.
        path: The file.
        notice: Receives a line on names that changed.
        markers: Whether joints are OpenSim's markers: frames without any are left out then, since
            its inverse kinematics ends at the first row without a marker.
    """
    full = even(poses)
    if markers:
        full = full.without_empty()
    frames, joints = full.pose.shape[:2]
    number = full.frame_id + 1
    rate = f"{full.rate:.9g}"
    values = (rate, rate, frames, joints, "m", rate, number[0], frames)
    words = said_words(path, "TRC", poses.skeleton.joint_names, notice)
    names = [cell for name in words for cell in (name, "", "")]
    axes = [f"{axis}{joint}" for joint in range(1, joints + 1) for axis in "XYZ"]
    header = [
        ("PathFileType", 4, "(X/Y/Z)", one_word([path.name])[0]),
        _KEYS,
        values,
        ("Frame#", "Time", *names),
        ("", "", *axes),
        (),
    ]
    table = np.column_stack([number, full.frame_id / poses.fps, full.pose.reshape(frames, -1)])
    formats = ["%d", "%.6f"] + [f"%.{6 + finer(full.pose)}f"] * (3 * joints)
    with whole_file(path) as stream:
        stream.writelines("\t".join(map(str, cells)) + "\n" for cells in header)
        write_rows(stream, table, formats, "\t", "NaN")


def read(
    path: Path,
    *,
    skeleton: Skeleton | None,
    up: str | None,
    notice: Callable[[str], None],
) -> PoseSequence:
    """Reads a file of OpenSim, Pose2Sim and others; frames are numbered by their times.

    Args:
        path: The file; m, cm or mm.
        skeleton: Of the joints in the file's order; None to infer it from their names.
        up: Direction such as `z`, `-y` or `0.1,0.2,0.97`; None for y, as OpenSim has it.
        notice: Receives a line where the header and the rows contradict each other, and those of
            `guess_units.check_unit`.

    Raises:
        GeoselfError: Missing (66), damaged, or a person much too large (65).
    """
    lines = load_text(path).split("\n")
    if lines[0].split()[:1] != ["PathFileType"] or len(lines) < 6:
        raise _damaged(path, 1, "wanted PathFileType and four more lines", "is it a .trc file?")
    rate, metres, joints = _header(path, lines[1].split("\t"), lines[2].split("\t"))
    names = [cell.strip() for cell in lines[3].split("\t") if cell.strip()][2:]
    if len(names) != joints:
        raise _damaged(path, 4, f"{len(names)} names, but NumMarkers {joints}", "write it again")
    rows = ((at, line.split("\t")) for at, line in enumerate(lines[5:], 6) if line.strip())
    table = read_rows(str(path), rows, 2 + 3 * joints)
    if not len(table):
        raise _damaged(path, len(lines), "no row of numbers", "write it again")
    direction = given_up(up or "y")
    _say_frames(path, lines[1].split("\t"), lines[2].split("\t"), len(table), notice)
    said, rate = rate, measured_rate(table[:, 0], table[:, 1], rate)
    if rate != said:
        notice(
            f"{path}: DataRate {said:g}, but by the column Time it is {rate:.6g}, which is taken"
        )
    pose = (metres * table[:, 2:]).reshape(len(table), joints, 3)
    found = skeleton_of(str(path), names, skeleton)
    check_unit(str(path), pose, found, notice)
    return PoseSequence(
        name=path.stem,
        pose=pose.astype(np.float32),
        skeleton=found,
        fps=rate,
        frame_id=_frame_id(path, table[:, 1], rate),
        axes=CAMERA if tuple(direction) == CAMERA_UP else WORLD,
        up=direction,
    )


def _header(path: Path, keys: list[str], values: list[str]) -> tuple[float, float, int]:
    """Frames per second, length of the unit in metres, number of joints."""
    said = dict(zip((key.strip() for key in keys), (v.strip() for v in values), strict=False))
    try:
        rate, joints = float(said["DataRate"]), int(said["NumMarkers"])
        metres = METRES[said["Units"].lower()]
    except (KeyError, ValueError) as error:
        why = "wanted DataRate, NumMarkers and Units (m, cm, mm)"
        raise _damaged(path, 3, f"{why}: {error}", "write it again") from error
    if not (0 < rate < 1e6 and joints > 0):
        raise _damaged(path, 3, f"DataRate {rate:g}, NumMarkers {joints}", "write it again")
    return rate, metres, joints


def _say_frames(
    path: Path, keys: list[str], values: list[str], rows: int, notice: Callable[[str], None]
) -> None:
    said = dict(zip((key.strip() for key in keys), (v.strip() for v in values), strict=False))
    number = said.get("NumFrames", "")
    if number.isdecimal() and number.isascii() and number.lstrip("0") != str(rows):
        near = len(number) < 10 and abs(int(number) - rows) == 1
        what = f"{path}: NumFrames {number[:20]}, but {rows} rows; all rows are read"
        notice(what if near else f"warning: {what}: is the file whole?")


def _frame_id(path: Path, seconds: np.ndarray, rate: float) -> np.ndarray:
    """Numbers in the video of a rate, by times."""
    later = (seconds - seconds[0]) * rate  # frames after the first
    number = np.rint(later) + np.rint(seconds[0] * rate)
    wrong = ~(np.abs(later - np.rint(later)) < 0.4) | ~(np.abs(number) < 2**53)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise data_error(
            f"{path}, row {row + 1}: time {seconds[row]} s",
            f"no frame at DataRate {rate:g} is there",
            "fix DataRate or the times",
        )
    return number.astype(np.int64)


def _damaged(path: Path, line: int, why: str, do: str) -> GeoselfError:
    return data_error(f"{path}, line {line}", why, do)
