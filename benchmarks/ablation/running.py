"""Runs rows, each in a folder of its own, and keeps what was found of each."""

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.ablation import damage, redetected
from benchmarks.ablation.adversarial import train_adversarially
from benchmarks.ablation.damage import CONFIDENCE_DAMAGE, damaged, exact
from benchmarks.ablation.learned import train_with_learned_weights
from benchmarks.ablation.row import Row, changed
from benchmarks.ablation.together import CURVE_POINTS, train_together
from geoself_jax.core import errors
from geoself_jax.core.config import Config, as_dict
from geoself_jax.core.model import Networks
from geoself_jax.core.predict import make_predict
from geoself_jax.data import label_refinement
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.data.synthetic import smooth_detector
from geoself_jax.data.training_set import held_out, triangulate_recording
from geoself_jax.evaluate import report
from geoself_jax.evaluate.scores import ground_truth_scores, label_free_scores, predict_recording
from geoself_jax.geometry import triangulation
from geoself_jax.runtime import devices, workdir
from geoself_jax.runtime.restore import Trained, load_trained
from geoself_jax.train.run import train

HELD_FRAMES = 2000


class Bench:
    """The recordings, read once, and labels triangulated once.

    Args:
        train: What the rows learn from.
        test: What they are scored on, with its ground truth.
        out: Folder of the results.
        together: A row's seeds side by side in one program (`together`), as accelerators like it.
    """

    def __init__(
        self,
        train: str,
        test: str,
        out: Path,
        *,
        synthetic_frames: int = 8000,
        together: bool = False,
    ) -> None:
        self.train = load(train, synthetic_frames=synthetic_frames)
        self.test_source = test
        self.test = load(test, synthetic_frames=2000)
        self.out, self.together = out, together
        self._labels: dict[tuple[Any, str], np.ndarray] = {}
        self._seen: dict[tuple[Any, ...], dict[str, Any]] = {}

    @property
    def data(self) -> str:
        """Digest of both recordings."""
        return f"{self.train.fingerprint}-{self.test.fingerprint}"

    def result(self, row: Row) -> dict[str, Any] | None:
        """What was found of a row, if it has been run."""
        path = self._path(row)
        return json.loads(path.read_text()) if path.is_file() else None

    def run(self, *rows: Row) -> None:
        """Trains and scores a row's seeds, unless that was done or another process is at it.

        Args:
            rows: The same row with one seed or several.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as claims:
            locks = [self._path(row).with_suffix(".lock") for row in rows]
            ours = [claims.enter_context(_claimed(lock)) for lock in locks]
            found_already = [self.result(row) is not None for row in rows]
            rows = tuple(
                row
                for row, mine, there in zip(rows, ours, found_already, strict=True)
                if mine and not there
            )
            if not rows:
                return
            recording = damaged(self.train, rows[0].damage)
            labels = self._triangulated(rows[0], recording)
            saved = [self._path(row).with_suffix(".run") / "checkpoints" for row in rows]
            continued = any(place.exists() for place in saved)
            start, cpu = time.monotonic(), _cpu_seconds()
            facts = {
                "name": rows[0].name,
                "uses_3d": rows[0].supervised or rows[0].adversarial,
                "damage": rows[0].damage,
                "commit": _commit(),
                "threads": len(os.sched_getaffinity(0)),
                "device": jax.devices()[0].device_kind,
                "compute": devices.compute_type(rows[0].config),
            }
            try:
                found = self._trained(rows, recording, labels)
            except errors.GeoselfError as error:
                if error.code != errors.DATA:
                    raise
                for row in rows:
                    refused = {"refused": str(error), "config": as_dict(row.config)}
                    self._write(row, facts | refused)
                return
            minutes = (time.monotonic() - start) / 60 / len(rows)
            seconds = (_cpu_seconds() - cpu) / len(rows)
            facts["minutes"] = None if continued else minutes
            facts["cpu_seconds"] = None if continued else seconds
            for row, (trained, curve) in zip(rows, found, strict=True):
                scores = {
                    "config": trained.record["config"],
                    "versions": trained.record["versions"],
                    "test": self._test_scores(row, trained),
                    "held_out": self._held_scores(row, trained),
                    "analysis": self._analysis(row, trained),
                    "curve": curve,
                }
                if (weight := trained.record.get("label_weight_px")) is not None:
                    scores["label_weight_px"] = float(weight)
                self._write(row, facts | scores)

    def _write(self, row: Row, result: dict[str, Any]) -> None:
        workdir.write_json(self._path(row), {"seed": row.config.seed, **result})
        shutil.rmtree(self._path(row).with_suffix(".run"), ignore_errors=True)

    def _path(self, row: Row) -> Path:
        return self.out / f"{row.key(self.data)}.json"

    def _trained(
        self, rows: tuple[Row, ...], recording: Recording, labels: np.ndarray
    ) -> list[tuple[Trained, list[tuple[int, float]]]]:
        """Networks and curve of each row."""
        row = rows[0]
        if row.adversarial or row.learned_weights:
            train_it = train_adversarially if row.adversarial else train_with_learned_weights
            alone = [train_it(each.config, recording, labels) for each in rows]
            return [(trained, []) for trained in alone]
        truth = recording.pose_world if row.supervised else None
        if self.together:
            seeds = [each.config.seed for each in rows]
            return train_together(row.config, seeds, recording, labels, truth=truth)
        return [self._trained_alone(each, recording, labels, truth) for each in rows]

    def _trained_alone(
        self, row: Row, recording: Recording, labels: np.ndarray, truth: np.ndarray | None
    ) -> tuple[Trained, list[tuple[int, float]]]:
        """As `python -m geoself_jax.train` does it; where it was stopped it goes on."""
        folder = self._path(row).with_suffix(".run")
        config = _validated_often(row.config)
        outcome = train(config, folder, recording, labels=truth, triangulated=labels)
        if outcome.asked:
            raise KeyboardInterrupt
        return load_trained(folder, "last"), _curve(folder)

    def _triangulated(self, row: Row, recording: Recording) -> np.ndarray:
        """Labels, which take a minute: kept in the folder of the results for other processes."""
        method = row.config.objective.labels
        key = row.damage, method
        if key not in self._labels:
            identity = json.dumps(
                [self.train.fingerprint, row.damage, method, _program_of_labels()]
            )
            name = f"labels-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
            with _claimed(self.out / f"{name}.lock", wait=True):
                path = self.out / f"{name}.npy"
                if not path.is_file():
                    blind = recording.without_ground_truth()
                    np.save(self.out / f"{name}.part.npy", triangulate_recording(blind, method))
                    (self.out / f"{name}.part.npy").rename(path)
                self._labels[key] = np.load(path, allow_pickle=False)
        return self._labels[key]

    def _test_scores(self, row: Row, trained: Trained) -> dict[str, Any]:
        """On the test people, as the row's detector sees them."""
        seen = self._shown(row)
        prediction = _predicted(trained, seen["test"])
        scores = ground_truth_scores(prediction, seen["test"])
        free = label_free_scores(prediction, seen["test"], seen["test_labels"])
        return dict(report.without_nan(scores | free))

    def _analysis(self, row: Row, trained: Trained) -> dict[str, float]:
        """Where the error comes from: MPJPE with exact joints, and on people trained on.

        What is left with exact joints is not the detector's, and with half the variance of its
        errors is what averaging them over time may reach; what is left on poses and people that
        were seen in training is not for want of other poses.
        """
        seen = self._shown(row)
        learnt, at = seen["learnt"], seen["learnt_at"]
        found = {
            "exact_joints": (seen["exact"], None),
            "half_the_variance": (seen["half"], None),
            "trained_people": (learnt, at),
            "trained_people_exact_joints": (seen["learnt_exact"], at),
        }
        if seen["unexchanged"] is not None:
            found["without_exchanges"] = (seen["unexchanged"], None)
        return {
            f"{name}_mpjpe_mm": ground_truth_scores(
                _predicted(trained, recording, at),
                recording if at is None else recording.select(at),
            )["mpjpe_mm"]
            for name, (recording, at) in found.items()
        }

    def _shown(self, row: Row) -> dict[str, Any]:
        """What a row's networks are shown, made once for all rows that are shown the same."""
        shown = row.shown
        if shown is None and row.damage and row.damage[0] in CONFIDENCE_DAMAGE:
            shown = row.damage
        key = shown, row.config.data.validation_subjects, row.config.data.validation_share
        if key not in self._seen:
            test = damaged(self.test, shown)  # undamaged, except confidences
            learn, held = held_out(row.config.data, self.train)
            learnt = damaged(self.train.select(learn), shown)
            seen = damaged(self.train.select(held), shown).without_ground_truth()
            # What confidences are is known of labels, what is detected is not.
            out = seen if row.shown else self.train.select(held).without_ground_truth()
            self._seen[key] = {
                "test": test,
                "unexchanged": _without_exchanges(self.test, shown),
                "test_labels": triangulate_recording(test),
                "exact": exact(test),
                "half": exact(test, 0.5**0.5),
                "learnt": learnt,
                "learnt_at": _evenly(learnt.frames),
                "learnt_exact": exact(learnt),
                "held": seen.without_ground_truth(),
                "held_at": _evenly(out.frames),
                "held_labels": triangulate_recording(out, "refined"),
            }
        return self._seen[key]

    def _held_scores(self, row: Row, trained: Trained) -> dict[str, Any]:
        """Returns the label-free scores on held-out subjects, with the row's detections."""
        seen = self._shown(row)
        held, at = seen["held"], seen["held_at"]
        prediction = _predicted(trained, held, at)
        return label_free_scores(prediction, held.select(at), seen["held_labels"][at])


def _without_exchanges(test: Recording, shown: tuple[str, float] | None) -> Recording | None:
    """What the second model of a detector sees where it exchanges nobody; None of another."""
    if shown is None or shown[0] != "smooth" or shown[1] == 0:
        return None
    return damaged(test, ("smooth", 0))


def _evenly(frames: int) -> np.ndarray:
    return np.unique(np.linspace(0, frames - 1, min(HELD_FRAMES, frames)).astype(int))


def _validated_often(config: Config) -> Config:
    """With enough validations for a curve: they change nothing of what is trained."""
    calls = (config.schedule.pretrain + config.schedule.length) // config.schedule.call
    return changed(config, schedule__validate=max(1, calls // CURVE_POINTS))


def _predicted(trained: Trained, recording: Recording, at: np.ndarray | None = None) -> Any:
    frames = trained.model.config.frames
    return predict_recording(_predict(trained.model), trained.variables, recording, frames, at)


@functools.lru_cache(maxsize=2)
def _predict(model: Networks) -> Any:
    """Compiled once for all that a row's networks are shown."""
    return make_predict(model)


def _cpu_seconds() -> float:
    """Of this process so far, all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _program_of_labels() -> str:
    """Returns a digest of the code that makes labels: they are made again when it changes."""
    sources = [
        Path(m.__file__ or "").read_bytes()
        for m in (triangulation, label_refinement, damage, redetected, smooth_detector)
    ]
    return hashlib.sha256(b"".join(sources)).hexdigest()


def _commit() -> str | None:
    """Of the program that was run; where it is a copy without git, as GEOSELF_COMMIT says."""
    if commit := os.environ.get("GEOSELF_COMMIT"):
        return commit
    with contextlib.suppress(OSError):
        ask = ["git", "describe", "--always", "--dirty"]
        found = subprocess.run(ask, capture_output=True, text=True, check=False)
        return found.stdout.strip() or None
    return None


def _curve(folder: Path) -> list[tuple[int, float]]:
    """Validations on the way: step and mm to the held-out people's triangulated joints."""
    path = folder / "metrics.jsonl"
    if not path.is_file():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    key = "validation_triangulation_mm"
    return [(line["step"], line[key]) for line in lines if key in line]


@contextlib.contextmanager
def _claimed(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Whether this process alone may work on what the lock file stands for."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            yield False
            return
        yield True


def seeds(rows: list[Row], count: int) -> list[Row]:
    """Every row with each seed, the first seed of all rows first."""
    return [row.seeded(seed) for seed in range(count) for row in rows]
