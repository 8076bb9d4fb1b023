"""Trained networks whose outputs are metres as they come: no unit of length is left to apply."""

import dataclasses
from typing import Any

import jax

from geoself_jax.core.model import UNCERTAINTY_AXES_SCALE, UNCERTAINTY_SCALE, Networks, backbone_of


def in_metres(model: Networks, variables: dict[str, Any]) -> tuple[Networks, dict[str, Any]]:
    """Returns networks of equal results, `length_unit` 1, and their variables.

    The last layers are linear: their weights are multiplied. So whoever runs the weights elsewhere
    needs to know of no unit. A backbone of another class keeps its unit, which `Networks` applies.

    Args:
        model: The networks.
        variables: `params` and `batch_stats`.
    """
    config = model.config
    metres = config.metres
    if not backbone_of(config.backbone).folds:
        return model, variables
    scaled = dataclasses.replace(config, length_unit=1.0, root_depth=config.start_depth * metres)
    model = model.clone(config=scaled)
    if metres == 1:
        return model, variables
    params = dict(variables["params"])
    of_root = ["root"] if config.root == "plain" else []
    for name in ("lifting", *of_root):
        output = jax.tree.map(lambda leaf: leaf * leaf.dtype.type(metres), params[name]["output"])
        params[name] = {**params[name], "output": output}
    stats = dict(variables["batch_stats"])
    for name in {UNCERTAINTY_SCALE, UNCERTAINTY_AXES_SCALE} & stats.keys():
        stats[name] = stats[name] * metres
    return model, {**variables, "params": params, "batch_stats": stats}
