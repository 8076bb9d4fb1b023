"""Motion that training does not show: held-out subjects by torso tilt and by novelty.

    python -m benchmarks.unlike --data=../shared/data/cmu_h36m_rig --seeds=3 --json=FILE

Trains configs/cmu_h36m_rig.py without the subjects that have most of the tilted poses (climbing,
cartwheels), with `augmentation.tumble` 0, as before, and as the recipe has it, and scores them: the
mean distance to the ground truth (for analysis) and to their triangulated joints (by which was
chosen), by torso tilt and by distance to the nearest training pose. Runs that are done are not
trained again. `--steps` shortens the schedule, `--shares` tries other shares of tumbling bodies.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.config import Config, replace_at
from geoself_jax.core.errors import usage_error
from geoself_jax.core.predict import make_predict
from geoself_jax.core.shown_lengths import HUMAN_UNITS
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.data.training_sample import read_sample
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.evaluate.by_motion import TABLES, motion_rows, motion_scores
from geoself_jax.evaluate.scores import in_cameras, predict_recording
from geoself_jax.runtime import cli
from geoself_jax.runtime.restore import load_trained
from geoself_jax.runtime.workdir import write_json
from geoself_jax.train.run import train

HELD = "01,05,127"
"""Who climbs, dances, and rolls: 1230 of the 1835 instants tilted over 45 degrees."""
_KEYS = ("mpjpe_mm", "triangulation_mm")


def settings(
    data: str, held: str, steps: int, share: float, seed: int, to: float = math.pi
) -> Config:
    """Returns the recipe without the held-out subjects and with a share of tumbling bodies."""
    from configs.cmu_h36m_rig import get_config

    config = get_config()
    changes = {
        "data.train": data,
        "data.validation_subjects": held,
        "augmentation.tumble": str(share),
        "augmentation.tumble_to": str(to),
        "seed": str(seed),
    } | ({"schedule.length": str(steps)} if steps else {})
    for key, value in changes.items():
        config = replace_at(config, key, value)
    return config


def scored(run: Path, recording: Recording, held: np.ndarray) -> dict[str, Any]:
    """Returns the scores of a run's held-out subjects by class of motion.

    Args:
        run: Folder of the run.
        recording: All subjects, with ground truth.
        held: (frames,) which are held out.
    """
    trained, part = load_trained(run), recording.select(held)
    assert part.pose_world is not None
    found = predict_recording(
        make_predict(trained.model), trained.variables, part, trained.model.config.frames
    )
    target = in_cameras(part.pose_world, part)
    target = target - target[:, :, part.skeleton.root, None]
    error = np.linalg.norm(found.pose_3d - target, axis=-1).mean(-1).reshape(-1)
    sample = read_sample(run, trained.model.skeleton)
    triangulated = triangulate_recording(recording)[held]
    return motion_scores(found, part, triangulated, {"mpjpe": error}, sample)


def together(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns mean and standard deviation over seeds of each class's scores."""
    result: dict[str, Any] = {}
    for table in TABLES:
        rows = []
        for one in zip(*(seed[table]["classes"] for seed in seeds), strict=True):
            row = dict(one[0])
            for key in _KEYS:
                values = [each[key] for each in one if each[key] is not None]
                row[key] = float(np.mean(values)) if values else None
                row[f"{key}_std"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
            rows.append(row)
        result[table] = {"classes": rows}
    return result


def markdown(rows: dict[str, dict[str, Any]]) -> str:
    """Formats the results as a Markdown table: a line a recipe, a column a class."""
    lines = []
    for table in TABLES:
        heads, cells = motion_rows(next(iter(rows.values()))[table], table, HUMAN_UNITS.error)
        columns = [f"{name} ({poses})" for name, *_, poses in cells]
        lines += [f"| {heads[0]} (lifted views) | " + " | ".join(columns) + " |"]
        lines += ["| --- |" + " --- |" * len(columns)]
        for key, what in zip(_KEYS, ("MPJPE", "triangulation"), strict=True):
            for name, result in rows.items():
                shown = [_cell(row, key) for row in result[table]["classes"] if row["poses"]]
                lines.append(f"| {name}: {what} | " + " | ".join(shown) + " |")
        lines.append("")
    return "\n".join(lines)


def _cell(row: dict[str, Any], key: str) -> str:
    spread = row.get(f"{key}_std")
    return f"{row[key]:.1f}" + ("" if spread is None else f" ± {spread:.1f}")


def main(argv: Sequence[str]) -> int:
    """Command line."""
    parser = cli.Parser(
        prog="python -m benchmarks.unlike",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", required=True, help="folder of train.npz")
    parser.add_argument("--held", default=HELD, help=f"held-out subjects ({HELD})")
    parser.add_argument("--shares", default="", help="of tumbling bodies; 0 and the recipe's")
    parser.add_argument("--to", type=float, default=math.pi, help="largest angle, radians; pi")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 on; 3")
    parser.add_argument("--steps", type=int, default=0, help="the recipe's")
    parser.add_argument("--out", type=Path, default=Path("runs/unlike"))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    if flags.seeds < 1:
        raise usage_error(f"--seeds={flags.seeds}", "must be 1 or more", "give another")
    from configs.cmu_h36m_rig import get_config

    source = f"{flags.data}/train.npz"
    shares = flags.shares or f"0,{get_config().augmentation.tumble:g}"
    recording = load(source, synthetic_frames=1)
    wanted, names = flags.held.split(","), np.array(recording.subject_names)
    if missing := sorted({*wanted} - {*names.tolist()}):
        raise usage_error(f"--held={flags.held}", f"no subject {missing[0]!r}", "name others")
    held = np.isin(names[recording.subject_id], wanted)
    rows = {}
    for share in map(float, shares.split(",")):
        runs = []
        for seed in range(flags.seeds):
            config = settings(source, flags.held, flags.steps, share, seed, flags.to)
            run = flags.out / f"tumble{share:g}-{flags.to:.2f}-{config.schedule.length}-{seed}"
            train(config, run, recording)
            runs.append(scored(run, recording, held))
        rows[f"tumble {share:g}"] = together(runs)
        print(markdown(rows), flush=True)
    if flags.json:
        facts = {"held": flags.held, "tumble_to": flags.to, "seeds": flags.seeds}
        facts |= {"steps": config.schedule.length}
        write_json(flags.json, {**facts, "rows": rows})
    return 0


if __name__ == "__main__":
    cli.run(main)
