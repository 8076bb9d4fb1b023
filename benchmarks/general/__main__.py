"""Trains a general model, or scores all on cameras, people and detectors that they never saw.

    python -m benchmarks.general --train=general-coco17 --out=FOLDER
    python -m benchmarks.general [--own NAME=EXPORT ...] [--split] [--json=FILE]
    python -m benchmarks.general --limits [--model=general-coco17]

`--train` (train.py) leaves in FOLDER/general-coco17 what belongs into geoself_jax/lift/models.
Scoring prints a table.
Each row is a network, each column a recording: rig dev (other people and other rigs than those of
the motion that was learned), the built-in test people, and a real clip of MediaPipe's joints, by
what its four cameras triangulate. `--own` adds networks that were trained on a recording's own
cameras: what training gains. `--split` trains one on the first half of the real clip and scores all
on the second. MPJPE / P-MPJPE / median root error, mm, over limbs and pelvis.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.general import recipe
from benchmarks.general.limits import limits
from benchmarks.general.limits import table as limits_table
from benchmarks.general.references import SHARED, references
from benchmarks.general.scoring import Reference, score, table
from benchmarks.general.train import simulated, train_and_pack
from geoself_jax.core.config import replace_at
from geoself_jax.export.write import export
from geoself_jax.lift.lifter import load_lifter
from geoself_jax.runtime.cli import load_config
from geoself_jax.train.run import train

HALF = "real clip, 2nd half"


def main() -> None:
    """Trains, or scores, prints a table and writes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", default=list(recipe.MODELS), help="names or folders")
    parser.add_argument("--own", nargs="*", default=[], help="NAME=FOLDER of other exports")
    parser.add_argument("--split", action="store_true", help="train on half of the real clip")
    parser.add_argument("--limits", action="store_true", help="the first model's, input by input")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--json", type=Path, help="write all figures here")
    learn = parser.add_argument_group("to train")
    learn.add_argument("--train", choices=recipe.MODELS, help="train this one")
    learn.add_argument("--out", type=Path, help="new folder")
    learn.add_argument("--clips", type=int, default=recipe.CLIPS, help="of built-in people")
    learn.add_argument("--steps", type=int, default=recipe.STEPS)
    learn.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    if flags.train:
        shown = simulated(flags.train, flags.data / recipe.RIG, flags.clips, flags.seed)
        train_and_pack(flags.train, flags.out, shown, flags.steps, flags.seed, flags.data)
        return
    if flags.limits:
        print(limits_table(limits(load_lifter(flags.model[0]))))
        return
    start = time.process_time()
    against = references(flags.data)
    networks = {name: name for name in flags.model}
    networks |= {name: folder for name, _, folder in (own.partition("=") for own in flags.own)}
    with tempfile.TemporaryDirectory() as made:
        if flags.split and "real clip" in against:
            against, networks["half of the real clip"] = halved(against, Path(made))
        rows = {}
        for name, folder in networks.items():
            lifter = load_lifter(folder)
            rows[name] = {what: score(lifter, each) for what, each in against.items()}
    print(table(rows))
    print(f"{time.process_time() - start:.0f} s CPU")
    if flags.json:
        flags.json.write_text(json.dumps(rows, indent=1) + "\n")


def halved(against: dict[str, Reference], made: Path) -> tuple[dict[str, Reference], str]:
    """Adds the clip's second half, and returns the export of a network trained on the first."""
    clip, pose = against["real clip"]
    first = np.arange(clip.frames) < clip.frames // 2
    config = load_config("cmu_h36m_rig", [("schedule.length", "2000")])
    config = replace_at(config, "data.validation_share", "0")
    train(config, made / "run", clip.select(first))
    export(made / "run", made / "export")
    second = Reference(clip.select(~first), pose[~first])
    return {**against, HALF: second}, str(made / "export")


if __name__ == "__main__":
    main()
