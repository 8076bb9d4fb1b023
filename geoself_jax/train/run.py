"""The story of a run, from a recording to its last checkpoint."""

import contextlib
import dataclasses
import functools
import json
import math
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from geoself_jax.core import step
from geoself_jax.core.augmentation import can_exchange
from geoself_jax.core.batch import TrainingViews
from geoself_jax.core.config import Config, DataConfig, ModelConfig, as_dict, split_where
from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.core.model import Networks
from geoself_jax.core.optimizer import make_optimizer
from geoself_jax.core.sampling import exchanges
from geoself_jax.core.step import TrainState
from geoself_jax.data.recording import Recording
from geoself_jax.data.training_set import hold_out, training_views, triangulate_recording
from geoself_jax.evaluate import uncertainty
from geoself_jax.evaluate.scores import label_free_scores, predict_recording
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.runtime import checkpoints, devices, hosts, workdir
from geoself_jax.runtime.signals import StopFlag
from geoself_jax.train.loop import Loop, Outcome, Stages, items, make_stages

VALIDATION_FRAMES = 1000


def train(
    config: Config,
    folder: Path,
    recording: Recording,
    *,
    teacher: np.ndarray | None = None,
    triangulated: np.ndarray | None = None,
) -> Outcome:
    """Trains one run in a folder, from its start or from where it stopped.

    Args:
        config: The experiment.
        folder: Of the run; made if missing.
        recording: To learn from. Its ground truth, if any, is dropped first.
        teacher: (frames, joints, 3) world, metres: labels to use in place of triangulated ones.
            Only for an upper bound that is named so (benchmarks/ablation).
        triangulated: `triangulate_recording` of this recording by `config.objective.labels`, where
            it is at hand already; it takes a minute.

    Raises:
        GeoselfError: Bad data (65), the folder is another run's (73), not finite any more (70).
    """
    started, recording = time.monotonic(), recording.without_ground_truth()
    if hosts.is_leader():
        print(devices.describe(), flush=True)
    with _owned(folder), StopFlag() as stop:
        if triangulated is None:
            triangulated = triangulate_recording(recording, config.objective.labels)
        doubts = check_before_training(config.data.train, recording, triangulated)
        if hosts.is_leader():
            for doubt in doubts:
                print(f"warning: {doubt}", file=sys.stderr, flush=True)
        check_fit(config, recording)
        learn, held = held_out(config.data, recording)
        labels = triangulated if teacher is None else teacher
        data = training_views(recording.select(learn), labels[learn])

        model = Networks(resolved(config.model, recording), recording.skeleton)
        stages = make_stages(config, len(data.rig_id))
        optimizer = make_optimizer(config.optimizer, stages.pretrain, stages.total)
        record = _record(config, model, recording, learn, held, supervised=teacher is not None)
        continued = _claimed(folder, record)
        state = step.initial_state(model, optimizer, config.seed)
        state, best = _continued(folder, state) if continued else (state, math.inf)
        at = int(state.step)
        if hosts.is_leader():
            print(_opening(config, folder, data, int(held.sum()), at, stages), flush=True)
            if config.model.uncertainty and not np.isfinite(triangulated[held]).any():
                why = "nobody is held out (config.data.validation_share)"
                print(f"warning: uncertainties stay as learned, {why}", file=sys.stderr, flush=True)
        if at >= stages.total:
            return Outcome(at, False, f"already done: {at} steps in {folder}", stop.asked)
        validate = functools.partial(
            _validated,
            model,
            step.make_predict(model),
            recording.select(held),
            triangulated[held],
        )
        loop = Loop(
            config, folder, model, optimizer, stages, data, validate, stop, best, started=started
        )
        return loop.run(state)


def _owned(folder: Path) -> contextlib.AbstractContextManager[Any]:
    """The folder's lock, on the host that writes to it."""
    return workdir.lock(folder) if hosts.is_leader() else contextlib.nullcontext()


def _claimed(folder: Path, record: dict[str, Any]) -> bool:
    """Whether a run is continued, once all hosts are known to run the same one.

    Raises:
        GeoselfError: Another configuration or other data, in the folder (73) or on a host (65).
    """
    keys = ("config", "model", "skeleton", "data", "versions")
    start = {**record["starts"][0], "distributed": None}
    told = json.dumps({**{key: record[key] for key in keys}, "start": start})
    if not hosts.all_same(told):
        raise data_error(
            "the hosts",
            "they have different data or configurations",
            "copy the same files to each",
        )
    earlier = workdir.claim(folder, record) if hosts.is_leader() else None
    if earlier:
        before, now = (s.get("compute_type") for s in (earlier[-1], record["starts"][0]))
        if before and before != now:
            tqdm.write(f"computing in {now}, before in {before} (--config.compute={before})")
    return hosts.any_host(earlier is not None)


def _continued(folder: Path, state: TrainState) -> tuple[TrainState, float]:
    """The newest checkpoint and the best score so far; the state as it is where there is none."""
    saved, best = items(state), math.inf
    if hosts.is_leader():
        found = checkpoints.restore_latest(
            folder / "checkpoints/last", saved, warn=tqdm.write, set_aside=True
        )
        if found is not None:
            saved, facts = found
            best = best if facts["best"] is None else facts["best"]
    saved, best = hosts.from_leader((saved, np.float64(best)))
    return TrainState(**saved["variables"], **saved["progress"]), float(best)


def check_fit(config: Config, recording: Recording) -> None:
    """Refuses a configuration whose parts do not fit each other or the recording.

    Raises:
        GeoselfError: The key that has no meaning here, in one line (64).
    """
    _check_views(config, recording)
    _check_bodies(config, recording)
    _check_window(config.model)


def _check_views(config: Config, recording: Recording) -> None:
    views, count = config.objective.views, len(jax.devices())
    if not 1 <= views <= recording.views:
        raise usage_error(
            f"config.objective.views={views}",
            f"the recording has {recording.views} views",
            "set it to that or less",
        )
    moves = config.objective.name in ("transform", "both")
    if views < 2 and moves:
        raise usage_error(
            "config.objective.views=1",
            f"objective {config.objective.name} needs a pair",
            "set it to 2 or more",
        )
    if config.objective.root_from == "views" and not moves:
        raise usage_error(
            "config.objective.root_from=views",
            f"has no meaning for objective {config.objective.name}",
            "set it to network",
        )
    if config.schedule.batch % count:
        raise usage_error(
            f"config.schedule.batch={config.schedule.batch}",
            f"does not divide over {count} devices",
            f"set it to a multiple of {count}",
        )


def held_out(data: DataConfig, recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Masks (training, validation) over the frames, as the configuration wants them.

    Raises:
        GeoselfError: It names a subject that is not there, or all (64).
    """
    if not data.validation_subjects:
        return hold_out(recording, data.validation_share)
    names = [name.strip() for name in data.validation_subjects.split(",")]
    for name in names:
        if name not in recording.subject_names:
            raise usage_error(
                f"config.data.validation_subjects={data.validation_subjects}",
                f"the recording has no subject {name!r}",
                nearest_name(name, recording.subject_names),
            )
    held = np.isin(recording.subject_id, [recording.subject_names.index(name) for name in names])
    if held.all():
        raise usage_error(
            f"config.data.validation_subjects={data.validation_subjects}",
            "nobody is left to train on",
            "name fewer",
        )
    return ~held, held


def _check_bodies(config: Config, recording: Recording) -> None:
    if exchanges(config.augmentation) and not can_exchange(recording.skeleton):
        raise usage_error(
            f"config.augmentation.exchange={config.augmentation.exchange}",
            "the skeleton's root has no pair of hips with something above them",
            "set it to 0",
        )


def _check_window(model: ModelConfig) -> None:
    if model.temporal != "paths":
        return
    if model.frames == 1:
        raise usage_error(
            "config.model.temporal=paths",
            "a single frame (config.model.frames=1) has no paths",
            "set config.model.frames to 3 or more, e.g. 27",
        )
    if model.input != "centered_ray":
        raise usage_error(
            f"config.model.input={model.input}",
            "paths (config.model.temporal) are those of rays centred on the root's",
            "set it to centered_ray",
        )


def resolved(model: ModelConfig, recording: Recording) -> ModelConfig:
    """The model's configuration with the pictures' size put in, as every run of it has it."""
    width, height = recording.image_size.reshape(-1, 2).mean(0)
    return dataclasses.replace(
        model,
        pixel_center=(float(width) / 2, float(height) / 2),
        pixel_scale=float(max(width, height)) / 2,
    )


def _validated(
    model: Networks,
    predict: Any,
    recording: Recording,
    triangulated: np.ndarray,
    variables: dict[str, Any],
) -> tuple[float | None, dict[str, Any]]:
    """A label-free score: mm to the triangulated joints of held-out subjects; None without them.

    Of at most `VALIDATION_FRAMES` instants, evenly spread. Where the networks tell uncertainties,
    the variables come back with these calibrated on the same.
    """
    if not np.isfinite(triangulated).any():
        return None, variables
    count = min(VALIDATION_FRAMES, recording.frames)
    at = np.unique(np.linspace(0, recording.frames - 1, count).astype(int))
    if model.config.uncertainty:
        variables = uncertainty.uncalibrated(variables)
    prediction = predict_recording(predict, variables, recording, model.config.frames, at)
    held, known = recording.select(at), triangulated[at]
    if prediction.uncertainty is not None:
        distance = uncertainty.distances(prediction, held, known)
        factor = uncertainty.factors(np.asarray(prediction.uncertainty), distance)
        variables = uncertainty.calibrated(variables, factor)
    return label_free_scores(prediction, held, known).get("triangulation_mm"), variables


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
    (what, where), compute = split_where(config), devices.compute_type(config)
    return {
        "format": "geoself-run/1",
        "config": what,
        "starts": [where | {"devices": devices.describe(), "compute_type": compute}],
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
        "recording": {
            "fps": recording.fps,
            "clips": len(recording.clip_names),
            "rigs": len(recording.rig_names),
        },
        "versions": {name: version(name) for name in ("geoself_jax", "jax", "flax", "optax")},
    }


def _opening(
    config: Config, folder: Path, data: TrainingViews, held: int, at: int, stages: Stages
) -> str:
    """First line of a run, or what is continued."""
    if at:
        return f"continuing {folder} at step {at} of {stages.total}"
    return (
        f"training {config.objective.name} on {len(data.rig_id)} instants of {config.data.train} "
        f"({held} held out), {stages.total} steps of {config.schedule.batch} x "
        f"{config.objective.views} views, into {folder}"
    )
