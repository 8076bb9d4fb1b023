"""What a run that is continued measured on its data stays what it was."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.config import Config, ModelConfig
from geoself_jax.runtime import hosts, workdir

NEAR = 1e-3
"""Another processor's rounding; more is other data."""


def as_before(folder: Path, config: Config, built: ModelConfig) -> tuple[Config, ModelConfig]:
    """Returns the experiment and its networks with the lengths of the run in a folder, if any.

    A run of before there was a unit of length keeps metres, and the default depth of then.

    Args:
        folder: Of the run, which this host may not see; the leader's counts.
        config: The experiment.
        built: `training_set.resolved` of its networks.
    """
    there = _lengths(folder) if hosts.is_leader() else {}
    unit, depth = there.get("length_unit"), there.get("root_depth")
    older = depth is not None and unit is None
    lengths = np.array([built.length_unit, built.root_depth])
    if older:
        lengths = np.array([0.0, depth])
    elif unit is not None and depth is not None and np.isclose(built.length_unit, unit, rtol=NEAR):
        # The depth has two digits: at an edge it would be rounded the other way.
        lengths = np.array([unit, config.model.root_depth or depth])
    lengths, was = hosts.from_leader((lengths, np.array(older)))
    unit, depth = (float(length) for length in lengths)
    if was and not config.model.root_depth:
        model = dataclasses.replace(config.model, root_depth=depth)
        config = dataclasses.replace(config, model=model)
    return config, dataclasses.replace(built, length_unit=unit, root_depth=depth)


def _lengths(folder: Path) -> dict[str, Any]:
    """Numbers of the networks of the run in a folder; empty without one."""
    if not (folder / workdir.RECORD).is_file():
        return {}
    model = workdir.read_record(folder).get("model")
    known = model if isinstance(model, dict) else {}
    return {key: value for key, value in known.items() if type(value) in (int, float)}
