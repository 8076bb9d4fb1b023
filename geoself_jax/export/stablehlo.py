"""Exports the networks as a StableHLO program that runs without this package."""

import dataclasses
from typing import Any

import jax
import jax.export
import jax.numpy as jnp
from jax.extend.mlir.dialects import stablehlo as dialect

from geoself_jax.runtime.restore import Trained

PLATFORMS = ("cpu", "cuda", "tpu")
OPSET = "1.0.0"
"""StableHLO version of the program. jax itself writes one of weeks ago, which an older jax refuses:
what 0.12.0.1 writes is nothing to 0.10.2. The networks' operations are all in the first version,
and each later one reads it (five years are promised)."""
OLDEST_JAX = "0.10.2"
"""Of those that read the program: the oldest that is tested."""


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
    module = dialect.serialize_portable_artifact_str(exported.mlir_module(), OPSET)
    return bytes(dataclasses.replace(exported, mlir_module_serialized=module).serialize())


def facts() -> dict[str, Any]:
    """Returns the facts for model.json."""
    return {
        "platforms": list(PLATFORMS),
        "calling_convention": jax.export.maximum_supported_calling_convention_version,
        "stablehlo": OPSET,
        "oldest_jax": OLDEST_JAX,
        "lifetime": f"needs jax {OLDEST_JAX} or newer; keep the weights",
    }
