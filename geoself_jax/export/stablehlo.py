"""Exports the networks as a StableHLO program that runs without this package."""

from typing import Any

import jax
import jax.export
import jax.numpy as jnp

from geoself_jax.runtime.restore import Trained

PLATFORMS = ("cpu", "cuda", "tpu")


def stablehlo(trained: Trained) -> bytes:
    """Serializes the networks and weights with a symbolic batch size."""
    (b,) = jax.export.symbolic_shape("b")
    seen = (b, *trained.view)
    shapes = [(*seen, 2), seen, (b, 3, 3)]
    inputs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]

    def lift(keypoints_2d: jax.Array, confidence: jax.Array, K: jax.Array) -> tuple[Any, ...]:
        lifted = trained.model.apply(trained.variables, keypoints_2d, confidence, K, train=False)
        return tuple(array for array in lifted if array is not None)

    lines = jax.config.jax_traceback_in_locations_limit  # type: ignore[attr-defined]
    try:
        # Otherwise the program contains the paths of the source files.
        jax.config.update("jax_traceback_in_locations_limit", 0)
        with jax.default_matmul_precision("highest"):  # TF32 and bfloat16 would cost accuracy
            exported = jax.export.export(jax.jit(lift), platforms=PLATFORMS)(*inputs)
    finally:
        jax.config.update("jax_traceback_in_locations_limit", lines)
    return bytes(exported.serialize())


def facts() -> dict[str, Any]:
    """Returns the facts for model.json."""
    return {
        "platforms": list(PLATFORMS),
        "calling_convention": jax.export.maximum_supported_calling_convention_version,
        "lifetime": "needs the exporting jax or newer, six months promised; keep the weights",
    }
