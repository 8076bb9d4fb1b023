"""The story of a run, from a recording to its last checkpoint."""

import contextlib
import dataclasses
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core import step
from geoself_jax.core.config import Config, ModelConfig
from geoself_jax.core.float32 import in_float32
from geoself_jax.core.model import Networks
from geoself_jax.core.optimizer import make_optimizer
from geoself_jax.core.predict import make_predict
from geoself_jax.data.body_words import words_for
from geoself_jax.data.recording import Recording
from geoself_jax.data.training_set import (
    held_out,
    resolved,
    training_views,
    triangulate_in_units,
)
from geoself_jax.evaluate.held_out import HeldOut
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.runtime import devices, hosts, workdir
from geoself_jax.runtime.phases import phase
from geoself_jax.runtime.restore import networks_of
from geoself_jax.runtime.run_lock import lock, missing_folders, removed_if_refused
from geoself_jax.runtime.run_log import logged
from geoself_jax.runtime.signals import StopFlag
from geoself_jax.runtime.standard_streams import unread_streams_are_dropped
from geoself_jax.train.as_before import as_before
from geoself_jax.train.check_config import (
    check_fit,
    check_labels,
    check_memory,
    check_values,
    unknown_vertical,
    unusual_lengths,
    without_pairs,
)
from geoself_jax.train.keep_sample import keep_sample
from geoself_jax.train.loop import Outcome, Training, run_loop
from geoself_jax.train.one_run import check_same
from geoself_jax.train.record import run_record
from geoself_jax.train.saving import Best, Saver, check_space, restore
from geoself_jax.train.schedule import make_stages
from geoself_jax.train.warm_start.origin import earlier_sample
from geoself_jax.train.warm_start.start import (
    NONE,
    WarmStart,
    origin_of,
    started,
    unsampled,
    warm_start,
)


@in_float32
def train(
    config: Config,
    folder: Path | str,
    recording: Recording,
    *,
    labels: np.ndarray | None = None,
    triangulated: np.ndarray | None = None,
) -> Outcome:
    """Trains one run in a folder, from its start or from where it stopped.

    Args:
        config: The experiment.
        folder: Of the run; made if missing.
        recording: To learn from. Its ground truth, if any, is dropped first.
        labels: (frames, joints, 3) world, metres, NaN where missing, to use in place of
            triangulated ones. Only for an upper bound that is named so (benchmarks/ablation).
        triangulated: `triangulate_recording` of this recording by `config.objective.labels`, where
            it is available already.

    It goes on where nobody reads its output any more. In a thread other than the main one, which
    alone gets signals, it says that none stops it.

    Raises:
        GeoselfError: Parts of the configuration do not fit (64), bad data (65), `config.device` is
            not what jax runs on (69), not finite any more (70), the folder is another run's (73).

    Returns:
        Steps done, and whether it was interrupted; the weights are in the folder.
    """
    started, recording = time.monotonic(), recording.without_ground_truth()
    folder = Path(folder)
    if config.init in NONE:
        config = dataclasses.replace(config, init="")
    devices.require(check_values(config).device)
    labels = check_labels(labels, recording)
    with unread_streams_are_dropped(output=True), _owned(folder), StopFlag() as stop:
        _print(devices.describe())
        if not stop.listens:
            _warn(["trained in a thread: Ctrl-C and SIGTERM do not stop it between two steps"])
        origin = origin_of(config, folder, recording.skeleton)
        earlier = earlier_sample(config.init, origin) if origin else None
        points, unit = _checked(config, recording, triangulated)
        triangulated = points * np.float32(unit)
        used, held = split_people(config, recording)
        config, built = as_before(folder, config, resolved(config.model, recording, triangulated))
        _warn(_unusual(config.model, recording, triangulated))
        model = Networks(built, recording.skeleton)
        warm = warm_start(config, origin, model, recording.fps, earlier)
        if labels is not None:
            points, unit = labels, 1.0
        target = points * np.float32(unit / built.metres)
        data = training_views(recording.scaled(1 / built.metres).select(used), target[used])

        check_memory(config, model)
        stages = make_stages(config, len(data.rig_id))
        optimizer = make_optimizer(config.optimizer, stages.pretrain, stages.total)
        record = run_record(config, model, recording, used, held, labels=labels)
        continued = _claim(folder, record | ({"init": warm.facts} if warm else {}))
        if warm or not config.init:  # else what it started from is not known any more
            of_run = recording.select(used), triangulated[used], built.metres
            keep_sample(folder, *of_run, earlier, afresh=warm is not None)
        training = Training(config, folder, model, optimizer, stages, data, stop, started)
        return _run(training, continued, recording.select(held), triangulated[held], warm)


def _checked(
    config: Config, recording: Recording, given: np.ndarray | None
) -> tuple[np.ndarray, float]:
    """Looks at the recording before anything is made of it; returns its labels (`_triangulated`).

    Raises:
        GeoselfError: It does not fit the configuration (64), or cannot be right (65).
    """
    check_fit(config, recording)
    _warn(unknown_vertical(config, recording) + without_pairs(config, recording))
    points, unit = _triangulated(config, recording, given)
    with phase("checking the recording"):
        warnings = check_before_training(config.data.train, recording, force=config.data.force)
    _warn(warnings)
    return points, unit


def _run(
    training: Training,
    continued: bool,
    held: Recording,
    triangulated: np.ndarray,
    warm: WarmStart | None,
) -> Outcome:
    """Trains from the run's last checkpoint, or from its start, to its end.

    Args:
        training: The run.
        continued: Whether its folder holds an earlier start of it.
        held: Frames that are held out.
        triangulated: (frames, joints, 3), metres, of these.
        warm: What it starts from, if not from fresh weights.
    """
    model, config = training.model, training.config
    with phase("compiling the networks"):
        state, best = step.initial_state(model, training.optimizer, config.seed), Best()
        state = started(state, warm, training.optimizer)
    if continued:
        state, best = restore(training.folder, state, model)
    at, total, unsure = int(state.step), training.stages.total, config.model.uncertainty
    if at < total:
        _print(_opening(training, held.frames, at))
    if at == 0 and warm:
        _print(warm.line)
        _warn(warm.warnings + unsampled(warm.facts))
    if unsure and not np.isfinite(triangulated).any():
        _warn(["uncertainties stay as learned: config.data.validation_share holds nobody out"])
    if at >= total:
        done = f"already done: {at} steps in {training.folder}"
        return Outcome(at, False, done, training.stop.asked)
    check_space(training.folder, state)
    held_out_people = HeldOut(model, make_predict(model), held, triangulated)
    saver = Saver(
        training.folder,
        held_out_people.score,
        best,
        calibrate=unsure,
        networks=networks_of(model),
    )
    return run_loop(training, state, saver, held_out_people)


def _unusual(model: ModelConfig, recording: Recording, triangulated: np.ndarray) -> list[str]:
    """`unusual_lengths`, for which they are measured only where one is given."""
    if not (model.length_unit or model.root_depth):
        return []
    measured = dataclasses.replace(model, length_unit=0.0, root_depth=0.0)
    return unusual_lengths(model, resolved(measured, recording, triangulated))


def _triangulated(
    config: Config, recording: Recording, given: np.ndarray | None
) -> tuple[np.ndarray, float]:
    """Labels, and the metres that are 1 in them: 1 where they were given."""
    if given is not None:
        return given, 1.0
    with phase("triangulating"):
        return triangulate_in_units(recording, config.objective.labels)


def split_people(config: Config, recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """`held_out`; warns where the frames held out are of people who are trained on.

    Args:
        config: Which are held out.
        recording: All frames.
    """
    learn, held = held_out(config.data, recording)
    both = np.intersect1d(recording.subject_id[learn], recording.subject_id[held])
    if both.size:
        names = ", ".join(recording.subject_names[i] for i in both[:3])
        alone = len(np.unique(recording.subject_id)) == 1
        do = "name whom to hold out: --config.data.validation_subjects=NAME"
        words = words_for(recording.skeleton.joint_names)
        line = (
            f"{config.data.train}: the frames held out are of a subject that is trained on "
            f"({names}) - the best checkpoint is chosen by {words.many} already seen - "
            + (f"record another {words.one}" if alone else f"add {words.many}, or {do}")
        )
        _warn([line])
    return learn, held


def _print(line: str) -> None:
    """A line on standard output, of the host that writes."""
    if hosts.is_leader():
        print(line, flush=True)


def _warn(lines: list[str]) -> None:
    if hosts.is_leader():
        for line in lines:
            print(f"warning: {line}", file=sys.stderr, flush=True)


def _owned(folder: Path) -> contextlib.AbstractContextManager[Any]:
    """The folder's lock and its log, on the host that writes to it; no folder if it is refused."""
    owned = contextlib.ExitStack()
    if hosts.is_leader():
        left: list[str] = []
        made = missing_folders(folder)
        owned.enter_context(lock(folder, left.append))
        owned.enter_context(removed_if_refused(made))
        owned.enter_context(logged(folder))
        _warn(left)
    return owned


def _claim(folder: Path, record: dict[str, Any]) -> bool:
    """Whether a run is continued, once all hosts are known to run the same one.

    Raises:
        GeoselfError: Another configuration or other data, in the folder (73) or on a host, or
            other versions there (65).
    """
    check_same(record)
    earlier = workdir.claim(folder, record) if hosts.is_leader() else None
    if earlier:
        before, now = (s.get("compute_type") for s in (earlier[-1], record["starts"][0]))
        if before and before != now:
            print(f"computing in {now}, before in {before} (--config.compute={before})")
    return hosts.any_host(earlier is not None)


def _opening(training: Training, held: int, at: int) -> str:
    """First line of a run, or what is continued."""
    config, total = training.config, training.stages.total
    if at:
        return f"continuing {training.folder} at step {at} of {total}"
    return (
        f"training {config.objective.name} on {len(training.data.rig_id)} instants of "
        f"{config.data.train} ({held} held out), {total} steps of {config.schedule.batch} x "
        f"{config.objective.views} views, into {training.folder}"
    )
