"""Lags planted in the data's cameras: found, or said to be unknown?

    python -m benchmarks.calibration.lags [--trials=60] [--known] [--json=FILE]

One camera of a rig of cmu_h36m_rig is read -60 to 60 frames (2.4 s) late, in half frames between;
one clip at a time and all clips of a rig, without calibration or (`--known`) with it.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration.__main__ import DATA, recordings
from geoself_jax.calibrate.clip_lags import find_clip_lags
from geoself_jax.calibrate.rig_views import relative
from geoself_jax.calibrate.sync import clips_of
from geoself_jax.calibrate.timeline import timeline_of
from geoself_jax.calibrate.views import Pose
from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.recording import Recording

FARTHEST, RIGHT, LEAST_FRAMES = 60, 0.2, 150


def main() -> None:
    """Runs the trials, prints how many are right, unknown and wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--known", action="store_true", help="cameras are calibrated")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"not run: {DATA} is not here")
    results = []
    for k in range(flags.trials):
        results.append(tried(k, np.random.default_rng([flags.seed, k]), flags.known))
        print(results[-1], flush=True)
    for where in ("one clip", "all clips"):
        some = [r for r in results if r["footage"] == where]
        known = [r for r in some if r["off"] is not None]
        right = sum(r["off"] <= RIGHT for r in known)
        off = np.median([r["off"] for r in known]) if known else np.nan
        print(
            f"{where}: {len(some)} trials, {right} within {RIGHT} frames (median {off:.3f}), "
            f"{len(some) - len(known)} unknown, {len(known) - right} wrong"
        )
    if flags.json:
        flags.json.write_text(json.dumps(results, indent=1) + "\n")


def tried(number: int, rng: np.random.Generator, known: bool) -> dict[str, Any]:
    """One trial: the planted lag, and how far off what was found is; None where it is unknown.

    Args:
        number: Of the trial; every other one is of a single clip.
        rng: Draws it.
        known: Whether the cameras' places are used.
    """
    name = ("dev", "train")[int(rng.integers(2))]
    whole = recordings()[name]
    rig = int(rng.integers(len(whole.rig_names)))
    frames = np.flatnonzero(whole.rig_id == rig)
    if number % 2 == 0:
        every, count = np.unique(whole.clip_id[frames], return_counts=True)
        clip = rng.choice(every[count >= LEAST_FRAMES])
        frames = frames[whole.clip_id[frames] == clip]
    view, lag = (
        int(rng.integers(1, whole.views)),
        int(rng.integers(-2 * FARTHEST, 2 * FARTHEST)) / 2,
    )
    late = planted(whole.without_ground_truth().select(frames), view, lag)
    clips = clips_of(late, np.arange(late.frames), rig, np.arange(whole.views))
    R, center = whole.camera.R[rig], whole.camera.center[rig]
    poses = (relative(R, center), Pose.of(R, center)) if known else (None, None)
    truth = np.zeros(whole.views)
    truth[view] = lag
    result: dict[str, Any] = {
        "footage": ("one clip", "all clips")[number % 2],
        "rig": whole.rig_names[rig],
        "frames": late.frames,
        "view": view,
        "lag": lag,
        "off": None,
    }
    try:
        found = find_clip_lags(clips, rng, *poses)
    except GeoselfError as error:
        return result | {"said": str(error)}
    middle = found.frames + found.rate * np.median(late.frame_id)
    off = float(np.max(np.abs(middle - truth)))
    return result | {
        "off": round(off, 4),
        "found": np.round(found.frames[0], 3).tolist(),
        "said": np.round(found.error.max(0), 3).tolist(),
        "ppm": np.round(1e6 * found.rate).tolist(),
        "one clock": found.one_clock,
    }


def planted(recording: Recording, view: int, lag: float) -> Recording:
    """The recording with one view's images later by `lag` frames, half ones between two.

    Args:
        recording: One rig.
        view: Which view.
        lag: Frames.
    """
    pixels = recording.keypoints_2d.copy()
    confidence = recording.confidence.copy()
    there = timeline_of(np.nan_to_num(pixels), confidence, recording.clip_id, recording.frame_id)
    moved, weight = there.at(np.arange(recording.frames), view, -lag)
    pixels[:, view] = np.where((weight > 0)[..., None], moved, np.nan)
    confidence[:, view] = weight
    recording.keypoints_2d[...] = pixels
    recording.confidence[...] = confidence
    return recording


if __name__ == "__main__":
    main()
