"""OpenSim's .mot: coordinates over time, tabs between cells, degrees.

The pelvis's three angles are written and read as OpenSim has them, tilt and list about the ground's
axes (`geometry.joint_angles.opensim_tilt_list_rotation`): in `AngleSequence` they do not depend on
the heading.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.angles.frame_times import frames_of_times
from geoself_jax.data.angles.human import PELVIS, ROUND, unwrapped
from geoself_jax.data.files import load_text
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.labels import one_word
from geoself_jax.data.poses.text_table import read_rows, write_rows

_BAKER, _OPENSIM = ("YXZ", (2, 1, 0)), ("ZXY", (0, 1, 2))
"""Order of rotations of tilt (z), list (x), rotation (y), and the place of each of these."""


def write(angles: AngleSequence, path: Path, notice: Callable[[str], None]) -> None:
    """Writes a row for each frame in which some angle is known; `nan` where one is missing.

    Args:
        angles: What to write.
        path: The file.
        notice: Receives a line on what the file leaves out.
    """
    known = np.isfinite(angles.degrees).any(1)
    if not known.any():
        raise data_error(f"{angles.name}: no angle is known", "nothing to write", "check the input")
    if angles.uncertainty is not None:
        notice(f"{path}: uncertainties are left out, .mot has no place for them: .csv has")
    if not known.all():
        gone = int((~known).sum())
        notice(f"{path}: {gone} frames without any angle are left out, as OpenSim wants it")
    degrees = _pelvis(angles.degrees, angles.angle_names, _BAKER, _OPENSIM)[known]
    degrees = _unwrapped(degrees, angles.angle_names)
    names = one_word(angles.angle_names)
    header = (
        path.stem,
        "version=1",
        f"nRows={len(degrees)}",
        f"nColumns={1 + len(names)}",
        "inDegrees=yes",
        "endheader",
        "\t".join(("time", *names)),
    )
    table = np.column_stack([angles.seconds[known], degrees])
    with whole_file(path) as stream:
        stream.writelines(f"{line}\n" for line in header)
        write_rows(stream, table, ["%.6f"] * (1 + len(names)), "\t", "nan")


def read(path: Path) -> AngleSequence:
    """Reads the motion that OpenSim's inverse kinematics or `write` wrote.

    Columns of OpenSim's that are no angles (`pelvis_tx` and the like) are left out.

    Args:
        path: The file, in degrees.

    Raises:
        GeoselfError: Missing (66), damaged, no such file or in radians (65).
    """
    lines = load_text(path).splitlines()
    stripped = [line.strip() for line in lines[:100]]
    if "endheader" not in stripped:
        raise data_error(str(path), "no line endheader", "give OpenSim's .mot")
    end = stripped.index("endheader")
    plain = [line.lower().replace(" ", "") for line in stripped[:end]]
    if "indegrees=yes" not in plain:
        raise data_error(str(path), "no line inDegrees=yes", "write it in degrees")
    rows = ((end + 2 + i, line.split()) for i, line in enumerate(lines[end + 1 :]) if line.strip())
    names = list(next(rows, (0, []))[1])
    if names[:1] != ["time"] or len(names) < 2 or len(set(names)) < len(names):
        what = f"{path}, below endheader: {' '.join(names)[:60]}"
        raise data_error(what, "wanted time, then each angle once", "check the file")
    table = read_rows(str(path), rows, len(names))
    listed = next((line[6:] for line in plain if line.startswith("nrows=")), "")
    if listed.isdecimal() and len(table) < int(listed):
        why = f"{len(table)} of the {listed} rows that its header lists"
        raise data_error(f"{path}: ends early", why, "copy it again")
    angles = [i for i, name in enumerate(names) if i and not name.endswith(("_tx", "_ty", "_tz"))]
    own = tuple(names[i] for i in angles)
    fps, frame_id = frames_of_times(str(path), table[:, 0])
    degrees = _pelvis(table[:, angles], own, _OPENSIM, _BAKER).astype(np.float32)
    return AngleSequence(path.stem, own, degrees, fps, frame_id)


def _unwrapped(degrees: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Round angles without jumps from 180 to -180, over which OpenSim would turn them back."""
    columns = [
        unwrapped(v) if name in ROUND else v for v, name in zip(degrees.T, names, strict=True)
    ]
    return np.stack(columns, -1)


def _pelvis(
    degrees: np.ndarray,
    names: Sequence[str],
    given: tuple[str, tuple[int, ...]],
    wanted: tuple[str, tuple[int, ...]],
) -> np.ndarray:
    """The same orientation of the pelvis by rotations in another order."""
    from scipy.spatial.transform import Rotation

    if not set(PELVIS) <= set(names):
        return degrees
    columns = [list(names).index(name) for name in PELVIS]
    degrees = degrees.astype(np.float64)
    known = np.isfinite(degrees[:, columns]).all(1)
    if known.any():
        angles = degrees[np.ix_(known, columns)]
        turned = Rotation.from_euler(given[0], angles[:, list(given[1])], degrees=True)
        found = turned.as_euler(wanted[0], degrees=True)
        degrees[np.ix_(known, columns)] = found[:, np.argsort(wanted[1])]
    degrees[np.ix_(~known, columns)] = np.nan
    return degrees
