"""A file of poses through OpenSim's ScaleTool and InverseKinematicsTool, by a child process."""

import json
import re
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

WORKER = Path(__file__).with_name("opensim_worker.py")
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
        name: The set of markers.
        folder: To write into.
        scale_range: Seconds that lengths are averaged over; None for all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    job: dict[str, Any] = {"markers": str(file.resolve()), "setup": str(setup.resolve())}
    job |= {"set": SETUPS[name], "folder": str(folder.resolve()), "scale_range": scale_range}
    (folder / "job.json").write_text(json.dumps(job))
    command = [python, str(WORKER), str(folder / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True)
    said = done.stdout + done.stderr
    (folder / "said.txt").write_text(said)
    if done.returncode:
        errors = re.findall(r"^(?:\[error\]|\w*Error:|not run:).*", said, re.MULTILINE)
        code = f"signal {-done.returncode}" if done.returncode < 0 else f"exit {done.returncode}"
        return f"{code}: {errors[0][:160] if errors else 'no message'}"
    found = json.loads((folder / "result.json").read_text())
    return Tracked(
        rows=found["rows"],
        tracked=found["tracked"],
        rms_mm=1000 * np.array(found["rms_m"]),
        angles={key: np.array(found["angles"][key]) for key in ("time", *ANGLES)},
        unscaled=tuple(re.findall(r"'(\w+)' measurement not used", said)),
    )


def apart(motion: Tracked, other: Tracked) -> float:
    """Largest root-mean-square difference of `ANGLES` at the times that both have, degrees.

    Args:
        motion, other: Of the same recording.
    """
    times = [np.round(1000 * each.angles["time"]).astype(int) for each in (motion, other)]
    _, one, two = np.intersect1d(times[0], times[1], return_indices=True)
    off = [motion.angles[name][one] - other.angles[name][two] for name in ANGLES]
    return float(np.sqrt(np.mean(np.square(off), axis=1)).max())
