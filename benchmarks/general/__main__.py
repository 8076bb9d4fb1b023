"""Scores the general models on cameras, people and detectors that they never saw.

    python -m benchmarks.general [--model NAME|FOLDER ...] [--json=FILE]

Each row is a network, each column a recording: rig dev (other people and other rigs than the motion
that was learned), the built-in test people, and a real clip of MediaPipe's joints against what its
four cameras triangulate. `--own NAME=FOLDER` adds networks that were trained on a recording's own
cameras: what training gains. MPJPE / P-MPJPE / median root error, mm, over limbs and pelvis.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.general import recipe
from benchmarks.general.scoring import Reference, score
from geoself_jax.data.recording import read
from geoself_jax.data.sources import load
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.lift.lifter import load_lifter

SHARED = Path("../shared/data")
EVERY = 5
FRAMES = 2000


def main() -> None:
    """Scores, prints a table, writes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", default=list(recipe.MODELS), help="names or folders")
    parser.add_argument("--own", nargs="*", default=[], help="NAME=FOLDER of other exports")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--json", type=Path, help="write all figures here")
    flags = parser.parse_args()
    start = time.process_time()
    references = found(flags.data)
    networks = {name: name for name in flags.model} | dict(own.split("=") for own in flags.own)
    rows = {}
    for name, folder in networks.items():
        lifter = load_lifter(folder)
        rows[name] = {what: score(lifter, each) for what, each in references.items()}
    print(table(rows))
    print(f"{time.process_time() - start:.0f} s CPU")
    if flags.json:
        flags.json.write_text(json.dumps(rows, indent=1) + "\n")


def found(data: Path) -> dict[str, Reference]:
    """The recordings that are there, with what poses are compared with."""
    result = {}
    dev = data / "cmu_h36m_rig/dev.npz"
    if dev.is_file():
        recording = read(dev)
        recording = recording.select(np.arange(0, recording.frames, EVERY))
        result["rig dev"] = _with_truth(recording)
    result["synthetic:test"] = _with_truth(load("synthetic:test", synthetic_frames=FRAMES))
    if (data / "real_clip").is_dir():
        clip = real_clip(data / "real_clip")
        result["real clip"] = Reference(
            clip, triangulate_recording(clip, "refined"), "triangulated from four views"
        )
    return result


def _with_truth(recording: Any) -> Reference:
    return Reference(recording, recording.pose_world, "ground truth")


def real_clip(data: Path) -> Any:
    """The clip as `prepare` reads it."""
    with tempfile.TemporaryDirectory() as made:
        inputs = Path(made) / "balancing"
        inputs.mkdir()
        for path in [*data.glob("cam*.json"), data / "calib.toml"]:
            (inputs / path.name).write_bytes(path.read_bytes())
        out = Path(made) / "clip.npz"
        words = ("--fps=60", "--skeleton=coco_17", "--subject=anna", f"--output={out}")
        command = (sys.executable, "-m", "geoself_jax.prepare", f"--input={inputs}", *words)
        subprocess.run(command, check=True, capture_output=True)
        return read(out)


def table(rows: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Markdown: a network a row, a recording a column."""
    columns = list(next(iter(rows.values())))
    lines = [f"| network | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for name, cells in rows.items():
        shown = (cells[column] for column in columns)
        texts = (f"{c['mpjpe_mm']:.0f} / {c['p_mpjpe_mm']:.0f} / {c['root_mm']:.0f}" for c in shown)
        lines.append(f"| {name} | {' | '.join(texts)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
