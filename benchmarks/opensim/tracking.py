"""A file of poses through OpenSim's ScaleTool and InverseKinematicsTool, by a child process."""

import re
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "run_opensim.py"
C3D_WORKER = Path(__file__).with_name("c3d_worker.py")
SETUPS = {"pose2sim-body25": "Body25", "pose2sim-halpe26": "Halpe26"}
ANGLES = ("knee_angle_r", "knee_angle_l", "hip_flexion_r", "hip_flexion_l", "pelvis_tilt")


class Tracked(NamedTuple):
    """A motion by inverse kinematics.

    Attributes:
        rows, tracked: Rows of markers that OpenSim read, and of the motion.
        rms_mm: (T,) of the markers.
        angles: Degrees (T,) by the name of a coordinate, and `time`.
        unscaled: Measurements that ScaleTool did not use.
    """

    rows: int
    tracked: int
    rms_mm: np.ndarray
    angles: dict[str, np.ndarray]
    unscaled: tuple[str, ...]


def unpacked(wheel: Path, folder: Path) -> Path:
    """The folder OpenSim_Setup of Pose2Sim's wheel.

    Args:
        wheel: The wheel.
        folder: To unpack into.
    """
    with zipfile.ZipFile(wheel) as archive:
        inside = [name for name in archive.namelist() if "/OpenSim_Setup/" in name]
        archive.extractall(folder, [name for name in inside if name.endswith((".xml", ".osim"))])
    return folder / "Pose2Sim" / "OpenSim_Setup"


def tracked(
    python: str,
    file: Path,
    setup: Path,
    name: str,
    folder: Path,
    scale_range: Sequence[float] | None = None,
) -> Tracked | str:
    """What OpenSim makes of a file, or why it makes nothing of it.

    Args:
        python: Of an environment that has OpenSim.
        file: .trc or .c3d.
        setup: Of `unpacked`.
        name: Of the setup's files: Body25, Halpe26 ...
        folder: To write into.
        scale_range: Seconds that lengths are averaged over; None for all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    said = folder / "said.txt"
    if file.suffix == ".c3d":
        trc = folder / "from_c3d.trc"
        failed = _failed([python, str(C3D_WORKER), str(file), str(trc)], said)
        if failed:
            return failed
        file = trc
    command = [python, str(EXAMPLE), str(setup), name, str(file), f"--out={folder}"]
    if scale_range is not None:
        command += ["--scale", *map(str, scale_range)]
    failed = _failed(command, said)
    if failed:
        return failed
    angles, errors = table(folder / "ik.mot"), table(folder / "_ik_marker_errors.sto")
    found = re.search(r"of (\d+) rows of markers", said.read_text())
    assert found is not None
    return Tracked(
        rows=int(found[1]),
        tracked=len(angles["time"]),
        rms_mm=1000 * errors["marker_error_RMS"],
        angles={key: angles[key] for key in ("time", *ANGLES)},
        unscaled=tuple(re.findall(r"'(\w+)' measurement not used", said.read_text())),
    )


def table(path: Path) -> dict[str, np.ndarray]:
    """The columns of a .mot or .sto by name.

    Args:
        path: The file.
    """
    _, _, body = path.read_text().partition("endheader\n")
    names, *rows = body.strip().split("\n")
    values = np.array([[float(cell) for cell in row.split()] for row in rows])
    return dict(zip(names.split(), values.T, strict=True))


def _failed(command: list[str], said: Path) -> str:
    """Runs a command; empty, or why it ended early. What it says is written to a file."""
    done = subprocess.run(command, capture_output=True, text=True)
    text = done.stdout + done.stderr
    said.write_text(text)
    if not done.returncode:
        return ""
    errors = re.findall(r"^(?:\[error\]|\w*Error:|not run:).*", text, re.MULTILINE)
    code = f"signal {-done.returncode}" if done.returncode < 0 else f"exit {done.returncode}"
    return f"{code}: {errors[0][:160] if errors else 'no message'}"


def apart(motion: Tracked, other: Tracked) -> float:
    """Largest root-mean-square difference of `ANGLES` at the times that both have, degrees.

    Args:
        motion, other: Of the same recording.
    """
    times = [np.round(1000 * each.angles["time"]).astype(int) for each in (motion, other)]
    _, one, two = np.intersect1d(times[0], times[1], return_indices=True)
    off = [motion.angles[name][one] - other.angles[name][two] for name in ANGLES]
    return float(np.sqrt(np.mean(np.square(off), axis=1)).max())
