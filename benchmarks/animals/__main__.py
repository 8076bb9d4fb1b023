"""Lifts an animal that nothing learned from, by the commands that a user gives.

    python -m benchmarks.animals --size=mouse [--aniposelib=PYTHON] [--out=FOLDER] [--json=FILE]

A made-up quadruped of a fly's, a mouse's or a dog's size walks, turns, pauses and rears before
five cameras; DeepLabCut's tables and anipose's calibration of four animals go through prepare,
inspect, train, evaluate on a fifth animal of other size and proportions, export and lift. Next to
the recipe: the triangulated joints themselves, and LiftPose3D's network written again
(`liftpose3d.py`), on the same labels with as many steps and views a step. All is simulated: what
this shows is that the path works at this size, and what each row gains on the same data. Rows that
`--json` has already are kept; `--rows` chooses those to run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.animals import commands, recording, rig, rivals, scoring
from benchmarks.animals.body import BODY_LENGTHS, TEST
from geoself_jax.core.config import Config
from geoself_jax.data.recording import Recording, read
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.runtime.cli import load_config

CONFIG = "animal"
OURS = "geoself"
TRIANGULATED = {
    "robust": "all cameras, triangulated",
    "refined": "all cameras, triangulated and refined",
}
ROWS = (OURS, *TRIANGULATED.values(), *rivals.ROWS)


def main() -> None:
    """Writes the files, runs the commands and the rows, prints and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=BODY_LENGTHS, default="mouse")
    parser.add_argument("--frames", type=int, default=1000, help="of a trial; two an animal")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0, help="of the animals and of training")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--aniposelib", metavar="PYTHON", help="of an environment that has it")
    parser.add_argument("--out", type=Path, help="new folder to keep; a temporary one otherwise")
    parser.add_argument("--json", type=Path, help="write all figures here")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        figures = measure(flags, flags.out or Path(made) / "animals")
    if flags.json and flags.json.is_file():
        figures = merged(json.loads(flags.json.read_text()), figures)
    print(table(figures))
    if flags.json:
        flags.json.write_text(json.dumps(figures, indent=1) + "\n")


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The rows of two calls on the same data.

    Raises:
        SystemExit: They are of other data.
    """
    for key in ("size", "body_lengths_m", "seed", "frames", "steps", "views_a_step"):
        if old[key] != new[key]:
            sys.exit(f"{key} of the file is {old[key]}, now {new[key]}: name another --json")
    rows = old["rows"] | new["rows"]
    return {**new, "rows": {name: rows[name] for name in ROWS if name in rows}}


def measure(flags: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The figures of one size.

    Args:
        flags: As parsed.
        folder: New, for files and the run.
    """
    done = commands.Commands()
    writer = recording.write(folder, flags.size, flags.frames, flags.seed, flags.aniposelib)
    train, test = (commands.prepare(done, folder, part) for part in ("train", "test"))
    verdicts = _inspected(done, folder, train, test)
    test = scoring.with_truth(test, folder / "truth")
    learned, lifted = read(train).without_ground_truth(), read(test)
    lengths = recording.animals(flags.size, flags.seed)
    length = next(animal.length for part, animal in lengths.values() if part == "test")
    config = load_config(CONFIG, [])
    commit, rows = _commit(), {}
    for name in flags.rows:
        print(f"-- {name}", flush=True)
        start = time.monotonic()
        if name == OURS:
            found = _ours(flags, done, folder, (train, test), length)
        elif name in rivals.ROWS:
            found = _rival(flags, name, config, (learned, lifted), length)
        else:
            (method,) = (key for key, row in TRIANGULATED.items() if row == name)
            found = scoring.of_triangulation(lifted, method, length)
        seconds = done.seconds["train"] if name == OURS else time.monotonic() - start
        rows[name] = {**found, "seconds": round(seconds), "commit": commit}
    return {
        "size": flags.size,
        "body_lengths_m": {name: round(a.length, 6) for name, (_, a) in lengths.items()},
        "seed": flags.seed,
        "frames": {"train": learned.frames, "test": lifted.frames},
        "views": learned.views,
        "steps": flags.steps,
        "views_a_step": config.schedule.batch * config.objective.views,
        "calibration": writer,
        "inspect": verdicts,
        "rows": rows,
        "machine": f"{os.cpu_count()} CPU cores, shared with other programs",
        "versions": {name: version(name) for name in ("jax", "flax", "numpy", "pandas")},
    }


def _inspected(done: commands.Commands, folder: Path, train: Path, test: Path) -> dict[str, int]:
    """How many verdicts of each severity; an error or a warning ends the program."""
    out = folder / "inspect.json"
    done.run("inspect", "inspect", f"--data={train}", f"--against={test}", f"--json={out}")
    verdicts = json.loads(out.read_text())["verdicts"]
    bad = [verdict for verdict in verdicts if verdict["severity"] in ("error", "warning")]
    if bad:
        sys.exit(f"inspect is not clean: {bad}")
    kinds = [verdict["severity"] for verdict in verdicts]
    return {kind: kinds.count(kind) for kind in ("error", "warning", "note", "ok")}


def _ours(
    flags: argparse.Namespace,
    done: commands.Commands,
    folder: Path,
    recordings: tuple[Path, Path],
    length: float,
) -> dict[str, Any]:
    """The recipe by the commands: scores of `evaluate`, of the file of `lift`, and wall times."""
    train, test = recordings
    run, export, scores = folder / "run", folder / "export", folder / "evaluation.json"
    done.run(
        "train",
        "train",
        f"--config={CONFIG}",
        f"--config.data.train={train}",
        "--config.data.validation_share=0",
        f"--config.schedule.length={flags.steps}",
        f"--config.seed={flags.seed}",
        f"--workdir={run}",
    )
    done.run("evaluate", "evaluate", f"--workdir={run}", f"--data={test}", f"--json={scores}")
    done.run("export", "export", f"--workdir={run}", f"--out={export}")
    animal, trial, camera = next(iter(TEST)), recording.TRIALS[0], rig.NAMES[0]
    (table,) = (folder / "test" / animal / trial).glob(f"{camera}*")
    poses = commands.lift(done, folder, export, table, camera)
    truth = np.load(folder / "truth" / f"{animal}-{trial}.npy")
    R = read(test).camera.R[0, 0]
    return {
        **scoring.percent(json.loads(scores.read_text()), length),
        "lifted_file_percent": scoring.of_lifted(poses, truth, R, length),
        "command_seconds": done.seconds,
    }


def _rival(
    flags: argparse.Namespace,
    name: str,
    config: Config,
    recordings: tuple[Recording, Recording],
    length: float,
) -> dict[str, Any]:
    learned, lifted = recordings
    labels = triangulate_recording(learned, config.objective.labels)
    poses = rivals.lifted_by(
        name,
        learned,
        labels,
        lifted,
        steps=flags.steps,
        batch=config.schedule.batch * config.objective.views,
        seed=flags.seed,
        said=lambda line: print(line, flush=True),
    )
    return scoring.of_poses(poses, lifted, length)


def _commit() -> str:
    ask = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()


def table(figures: dict[str, Any]) -> str:
    """The rows in Markdown, percent of the body's length."""
    columns = ("mpjpe", "n_mpjpe", "p_mpjpe", "root_error")
    lines = [
        "| | MPJPE % (mm) | N-MPJPE % | P-MPJPE % | root % | seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in ROWS:
        row = figures["rows"].get(name)
        cells = [_cell(row, column) for column in columns]
        lines.append(f"| {name} | {' | '.join(cells)} | {row['seconds'] if row else ''} |")
    return "\n".join(lines)


def _cell(row: dict[str, Any] | None, column: str) -> str:
    if row is None:
        return "not run"
    if f"{column}_percent" not in row:
        return ""
    percent = f"{row[f'{column}_percent']:.1f}"
    return f"{percent} ({row['mpjpe_mm']:.3g})" if column == "mpjpe" else percent


if __name__ == "__main__":
    main()
