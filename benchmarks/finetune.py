"""How much footage does a lab need? Fine-tuning a model against training from scratch.

    python -m benchmarks.finetune --json=FILE [--rows=1x4,5x4] [--seeds=1] [--base=RUN]

A base model is trained by `cmu_h36m_rig` on the subjects of rig train that are named nowhere
below, or is `--base`. A lab is a subject that it did not see: minutes of its clips are the footage,
through 2 or 4 of the cameras, two minutes of other clips of it are scored, and people whom neither
saw. Fine-tuned is by `finetune`, from scratch by `cmu_h36m_rig`, whose 8000 steps take less than
the five minutes on two cores that a lab is given here. The settings of `finetune` were chosen on
`TUNED_ON`.
Each result is written as it is there; a file that has it already is added to.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import machine
from geoself_jax.core.config import Config
from geoself_jax.data.recording import Recording, read
from geoself_jax.evaluate.report import evaluate
from geoself_jax.runtime import cli
from geoself_jax.runtime.restore import Trained, load_trained
from geoself_jax.runtime.workdir import write_json
from geoself_jax.train.run import train

LAB, TUNED_ON, UNSEEN = "29", "01", ("05", "16")
"""Subjects: the lab's; whose footage chose the settings, and makes the lab's more than its own;
the people of the second column."""
TEST_MINUTES = 2.0
CAMERAS = {4: (0, 1, 2, 3), 2: (0, 1)}
ROWS = "1x4,1x2,5x4,5x2,14x4,14x2"
SCORES = ("mpjpe_mm", "triangulation_mm")


def of(recording: Recording, *subjects: str) -> Recording:
    """The frames of these subjects, one after the other."""
    names = [recording.subject_names.index(name) for name in subjects]
    places = [np.flatnonzero(recording.subject_id == i) for i in names]
    return recording.select(np.concatenate(places))


def shared_clips(recording: Recording, minutes: float) -> tuple[Recording, Recording]:
    """Clips in a random order: the first to train on, the last `minutes` to score."""
    order = np.random.default_rng(0).permutation(np.unique(recording.clip_id))
    counts = np.array([(recording.clip_id == clip).sum() for clip in order])
    after = counts[::-1].cumsum()[::-1]
    test = np.isin(recording.clip_id, order[after <= minutes * 60 * recording.fps])
    return recording.select(~test), recording.select(test)


def first_minutes(recording: Recording, minutes: float) -> Recording:
    """As many frames of its clips, which are taken in a random order."""
    clips, at = np.unique(recording.clip_id, return_inverse=True)
    rank = np.random.default_rng(1).permutation(len(clips))[at]
    places = np.lexsort((recording.frame_id, rank))[: round(minutes * 60 * recording.fps)]
    return recording.select(np.sort(places))


def footage(recording: Recording, minutes: float) -> tuple[Recording, Recording]:
    """The lab's footage, with another subject's where it has less, and the scored clips."""
    own, test = shared_clips(of(recording, LAB), TEST_MINUTES)
    frames = round(minutes * 60 * recording.fps)
    if frames <= own.frames:
        return first_minutes(own, minutes), test
    clips = np.unique(own.clip_id)
    both = of(recording, LAB, TUNED_ON)
    kept = np.isin(both.clip_id, clips) | (both.subject_id != own.subject_id[0])
    return both.select(np.flatnonzero(kept)[:frames]), test


def configured(name: str, views: int, seed: int, **overrides: str) -> Config:
    """A configuration for footage of that many cameras, all of it trained on."""
    keys = {"objective.views": str(views), "seed": str(seed), "data.validation_share": "0"}
    return cli.load_config(name, list((keys | overrides).items()))


def scored(trained: Trained, tests: dict[str, Recording]) -> dict[str, dict[str, float]]:
    """Errors of the lifted poses, mm: against ground truth, and against triangulated joints."""
    found = {name: evaluate(trained, test, name)[0] for name, test in tests.items()}
    return {name: {key: round(f[key], 2) for key in SCORES} for name, f in found.items()}


def trained_on(config: Config, recording: Recording, folder: Path) -> tuple[Trained, float]:
    """The networks of a run, and the seconds of processor that it took."""
    start = time.process_time()
    train(config, folder, recording)
    return load_trained(folder), time.process_time() - start


def base_model(recording: Recording, folder: Path) -> None:
    """Trains the base on everybody who is named nowhere here."""
    others = sorted(set(recording.subject_names) - {LAB, TUNED_ON, *UNSEEN})
    train(configured("cmu_h36m_rig", 4, 0), folder, of(recording, *others))


def measure_row(
    recording: Recording, row: str, seed: int, base: Path, kinds: list[str]
) -> list[dict[str, Any]]:
    """Results of one length of footage and number of cameras.

    Args:
        recording: Rig train.
        row: MINUTESxCAMERAS.
        seed: Of the runs.
        base: The base model's run.
        kinds: Of `base`, `finetune`, `scratch`.
    """
    minutes, views = row.split("x")
    lab, test = footage(recording, float(minutes))
    cameras = np.array(CAMERAS[int(views)])
    tests = {"same person": test, "other people": of(recording, *UNSEEN)}
    tests = {name: found.select_views(cameras) for name, found in tests.items()}
    runs = {
        "finetune": configured("finetune", int(views), seed, init=str(base)),
        "scratch": configured("cmu_h36m_rig", int(views), seed),
    }
    results = []
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            found, seconds = load_trained(base), 0.0
            if kind != "base":
                found, seconds = trained_on(
                    runs[kind], lab.select_views(cameras), Path(folder) / "run"
                )
        fact = {"row": row, "kind": kind, "seed": seed, "frames": lab.frames, "commit": commit()}
        results.append(fact | {"cpu_s": round(seconds), "scores": scored(found, tests)})
        print(json.dumps(results[-1]), flush=True)
    return results


def commit() -> str:
    """Of the checkout."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True)
    return found.stdout.strip()


def table(results: list[dict[str, Any]]) -> str:
    """Markdown: a row for each footage, the mean over seeds and their range in brackets."""
    lines = [
        "| footage | | same person, mm | its triangulation, mm | other people, mm |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in dict.fromkeys(found["row"] for found in results):
        minutes, views = row.split("x")
        for kind in ("base", "finetune", "scratch"):
            of_kind = [f["scores"] for f in results if f["row"] == row and f["kind"] == kind]
            if of_kind:
                cells = [
                    _cell([scores[test][key] for scores in of_kind])
                    for test, key in (
                        ("same person", "mpjpe_mm"),
                        ("same person", "triangulation_mm"),
                        ("other people", "mpjpe_mm"),
                    )
                ]
                lines.append(f"| {minutes} min, {views} cameras | {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(numbers: list[float]) -> str:
    apart = f" ({min(numbers):.1f} to {max(numbers):.1f})" if len(numbers) > 1 else ""
    return f"{np.mean(numbers):.1f}{apart}"


def main() -> None:
    """Measures what the file lacks, writes it, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cmu_h36m_rig"))
    parser.add_argument("--rows", default=ROWS, help="MINUTESxCAMERAS, with commas")
    parser.add_argument("--kinds", default="base,finetune,scratch")
    parser.add_argument("--seeds", default="0", help="with commas")
    parser.add_argument("--base", type=Path, help="run to start from; it is trained otherwise")
    parser.add_argument("--json", type=Path, required=True)
    flags = parser.parse_args()
    if not (flags.data / "train.npz").is_file():
        raise SystemExit(f"{flags.data} has no train.npz: not run")
    recording = read(flags.data / "train.npz")
    written = json.loads(flags.json.read_text()) if flags.json.is_file() else {"results": []}
    results = written["results"]
    with tempfile.TemporaryDirectory() as made:
        base = flags.base or Path(made) / "base"
        if not flags.base:
            base_model(recording, base)
        for row in flags.rows.split(","):
            for seed in map(int, flags.seeds.split(",")):
                there = {(f["row"], f["kind"], f["seed"]) for f in results}
                kinds = [k for k in flags.kinds.split(",") if (row, k, seed) not in there]
                results += measure_row(recording, row, seed, base, kinds)
                write_json(flags.json, {"machine": machine(), "results": results})
    print(table(results))


if __name__ == "__main__":
    main()
