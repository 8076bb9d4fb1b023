"""The networks of a finished or interrupted run, for evaluation and export."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from geoself_jax.core.config import ModelConfig, from_dict
from geoself_jax.core.errors import GeoselfError, data_error, missing_error
from geoself_jax.core.expansion import expanded
from geoself_jax.core.float32 import in_float32
from geoself_jax.core.in_metres import in_metres
from geoself_jax.core.model import Networks
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.runtime import workdir
from geoself_jax.runtime.json_kinds import check_kinds, check_skeleton


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


RECORD_KINDS: dict[str, tuple[type, ...]] = {
    "": (dict,),
    "data": (dict,),
    "data.source": (str,),
    "data.supervised_upper_bound": (bool,),
    "data.subjects?": (list,),
    "data.views?": (int,),
    "data.validation_subjects?": (list,),
    "recording?": (dict, type(None)),  # not in the records of older runs
    "recording.fps?": (float,),
    "versions?": (dict, type(None)),
    "init?": (dict, type(None)),  # of runs that started from another
}
"""What is used of the record of a run, and of an export's, which holds the same."""


_OTHER = {"last": "best", "best": "last"}


@in_float32
def load_trained(folder: Path, which: Literal["last", "best"] = "last") -> Trained:
    """Loads a run's networks, as ordinary ones of equal results: not mirrored, and in metres.

    Args:
        folder: The run's.
        which: `last`, or `best` by the label-free validation score. Where the rate falls to zero
            the last is as good or better; a score of few held-out subjects is no finer than that.

    Raises:
        GeoselfError: No run or no checkpoint there (66); damaged (65).
    """
    from geoself_jax.runtime import (
        checkpoints,  # Orbax takes as long to import as an export to lift
    )

    record = workdir.read_record(folder)
    try:
        check_kinds(record, RECORD_KINDS | {"config": (dict,), "config.data.train": (str,)})
        skeleton = skeleton_from_dict(record.get("skeleton"))
        config = from_dict(ModelConfig, record.get("model"), "model")
    except (ValueError, GeoselfError) as error:
        what = f"{folder / workdir.RECORD}: {error}"
        raise data_error(what, "damaged, or of another version", "restore it") from error
    model = Networks(config, skeleton)
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    like = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device),
        dict(abstract_variables(model)),
    )
    place = folder / "checkpoints" / which
    do = f"restore it from a copy; evaluate and export can take --checkpoint={_OTHER[which]}"
    found = checkpoints.restore_latest(place, {"variables": like}, do=do)
    if found is None:
        raise missing_error(
            f"{folder}: no checkpoint {which!r}",
            "the run has not saved one yet",
            "train on" + (", or choose --checkpoint=last" if which == "best" else ""),
        )
    model, variables = in_metres(*expanded(model, found[0]["variables"]))
    return Trained(model, variables, record, found[1])
