"""Tracks what `markers=` writes by OpenSim: marker errors, angles, and what happens without it.

    python -m benchmarks.opensim --opensim=PYTHON --pose2sim=WHEEL [--json=FILE] [--out=FOLDER]

PYTHON is that of an environment with `pip install opensim==4.6`, WHEEL is Pose2Sim 0.10.49's, of
which the model and the setup files are taken (`pip download --no-deps pose2sim==0.10.49`). The real
clip is triangulated, the rig's joints are true; see benchmarks/opensim/trials.py. The errors are
between the model's markers and those of the file, so bodies that are not the model's have them too.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.opensim.tracking import ANGLES, SETUPS, Tracked, apart, tracked, unpacked
from benchmarks.opensim.trials import (
    balancing,
    gymnastics,
    limbs_alone,
    without_frames,
    without_knee,
)
from geoself_jax.core.notices import silent
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.change_axes import in_camera
from geoself_jax.data.poses.formats import write_poses
from geoself_jax.data.poses.markers import as_markers
from geoself_jax.data.poses.sequence import WORLD, PoseSequence

BODY25, HALPE26 = SETUPS


class Case(NamedTuple):
    """A file to track.

    Attributes:
        name: For the table.
        change: What is done to the poses.
        markers: The set, or None for the joints' own names and rows.
        ending: Of the file.
        scale_range: Seconds, or None for all.
        every_row: Whether frames without anybody have rows.
        by_ezc3d: Whether a .c3d is made a .trc of what ezc3d reads in it.
        setup: Pose2Sim's files to track by; those of the set where empty.
    """

    name: str
    change: Callable[[PoseSequence], PoseSequence] = lambda poses: poses
    markers: str | None = BODY25
    ending: str = ".trc"
    scale_range: tuple[float, float] | None = None
    every_row: bool = False
    by_ezc3d: bool = False
    setup: str = ""


CASES = (
    Case("Body25"),
    Case("Halpe26", markers=HALPE26),
    Case("limbs alone", limbs_alone),
    Case("by Pose2Sim's Coco17 setup", setup="Coco17"),
    Case("frames without anybody", without_frames),
    Case("a knee missing for ten frames", without_knee),
    Case("the same, scaled before the gap", without_knee, scale_range=(0.0, 0.9)),
    Case("in the camera's axes", in_camera),
    Case(".c3d by OpenSim", ending=".c3d"),
    Case(".c3d by ezc3d, frames without anybody", without_frames, ending=".c3d", by_ezc3d=True),
    Case("the joints' own names", markers=None),
    Case("frames without anybody, their rows written", without_frames, every_row=True),
)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opensim", required=True, metavar="PYTHON")
    parser.add_argument("--pose2sim", required=True, type=Path, metavar="WHEEL")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, help="folder to keep; a temporary one otherwise")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    trials = {
        "balancing": (balancing, flags.data / "real_clip"),
        "gymnastics": (gymnastics, flags.data / "cmu_h36m_rig" / "dev.npz"),
    }
    rows = []
    with tempfile.TemporaryDirectory() as made:
        out = flags.out or Path(made)
        setup = unpacked(flags.pose2sim, out)
        for name, (load, place) in trials.items():
            if not place.exists():
                print(f"{name} not run: {place} is not here")
                continue
            rows += _trial(name, load(place), flags.opensim, setup, out / name)
    if flags.json:
        flags.json.write_text(json.dumps(rows, indent=1) + "\n")
    if not rows:
        sys.exit("not run: no data")


def _trial(
    name: str, poses: PoseSequence, python: str, setup: Path, out: Path
) -> list[dict[str, Any]]:
    """A line for each case, printed."""
    out.mkdir(parents=True, exist_ok=True)
    write_poses(poses, out / "poses.npz")
    print(
        f"\n{name}: {poses.frames} frames, {poses.fps:g} a second, {poses.skeleton.joints} joints"
    )
    print("| file | rows, tracked | markers RMS, largest mm | angles off | not scaled |")
    print("| --- | --- | --- | --- | --- |")
    first, rows = None, []
    for number, case in enumerate(CASES):
        if case.change is in_camera and poses.camera is None:
            continue
        folder = out / f"{number}"
        file = _written(case, poses, folder)
        files = case.setup or SETUPS[case.markers or BODY25]
        motion = tracked(python, file, setup, files, folder, case.scale_range)
        row: dict[str, Any] = {"trial": name, "case": case.name}
        if isinstance(motion, str):
            print(f"| {case.name} | {motion} | | | |", flush=True)
            rows.append({**row, "failed": motion})
            continue
        first = first or motion
        row |= _figures(motion, first)
        rows.append(row)
        print(
            f"| {case.name} | {motion.rows}, {motion.tracked} | {row['rms_mm']:.1f}, "
            f"{row['largest_mm']:.1f} | {row['angles_off_deg']:.1f}° | "
            f"{', '.join(motion.unscaled)} |",
            flush=True,
        )
    if first:
        for angle in ANGLES:
            low, mean, high = (f(first.angles[angle]) for f in (np.min, np.mean, np.max))
            print(f"  {angle}: {low:.1f} to {high:.1f}, mean {mean:.1f} degrees")
    return rows


def _figures(motion: Tracked, first: Tracked) -> dict[str, Any]:
    return {
        "rows": motion.rows,
        "tracked": motion.tracked,
        "rms_mm": float(np.sqrt(np.mean(motion.rms_mm**2))),
        "largest_mm": float(motion.rms_mm.max()),
        "angles_off_deg": apart(motion, first),
        "unscaled": list(motion.unscaled),
        "angles": {
            name: [float(f(motion.angles[name])) for f in (np.min, np.mean, np.max)]
            for name in ANGLES
        },
    }


def _written(case: Case, poses: PoseSequence, folder: Path) -> Path:
    """The file of a case."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = case.change(poses)
    file = folder / f"given{case.ending}"
    if case.every_row:
        write_poses(as_markers(changed, BODY25, silent), file)
    else:
        write_poses(changed, file, markers=case.markers)
    if case.by_ezc3d:
        file = folder / "by_ezc3d.trc"
        write_poses(_by_ezc3d(folder / "given.c3d", poses), file, markers=BODY25)
    return file


def _by_ezc3d(file: Path, poses: PoseSequence) -> PoseSequence:
    """The markers of a .c3d, z up, metres, as ezc3d reads them: it is what OpenSim reads it by."""
    import ezc3d

    read = ezc3d.c3d(str(file))
    points = read["data"]["points"][:3] / 1000  # (3, J, T)
    names = tuple(read["parameters"]["POINT"]["LABELS"]["value"])
    first = read["header"]["points"]["first_frame"]
    return PoseSequence(
        name="c3d",
        pose=np.moveaxis(points, 0, -1).swapaxes(0, 1).astype(np.float32),
        skeleton=Skeleton(names, (-1,) * len(names), (), 0),
        fps=poses.fps,
        frame_id=first + np.arange(points.shape[2]),
        axes=WORLD,
        up=np.eye(3)[2],
    )


if __name__ == "__main__":
    main()
