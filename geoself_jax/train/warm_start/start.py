"""A run's first state: fresh, or with the weights of an earlier run or an export."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from geoself_jax.core.config import Config
from geoself_jax.core.contraction import contracted
from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.core.model import Networks
from geoself_jax.core.skeleton import Skeleton, compared
from geoself_jax.core.step import TrainState
from geoself_jax.data.joint_maps import joint_map
from geoself_jax.data.training_sample import TrainingSample
from geoself_jax.runtime import hosts
from geoself_jax.runtime.restore import Trained
from geoself_jax.train.saving import LAST
from geoself_jax.train.warm_start.origin import check_networks, facts_of, load_origin
from geoself_jax.train.warm_start.transfer import Transferred, is_other_size, transferred

NONE = ("", "none")
"""Values of `config.init` with which a run starts from fresh weights."""
SHOWN = 6
"""Joints that are named in the line on them."""


class WarmStart(NamedTuple):
    """What a run starts from.

    Attributes:
        variables: `params` and `batch_stats` of the run's networks; what is fresh is not in them.
        facts: For the run's record.
        line: For the user.
        warnings: For the user, one line each.
    """

    variables: dict[str, Any]
    facts: dict[str, Any]
    line: str
    warnings: list[str]


def origin_of(config: Config, folder: Path, skeleton: Skeleton) -> Trained | None:
    """Loads what a run starts from; None where it starts afresh or has a checkpoint of its own.

    Args:
        config: The experiment; `config.init` names the folder.
        folder: Of the run.
        skeleton: Its joints.

    Raises:
        GeoselfError: No such folder or nothing in it (66), damaged (65), networks of another shape
            (64), no joint of the same name (65).
    """
    wanted = config.init not in NONE and not _has_checkpoint(folder)
    if not wanted or not hosts.is_leader():
        return None
    origin = load_origin(config.init, folder)
    check_networks(config.init, origin, config.model)
    if not joint_map(origin.model.skeleton, skeleton).exact:
        names = [", ".join(s.joint_names[:SHOWN]) for s in (origin.model.skeleton, skeleton)]
        why = f"none of its joints ({names[0]} ...) has the name of one here ({names[1]} ...)"
        do = "start from networks of such a body, or name the joints alike"
        raise data_error(f"config.init={config.init}", why, do)
    return origin


def _has_checkpoint(folder: Path) -> bool:
    last = folder / LAST
    return last.is_dir() and any(path.name.isdigit() for path in last.iterdir())


def warm_start(
    config: Config,
    origin: Trained | None,
    model: Networks,
    fps: float,
    earlier: TrainingSample | None = None,
) -> WarmStart | None:
    """Makes the run's weights of those of an earlier run or export.

    Args:
        config: The experiment.
        origin: Result of `origin_of`.
        model: The run's networks, with its measured lengths.
        fps: Of the run's recording.
        earlier: Result of `origin.earlier_sample`.

    Raises:
        GeoselfError: The run's networks commute with mirroring and these do not (64).
    """
    if origin is None:
        return None
    found = transferred(origin, model)
    variables: dict[str, Any] | None = jax.tree.map(np.float32, found.variables)
    if model.config.symmetric:
        _check_mirrored(config.init, origin)
        variables = contracted(model, variables or {})
        if variables is None:
            why = "its joints here are no mirror images: left ones are named, right ones are not"
            raise usage_error(
                f"config.init={config.init}", why, "set --config.model.symmetric=false"
            )
    joints = found.joints
    facts = facts_of(config.init, origin) | {
        "joints": {"same": joints.exact, "stand_ins": joints.derived, "new": joints.absent},
        "fresh": found.fresh,
        "left_out": found.left_out,
        "in_training_sample": is_sampled(origin, earlier, model.skeleton),
    }
    line = _line(facts, found)
    return WarmStart(variables or {}, facts, line, _warnings(config, origin, model, fps))


def unsampled(facts: dict[str, Any]) -> list[str]:
    """Returns a line where the run's training sample does not show what it started from.

    Args:
        facts: Of `warm_start`.
    """
    if facts["in_training_sample"]:
        return []
    return [
        f"config.init={facts['folder']}: no poses are kept of all that it was trained on, in these "
        "joints - evaluate's distances to the training poses will be to the new ones alone"
    ]


def is_sampled(origin: Trained, earlier: TrainingSample | None, skeleton: Skeleton) -> bool:
    """Returns whether the run's training sample shows all that its networks have learned from.

    Args:
        origin: What they start from, which may have started from others itself.
        earlier: Its sample, or None.
        skeleton: Of the run.
    """
    before = (origin.record.get("init") or {}).get("in_training_sample", True)
    same = earlier is not None and compared(earlier.joint_names) == compared(skeleton.joint_names)
    return bool(before and same and earlier is not None and len(earlier.poses))


def _check_mirrored(where: str, origin: Trained) -> None:
    """Refuses networks that do not commute with mirroring."""
    built = dataclasses.replace(origin.model.config, symmetric=True)
    if contracted(origin.model.clone(config=built), origin.variables) is None:
        why = "its networks do not commute with mirroring, as this run's (config.model.symmetric)"
        raise usage_error(f"config.init={where}", why, "set --config.model.symmetric=false")


def _line(facts: dict[str, Any], found: Transferred) -> str:
    joints = found.joints
    parts = [
        f"starting from {facts['folder']} (step {facts['step']}, learned from {facts['data']}): "
        f"{len(joints.exact)} of {joints.target.joints} joints by name"
    ]
    for words, names in (
        ("from others", joints.derived),
        ("new", joints.absent),
        ("fresh", found.fresh),
        ("left out", found.left_out),
    ):
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            parts.append(f"{words}: {', '.join(names[:SHOWN])}{more}")
    return "; ".join(parts)


def _warnings(config: Config, origin: Trained, model: Networks, fps: float) -> list[str]:
    """Lines on bodies of another size and on windows of another duration."""
    recording, key, lines = origin.record.get("recording") or {}, f"config.init={config.init}", []
    before, now = recording.get("length_unit") or 1.0, model.config.metres
    if is_other_size(before, now):
        lines.append(
            f"{key}: its bodies are {before / now:.2g} times as large as these, or in another unit "
            "of length - its poses are scaled to these"
        )
    rate = recording.get("fps")
    if model.config.frames > 1 and rate and not np.isclose(rate, fps, rtol=0.05):
        lines.append(
            f"{key}: learned from {rate:g} frames per second, these are {fps:g} - the same number "
            "of frames is another duration, which is learned again"
        )
    return lines


def started(
    state: TrainState, warm: WarmStart | None, optimizer: optax.GradientTransformation
) -> TrainState:
    """Returns the first state of a run, with the optimizer's at its start.

    Args:
        state: Fresh, equal on all hosts.
        warm: What the run starts from, on the leader; None on it too where there is nothing.
        optimizer: The run's.
    """
    if not hosts.any_host(warm is not None):
        return state
    fresh = {"params": state.params, "batch_stats": state.batch_stats}
    variables = hosts.from_leader(_filled(fresh, warm.variables if warm else {}))
    params = jax.tree.map(jax.numpy.asarray, variables["params"])
    stats = jax.tree.map(jax.numpy.asarray, variables["batch_stats"])
    return state._replace(params=params, batch_stats=stats, opt_state=optimizer.init(params))


def _filled(fresh: Any, given: Any) -> Any:
    """The arrays that are given, fresh ones for the others."""
    if not isinstance(fresh, dict):
        return given
    return {
        name: _filled(fresh[name], given[name]) if name in given else fresh[name] for name in fresh
    }
