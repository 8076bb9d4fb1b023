"""The StableHLO version of an export's program, by a backbone's operations."""

import sys

import jax
import jax.export
import numpy as np
import pytest

from geoself_jax.export import stablehlo


def gathered(x):
    """What StableHLO 1.0.0 has not: a gather with batches, and a tangent."""
    order = jax.numpy.argsort(x, axis=-1)
    return jax.numpy.tan(jax.numpy.take_along_axis(x, order, axis=-1))


@pytest.fixture
def program():
    """Of a backbone's operations, for any batch size."""
    (b,) = jax.export.symbolic_shape("b")
    shape = jax.ShapeDtypeStruct((b, 5), np.float32)
    return jax.export.export(jax.jit(gathered), platforms=stablehlo.PLATFORMS)(shape)


X = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)


def test_any_operation_of_the_oldest_jax_is_written_for_it(program):
    written = stablehlo.serialized(program)
    assert f"StableHLO_v{stablehlo.OPSET}".encode() in written.content and not written.notes
    assert written.facts["oldest_jax"] == stablehlo.OLDEST_JAX
    read = jax.export.deserialize(bytearray(written.content))
    np.testing.assert_array_equal(read.call(X), jax.jit(gathered)(X))


def test_the_version_is_the_one_that_the_oldest_jax_knows():
    if jax.__version__ != stablehlo.OLDEST_JAX:
        pytest.skip(f"of jax {stablehlo.OLDEST_JAX}")
    from jax.extend.mlir.dialects import stablehlo as dialect

    assert dialect.get_current_version() == stablehlo.OPSET


@pytest.mark.parametrize(("name", "value"), [("jax.extend.mlir.dialects", None), (None, "99.0.0")])
def test_where_it_cannot_be_written_so_it_says_that_it_needs_this_jax(
    name, value, program, monkeypatch
):
    if name:
        monkeypatch.setitem(sys.modules, name, value)  # as Python marks what cannot be imported
    else:
        monkeypatch.setattr(stablehlo, "OPSET", value)
    written = stablehlo.serialized(program)
    assert written.facts["oldest_jax"] == jax.__version__ and "stablehlo" not in written.facts
    (note,) = written.notes
    assert note.startswith(f"model.stablehlo needs jax {jax.__version__} or newer: ")
    read = jax.export.deserialize(bytearray(written.content))
    np.testing.assert_array_equal(read.call(X), jax.jit(gathered)(X))
