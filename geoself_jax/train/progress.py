"""What a run reports while it trains: the bar, its lines and the log of its metrics."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core import step
from geoself_jax.core.config import as_dict
from geoself_jax.core.errors import DIVERGED, GeoselfError, one_line
from geoself_jax.core.optimizer import learning_rate
from geoself_jax.core.shown_lengths import HUMAN_UNITS, ShownUnit
from geoself_jax.runtime import hosts, phases, workdir
from geoself_jax.runtime.run_log import log
from geoself_jax.train.saving import Best

if TYPE_CHECKING:
    from geoself_jax.train.loop import Training

_AHEAD = 256
FAR = 100.0
"""Sizes of a body that no network in training is off by, unless it has diverged."""
LINE_SECONDS = 60.0
"""Without a bar there is a line at each validation, and as often as this."""


class Progress:
    """The bar on the terminal and the run's logs; all on the host that writes, else silent.

    Args:
        training: The run.
        done: Steps done before.
        best: The best score so far.
    """

    def __init__(self, training: "Training", done: int, best: Best) -> None:
        config, stages = training.config, training.stages
        self._total, self._first, self._best = stages.total, done, best
        self._learned, self._score = done > 0, float("nan")
        self._rates = _Rates(training)
        self._log = workdir.MetricsLog(training.folder, done) if hosts.is_leader() else None
        self._open = ExitStack()
        bar = phases.phase("training", self._total, "steps", initial=done, lines=False)
        self._bar = self._open.enter_context(bar)
        self._before, self._line_at = (done, 0.0), time.monotonic()
        self._draws, self._unit = self._log is not None, HUMAN_UNITS.error
        self._said_far = False
        with ExitStack() as failed:  # a full disk
            failed.callback(self._open.close)
            if self._log:
                self._open.callback(self._log.close)
                text = json.dumps(as_dict(config), indent=2)
                self._log.describe("configuration", f"```\n{text}\n```", done)
            failed.pop_all()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

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

    def show_units(self, unit: ShownUnit) -> None:
        """Shows scores in a unit of errors; without, in a human's."""
        self._unit = unit

    def write(self, done: int, scalars: dict[str, float], best: Best) -> None:
        """Logs scalars under a step, with the rate of learning and of the steps.

        Args:
            done: The step.
            scalars: By name; with `validation_triangulation_mm` where it was validated.
            best: The best score so far.
        """
        if not self._log:
            return
        (before, then), now = self._before, self._bar.seconds
        more = {"learning_rate": self._rates.at(done - 1)}
        if now > then and done > before:
            more["steps_per_second"] = (done - before) / (now - then)
        self._before = done, now
        score = scalars.get("validation_triangulation_mm")
        if score is not None:
            more |= {"best_triangulation_mm": best.score, "best_step": best.step}
        self._log.write(done, {**scalars, **more})
        self._say(done, scalars, score, best)

    def _say(self, done: int, scalars: dict[str, float], score: float | None, best: Best) -> None:
        """The bar's note; and a line, in the log alone where there is a bar."""
        self._score = self._score if score is None else score
        if np.isfinite(self._score):
            now, least = (self._unit.text(mm / 1000) for mm in (self._score, best.score))
            held = f"held-out {now} {self._unit.symbol}"
            self._bar.note = f"{held} (best {least} at {best.step})"
        self._bar.more = f"loss {scalars['loss']:.4g}" if "loss" in scalars else ""
        if score is None and time.monotonic() - self._line_at < LINE_SECONDS:
            return
        self._line_at = time.monotonic()
        rate = (done - self._first) / max(self._bar.seconds, 1e-9)
        left = f"{rate:.1f} steps/s, {(self._total - done) / max(rate, 1e-9):.0f} s left"
        figures = ", ".join(filter(None, (self._bar.note, self._bar.more, left)))
        line = f"step {done} of {self._total}: {figures}"
        if phases.is_bar_shown():
            log(line)
        else:
            phases.say(line)

    def warn_if_far(self, done: int, scalars: dict[str, float], metres: float) -> None:
        """Says once that held-out poses are off beyond sense.

        Args:
            done: The step.
            scalars: With `validation_triangulation_mm` where it was validated.
            metres: Size of a body, `ModelConfig.metres`.
        """
        line = far_off(done, scalars.get("validation_triangulation_mm"), metres)
        if line and not self._said_far:
            self._said_far = True
            print(f"warning: {line}", file=sys.stderr, flush=True)

    def draw(self, done: int, make: Callable[[], np.ndarray | None]) -> None:
        """Adds a picture of held-out poses to TensorBoard's events; if it fails, no more of them.

        Args:
            done: The step.
            make: The picture, None where there is nothing to draw.
        """
        if not self._log or not self._draws:
            return
        try:
            image = make()
        except Exception as error:  # matplotlib's: the run is worth more
            self._draws, why = False, one_line(error) or type(error).__name__
            line = f"warning: held-out poses: {why} - the run goes on without pictures"
            print(line, file=sys.stderr, flush=True)
            return
        if image is not None:
            self._log.show("held_out_poses", image, done)

    def first_steps(self, steps: int, started: float) -> None:
        """Reports how long it took to the end of the first call."""
        if self._log:
            seconds = time.monotonic() - started
            what = "step" if steps == 1 else f"{steps} steps"
            line = f"first {what} after the start: {seconds:.1f} s, compiling included"
            print(line, flush=True)


class _Rates:
    """Learning rates of the last steps of calls, computed many at once.

    One at a time would wait for the steps that run meanwhile.
    """

    def __init__(self, training: "Training") -> None:
        config, stages = training.config, training.stages
        rate = learning_rate(config.optimizer, stages.pretrain, stages.total)
        self._rate = rate if callable(rate) else lambda step: jnp.asarray(rate)
        self._ahead = config.schedule.call * np.arange(_AHEAD)
        self._known: dict[int, float] = {}

    def at(self, step: int) -> float:
        """The rate of a step."""
        if step not in self._known:
            steps = np.minimum(step + self._ahead, 2**31 - 1).astype(np.int32)
            rates = np.asarray(jax.jit(jax.vmap(self._rate))(steps), np.float64)
            self._known = dict(zip(steps.tolist(), rates.tolist(), strict=True))
        return self._known[step]


def far_off(done: int, score: float | None, metres: float) -> str:
    """A line on a run that has diverged without a loss that is no number; empty of any other.

    Args:
        done: The step.
        score: Of held-out poses, mm; None where there is none.
        metres: Size of a body.
    """
    if score is None or score / 1000 <= FAR * metres:
        return ""
    return (
        f"step {done}: held-out poses are {score / 1000:.2g} m off - training has diverged - lower "
        "optimizer.learning_rate, or set optimizer.clip_norm=1"
    )


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
