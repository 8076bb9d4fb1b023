"""What evaluate, lift, export and a continued training read of a folder, as one digest."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core import step
from geoself_jax.core.config import ModelConfig, OptimizerConfig, from_dict
from geoself_jax.core.model import Networks
from geoself_jax.core.optimizer import make_optimizer
from geoself_jax.core.predict import make_predict
from geoself_jax.data.recording import Recording
from geoself_jax.data.training_sample import TrainingSample, read_sample
from geoself_jax.evaluate.scores import predict_recording
from geoself_jax.export.description import read_scores
from geoself_jax.lift.exported import check_files, load_exported
from geoself_jax.runtime import checkpoints, metrics_lines, workdir
from geoself_jax.runtime.restore import Trained, load_trained, skeleton_from_dict
from geoself_jax.train.saving import LAST, items


class Reader:
    """Reads runs and exports by the functions of the commands.

    Programs are compiled once for each network.

    Args:
        recording: What is lifted.
        run: A whole run, in the shape of whose optimizer's state others are restored.
    """

    def __init__(self, recording: Recording, run: Path) -> None:
        self._recording = recording
        self._programs: dict[str, Callable[..., Any]] = {}
        record = workdir.read_record(run)
        model = from_dict(ModelConfig, record["model"])
        networks = Networks(model, skeleton_from_dict(record["skeleton"]))
        optimizer, schedule = record["config"]["optimizer"], record["config"]["schedule"]
        made = make_optimizer(
            from_dict(OptimizerConfig, optimizer), schedule["pretrain"], schedule["length"]
        )
        self._state = items(step.initial_state(networks, made, 0))

    def read(self, folder: Path, name: str) -> tuple[str, str]:
        """Reads what a file of a folder may change.

        Args:
            folder: Of a run or an export.
            name: Of the file, within the folder.

        Returns:
            Digest of all numbers that come of it; that of those without a digest of their own.
        """
        if (folder / "model.json").is_file():
            return self._export(folder), ""
        if name == "metrics.jsonl":
            return self._metrics(folder)
        if name.startswith("checkpoints/best"):
            return self._poses(load_trained(folder, "best")), ""
        return self._run(folder, continued=name.startswith("checkpoints")), ""

    def _run(self, folder: Path, *, continued: bool) -> str:
        """Evaluate's and export's poses, scores and sample; what training continues from."""
        trained = load_trained(folder, "last")
        sample = read_sample(folder, trained.model.skeleton)
        parts = [
            self._poses(trained),
            repr(read_scores(folder, "last", trained)[0]),
            _sample(sample),
        ]
        if continued:
            found = checkpoints.restore_latest(folder / LAST, self._state)
            parts.append(checkpoints.digest(found[0]) + repr(found[1]) if found else "")
        return _digest(*parts)

    def _export(self, folder: Path) -> str:
        """Lift's poses, and what evaluate checks of the other files."""
        trained = load_exported(folder)
        check_files(folder, trained.record)
        sample = read_sample(folder, trained.model.skeleton)
        return _digest(self._poses(trained), _sample(sample), repr(trained.record.get("recording")))

    def _metrics(self, folder: Path) -> tuple[str, str]:
        """Which lines a continued run keeps; and their numbers."""
        said = metrics_lines.keep_lines(folder / "metrics.jsonl", 2**53)
        if said:
            print(said)
        (folder / metrics_lines.DAMAGED).unlink(missing_ok=True)
        return "", (folder / "metrics.jsonl").read_text()

    def _poses(self, trained: Trained) -> str:
        """Digest of the poses of all views, by bits."""
        key = repr((trained.model.config, trained.model.skeleton))
        if key not in self._programs:
            self._programs[key] = make_predict(trained.model)
        predict, frames = self._programs[key], trained.model.config.frames
        lifted = predict_recording(predict, trained.variables, self._recording, frames)
        arrays = [np.asarray(array).tobytes() for array in lifted if array is not None]
        return hashlib.sha256(b"".join(arrays)).hexdigest()


def _sample(sample: TrainingSample | None) -> str:
    if sample is None:
        return ""
    return _digest(*(np.asarray(value).tobytes().hex() for value in sample))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
