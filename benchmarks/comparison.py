"""Compares configs/synthetic.py with its bounds on the built-in data: one table, and JSON.

    python -m benchmarks.comparison --out=runs/comparison

The bounds are the same network trained on ground truth (an upper bound, marked in its run) and on
the reprojection loss only. Finished rows are not run again. Real motion: benchmarks/ablation.
"""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.config import Config, split_where
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.evaluate import report
from geoself_jax.runtime import workdir
from geoself_jax.runtime.cli import load_config
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.run import train

SHOWN = ("mpjpe_mm", "p_mpjpe_mm", "root_error_mm", "triangulation_mm", "reprojection_px")


@dataclasses.dataclass(frozen=True)
class Row:
    """One recipe: its name, its configuration, and whether it is trained on ground truth."""

    name: str
    config: Config
    supervised: bool = False


def synthetic_rows() -> tuple[list[Row], str]:
    """The default, its upper bound and re-projection alone."""
    base = load_config("configs/synthetic.py", [])
    alone = dataclasses.replace(
        base,
        objective=dataclasses.replace(base.objective, name="reprojection"),
    )
    rows = [
        Row("label-free (configs/synthetic.py)", base),
        Row("UPPER BOUND: supervised by ground truth", base, supervised=True),
        Row("re-projection alone, eq. (2)", alone),
    ]
    return rows, "synthetic:test"


def run_row(row: Row, folder: Path, test: Recording, source: str) -> dict[str, Any]:
    """Trains and evaluates one row, or reads what an earlier call found."""
    result, config = folder / "comparison.json", row.config
    if result.exists():
        scores = json.loads(result.read_text())
        recorded = workdir.read_record(folder)["config"]
        if recorded != json.loads(json.dumps(split_where(config)[0])) or scores["data"] != source:
            raise SystemExit(f"{folder} is of another configuration: choose another --out")
        return scores
    data = load(config.data.train, synthetic_frames=config.data.synthetic_frames)
    truth = data.pose_world if row.supervised else None
    if row.supervised and truth is None:
        raise SystemExit(f"{config.data.train} has no ground truth for the upper bound")
    outcome = train(config, folder, data, labels=truth)
    if outcome.interrupted:
        raise SystemExit(outcome.message)
    scores, _, _ = report.evaluate(load_trained(folder, "last"), test, source)
    workdir.write_json(result, scores)
    return scores


def main() -> None:
    """Runs the rows and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=1)
    flags = parser.parse_args()
    rows, source = synthetic_rows()
    test = load(source, synthetic_frames=8000)
    results: dict[str, list[dict[str, Any]]] = {}
    for number, row in enumerate(rows):
        for seed in range(flags.seeds):
            seeded = dataclasses.replace(row, config=dataclasses.replace(row.config, seed=seed))
            scores = run_row(seeded, flags.out / f"row{number}_seed{seed}", test, source)
            results.setdefault(row.name, []).append(scores)
    workdir.write_json(flags.out / "table.json", results)
    print(f"{source}, {flags.seeds} seed(s), mean; last checkpoint, one view at a time")
    print(f"{'':<40}" + "".join(f"{name:>18}" for name in SHOWN))
    for name, found in results.items():
        cells = [np.mean([float(scores[key]) for scores in found]) for key in SHOWN]
        print(f"{name:<40}" + "".join(f"{cell:>18.1f}" for cell in cells))


if __name__ == "__main__":
    main()
