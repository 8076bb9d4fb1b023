"""Networks that commute with mirroring, as ordinary ones of twice the weights and equal results.

So evaluation, export and lifting know one kind of network.
"""

import dataclasses
from typing import Any

import jax.numpy as jnp

from geoself_jax.core.mirroring import Mirrors, first_kernel, last_bias, last_kernel, pair_kernel
from geoself_jax.core.model import Networks, mirrors_of


def expanded(model: Networks, variables: dict[str, Any]) -> tuple[Networks, dict[str, Any]]:
    """The same networks without `config.symmetric`; those that are without it as they are.

    Args:
        model: The networks.
        variables: Their `params` and `batch_stats`.
    """
    if not model.config.symmetric:
        return model, variables
    params, stats = dict(variables["params"]), dict(variables["batch_stats"])
    each = mirrors_of(model.config, model.skeleton)
    for name, of_network in zip(("lifting", "root"), each, strict=True):
        mirrors = of_network["mirrors"]
        params[name] = {
            layer: _layer(weights, layer, mirrors) for layer, weights in params[name].items()
        }
        stats[name] = {layer: {"norm": _twice(seen["norm"])} for layer, seen in stats[name].items()}
    plain = model.clone(config=dataclasses.replace(model.config, symmetric=False))
    return plain, {"params": params, "batch_stats": stats}


def _layer(weights: Any, name: str, mirrors: Mirrors) -> dict[str, Any]:
    """Of one layer: the first, one between, or one of the last."""
    if "norm" not in weights:
        mirror = mirrors.outputs if name == "output" else mirrors.spread
        bias = last_bias(weights["bias"], mirror)
        return {"kernel": last_kernel(weights["kernel"], mirror), "bias": bias}
    linear = weights["linear"]
    if "kernel" in linear:
        kernel = first_kernel(linear["kernel"], mirrors.features)
    else:
        kernel = pair_kernel(linear["even"], linear["odd"])
    return {"linear": {"kernel": kernel}, "norm": _twice(weights["norm"])}


def _twice(arrays: dict[str, Any]) -> dict[str, Any]:
    """Of units, and the same of their mirror images."""
    return {name: jnp.tile(array, 2) for name, array in arrays.items()}
