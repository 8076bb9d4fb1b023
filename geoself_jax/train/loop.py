"""The training loop: calls to the devices until the schedule ends or a stop is asked for."""

import functools
import itertools
import math
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax

from geoself_jax.core import step
from geoself_jax.core.batch import TrainingViews
from geoself_jax.core.config import Config
from geoself_jax.core.model import Networks
from geoself_jax.core.sampling import applicable, exchanges, make_batch, make_batch_in_parts
from geoself_jax.core.step import TrainState
from geoself_jax.evaluate.held_out import HeldOut
from geoself_jax.runtime import devices, hosts
from geoself_jax.runtime.lost_hosts import patience
from geoself_jax.runtime.phases import phase
from geoself_jax.runtime.signals import StopFlag
from geoself_jax.train import parallel
from geoself_jax.train.host_feed import HostFeed
from geoself_jax.train.parallel import Advance
from geoself_jax.train.pictures import is_picture_due, picture
from geoself_jax.train.progress import Progress
from geoself_jax.train.saving import Saver
from geoself_jax.train.schedule import Stages

WINDOW_PARTS = 16
"""Parts that a batch of windows is made in, on one CPU."""


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
class Training:
    """What a loop needs and does not change.

    Attributes:
        config: The experiment.
        folder: Of the run.
        model, optimizer: What is trained, and how.
        stages: How long.
        data: To learn from, numpy arrays.
        stop: Looked at between calls.
        started: When the run started, by `time.monotonic`.
    """

    config: Config
    folder: Path
    model: Networks
    optimizer: optax.GradientTransformation
    stages: Stages
    data: TrainingViews
    stop: StopFlag
    started: float

    @property
    def is_fed(self) -> bool:
        """Whether the host feeds the instants, as they do not fit the devices."""
        return parallel.row_bytes(self.data) > self.config.data.device_bytes


def run_loop(training: Training, state: TrainState, saver: Saver, held: HeldOut) -> Outcome:
    """Calls the devices until the end or until asked to stop; the last state is saved.

    Metrics of a call are read while the next one runs, except where a state is to be validated or
    saved.

    Args:
        training: What to train, and how long.
        state: To start from.
        saver: Validates and saves.
        held: What `saver` validates on, of which pictures are drawn.

    Raises:
        GeoselfError: The loss is not finite any more, or no step learned anything (70); the disk
            refuses a checkpoint (74).
    """
    with Progress(training, int(state.step), saver.best) as progress:
        progress.show_units(held.units.error)
        try:
            state, done = advanced(training, state, saver, held, progress)
        except BaseException:  # what was best before stays
            with suppress(Exception):  # of a full disk: the first error says more
                saver.save_best()
            raise
    saver.save(state, done)
    hosts.all_here()  # what one of them could not save, none calls saved
    return outcome(training, done)


def advanced(
    training: Training, state: TrainState, saver: Saver, held: HeldOut, progress: Progress
) -> tuple[TrainState, int]:
    """The state at the end, or where a stop was asked for, and its step."""
    mesh, done, total = parallel.data_mesh(), int(state.step), training.stages.total
    data = parallel.without_rows(training.data) if training.is_fed else training.data
    state, data = hosts.on_every_device((state, data), mesh)
    compiled = functools.cache(functools.partial(compile_call, training, mesh))
    unread: tuple[int, int, Any] | None = None
    saved_at, fresh = time.monotonic(), True
    for (pretrain, first, steps), given in calls(training, mesh, done):
        patience.next_steps(steps)
        if hosts.any_host(training.stop.asked):
            break
        programs = compiled.cache_info().currsize
        advance = compiled(pretrain, steps if training.is_fed else training.stages.call)
        compiles = compiled.cache_info().currsize > programs
        with phase("compiling the training step") if compiles else nullcontext():
            if compiles and hosts.are_several():
                advance.compile(state, data, given)
                hosts.all_here()
            with hosts.as_errors():
                state, metrics = advance(state, data, given)
        if unread:
            progress.write(unread[0], progress.show(*unread), saver.best)
        done = first + steps
        unread = (done, steps, metrics)
        due = is_due(training, first, done)
        saving = time.monotonic() - saved_at > 60 * training.config.schedule.save_minutes
        if due or saving or fresh:
            scalars = progress.show(*unread)
            if due and progress.is_kept:
                scalars |= validated(training, saver, held, progress, state, done)
            progress.write(done, scalars, saver.best)
            unread = None
        if saving:
            saver.save(state, done)
            saved_at = time.monotonic()
        if fresh:
            progress.first_steps(steps, training.started)
        fresh = False
    if unread:
        progress.write(unread[0], progress.show(*unread), saver.best)
    if done == total:
        progress.check_learned(done)
    return state, done


def validated(
    training: Training,
    saver: Saver,
    held: HeldOut,
    progress: Progress,
    state: TrainState,
    done: int,
) -> dict[str, float]:
    """The score of a state at step `done`; at each tenth of the run a picture too."""
    with phase("validating", lines=False):
        scalars = saver.validate(state, done)
    progress.warn_if_far(done, scalars, training.model.config.metres)
    if is_picture_due(training.stages, done - period_of(training), done) and scalars:
        with phase("drawing held-out poses", lines=False):
            progress.draw(done, lambda: picture(held))
    return scalars


def outcome(training: Training, done: int) -> Outcome:
    """How a run that did `done` steps ended."""
    total, folder = training.stages.total, training.folder
    if done < total:
        saved = f"interrupted: saved step {done} of {total} in {folder}"
        message = f"{saved}; the same command continues"
        return Outcome(done, True, message, True)
    return Outcome(done, False, f"done: {done} steps in {folder}", training.stop.asked)


def is_due(training: Training, first: int, done: int) -> bool:
    """Whether a validation is due after the call from step `first` to `done`."""
    period = period_of(training)
    return done // period > first // period or done == training.stages.total


def period_of(training: Training) -> int:
    """Steps from one validation to the next."""
    return training.stages.validation_period(training.config.schedule.validate)


def calls(
    training: Training, mesh: jax.sharding.Mesh, done: int
) -> Iterator[tuple[tuple[bool, int, int], Any]]:
    """The calls still to do, and of each the rows that it is fed, or its steps."""
    if not training.is_fed:
        planned = training.stages.calls(done, any_length=True)
        return ((call, np.int32(call[2])) for call in planned)
    planned = training.stages.calls(done)
    ours, theirs = itertools.tee(planned)
    config = training.config
    draw = make_draw(config, training.model, training.data)
    feed = HostFeed(training.data, draw, mesh, seed=config.seed, parallel=config.parallel)
    return zip(ours, feed.calls((first, steps) for _, first, steps in theirs), strict=False)


def compile_call(
    training: Training, mesh: jax.sharding.Mesh, pretrain: bool, steps: int
) -> Advance:
    """One compiled call: at most that many training steps of a stage; exactly, where it is fed."""
    config = training.config
    axis = parallel.AXIS if config.parallel == "pmap" else None
    one = functools.partial(
        step.train_step,
        model=training.model.clone(compute=devices.compute_type(config), axis_name=axis),
        optimizer=training.optimizer,
        objective=config.objective,
        pretrain=pretrain,
        axis_name=axis,
    )
    return parallel.make_advance(
        one,
        make_draw(config, training.model, training.data),
        mesh,
        seed=config.seed,
        steps=steps,
        parallel=config.parallel,
        fed=training.is_fed,
    )


def make_draw(config: Config, model: Networks, data: TrainingViews) -> parallel.Draw:
    """How the experiment's batches are drawn from these instants."""
    augmentation = applicable(config.augmentation, data.world_up)
    make = functools.partial(make_batch, augmentation=augmentation, skeleton=model.skeleton)
    if model.config.frames > 1 and [device.platform for device in jax.devices()] == ["cpu"]:
        parts = math.gcd(config.schedule.batch, WINDOW_PARTS)
        make = functools.partial(make_batch_in_parts, parts=parts, make=make)
    return parallel.Draw(
        batch=config.schedule.batch,
        views=config.objective.views,
        frames=len(data.rig_id),
        rig_views=data.confidence.shape[1],
        make_batch=make,
        joints=model.skeleton.joints,
        window=model.config.frames,
        pairs=exchanges(augmentation),
    )
