"""The networks of a finished or interrupted run, for evaluation and export."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from geoself_jax.core.config import ModelConfig, as_dict, from_dict
from geoself_jax.core.errors import GeoselfError, data_error, missing_error
from geoself_jax.core.expansion import expanded
from geoself_jax.core.float32 import in_float32
from geoself_jax.core.in_metres import in_metres
from geoself_jax.core.model import Networks
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.runtime import workdir
from geoself_jax.runtime.json_kinds import check_kinds, check_skeleton
from geoself_jax.runtime.record_kinds import check_record

_AGAIN = "restore it from a copy"


class Trained(NamedTuple):
    """Networks with their weights.

    Attributes:
        model: The networks.
        variables: `params` and `batch_stats`.
        record: What the run wrote about itself (`workdir.read_record`).
        facts: What the checkpoint knows: its step and its label-free score.
    """

    model: Networks
    variables: dict[str, Any]
    record: dict[str, Any]
    facts: dict[str, Any]

    @property
    def view(self) -> tuple[int, ...]:
        """Shape of the joints of one view that the networks see: of a frame, or of frames."""
        frames, joints = self.model.config.frames, self.model.skeleton.joints
        return (joints,) if frames == 1 else (frames, joints)


def skeleton_from_dict(values: Any) -> Skeleton:
    """A skeleton from the JSON of a run or an export.

    Raises:
        ValueError: A value of another kind.
        GeoselfError: They contradict each other (65).
    """
    check_skeleton(values)
    return Skeleton(
        tuple(values["joint_names"]),
        tuple(values["parents"]),
        tuple((a, b) for a, b in values["left_right"]),
        values["root"],
        tuple(size) if (size := values.get("body_metres")) else None,
    )


def abstract_variables(model: Networks) -> Any:
    """Shapes and types of the networks' `params` and `batch_stats`, nothing allocated.

    Networks without batch norm have no statistics: an empty dictionary.
    """
    seen = (1, model.config.frames, model.skeleton.joints)
    shapes = [(*seen, 2), seen, (1, 3, 3)]
    inputs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    key = jax.eval_shape(lambda: jax.random.key(0))
    return {"batch_stats": {}} | dict(jax.eval_shape(model.init, key, *inputs))


_RUN_KINDS: dict[str, tuple[type, ...]] = {"config": (dict,), "config.data.train": (str,)}


def networks_of(model: Networks) -> dict[str, Any]:
    """What networks are, for JSON: kept with each checkpoint, which fits no others."""
    return {"model": as_dict(model.config), "skeleton": dataclasses.asdict(model.skeleton)}


def check_networks(facts: dict[str, Any], model: Networks, record: str) -> None:
    """Makes sure that a checkpoint was saved with these networks; older ones do not say.

    Args:
        facts: Saved with it: its `networks`, as of `networks_of`.
        model: The networks that its arrays are for.
        record: Where they are from, for the message.

    Raises:
        GeoselfError: They differ, and in what (65).
    """
    there = facts.get("networks")
    if there is None:
        return
    try:
        check_kinds(there, {"": (dict,), "model": (dict,), "skeleton": (dict,)})
        saved = (
            from_dict(ModelConfig, there["model"], "model"),
            skeleton_from_dict(there["skeleton"]),
        )
    except (ValueError, GeoselfError) as error:
        what = f"the checkpoint of step {facts.get('step')}: {error}"
        raise data_error(what, "of another version", _AGAIN) from error
    ours = networks_of(model)
    for group, value in (("model", saved[0]), ("skeleton", saved[1])):
        for name, was in dataclasses.asdict(value).items():
            if ours[group][name] != was:
                raise data_error(
                    f"{record}: {group}.{name}={str(ours[group][name])[:80]}",
                    f"the checkpoint of step {facts.get('step')} was saved with {str(was)[:80]}",
                    "restore both from one copy of the run",
                )


_OTHER = {"last": "best", "best": "last"}


@in_float32
def load_trained(folder: Path, which: Literal["last", "best"] = "last", *, do: str = "") -> Trained:
    """Loads a run's networks, as ordinary ones of equal results: not mirrored, and in metres.

    Args:
        folder: The run's.
        which: `last`, or `best` by the label-free validation score. Where the rate falls to zero
            the last is as good or better; a score of few held-out subjects is no finer than that.
        do: What to do where no checkpoint is whole, of a command without --checkpoint.

    Raises:
        GeoselfError: No run or no checkpoint there (66); damaged (65).
    """
    record = workdir.read_record(folder)
    try:
        check_record(record, _RUN_KINDS)
        skeleton = skeleton_from_dict(record.get("skeleton"))
        config = from_dict(ModelConfig, record.get("model"), "model")
    except (ValueError, GeoselfError) as error:
        what = f"{folder / workdir.RECORD}: {error}"
        raise data_error(what, "damaged, or of another version", "restore it") from error
    model = Networks(config, skeleton)

    def check(facts: dict[str, Any]) -> None:
        if "networks" in facts:  # what saved it signed run.json too
            workdir.check_signed(folder, record)
        check_networks(facts, model, str(folder / workdir.RECORD))

    do = do or f"{_AGAIN}; evaluate and export can take --checkpoint={_OTHER[which]}"
    arrays, facts = _restored(folder, which, model, check, do)
    facts = {key: value for key, value in facts.items() if key != "networks"}
    model, variables = in_metres(*expanded(model, arrays))
    return Trained(model, variables, record, facts)


def _restored(
    folder: Path, which: str, model: Networks, check: Callable[[dict[str, Any]], None], do: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Variables and facts of a run's newest whole checkpoint."""
    from geoself_jax.runtime import (
        checkpoints,  # Orbax takes as long to import as an export to lift
    )

    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    like = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device),
        dict(abstract_variables(model)),
    )
    place = folder / "checkpoints" / which
    found = checkpoints.restore_latest(place, {"variables": like}, check=check, do=do)
    if found is None:
        raise missing_error(
            f"{folder}: no checkpoint {which!r}",
            "the run has not saved one yet",
            "train on" + (", or evaluate and export --checkpoint=last" if which == "best" else ""),
        )
    return found[0]["variables"], found[1]
