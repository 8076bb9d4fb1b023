"""Keeps a small sample of what a run is trained on in its folder."""

from pathlib import Path

import numpy as np

from geoself_jax.data.recording import Recording
from geoself_jax.data.training_sample import FILE, sample_training, write_sample
from geoself_jax.runtime import hosts
from geoself_jax.runtime.phases import phase


def keep_sample(folder: Path, recording: Recording, world: np.ndarray, unit: float) -> None:
    """Writes training_sample.npz into a run's folder, unless it is there, on the host that writes.

    Args:
        folder: Of the run.
        recording: The frames that are trained on.
        world: (frames, joints, 3) triangulated, metres, world frame.
        unit: `ModelConfig.metres`.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    path = folder / FILE
    if hosts.is_leader() and not path.exists():
        with phase("sampling the training poses"):
            write_sample(path, sample_training(recording, world, unit))
