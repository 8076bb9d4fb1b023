"""Exports the networks as a StableHLO program that runs without this package."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.export
import jax.numpy as jnp

from geoself_jax.runtime.restore import Trained

PLATFORMS = ("cpu", "cuda", "tpu")
OLDEST_JAX = "0.10.2"
"""The oldest that this package supports."""
OPSET = "1.17.0"
"""Its StableHLO version, in which programs are written. jax itself writes one of some weeks ago:
what 0.12.0.1 writes is nothing to 0.10.2. StableHLO promises to read it for five years; jax reads
what is around it, `jax.export`'s own format, for six months."""


class Program(NamedTuple):
    """A program, and what model.json says of it.

    Attributes:
        content: Of its file.
        facts: For model.json.
        notes: Lines for the user.
    """

    content: bytes
    facts: dict[str, Any]
    notes: list[str]


def stablehlo(trained: Trained) -> Program:
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
    return serialized(exported)


def serialized(exported: jax.export.Exported) -> Program:
    """A program for `OLDEST_JAX` and newer; where it cannot be written so, for this jax and newer.

    `jax.extend` promises no compatibility, and a backbone may have operations that are newer.
    """
    try:
        from jax.extend.mlir import ir
        from jax.extend.mlir.dialects import stablehlo as dialect

        with ir.Context() as context:  # not by way of its text, of which the weights are the most
            own = dialect.deserialize_portable_artifact(context, exported.mlir_module_serialized)
            module = dialect.serialize_portable_artifact(own, OPSET)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        note = (
            f"model.stablehlo needs jax {jax.__version__} or newer: {OPSET} is not written ({why})"
        )
        return Program(bytes(exported.serialize()), _facts(exported, jax.__version__), [note])
    exported = dataclasses.replace(exported, mlir_module_serialized=module)
    facts = _facts(exported, OLDEST_JAX) | {"stablehlo": OPSET}
    return Program(bytes(exported.serialize()), facts, [])


def _facts(exported: jax.export.Exported, oldest: str) -> dict[str, Any]:
    return {
        "platforms": list(exported.platforms),
        "calling_convention": exported.calling_convention_version,
        "oldest_jax": oldest,
        "lifetime": f"needs jax {oldest} or newer, up to those of six months after the exporting "
        "one; keep the weights",
    }
