"""A run's checkpoints: the last ones to continue from, and the best by the label-free score."""

import errno
import math
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from geoself_jax.core import disk
from geoself_jax.core.model import Networks
from geoself_jax.core.step import TrainState
from geoself_jax.runtime import checkpoints, hosts
from geoself_jax.runtime.phases import phase
from geoself_jax.runtime.restore import check_networks
from geoself_jax.runtime.workdir import METRICS

LAST, BEST = "checkpoints/last", "checkpoints/best"

Validate = Callable[[Any], tuple[float | None, Any]]
"""The networks' variables to a label-free score, or None where there is none, and to the variables
with their uncertainties calibrated (`evaluate.held_out.HeldOut.score`)."""


class Best(NamedTuple):
    """The lowest label-free score so far, mm, and the step that it is of."""

    score: float = math.inf
    step: int = 0


def items(state: TrainState) -> dict[str, Any]:
    """The two parts of a checkpoint: what evaluation needs, and what only training needs."""
    values = state._asdict()
    variables = {name: values.pop(name) for name in ("params", "batch_stats")}
    return {"variables": variables, "progress": values}


def restore(folder: Path, state: TrainState, model: Networks) -> tuple[TrainState, Best]:
    """The newest checkpoint and the best score so far; `state` itself where there is none.

    Args:
        folder: Of the run.
        state: Of fresh networks.
        model: The networks.

    Raises:
        GeoselfError: No checkpoint is whole, or it is of other networks (65).
    """
    saved, best = items(state), Best()
    if hosts.is_leader():
        found = checkpoints.restore_latest(
            folder / LAST,
            saved,
            warn=print,
            check=lambda facts: check_networks(facts, model, "this run"),
            set_aside=True,
        )
        if found is not None:
            saved, facts = found
            if facts["best"] is not None:  # older runs have no step of it
                best = Best(facts["best"], facts.get("best_step", facts["step"]))
    saved, numbers = hosts.from_leader((saved, np.array(best, np.float64)))
    best = Best(float(numbers[0]), int(numbers[1]))
    return TrainState(**saved["variables"], **saved["progress"]), best


def check_space(folder: Path, state: TrainState) -> None:
    """Makes sure that the next checkpoints fit on the disk, before anything is computed for them.

    Args:
        folder: Of the run.
        state: What is saved.

    Raises:
        GeoselfError: One to continue from and the best one do not fit (74).
    """
    saved = items(state)
    needed = checkpoints.bytes_of(saved) + checkpoints.bytes_of(saved["variables"])
    free = disk.free_bytes(folder)
    if hosts.is_leader() and free is not None and free < needed:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        safe = f"step {int(state.step)} stays" if int(state.step) else "nothing was trained yet"
        raise disk.refused(folder / "checkpoints", full, needed=needed, safe=safe)


class Saver:
    """Saves states of one run, and knows the best score so far.

    The best networks are written with the next state to continue from, at the latest when the run
    ends: early in a run each validation is the best so far.

    Args:
        folder: Of the run.
        validate: Scores variables.
        best: The best score so far.
        calibrate: Whether a state that is saved is calibrated first.
        networks: `restore.networks_of` the run's.

    Attributes:
        best: The best score so far.
    """

    def __init__(
        self,
        folder: Path,
        validate: Validate,
        best: Best,
        *,
        calibrate: bool,
        networks: dict[str, Any],
    ) -> None:
        self._folder, self._validate, self._calibrate = folder, validate, calibrate
        self._networks = networks
        self.best = best
        self._unsaved: tuple[int, dict[str, Any], dict[str, Any]] | None = None

    def validate(self, state: TrainState, done: int) -> dict[str, float]:
        """Scores a state, keeps its networks if they are the best; returns the score for the log.

        Without a score the newest is the best; a score that is not finite never is.
        """
        score, variables = self._validate(items(hosts.own_copy(state))["variables"])
        if score is None or score < self.best.score:
            self.best = self.best if score is None else Best(score, done)
            facts = self._facts(done, validation_triangulation_mm=score)
            copied = jax.tree.map(np.array, variables)  # the next step takes the arrays' memory
            self._unsaved = done, {"variables": copied}, facts
        if score is None or not math.isfinite(score):
            return {}
        return {"validation_triangulation_mm": score}

    def save_best(self) -> None:
        """Writes the best networks, if they are not written yet."""
        if self._unsaved is not None:
            done, saved, facts = self._unsaved
            checkpoints.save(self._folder / BEST, done, saved, keep=1, facts=facts)
            self._unsaved = None

    def save(self, state: TrainState, done: int) -> None:
        """Saves a state to continue from, on the host that writes."""
        if not hosts.is_leader():
            return
        score = self.best.score if math.isfinite(self.best.score) else None
        facts = self._facts(done, best=score, best_step=self.best.step)
        saved = items(hosts.own_copy(state))
        if self._calibrate:
            saved["variables"] = self._validate(saved["variables"])[1]
        with phase("saving", lines=False):
            self.save_best()
            with suppress(OSError):  # without it a lost machine costs some lines
                disk.to_disk(self._folder / METRICS)
            checkpoints.save(self._folder / LAST, done, saved, keep=2, facts=facts)

    def _facts(self, step: int, **scores: float | None) -> dict[str, Any]:
        return {"step": step, **scores, "networks": self._networks}
