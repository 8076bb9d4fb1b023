"""Trains a general model and packs it.

    python -m benchmarks.general.train --model=general-coco17 --out=FOLDER [--steps=N]

The motion is that of `--rig`, triangulated from its views (no 3D label), and of the built-in
generator; each two seconds of it are given another body, seen through four other cameras, and
detected with the errors of `detections.py`. FOLDER gets the run, its export and, in FOLDER/model,
what belongs into geoself_jax/lift/models/NAME.
"""

import argparse
import itertools
import time
from pathlib import Path

from benchmarks.general import recipe
from benchmarks.general.motions import built_in_segments, rig_segments
from benchmarks.general.simulated import Simulated, simulate
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.train.run import train


def main() -> None:
    """Simulates, trains, exports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=recipe.MODELS, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rig", type=Path, default=recipe.RIG)
    parser.add_argument("--clips", type=int, default=recipe.CLIPS)
    parser.add_argument("--steps", type=int, default=recipe.STEPS)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    start = time.process_time()
    made = simulated(flags.model, flags.rig, flags.clips, flags.seed)
    print(f"simulated {made.recording.frames} instants in {time.process_time() - start:.0f} s CPU")
    config = recipe.config(flags.steps, flags.seed)
    outcome = train(config, flags.out / "run", made.recording, triangulated=made.pose)
    print(outcome.message, f"{time.process_time() - start:.0f} s CPU in all")


def simulated(model: str, rig: Path, clips: int, seed: int) -> Simulated:
    """What a model is trained on.

    Args:
        model: A key of `recipe.MODELS`.
        rig: The recording whose motion is taken.
        clips: Of the built-in generator.
        seed: Of everything.
    """
    segments = itertools.chain(rig_segments(rig), built_in_segments(clips, seed))
    return simulate(segments, KNOWN_SKELETONS[recipe.MODELS[model]], seed)


if __name__ == "__main__":
    main()
