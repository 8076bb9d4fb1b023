"""What a run reports while it trains: a progress bar and the log of its metrics."""

import time
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from geoself_jax.core import step
from geoself_jax.core.errors import DIVERGED, GeoselfError
from geoself_jax.runtime import hosts, workdir


class Progress:
    """The bar on the terminal and metrics.jsonl; both on the host that writes, else silent."""

    def __init__(self, folder: Path, done: int, total: int) -> None:
        leading = hosts.is_leader()
        self._learned = done > 0
        self._log = workdir.MetricsLog(folder, done) if leading else None
        self._bar = tqdm(
            total=total,
            initial=done,
            unit="step",
            smoothing=0.1,
            mininterval=1,
            disable=not leading,
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        if self._log:
            self._log.close()

    @property
    def is_kept(self) -> bool:
        """Whether this host keeps the log."""
        return self._log is not None

    def show(self, done: int, steps: int, metrics: dict[str, jax.Array]) -> dict[str, float]:
        """Advances the bar by one call's steps; returns the means of its metrics.

        Raises:
            GeoselfError: The loss stays not finite (70).
        """
        own = {name: np.asarray(x)[:steps] for name, x in hosts.own_copy(metrics).items()}
        scalars = means(own, done)
        changed = (own["skipped"] == 0) & (own["gradient_norm"] > 0)
        self._learned |= bool(changed.any())
        self._bar.update(steps)
        if "loss" in scalars:
            self._bar.set_postfix(loss=f"{scalars['loss']:.4g}")
        return scalars

    def check_learned(self, done: int) -> None:
        """Refuses to call a run done none of whose steps changed the networks.

        Raises:
            GeoselfError: Each step was skipped, or had nothing to learn from (70).
        """
        if not self._learned and done:
            raise GeoselfError(
                f"none of {done} steps changed the networks",
                "each loss was not finite, or had no joint that counts; nothing was saved",
                "look at the labels and the confidences",
                DIVERGED,
            )

    def write(self, done: int, scalars: dict[str, float]) -> None:
        """Logs scalars under a step."""
        if self._log:
            self._log.write(done, scalars)

    def first_steps(self, steps: int, started: float) -> None:
        """Reports how long it took to the end of the first call."""
        if self._log:
            seconds = time.monotonic() - started
            what = "step" if steps == 1 else f"{steps} steps"
            tqdm.write(f"first {what} done after {seconds:.1f} s, compiling included")


def means(metrics: dict[str, Any], done: int) -> dict[str, float]:
    """Means over the steps of one call that ended at step `done`; of none if all were skipped.

    Raises:
        GeoselfError: The loss was not finite `step.MAX_SKIPPED` times in a row (70).
    """
    values = {name: np.asarray(value) for name, value in metrics.items()}
    if values["skipped"].max() >= step.MAX_SKIPPED:
        first = done - len(values["skipped"])
        at = int(np.argmax(values["skipped"] >= step.MAX_SKIPPED))
        raise GeoselfError(
            f"step {first + at + 1}: loss {values['loss'][at]}, "
            f"not finite {step.MAX_SKIPPED} times in a row",
            "training diverged; checkpoints saved before are kept",
            "lower optimizer.learning_rate, set optimizer.clip_norm=1, or look at the data",
            DIVERGED,
        )
    finite = np.isfinite(values["loss"])
    skipped = float(np.sum(values.pop("skipped") > 0))
    found = {n: float(v[finite].mean()) for n, v in values.items() if finite.any()}
    return {**found, "skipped": skipped}
