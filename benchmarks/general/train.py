"""Trains a general model and packs it: `python -m benchmarks.general --train=NAME --out=FOLDER`.

The motion is that of a rig's recording, triangulated from its views (no 3D label), and of the
built-in generator; each two seconds of it are given another body, seen through four other cameras,
and detected with the errors of `detections.py`.
"""

import itertools
import subprocess
import time
from pathlib import Path

from benchmarks.general import recipe
from benchmarks.general.motions import built_in_segments, rig_segments
from benchmarks.general.pack import pack
from benchmarks.general.references import references
from benchmarks.general.scoring import score, table
from benchmarks.general.simulated import Simulated, simulate
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.export.write import export
from geoself_jax.lift.lifter import load_lifter
from geoself_jax.train.run import train


def train_and_pack(
    model: str, out: Path, made: Simulated, steps: int, seed: int, data: Path
) -> None:
    """Trains, exports, scores on what was never trained on, and packs.

    Args:
        model: A key of `recipe.MODELS`.
        out: Folder for the run, its export, and in a folder of the model's name what `lift` reads.
        made: Of `simulated`.
        steps: Of training.
        seed: Of weights and batches.
        data: Folder of what to score on.
    """
    config, of = recipe.config(steps, seed), commit()
    outcome = train(config, out / "run", made.recording, triangulated=made.pose)
    print(outcome.message)
    spent = time.process_time() / 60
    export(out / "run", out / "export")
    lifter = load_lifter(out / "export")
    scores = {what: score(lifter, each) for what, each in references(data).items()}
    others = "" if steps == recipe.STEPS else f" --steps={steps}"
    general = {
        "name": model,
        "command": f"python -m benchmarks.general --train={model} --out=FOLDER{others}",
        "commit": of,
        "cpu_minutes": round(spent, 1),
    }
    pack(out / "export", out / model, recipe.MODELS[model], general, scores)
    print(table({model: scores}))
    print(f"{out / model}: trained in {spent:.1f} minutes of CPU")


def commit() -> str:
    """The commit of this checkout, a plus where files differ from it."""
    asked = ("git", "describe", "--always", "--dirty=+", "--match=")
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


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
