"""The training loop: the story of a run, from a recording to its last checkpoint."""

import dataclasses
import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
from jax.sharding import NamedSharding, PartitionSpec
from tqdm import tqdm

from geoself_jax import checkpoints, step, workdir
from geoself_jax.batch import TrainingViews
from geoself_jax.config import Config, ModelConfig, OptimizerConfig, as_dict
from geoself_jax.data.checks import check_geometry
from geoself_jax.data.sampling import draw_batch
from geoself_jax.data.training_views import hold_out, training_views, triangulate_recording
from geoself_jax.errors import DIVERGED, GeoselfError, data_error, usage_error
from geoself_jax.model import Networks
from geoself_jax.recording import Recording
from geoself_jax.scores import label_free_scores, predict_recording
from geoself_jax.step import Advance, TrainState
from geoself_jax.stopping import StopFlag

VALIDATION_FRAMES = 1000


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        steps: Done in all.
        interrupted: Stopped on request before the end.
        message: One line for the user.
    """

    steps: int
    interrupted: bool
    message: str


@dataclass(frozen=True)
class _Stages:
    """Steps of stage one and in all, each a whole number of calls."""

    pretrain: int
    total: int
    call: int

    def next_call(self, done: int) -> tuple[bool, int]:
        """Whether the next call is stage one's, and its steps."""
        end = self.pretrain if done < self.pretrain else self.total
        return done < self.pretrain, min(self.call, end - done)


def train(
    config: Config,
    folder: Path,
    recording: Recording,
    *,
    teacher: np.ndarray | None = None,
) -> Outcome:
    """Trains one run in a folder, from its start or from where it stopped.

    Args:
        config: The experiment.
        folder: Of the run; made if missing.
        recording: To learn from. Its ground truth, if any, is dropped first.
        teacher: (frames, joints, 3) world, metres: labels to use in place of triangulated ones.
            Only for an upper bound that is named so (benchmarks/comparison.py).

    Raises:
        GeoselfError: Bad data (65), the folder is another run's (73), not finite any more (70).
    """
    recording = recording.without_ground_truth()
    devices = step.devices()
    print(f"devices: {len(devices)} x {devices[0].device_kind}", flush=True)
    with workdir.lock(folder), StopFlag() as stop:
        triangulated = triangulate_recording(recording, config.objective.labels)
        check_geometry(config.data.train, recording, triangulated)
        _check_views(config, recording)
        learn, held = hold_out(recording, config.data.validation_share)
        labels = triangulated if teacher is None else teacher
        data = training_views(recording.select(learn), labels[learn])

        model = Networks(_resolved(config.model, recording), recording.skeleton)
        stages = _stages(config, len(data.rig_id))
        optimizer = make_optimizer(config.optimizer, stages.pretrain, stages.total)
        record = _record(config, model, recording, learn, held, supervised=teacher is not None)
        continued = workdir.claim(folder, record)

        mesh = step.data_mesh()
        everywhere = NamedSharding(mesh, PartitionSpec())
        state = jax.device_put(step.initial_state(model, optimizer, config.seed), everywhere)
        best = float("inf")
        if continued:
            like = _items(state)
            found = checkpoints.restore_latest(
                folder / "checkpoints/last", like, warn=tqdm.write, set_aside=True
            )
            if found is not None:
                items, facts = found
                best = best if facts["best"] is None else facts["best"]
                state = TrainState(**items["variables"], **items["progress"])
        at = int(state.step)
        print(_opening(config, folder, data, int(held.sum()), at, stages), flush=True)
        if at >= stages.total:
            return Outcome(at, False, f"already done: {at} steps in {folder}")
        validate = functools.partial(
            _validation_score,
            step.make_predict(model),
            _thinned(recording.select(held), VALIDATION_FRAMES),
            _thinned(triangulated[held], VALIDATION_FRAMES),
        )
        run = _Run(config, folder, model, optimizer, stages, validate, stop, best)
        return run.loop(state, jax.device_put(data, everywhere), mesh)


class _Run:
    """The loop's fixed surroundings."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        model: Networks,
        optimizer: optax.GradientTransformation,
        stages: _Stages,
        validate: Callable[[Any], float | None],
        stop: StopFlag,
        best: float,
    ) -> None:
        self.config, self.folder, self.stages = config, folder, stages
        self.validate, self.stop, self.best = validate, stop, best
        self.draw = functools.partial(
            draw_batch,
            batch=config.schedule.batch,
            views=config.objective.views,
            augmentation=config.augmentation,
            skeleton=model.skeleton,
        )
        self.step = functools.partial(
            step.train_step, model=model, optimizer=optimizer, objective=config.objective
        )

    def loop(self, state: TrainState, data: TrainingViews, mesh: jax.sharding.Mesh) -> Outcome:
        """Calls the device until the end or until asked to stop."""
        done, total = int(state.step), self.stages.total
        log = workdir.MetricsLog(self.folder, done)
        compiled: dict[tuple[bool, int], Advance] = {}
        saved_at, schedule = time.monotonic(), self.config.schedule
        period = schedule.call * schedule.validate
        bar = tqdm(total=total, initial=done, unit="step", smoothing=0.1, mininterval=1)
        try:
            while done < total and not self.stop.asked:
                kind = self.stages.next_call(done)
                if kind not in compiled:
                    compiled[kind] = self._compile(*kind, mesh)
                state, metrics = compiled[kind](state, data)
                scalars = self._read(metrics, done)
                before, done = done, done + kind[1]
                bar.update(kind[1])
                bar.set_postfix(loss=f"{scalars['loss']:.4g}")
                if done // period > before // period or done == total:
                    scalars |= self._validate(state, done)
                log.write(done, scalars)
                if time.monotonic() - saved_at > 60 * schedule.save_minutes:
                    self._save(state, done)
                    saved_at = time.monotonic()
        finally:
            bar.close()
            log.close()
        self._save(state, done)
        if done < total:
            message = f"interrupted: saved step {done} of {total} in {self.folder}; run it again"
            return Outcome(done, True, message)
        return Outcome(done, False, f"done: {done} steps in {self.folder}")

    def _compile(self, pretrain: bool, steps: int, mesh: jax.sharding.Mesh) -> Advance:
        stage = functools.partial(self.step, pretrain=pretrain)
        return step.make_advance(stage, self.draw, mesh, seed=self.config.seed, steps=steps)

    def _read(self, metrics: dict[str, jax.Array], done: int) -> dict[str, float]:
        """Means over a call's steps; the loop ends here when the loss stays not finite."""
        values = {name: np.asarray(value) for name, value in metrics.items()}
        if values["skipped"].max() >= step.MAX_SKIPPED:
            at = done + int(np.argmax(values["skipped"] >= step.MAX_SKIPPED)) + 1
            raise GeoselfError(
                f"step {at}: loss {values['loss'][at - done - 1]}, "
                f"not finite {step.MAX_SKIPPED} times in a row",
                "training diverged; checkpoints saved before are kept",
                "lower optimizer.learning_rate, set optimizer.clip_norm=1, or look at the data",
                DIVERGED,
            )
        finite = np.isfinite(values["loss"])
        skipped = float(np.sum(values.pop("skipped") > 0))
        means = {n: float(v[finite].mean()) if finite.any() else 0.0 for n, v in values.items()}
        return {**means, "skipped": skipped}

    def _validate(self, state: TrainState, done: int) -> dict[str, float]:
        variables = _items(state)["variables"]
        score = self.validate(variables)
        if score is None or score < self.best:  # without a score the newest is the best
            self.best = self.best if score is None else score
            facts = {"step": done, "validation_triangulation_mm": score}
            items = {"variables": variables}
            checkpoints.save(self.folder / "checkpoints/best", done, items, keep=1, facts=facts)
        return {} if score is None or math.isinf(score) else {"validation_triangulation_mm": score}

    def _save(self, state: TrainState, done: int) -> None:
        facts = {"step": done, "best": self.best if math.isfinite(self.best) else None}
        checkpoints.save(self.folder / "checkpoints/last", done, _items(state), keep=2, facts=facts)


def _items(state: TrainState) -> dict[str, Any]:
    """A checkpoint's two parts: what evaluation needs, and what only training needs."""
    values = state._asdict()
    variables = {name: values.pop(name) for name in ("params", "batch_stats")}
    return {"variables": variables, "progress": values}


def make_optimizer(
    config: OptimizerConfig, pretrain: int, total: int
) -> optax.GradientTransformation:
    """Adam, its gradient clipped; a constant rate in stage one, the schedule's in stage two."""
    length = max(total - pretrain, 1)
    rate: Any
    if config.schedule == "cosine":
        warmup = min(max(int(config.warmup * length), 1), length - 1)
        peak = config.learning_rate
        rate = peak
        if length > 1:
            rate = optax.warmup_cosine_decay_schedule(0.0, peak, warmup, length)
    else:
        thirds = {length // 3: 0.1, 2 * length // 3: 0.1}
        rate = optax.piecewise_constant_schedule(config.learning_rate, thirds)
    if pretrain:
        first = optax.constant_schedule(config.learning_rate)
        rate = optax.join_schedules([first, rate], [pretrain])
    clip = optax.clip_by_global_norm(config.clip_norm) if config.clip_norm else optax.identity()
    return optax.chain(clip, optax.adam(rate))


def _stages(config: Config, frames: int) -> _Stages:
    schedule = config.schedule
    unit = 1 if schedule.unit == "steps" else max(frames // schedule.batch, 1)
    pretrain = schedule.pretrain * unit
    return _Stages(pretrain, pretrain + schedule.length * unit, schedule.call)


def _check_views(config: Config, recording: Recording) -> None:
    views, devices = config.objective.views, len(jax.devices())
    if not 1 <= views <= recording.views:
        raise usage_error(
            f"config.objective.views={views}",
            f"the recording has {recording.views} views",
            "set it to that or less",
        )
    if views < 2 and config.objective.name == "transform":
        raise usage_error(
            "config.objective.views=1", "objective transform needs a pair", "set it to 2 or more"
        )
    if config.schedule.batch % devices:
        raise usage_error(
            f"config.schedule.batch={config.schedule.batch}",
            f"does not divide over {devices} devices",
            f"set it to a multiple of {devices}",
        )


def _resolved(model: ModelConfig, recording: Recording) -> ModelConfig:
    """The model's configuration with the pictures' size put in."""
    width, height = recording.image_size.reshape(-1, 2).mean(0)
    return dataclasses.replace(
        model,
        pixel_center=(float(width) / 2, float(height) / 2),
        pixel_scale=float(max(width, height)) / 2,
    )


def _thinned(frames: Any, most: int) -> Any:
    """At most so many frames of a recording or an array, evenly spread."""
    count = frames.frames if isinstance(frames, Recording) else len(frames)
    chosen = np.unique(np.linspace(0, count - 1, min(most, count)).astype(int))
    return frames.select(chosen) if isinstance(frames, Recording) else frames[chosen]


def _validation_score(
    predict: Any, recording: Recording, triangulated: np.ndarray, variables: Any
) -> float | None:
    """Label-free: mm to the triangulated joints of held-out subjects; None where there are none."""
    if not np.isfinite(triangulated).any():
        return None
    prediction = predict_recording(predict, variables, recording)
    return label_free_scores(prediction, recording, triangulated).get("triangulation_mm")


def _record(
    config: Config,
    model: Networks,
    recording: Recording,
    learn: np.ndarray,
    held: np.ndarray,
    *,
    supervised: bool,
) -> dict[str, Any]:
    """What the run is: enough to build the same networks and to know the same data again."""
    if not learn.any():
        raise data_error(config.data.train, "no frame is left to train on", "add frames")
    names = np.array(recording.subject_names)
    return {
        "format": "geoself-run/1",
        "config": as_dict(config),
        "model": as_dict(model.config),
        "skeleton": dataclasses.asdict(model.skeleton),
        "data": {
            "source": config.data.train,
            "sha256": recording.fingerprint,
            "train_frames": int(learn.sum()),
            "validation_frames": int(held.sum()),
            "views": recording.views,
            "subjects": names[np.unique(recording.subject_id[learn])].tolist(),
            "validation_subjects": names[np.unique(recording.subject_id[held])].tolist(),
            "supervised_upper_bound": supervised,
        },
        "versions": {name: version(name) for name in ("geoself_jax", "jax", "flax", "optax")},
    }


def _opening(
    config: Config, folder: Path, data: TrainingViews, held: int, at: int, stages: _Stages
) -> str:
    """First line of a run, or what is continued."""
    if at:
        return f"continuing {folder} at step {at} of {stages.total}"
    return (
        f"training {config.objective.name} on {len(data.rig_id)} instants of {config.data.train} "
        f"({held} held out), {stages.total} steps of {config.schedule.batch} x "
        f"{config.objective.views} views, into {folder}"
    )
