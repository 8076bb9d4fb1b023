"""Training on cameras from joints, next to training on the true ones.

    python -m benchmarks.calibration.training [--steps=1000] [--seeds 0 1] [--json=FILE]

Each rig of cmu_h36m_rig's train data is calibrated from 5000 frames, its unit by the true distance
of two cameras; the rig recipe trains on either for a few steps; dev with its true cameras scores.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.calibration.__main__ import DATA
from geoself_jax.calibrate.metric import Scale
from geoself_jax.calibrate.recording_cameras import Options, calibrate
from geoself_jax.data.recording import HostCamera, Recording, read, write

FRAMES = 5000


def main() -> None:
    """Calibrates, trains, prints MPJPE and P-MPJPE of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"not run: {DATA} is not here")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.npz"
        write(calibrated(read(DATA / "train.npz")), found)
        for seed in flags.seeds:
            for name, data in (("true", DATA / "train.npz"), ("from joints", found)):
                run = Path(folder) / f"{name.replace(' ', '-')}-{seed}"
                scores = trained(data, run, flags.steps, seed)
                results.append({"cameras": name, "seed": seed, **scores})
                print(results[-1], flush=True)
    if flags.json:
        flags.json.write_text(json.dumps(results, indent=1) + "\n")


def calibrated(whole: Recording) -> Recording:
    """The recording with each rig's cameras from its joints.

    Args:
        whole: With true cameras, of which the first two's distance is used.
    """
    K, R, center = (array.copy() for array in whole.camera)
    lines = []
    for rig, name in enumerate(whole.rig_names):
        few = whole.without_ground_truth().select(np.flatnonzero(whole.rig_id == rig))
        first, second = whole.camera.center[rig, :2]
        metres = float(np.linalg.norm(first - second))
        scale = Scale("baseline", whole.camera_names[:2], metres)
        one, (report,) = calibrate(few, Options(scale=scale, frames=FRAMES))
        R[rig], center[rig] = one.camera.R[rig], one.camera.center[rig]
        print(name, report.degrees.round(3), report.metres.round(4), one.world_up, flush=True)
        lines.append(one.cameras_from)
    return dataclasses.replace(
        whole.without_ground_truth(),
        camera=HostCamera(K, R, center),
        world_up=np.array([0.0, 0, 1]),
        cameras_from=lines[0],
    )


def trained(data: Path, run: Path, steps: int, seed: int) -> dict[str, float]:
    """Scores of dev after some steps on the data.

    Args:
        data: Recording to learn from.
        run: Folder of the run.
        steps: Of training.
        seed: Of training.
    """
    command = [sys.executable, "-m", "geoself_jax.train", "--config=cmu_h36m_rig"]
    command += [f"--config.data.train={data}", f"--config.schedule.length={steps}"]
    command += [f"--config.seed={seed}", f"--workdir={run}"]
    subprocess.run(command, check=True, capture_output=True)
    out = run.with_suffix(".json")
    score = [sys.executable, "-m", "geoself_jax.evaluate", f"--workdir={run}"]
    score += [f"--data={DATA / 'dev.npz'}", f"--json={out}"]
    subprocess.run(score, check=True, capture_output=True)
    scores = json.loads(out.read_text())
    names = ("mpjpe_mm", "p_mpjpe_mm", "root_error_mm")
    return {name: float(_find(scores, name)) for name in names}


def _find(scores: dict, name: str) -> float:
    """The first figure of that name."""
    for key, value in scores.items():
        if key == name:
            return float(value)
        if isinstance(value, dict):
            inner = _find(value, name)
            if inner == inner:
                return inner
    return float("nan")


if __name__ == "__main__":
    main()
