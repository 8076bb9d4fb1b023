"""Runs rows, each in a folder of its own, and keeps what was found of each."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ablation.adversarial import train_adversarially
from benchmarks.ablation.damage import TOLD, damaged, exact
from benchmarks.ablation.row import Row, changed
from geoself_jax import errors, evaluation, workdir
from geoself_jax.config import Config, as_dict
from geoself_jax.data.sources import load
from geoself_jax.data.training_views import triangulate_recording
from geoself_jax.recording import Recording
from geoself_jax.scores import ground_truth_scores, label_free_scores, predict_recording
from geoself_jax.step import make_predict
from geoself_jax.trained import Trained, load_trained
from geoself_jax.training import held_out, train

HELD_FRAMES = 2000
CURVE_POINTS = 20


class Bench:
    """The recordings, read once, and labels triangulated once.

    Args:
        train: What the rows learn from.
        test: What they are scored on, with its ground truth.
        out: Folder of the results.
    """

    def __init__(self, train: str, test: str, out: Path, *, synthetic_frames: int = 8000) -> None:
        self.train = load(train, synthetic_frames=synthetic_frames)
        self.test_source = test
        self.test = load(test, synthetic_frames=2000)
        self.out = out
        self._labels: dict[tuple[Any, str], np.ndarray] = {}

    @property
    def data(self) -> str:
        """Digest of both recordings."""
        return f"{self.train.fingerprint}-{self.test.fingerprint}"

    def result(self, row: Row) -> dict[str, Any] | None:
        """What was found of a row, if it has been run."""
        path = self._path(row)
        return json.loads(path.read_text()) if path.is_file() else None

    def run(self, row: Row) -> None:
        """Trains and scores a row, unless it was done or another process is at it."""
        self.out.mkdir(parents=True, exist_ok=True)
        with _claimed(self._path(row).with_suffix(".lock")) as ours:
            if not ours or self.result(row) is not None:
                return
            recording = damaged(self.train, row.damage)
            folder = self.out / f"{row.key(self.data)}.run"
            start = time.monotonic()
            result = {
                "name": row.name,
                "seed": row.config.seed,
                "uses_3d": row.supervised or row.adversarial,
                "damage": row.damage,
                "commit": _commit(),
                "threads": len(os.sched_getaffinity(0)),
            }
            try:
                trained = self._trained(row, recording, folder)
            except errors.GeoselfError as error:
                if error.code != errors.DATA:
                    raise
                found: dict[str, Any] = {"refused": str(error), "config": as_dict(row.config)}
            else:
                found = {
                    "minutes": (time.monotonic() - start) / 60,
                    "config": trained.record["config"],
                    "versions": trained.record["versions"],
                    "test": self._test_scores(row, trained),
                    "held_out": self._held_scores(row, trained),
                    "analysis": self._analysis(row, trained),
                    "curve": _curve(folder),
                }
            workdir.write_json(self._path(row), result | found)
            shutil.rmtree(folder, ignore_errors=True)

    def _path(self, row: Row) -> Path:
        return self.out / f"{row.key(self.data)}.json"

    def _trained(self, row: Row, recording: Recording, folder: Path) -> Trained:
        if row.adversarial:
            return train_adversarially(row.config, recording, self._triangulated(row, recording))
        teacher = recording.pose_world if row.supervised else None
        labels = self._triangulated(row, recording)
        config = _validated_often(row.config)
        outcome = train(config, folder, recording, teacher=teacher, triangulated=labels)
        if outcome.interrupted:
            raise KeyboardInterrupt
        return load_trained(folder, "last")

    def _triangulated(self, row: Row, recording: Recording) -> np.ndarray:
        key = row.damage, row.config.objective.labels
        if key not in self._labels:
            blind = recording.without_ground_truth()
            self._labels[key] = triangulate_recording(blind, row.config.objective.labels)
        return self._labels[key]

    def _test_scores(self, row: Row, trained: Trained) -> dict[str, Any]:
        """On the test people, as the row's detector sees them."""
        test = _told(self.test, row)
        prediction = _predicted(trained, test)
        scores = ground_truth_scores(prediction, test)
        free = label_free_scores(prediction, test, triangulate_recording(test))
        return dict(evaluation.without_nan(scores | free))

    def _analysis(self, row: Row, trained: Trained) -> dict[str, float]:
        """Where the error comes from: MPJPE with exact joints, and on people trained on.

        What is left with exact joints is not the detector's, and with half the variance of its
        errors is what averaging them over time may reach; what is left on poses and people that
        were seen in training is not for want of other poses.
        """
        test = _told(self.test, row)
        learnt = _told(self.train.select(held_out(row.config.data, self.train)[0]), row)
        at = np.unique(np.linspace(0, learnt.frames - 1, HELD_FRAMES).astype(int))
        found = {
            "exact_joints": (exact(test), None),
            "half_the_variance": (exact(test, 0.5**0.5), None),
            "trained_people": (learnt, at),
            "trained_people_exact_joints": (exact(learnt), at),
        }
        return {
            f"{name}_mpjpe_mm": ground_truth_scores(
                _predicted(trained, recording, at),
                recording if at is None else recording.select(at),
            )["mpjpe_mm"]
            for name, (recording, at) in found.items()
        }

    def _held_scores(self, row: Row, trained: Trained) -> dict[str, Any]:
        """Without labels, on people held out of training, as the row's detector sees them."""
        held = self.train.select(held_out(row.config.data, self.train)[1]).without_ground_truth()
        labels = self._held_labels(held)
        at = np.unique(np.linspace(0, held.frames - 1, min(HELD_FRAMES, held.frames)).astype(int))
        held = _told(held, row)
        prediction = _predicted(trained, held, at)
        return label_free_scores(prediction, held.select(at), labels[at])

    def _held_labels(self, held: Recording) -> np.ndarray:
        key = "held out", str(held.frames)
        if key not in self._labels:
            self._labels[key] = triangulate_recording(held, "refined")
        return self._labels[key]


def _told(recording: Recording, row: Row) -> Recording:
    """Undamaged, but for confidences, which are as the row's detector gives them."""
    return damaged(recording, row.damage if row.damage and row.damage[0] in TOLD else None)


def _validated_often(config: Config) -> Config:
    """With enough validations for a curve: they change nothing of what is trained."""
    calls = (config.schedule.pretrain + config.schedule.length) // config.schedule.call
    return changed(config, schedule__validate=max(1, calls // CURVE_POINTS))


def _predicted(trained: Trained, recording: Recording, at: np.ndarray | None = None) -> Any:
    predict, frames = make_predict(trained.model), trained.model.config.frames
    return predict_recording(predict, trained.variables, recording, frames, at)


def _commit() -> str | None:
    """Of the program that was run; None where it is not a checkout."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


def _curve(folder: Path) -> list[tuple[int, float]]:
    """Validations on the way: step and mm to the held-out people's triangulated joints."""
    path = folder / "metrics.jsonl"
    if not path.is_file():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    key = "validation_triangulation_mm"
    return [(line["step"], line[key]) for line in lines if key in line]


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[bool]:
    """Whether this process alone may work on what the lock file stands for."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def seeds(rows: list[Row], count: int) -> list[Row]:
    """Every row with each seed, the first seed of all rows first."""
    return [row.seeded(seed) for seed in range(count) for row in rows]
