"""Ordinary networks as ones that commute with mirroring: the inverse of `core.expansion`."""

from typing import Any

import numpy as np

from geoself_jax.core.expansion import expanded
from geoself_jax.core.mirroring import Mirrors
from geoself_jax.core.model import Networks, mirrors_of

ROUNDING = 1e-4
"""Of an array's largest number: units that differ by more are no mirror images."""


def contracted(model: Networks, variables: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the variables of symmetric networks of equal results; None where there are none.

    Args:
        model: The symmetric networks (`config.symmetric`).
        variables: `params` and `batch_stats` of ordinary ones of the same widths, numpy arrays.
    """
    params, stats = dict(variables["params"]), dict(variables["batch_stats"])
    each = mirrors_of(model.config, model.skeleton)
    for name, of_network in zip(("lifting", "root"), each, strict=True):
        mirrors = of_network["mirrors"]
        params[name] = {
            layer: _layer(weights, layer, mirrors) for layer, weights in params[name].items()
        }
        stats[name] = {layer: {"norm": _half(seen["norm"])} for layer, seen in stats[name].items()}
    halved = {"params": params, "batch_stats": stats}
    return halved if _same(expanded(model, halved)[1], variables) else None


def _layer(weights: Any, name: str, mirrors: Mirrors) -> dict[str, Any]:
    """Of one layer: the first, one between, or one of the last."""
    if "norm" not in weights:
        units = len(weights["kernel"]) // 2
        return {"kernel": 2 * weights["kernel"][:units], "bias": weights["bias"]}
    kernel = weights["linear"]["kernel"]
    units = kernel.shape[1] // 2
    if name == "stem":
        return {"linear": {"kernel": kernel[:, :units]}, "norm": _half(weights["norm"])}
    own, image = kernel[:units, :units], kernel[:units, units:]
    linear = {"even": own + image, "odd": own - image}
    return {"linear": linear, "norm": _half(weights["norm"])}


def _half(arrays: dict[str, Any]) -> dict[str, Any]:
    """Of the first half of the units."""
    return {name: array[: len(array) // 2] for name, array in arrays.items()}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two trees of arrays are equal up to rounding, the uncertainties' factors aside."""
    if not isinstance(one, dict):
        a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
        return a.shape == b.shape and bool(np.abs(a - b).max() <= ROUNDING * np.abs(b).max())
    return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
