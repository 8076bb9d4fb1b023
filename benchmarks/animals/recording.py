"""The recordings as a lab has them: DeepLabCut's tables a camera, a calibration, a skeleton."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.animals import calibration, rig
from benchmarks.animals.body import (
    BODY_LENGTHS,
    JOINTS,
    TEST,
    TRAIN,
    Animal,
    draw_animal,
    skeleton_toml,
)
from benchmarks.animals.detector import Detections, detect
from benchmarks.animals.motion import poses
from geoself_jax.data.synthetic.camera_ring import Rig

SCORER = "DLC_resnet50_arenaNov30shuffle1_200000"
TRIALS = ("trial1", "trial2")


class Clip(NamedTuple):
    """A trial of an animal.

    Attributes:
        path: `train/animal1/trial1`, below the folder of all.
        animal: Its bones.
        pose_world: (frames, joints, 3) metres, without error.
        seen: By the detector.
    """

    path: str
    animal: Animal
    pose_world: np.ndarray
    seen: Detections


def clips(size: str, frames: int, seed: int) -> tuple[Rig, Iterator[Clip]]:
    """The cameras, and all trials of the animals to learn from and of the one to test on.

    The same seed gives the same motion whatever the size: lengths are all that is scaled.

    Args:
        size: A key of `BODY_LENGTHS`.
        frames: Of a trial.
        seed: Of everything.
    """
    cameras = rig.draw_rig(np.random.default_rng([seed, 0]), BODY_LENGTHS[size])

    def made() -> Iterator[Clip]:
        for name, (part, animal) in animals(size, seed).items():
            for number, trial in enumerate(TRIALS):
                rng = np.random.default_rng([seed, int(name[-1]), 1 + number])
                pose = poses(rng, animal, frames)
                seen = detect(rng, pose, cameras, animal.length)
                yield Clip(f"{part}/{name}/{trial}", animal, pose, seen)

    return cameras, made()


def animals(size: str, seed: int) -> dict[str, tuple[str, Animal]]:
    """By name, `train` or `test`, and the bones.

    Args:
        size, seed: As of `clips`.
    """
    found = {}
    for part, relative in (("train", TRAIN), ("test", TEST)):
        for name, times in relative.items():
            rng = np.random.default_rng([seed, int(name[-1]), 0])
            found[name] = (part, draw_animal(rng, BODY_LENGTHS[size] * times))
    return found


def write(folder: Path, size: str, frames: int, seed: int, python: str | None) -> str:
    """Writes `train` and `test`, `calibration.toml`, `skeleton.toml`, and `truth` for scoring.

    Args:
        folder: To write to.
        size, frames, seed: As of `clips`.
        python: Of an environment with aniposelib, or None (`calibration.write`).

    Returns:
        Who wrote the calibration.
    """
    cameras, trials = clips(size, frames, seed)
    (folder / "truth").mkdir(parents=True)
    for number, clip in enumerate(trials):
        place = folder / clip.path
        place.mkdir(parents=True)
        for view, name in enumerate(rig.NAMES):
            found = np.concatenate(
                [clip.seen.keypoints_2d[:, view], clip.seen.likelihood[:, view, :, None]], -1
            )
            _write_table(place / f"{name}{SCORER}", found, hdf5=number % 2 == 1)
        _, animal, trial = clip.path.split("/")
        np.save(folder / "truth" / f"{animal}-{trial}.npy", clip.pose_world)
    (folder / "skeleton.toml").write_text(skeleton_toml())
    return calibration.write(folder / "calibration.toml", cameras, rig.NAMES, python)


def _write_table(path: Path, found: np.ndarray, hdf5: bool) -> None:
    """(frames, joints, 3) x, y, likelihood as `analyze_videos` writes it: .h5, else .csv."""
    import pandas as pd

    columns = pd.MultiIndex.from_product(
        [[SCORER], JOINTS, ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    table = pd.DataFrame(found.reshape(len(found), -1), columns=columns)
    if hdf5:
        table.to_hdf(f"{path}.h5", key="df_with_missing", format="table", mode="w")
    else:
        table.to_csv(f"{path}.csv")
