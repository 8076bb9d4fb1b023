"""Calibrations of which one camera was knocked: repaired? And good ones: left alone?

    python -m benchmarks.calibration.bumps [--trials=40] [--json=FILE]

Rigs of cmu_h36m_rig, 1000 frames; in three trials of four one camera is turned by 0.3 to 2 degrees
about any axis, in the others nothing. True cameras score.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.calibration.__main__ import DATA, recordings
from benchmarks.calibration.scoring import errors
from geoself_jax.calibrate.recording_cameras import Options, calibrate
from geoself_jax.calibrate.views import angle_between, rotation
from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.recording import Recording

FRAMES = 1000


def main() -> None:
    """Runs the trials, prints what was repaired and what was not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"not run: {DATA} is not here")
    results = []
    for k in range(flags.trials):
        results.append(tried(k, np.random.default_rng([flags.seed, k])))
        print(results[-1], flush=True)
    knocked = [r for r in results if r["degrees"] and "after" in r]
    good = [r for r in results if not r["degrees"] and "after" in r]
    print(f"refused: {sum('after' not in r for r in results)} of {len(results)}")
    if knocked:
        right = sum(r["named"] == [r["view"]] for r in knocked)
        left = [r["left_degrees"] for r in knocked]
        print(
            f"knocked: {len(knocked)}, the camera alone named in {right}; error of its rotation "
            f"{np.median(left):.3f} degrees after (median), {max(left):.3f} worst"
        )
    if good:
        print(f"good: {len(good)}, left alone {sum(not r['named'] for r in good)}")
    if flags.json:
        flags.json.write_text(json.dumps(results, indent=1) + "\n")


class Bump(NamedTuple):
    """A calibration of which one camera was knocked.

    Attributes:
        recording: One rig's frames with the knocked calibration.
        rig, view: Numbers of the rig and the knocked camera.
        degrees: How far it was turned; 0 of a good calibration.
        true: Rotations (V, 3, 3) and centres (V, 3).
    """

    recording: Recording
    rig: int
    view: int
    degrees: float
    true: tuple[np.ndarray, np.ndarray]


def bumped(number: int, rng: np.random.Generator) -> Bump:
    """Draws one.

    Args:
        number: Of the trial; every fourth is of a good calibration.
        rng: Draws it.
    """
    whole = recordings()[("dev", "train")[int(rng.integers(2))]]
    rig, view = int(rng.integers(len(whole.rig_names))), int(rng.integers(whole.views))
    at = np.flatnonzero(whole.rig_id == rig)
    at = np.sort(rng.choice(at, min(FRAMES, len(at)), replace=False))
    degrees = float(rng.uniform(0.3, 2)) if number % 4 else 0.0
    axis = rng.normal(size=3)
    R = whole.camera.R.copy()
    R[rig, view] = rotation(np.radians(degrees) * axis / np.linalg.norm(axis)) @ R[rig, view]
    few = whole.without_ground_truth().select(at)
    few = dataclasses.replace(few, camera=few.camera._replace(R=R))
    return Bump(few, rig, view, degrees, (whole.camera.R[rig], whole.camera.center[rig]))


def tried(number: int, rng: np.random.Generator) -> dict[str, Any]:
    """One trial.

    Args:
        number: Of the trial; every fourth is of a good calibration.
        rng: Draws it.
    """
    few, rig, view, degrees, true = bumped(number, rng)
    result = {
        "rig": few.rig_names[rig],
        "view": view,
        "degrees": round(degrees, 3),
        "before": errors(few.camera.R[rig], few.camera.center[rig], *true),
    }
    try:
        _, (report,) = calibrate(few, Options(refine=True))
    except GeoselfError as error:
        return result | {"refused": str(error)}
    moved = report.moved if report.moved is not None else np.zeros((few.views, 2))
    return result | {
        "named": np.flatnonzero(moved.any(1)).tolist(),
        "said_degrees": moved[:, 0].round(3).tolist(),
        "left_degrees": float(angle_between(report.R[view], true[0][view])),
        "after": errors(report.R, report.center, *true),
    }


if __name__ == "__main__":
    main()
