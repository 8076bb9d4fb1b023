"""Keeps a small sample of what a run is trained on in its folder."""

from pathlib import Path

import numpy as np

from geoself_jax.data.recording import Recording
from geoself_jax.data.training_sample import (
    FILE,
    TrainingSample,
    sample_training,
    together,
    write_sample,
)
from geoself_jax.runtime import hosts
from geoself_jax.runtime.phases import phase


def keep_sample(
    folder: Path,
    recording: Recording,
    world: np.ndarray,
    unit: float,
    earlier: TrainingSample | None = None,
    *,
    afresh: bool = False,
) -> None:
    """Writes training_sample.npz into a run's folder, unless it is there, on the host that writes.

    Args:
        folder: Of the run.
        recording: The frames that are trained on.
        world: (frames, joints, 3) triangulated, metres, world frame.
        unit: `ModelConfig.metres`.
        earlier: Of what the run starts from (`config.init`); None where there is none.
        afresh: Write it though it is there, for a run that starts once more, perhaps from others.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    path = folder / FILE
    if hosts.is_leader() and (afresh or not path.exists()):
        with phase("sampling the training poses"):
            sample = sample_training(recording, world, unit)
            write_sample(path, together(sample, earlier) if earlier else sample)
