"""Four videos and a calibration to OpenSim's joint angles, each step a command of the user's.

    python -m benchmarks.video_to_angles --pose2sim=WHEEL --mediapipe=PYTHON --opensim=PYTHON

The videos are those of Pose2Sim's demo, in its wheel (`pip download --no-deps pose2sim==0.10.49`),
the calibration that of ../shared/data/real_clip. `--mediapipe` and `--opensim` are the Pythons of
environments that have mediapipe 0.10.21 and opensim 4.6. It detects, prepares, triangulates, trains
on the clip, lifts cam01 alone, and takes both to inverse kinematics. Then it
prints how far angles of knees, hips and trunk are from those of the triangulated joints by
OpenSim: measured directly on the triangulated joints, and of cam01 alone, directly and by OpenSim.
`--model=EXPORT` (several times) lifts cam01 by other networks too. There is no ground truth, and
the network that is trained here has seen the clip: it says what the way costs, not how good it is
on other people.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.opensim.tracking import EXAMPLE, unpacked
from geoself_jax.core.errors import missing_error
from geoself_jax.data.angles.angle_files import read_angles
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.evaluate.angle_scores import correlation, difference
from geoself_jax.runtime import cli

ANGLES = ("knee_angle_r", "knee_angle_l", "hip_flexion_r", "hip_flexion_l", "pelvis_tilt")
SMOOTH = "--filter=butterworth:6"
CAMERA = "cam01"


class Way:
    """Runs commands and shows them, with what they say and how long they take.

    Attributes:
        out: Folder of all files.
        count: Commands run.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.count = 0

    def geoself(self, verb: str, *words: object) -> None:
        """Runs `geoself VERB WORDS`."""
        self.run(f"geoself {verb}", [sys.executable, "-m", f"geoself_jax.{verb}"], words)

    def run(self, shown: str, command: list[str], words: Sequence[object]) -> None:
        """Runs a command; ends all where it fails."""
        line = [str(word) for word in words]
        print(f"\n$ {shown} {shlex.join(line)}", flush=True)
        start = time.monotonic()
        done = subprocess.run([*command, *line], capture_output=True, text=True)
        said = (done.stdout + done.stderr).splitlines()
        quiet = ("[info]", "[warning]", "Frame ", "step ", "Processing", "Measurement")
        kept = [part for part in said if part.strip() and not part.startswith(quiet)]
        print("\n".join(kept[-12:]))
        print(f"[exit {done.returncode}, {time.monotonic() - start:.0f} s]", flush=True)
        if done.returncode:
            raise SystemExit(done.returncode)
        self.count += 1

    def to_opensim(self, python: str, setup: Path, trc: Path) -> AngleSequence:
        """OpenSim's angles of a file of markers."""
        folder = self.out / f"opensim_{trc.stem}"
        words = (EXAMPLE, setup, "Body25", trc, f"--out={folder}")
        self.run("python", [python], words)
        return read_angles(folder / "ik.mot")


def main(argv: Sequence[str]) -> int:
    """Runs all and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pose2sim", type=Path, required=True, help="its wheel")
    parser.add_argument("--mediapipe", required=True, metavar="PYTHON")
    parser.add_argument("--opensim", required=True, metavar="PYTHON")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/real_clip"))
    parser.add_argument("--model", action="append", default=[], metavar="EXPORT")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--out", type=Path, help="folder to keep; a temporary one otherwise")
    flags = parser.parse_args(list(argv))
    if not flags.data.is_dir():
        print(f"skipped: {flags.data} is not here")
        return 0
    if not flags.pose2sim.exists():
        raise missing_error(
            str(flags.pose2sim), "no such file", "pip download --no-deps pose2sim==0.10.49"
        )
    with tempfile.TemporaryDirectory() as made:
        way = Way(flags.out or Path(made))
        way.out.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        found = _angles(way, flags)
        print(f"\n{way.count} commands, {(time.monotonic() - start) / 60:.1f} minutes\n")
        _print(found)
    return 0


def _angles(way: Way, flags: argparse.Namespace) -> dict[str, AngleSequence]:
    """Angles by their source, the reference first."""
    out, calibration = way.out, flags.data / "calib.toml"
    videos = _videos(flags.pose2sim, out)
    setup = unpacked(flags.pose2sim, out)
    joints, clip, export = out / "joints", out / "clip.npz", out / "export"
    way.geoself("detect", *videos, f"--out={joints}", f"--detector-python={flags.mediapipe}")
    subject = ("--subject=anna", f"--output={clip}")
    way.geoself("prepare", "--input", joints, f"--calibration={calibration}", *subject)
    together = out / "together.trc"
    wanted = (SMOOTH, "--markers=pose2sim", f"--angles={together.with_suffix('.csv')}")
    way.geoself("triangulate", f"--data={clip}", f"--out={together}", *wanted)
    found = {
        "4 cameras, OpenSim": way.to_opensim(flags.opensim, setup, together),
        "4 cameras, direct": read_angles(together.with_suffix(".csv")),
    }
    train = (f"--config.data.train={clip}", f"--config.schedule.length={flags.steps}")
    way.geoself("train", "--config=cmu_h36m_rig", *train, f"--workdir={out / 'run'}")
    way.geoself("export", f"--workdir={out / 'run'}", f"--out={export}")
    for number, model in enumerate((str(export), *flags.model)):
        alone = out / f"alone_{number}.trc"
        how = (f"--camera={calibration}:{CAMERA}", "--axes=world", SMOOTH, "--markers=pose2sim")
        files = (f"--out={alone}", f"--angles={alone.with_suffix('.csv')}")
        seen = f"--keypoints={joints / CAMERA}.json"
        way.geoself("lift", f"--model={model}", seen, *how, *files)
        name = f"{CAMERA}, {'trained here' if not number else model}"
        found[f"{name}, direct"] = read_angles(alone.with_suffix(".csv"))
        found[f"{name}, OpenSim"] = way.to_opensim(flags.opensim, setup, alone)
    return found


def _videos(wheel: Path, out: Path) -> list[Path]:
    """The four videos of the wheel's demo."""
    with zipfile.ZipFile(wheel) as archive:
        inside = [n for n in archive.namelist() if "Demo_SinglePerson/videos/" in n]
        archive.extractall(out, [name for name in inside if name.endswith(".mp4")])
    return sorted(out.glob("Pose2Sim/Demo_SinglePerson/videos/*.mp4"))


def _print(found: dict[str, AngleSequence]) -> None:
    """Each source's angles less the reference's: mean, standard deviation, correlation."""
    (first, reference), *others = found.items()
    print(f"degrees less those of {first}: mean ± standard deviation, r\n")
    print("| angle | " + " | ".join(name for name, _ in others) + " |")
    print("| --- " * (1 + len(others)) + "|")
    for angle in ANGLES:
        cells = []
        for _, other in others:
            frames = np.intersect1d(reference.frame_id, other.frame_id)
            one, two = (
                sequence.of(angle)[np.searchsorted(sequence.frame_id, frames)].astype(float)
                for sequence in (reference, other)
            )
            apart = difference(two, one, angle)
            r = correlation(one, one + apart)
            cells.append(f"{np.nanmean(apart):+.1f} ± {np.nanstd(apart):.1f}, {r or np.nan:.2f}")
        print(f"| `{angle}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    cli.run(main)
