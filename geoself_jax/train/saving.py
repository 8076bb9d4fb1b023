"""A run's checkpoints: the last ones to continue from, and the best by the label-free score."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from geoself_jax.core.step import TrainState
from geoself_jax.runtime import checkpoints, hosts

LAST, BEST = "checkpoints/last", "checkpoints/best"

Validate = Callable[[Any], tuple[float | None, Any]]
"""The networks' variables to a label-free score, or None where there is none, and to the variables
with their uncertainties calibrated (`evaluate.held_out.score`)."""


def items(state: TrainState) -> dict[str, Any]:
    """The two parts of a checkpoint: what evaluation needs, and what only training needs."""
    values = state._asdict()
    variables = {name: values.pop(name) for name in ("params", "batch_stats")}
    return {"variables": variables, "progress": values}


def restore(folder: Path, state: TrainState) -> tuple[TrainState, float]:
    """The newest checkpoint and the best score so far; `state` itself where there is none."""
    saved, best = items(state), math.inf
    if hosts.is_leader():
        found = checkpoints.restore_latest(folder / LAST, saved, warn=tqdm.write, set_aside=True)
        if found is not None:
            saved, facts = found
            best = best if facts["best"] is None else facts["best"]
    saved, best = hosts.from_leader((saved, np.float64(best)))
    return TrainState(**saved["variables"], **saved["progress"]), float(best)


class Saver:
    """Saves states of one run, and knows the best score so far.

    Attributes:
        best: The lowest label-free score so far, mm.
    """

    def __init__(self, folder: Path, validate: Validate, best: float, *, calibrate: bool) -> None:
        self._folder, self._validate, self._calibrate = folder, validate, calibrate
        self.best = best

    def validate(self, state: TrainState, done: int) -> dict[str, float]:
        """Scores a state, keeps it if it is the best, and returns the score for the log.

        Without a score the newest is the best; a score that is not finite never is.
        """
        score, variables = self._validate(items(hosts.own_copy(state))["variables"])
        if score is None or score < self.best:
            self.best = self.best if score is None else score
            facts = {"step": done, "validation_triangulation_mm": score}
            saved = {"variables": variables}
            checkpoints.save(self._folder / BEST, done, saved, keep=1, facts=facts)
        if score is None or not math.isfinite(score):
            return {}
        return {"validation_triangulation_mm": score}

    def save(self, state: TrainState, done: int) -> None:
        """Saves a state to continue from, on the host that writes."""
        if not hosts.is_leader():
            return
        facts = {"step": done, "best": self.best if math.isfinite(self.best) else None}
        saved = items(hosts.own_copy(state))
        if self._calibrate:
            saved["variables"] = self._validate(saved["variables"])[1]
        checkpoints.save(self._folder / LAST, done, saved, keep=2, facts=facts)
