"""Does a recording of another size train to the same? Each length of a rig's files times a factor.

    python -m benchmarks.any_size --data=../shared/data/cmu_h36m_rig --steps=300

Trains the rig's recipe at each size, evaluates it on dev at that size, and prints every score by
the size; and how many of inspect's verdicts differ, with joints whose names say no body's size.
"""

import argparse
import dataclasses
import tempfile
from pathlib import Path
from typing import Any

from geoself_jax.data.recording import Recording, read
from geoself_jax.evaluate.report import evaluate
from geoself_jax.inspect.report import inspect
from geoself_jax.runtime import cli
from geoself_jax.runtime.restore import load_trained
from geoself_jax.runtime.workdir import write_json
from geoself_jax.train.run import train

SCORES = ("mpjpe_mm", "p_mpjpe_mm", "root_error_mm", "triangulation_mm", "cross_view_px")


def of_size(recording: Recording, size: float) -> Recording:
    """The recording with all its lengths times a factor, as if its file were so."""
    return dataclasses.replace(recording.scaled(size), unit=1.0)


def nobody_known(recording: Recording) -> Recording:
    """The recording with joints that are not a person's by their names."""
    names = tuple(f"paw_{name}" for name in recording.skeleton.joint_names)
    skeleton = dataclasses.replace(recording.skeleton, joint_names=names)
    return dataclasses.replace(recording, skeleton=skeleton)


def scores_at(size: float, data: Path, steps: int) -> dict[str, Any]:
    """Scores by the size, and inspect's verdicts."""
    files = {name: of_size(read(data / f"{name}.npz"), size) for name in ("train", "dev")}
    config = cli.load_config("cmu_h36m_rig", [])
    schedule = dataclasses.replace(config.schedule, length=steps)
    data_config = dataclasses.replace(config.data, force=True)  # 3 mm are no person's size
    config = dataclasses.replace(config, schedule=schedule, data=data_config)
    with tempfile.TemporaryDirectory() as folder:
        train(config, folder, files["train"])
        trained = load_trained(Path(folder))
        found = evaluate(trained, files["dev"], "dev")[0]
        unit = trained.record["model"]["length_unit"]
    shown = {key: found[key] / (size if key.endswith("_mm") else 1) for key in SCORES}
    verdicts = inspect(nobody_known(files["dev"]), "dev").verdicts
    shown["length_unit"] = unit / size
    shown["verdicts"] = sorted((v.severity, v.check) for v in verdicts)
    return shown


def main() -> None:
    """Prints a table, the largest difference, and writes both where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cmu_h36m_rig"))
    parser.add_argument("--sizes", default="1,0.002,0.05,20")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    if not (flags.data / "train.npz").is_file():
        raise SystemExit(f"{flags.data} has no train.npz: not run")
    rows = {}
    for size in (float(text) for text in flags.sizes.split(",")):
        row = rows[size] = scores_at(size, flags.data, flags.steps)
        first = next(iter(rows.values()))
        numbers = "  ".join(f"{key} {row[key]:.4g}" for key in (*SCORES, "length_unit"))
        apart = max(abs(row[key] / first[key] - 1) for key in SCORES)
        same = "the same" if row["verdicts"] == first["verdicts"] else "other"
        print(f"size {size:<6g} {numbers}  off by {100 * apart:.3f} %  verdicts {same}", flush=True)
    if flags.out:
        write_json(flags.out, rows)


if __name__ == "__main__":
    main()
