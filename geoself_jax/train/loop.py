"""The training loop: calls to the devices, what they report, what is saved."""

import dataclasses
import functools
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
from tqdm import tqdm

from geoself_jax.core import step
from geoself_jax.core.batch import TrainingViews
from geoself_jax.core.config import Config
from geoself_jax.core.errors import DIVERGED, GeoselfError
from geoself_jax.core.model import Networks
from geoself_jax.core.sampling import exchanges, make_batch
from geoself_jax.core.step import TrainState
from geoself_jax.runtime import checkpoints, devices, hosts, workdir
from geoself_jax.runtime.signals import StopFlag
from geoself_jax.train import parallel
from geoself_jax.train.host_feed import HostFeed
from geoself_jax.train.parallel import Advance


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        steps: Done in all.
        interrupted: Stopped on request before the end.
        message: One line for the user.
        asked: Whether a stop was asked for, even where the run was done by then.
    """

    steps: int
    interrupted: bool
    message: str
    asked: bool = False


@dataclass(frozen=True)
class Stages:
    """Steps of stage one and in all, and of a call; a call is of one stage."""

    pretrain: int
    total: int
    call: int

    def calls(self, done: int) -> Iterator[tuple[bool, int, int]]:
        """Whether it is stage one's, its first step and its steps, for each call still to do."""
        while done < self.total:
            end = self.pretrain if done < self.pretrain else self.total
            steps = min(self.call, end - done)
            yield done < self.pretrain, done, steps
            done += steps


@dataclass
class Loop:
    """A run's fixed surroundings, and the best score so far.

    Attributes:
        config: The experiment.
        folder: Of the run.
        model, optimizer: What is trained, and how.
        stages: How long.
        data: To learn from, numpy arrays.
        validate: The networks' variables to a label-free score, or None where there is none, and
            to the variables with their uncertainties calibrated.
        stop: Looked at between calls.
        best: The best score so far.
        started: When the run started, by `time.monotonic`.
    """

    config: Config
    folder: Path
    model: Networks
    optimizer: optax.GradientTransformation
    stages: Stages
    data: TrainingViews
    validate: Callable[[Any], tuple[float | None, Any]]
    stop: StopFlag
    best: float
    started: float = dataclasses.field(default_factory=time.monotonic)

    def run(self, state: TrainState) -> Outcome:
        """Calls the devices until the end or until asked to stop."""
        mesh, fed = parallel.data_mesh(), self._is_fed()
        done, total = int(state.step), self.stages.total
        state, data = hosts.on_every_device(
            (state, parallel.without_rows(self.data) if fed else self.data), mesh
        )
        leading = hosts.is_leader()
        log = workdir.MetricsLog(self.folder, done) if leading else None
        bar = tqdm(
            total=total,
            initial=done,
            unit="step",
            smoothing=0.1,
            mininterval=1,
            disable=not leading,
        )
        report = functools.partial(self._report, bar, log)
        compiled = functools.cache(functools.partial(self._compile, mesh, fed))
        late: tuple[int, int, Any] | None = None  # a call's metrics are read while the next runs
        saved_at, fresh = time.monotonic(), True
        try:
            for (pretrain, first, steps), rows in zip(*self._feed(mesh, done, fed), strict=False):
                if hosts.any_host(self.stop.asked):
                    break
                state, metrics = compiled(pretrain, steps)(state, data, *rows)
                if late:
                    report(*late)
                done = first + steps
                late = (done, steps, metrics)
                saving = time.monotonic() - saved_at > 60 * self.config.schedule.save_minutes
                if self._is_due(first, done) or saving or fresh:
                    validating = state if self._is_due(first, done) else None
                    report(*late, state=validating)
                    late = None
                if saving:
                    self._save(state, done)
                    saved_at = time.monotonic()
                if fresh and leading:
                    seconds = time.monotonic() - self.started
                    tqdm.write(
                        f"first {steps} steps done after {seconds:.1f} s, compiling included"
                    )
                fresh = False
            if late:
                report(*late)
        finally:
            bar.close()
            if log:
                log.close()
        self._save(state, done)
        if done < total:
            message = f"interrupted: saved step {done} of {total} in {self.folder}; run it again"
            return Outcome(done, True, message, True)
        return Outcome(done, False, f"done: {done} steps in {self.folder}", self.stop.asked)

    @functools.cached_property
    def _draw(self) -> parallel.Draw:
        return make_draw(self.config, self.model, self.data)

    def _is_fed(self) -> bool:
        return parallel.row_bytes(self.data) > self.config.data.device_bytes

    def _is_due(self, first: int, done: int) -> bool:
        """Whether a validation is due after this call."""
        period = self.config.schedule.call * self.config.schedule.validate
        return done // period > first // period or done == self.stages.total

    def _feed(self, mesh: jax.sharding.Mesh, done: int, fed: bool) -> tuple[Any, Any]:
        """The calls still to do, and what each is fed beside state and data."""
        calls = self.stages.calls(done)
        if not fed:
            return calls, itertools.repeat(())
        ours, theirs = itertools.tee(calls)
        feed = HostFeed(
            self.data, self._draw, mesh, seed=self.config.seed, parallel=self.config.parallel
        )
        return ours, ((rows,) for rows in feed.calls((first, steps) for _, first, steps in theirs))

    def _compile(self, mesh: jax.sharding.Mesh, fed: bool, pretrain: bool, steps: int) -> Advance:
        config = self.config
        axis = parallel.AXIS if config.parallel == "pmap" else None
        one = functools.partial(
            step.train_step,
            model=self.model.clone(compute=devices.compute_type(config), axis_name=axis),
            optimizer=self.optimizer,
            objective=config.objective,
            pretrain=pretrain,
            axis_name=axis,
        )
        return parallel.make_advance(
            one,
            self._draw,
            mesh,
            seed=config.seed,
            steps=steps,
            parallel=config.parallel,
            fed=fed,
        )

    def _report(
        self,
        bar: Any,
        log: workdir.MetricsLog | None,
        done: int,
        steps: int,
        metrics: dict[str, jax.Array],
        state: TrainState | None = None,
    ) -> None:
        """Reads a call's metrics, validates if a state is given, shows and logs."""
        scalars = _means(hosts.own_copy(metrics), done)
        bar.update(steps)
        bar.set_postfix(loss=f"{scalars['loss']:.4g}")
        if log is None:
            return
        if state is not None:
            scalars |= self._validate(state, done)
        log.write(done, scalars)

    def _validate(self, state: TrainState, done: int) -> dict[str, float]:
        variables = items(hosts.own_copy(state))["variables"]
        score, variables = self.validate(variables)
        if score is None or score < self.best:  # without a score the newest is the best
            self.best = self.best if score is None else score
            facts = {"step": done, "validation_triangulation_mm": score}
            saved = {"variables": variables}
            checkpoints.save(self.folder / "checkpoints/best", done, saved, keep=1, facts=facts)
        return {} if score is None or math.isinf(score) else {"validation_triangulation_mm": score}

    def _save(self, state: TrainState, done: int) -> None:
        if not hosts.is_leader():
            return
        facts = {"step": done, "best": self.best if math.isfinite(self.best) else None}
        saved = items(hosts.own_copy(state))
        if self.model.config.uncertainty:
            saved["variables"] = self.validate(saved["variables"])[1]
        checkpoints.save(self.folder / "checkpoints/last", done, saved, keep=2, facts=facts)


def make_draw(config: Config, model: Networks, data: TrainingViews) -> parallel.Draw:
    """How the experiment's batches are drawn from these instants."""
    return parallel.Draw(
        batch=config.schedule.batch,
        views=config.objective.views,
        frames=len(data.rig_id),
        rig_views=data.confidence.shape[1],
        make_batch=functools.partial(
            make_batch, augmentation=config.augmentation, skeleton=model.skeleton
        ),
        joints=model.skeleton.joints,
        window=model.config.frames,
        pairs=exchanges(config.augmentation),
    )


def items(state: TrainState) -> dict[str, Any]:
    """A checkpoint's two parts: what evaluation needs, and what only training needs."""
    values = state._asdict()
    variables = {name: values.pop(name) for name in ("params", "batch_stats")}
    return {"variables": variables, "progress": values}


def _means(metrics: dict[str, jax.Array], done: int) -> dict[str, float]:
    """Means over a call's steps; the run ends here when the loss stays not finite."""
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
    means = {n: float(v[finite].mean()) if finite.any() else 0.0 for n, v in values.items()}
    return {**means, "skipped": skipped}


def make_stages(config: Config, frames: int) -> Stages:
    """The schedule in steps, for so many instants."""
    schedule = config.schedule
    unit = 1 if schedule.unit == "steps" else max(frames // schedule.batch, 1)
    pretrain = schedule.pretrain * unit
    return Stages(pretrain, pretrain + schedule.length * unit, schedule.call)
