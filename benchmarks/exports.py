"""How far an export's files are from the run's live networks, in each runtime.

    python -m geoself_jax.export --workdir=runs/synthetic --out=runs/synthetic/export --onnx
    python -m benchmarks.exports --workdir=runs/synthetic --export=runs/synthetic/export

Each file is used as its example in examples/ uses it, on detections of synthetic people or of a
recording, joints missing as the detector leaves them, and on made-up ones, a tenth missing. The
live networks are the checkpoint's, by the function with which runs are evaluated. A difference is
the largest of any coordinate of any pose, of the pose and of the root, over several batches.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks import measure
from geoself_jax.core.predict import make_predict
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.export.compare import plausible_inputs
from geoself_jax.export.folder import ONNX, PROGRAM
from geoself_jax.lift.exported import DESCRIPTION, WEIGHTS
from geoself_jax.lift.lifter import load_lifter
from geoself_jax.runtime.restore import Trained, load_trained
from geoself_jax.runtime.workdir import write_json

BATCHES = (1, 37)
Arrays = tuple[np.ndarray, ...]
Lift = Callable[..., Any]


def runtimes(folder: Path) -> dict[str, tuple[Lift, str]]:
    """What lifts and the file it reads, by the package that runs it."""
    from examples import run_safetensors, run_stablehlo

    found: dict[str, tuple[Lift, str]] = {
        "geoself_jax": (load_lifter(folder), WEIGHTS),
        "numpy": (partial(run_safetensors.lift, folder), WEIGHTS),
        "jax": (partial(run_stablehlo.lift, folder), PROGRAM),
    }
    if (folder / ONNX).is_file():
        from examples import run_onnx

        found["onnxruntime"] = partial(run_onnx.lift, folder), ONNX
    return found


def batches(
    trained: Trained, recording: Recording, poses: int, draws: int
) -> Iterator[tuple[np.ndarray, ...]]:
    """Inputs: single views drawn from a recording, then as many made up."""
    rng = np.random.default_rng(poses)
    for draw in range(draws):
        frames = rng.integers(recording.frames, size=poses)
        views = rng.integers(recording.views, size=poses)
        yield (
            recording.keypoints_2d[frames, views],
            recording.confidence[frames, views],
            recording.camera.K[recording.rig_id[frames], views].astype(np.float32),
        )
        yield plausible_inputs(trained, poses, seed=1 + draw)


def differences_mm(
    trained: Trained, calls: dict[str, Lift], inputs: Iterator[Arrays]
) -> tuple[dict[str, float], int]:
    """Largest difference of each runtime from the live networks; how many joints were missing."""
    predict = make_predict(trained.model)
    worst, missing = dict.fromkeys(calls, 0.0), 0
    for arrays in inputs:
        missing += int((~np.isfinite(arrays[0]).all(-1) | (arrays[1] <= 0)).sum())
        with jax.default_matmul_precision("highest"):
            wanted = [np.asarray(x) for x in predict(trained.variables, *arrays)[:2]]
        for name, lift in calls.items():
            for a, b in zip(lift(*arrays), wanted, strict=False):  # some say uncertainties too
                worst[name] = float(np.max([worst[name], 1000 * np.abs(a - b).max()]))
    return worst, missing


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("--workdir", type=Path, required=True, help="folder of the run")
    parser.add_argument("--export", type=Path, required=True, help="its export")
    parser.add_argument("--data", default="synthetic:test", help="where poses are drawn from")
    parser.add_argument("--draws", type=int, default=10, help="batches of each size and kind")
    parser.add_argument("--out", type=Path, help="JSON to write")
    flags = parser.parse_args()
    trained = exported_from(flags.workdir, flags.export)
    recording, found = load(flags.data, synthetic_frames=400), runtimes(flags.export)
    calls = {name: lift for name, (lift, _) in found.items()}
    measured = {
        poses: differences_mm(trained, calls, batches(trained, recording, poses, flags.draws))
        for poses in BATCHES
    }
    rows = {
        name: {
            "version": version(name),
            "file": file,
            "bytes": (flags.export / file).stat().st_size,
            **{f"batch_{poses}_mm": worst[name] for poses, (worst, _) in measured.items()},
        }
        for name, (_, file) in found.items()
    }
    print(table(rows))
    missing = sum(count for _, count in measured.values())
    print(f"{2 * flags.draws} batches of each size, {missing} joints missing")
    if flags.out:
        facts = {"machine": measure.machine(), "missing_joints": missing, "runtimes": rows}
        write_json(flags.out, facts)


def exported_from(run: Path, folder: Path) -> Trained:
    """The live networks that an export was made from."""
    checkpoint = json.loads((folder / DESCRIPTION).read_bytes())["scores"]["checkpoint"]
    trained = load_trained(run, checkpoint["which"])
    if trained.facts["step"] != checkpoint["step"]:
        raise SystemExit(f"{folder} is of step {checkpoint['step']} of {run}: export again")
    return trained


def table(rows: dict[str, dict[str, Any]]) -> str:
    """A line a runtime."""
    heads = "".join(f"{f'batch {poses}, mm':>16}" for poses in BATCHES)
    lines = [f"{'runtime':<22}{'file':<20}{'MB':>8}{heads}"]
    for name, row in rows.items():
        cells = "".join(f"{row[f'batch_{poses}_mm']:>16.1e}" for poses in BATCHES)
        package, size = f"{name} {row['version']}", row["bytes"] / 1e6
        lines.append(f"{package:<22}{row['file']:<20}{size:>8.3f}{cells}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
