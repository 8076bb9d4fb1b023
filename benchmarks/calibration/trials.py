"""What is tried: a rig of the benchmark's data, frames, cameras, and faults of the detections."""

from typing import NamedTuple

import numpy as np

from geoself_jax.data.recording import Recording

SHARES = {"as they are": (0.0, 0.0), "doubled": (0.04, 0.03)}
"""Of instants and views whose sides are exchanged, and of joints that are outliers, in addition:
about what the data have already (README of the data)."""

_FAR_PX = 60.0


class Trial(NamedTuple):
    """One trial.

    Attributes:
        data: `dev` or `train`.
        rig, frames, cameras: Numbers of the rig, of frames and of views.
        faults: One of `SHARES`.
        seed: Of all that is drawn.
    """

    data: str
    rig: int
    frames: int
    cameras: int
    faults: str
    seed: int


def drawn(count: int, seed: int, recordings: dict[str, Recording]) -> list[Trial]:
    """Trials over rigs, 1000 and 5000 frames, 4, 3 and 2 cameras, both kinds of faults.

    Args:
        count: How many.
        seed: Of the draw.
        recordings: By name.
    """
    rng = np.random.default_rng(seed)
    rigs = [(name, r) for name, one in recordings.items() for r in range(len(one.rig_names))]
    trials = []
    for k in range(count):
        name, rig = rigs[rng.integers(len(rigs))]
        frames, cameras = (1000, 5000)[k % 2], (4, 3, 2)[k // 2 % 3]
        trials.append(Trial(name, rig, frames, cameras, list(SHARES)[k // 6 % 2], 1000 * seed + k))
    return trials


def footage(recording: Recording, trial: Trial) -> tuple[Recording, np.ndarray]:
    """The recording of a trial, one rig, without ground truth; and the numbers of its views.

    Args:
        recording: Whole.
        trial: What is tried.
    """
    rng = np.random.default_rng(trial.seed)
    at = np.flatnonzero(recording.rig_id == trial.rig)
    at = np.sort(rng.choice(at, min(trial.frames, len(at)), replace=False))
    views = np.sort(rng.choice(recording.views, trial.cameras, replace=False))
    few = recording.without_ground_truth().select(at).select_views(views)
    exchanged, outliers = SHARES[trial.faults]
    pixels = few.keypoints_2d.copy()
    swap = rng.random(pixels.shape[:2]) < exchanged
    pixels[swap] = pixels[swap][:, np.array(few.skeleton.mirror)]
    off = rng.random(pixels.shape[:3]) < outliers
    pixels[off] += rng.normal(0, _FAR_PX, (int(off.sum()), 2)).astype(np.float32)
    few.keypoints_2d[...] = pixels
    return few, views
