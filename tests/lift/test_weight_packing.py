import jax
import numpy as np

from geoself_jax.lift.weight_packing import pack


def test_a_compiled_function_gets_back_what_was_packed_in_its_order():
    rng = np.random.default_rng(0)
    shapes = [(3,), (64, 50), (), (2048,), (7, 5), (2047,), (100, 33)]
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    packed, unpack = pack(arrays)
    assert len(packed) == 1 + 3  # the small ones are one argument
    for found, array in zip(jax.jit(unpack)(packed), arrays, strict=True):
        assert found.shape == array.shape
        np.testing.assert_array_equal(found, array)


def test_nothing_small_or_nothing_large_packs_too():
    for shapes in ([(3,)], [(64, 64)]):
        arrays = [np.ones(shape, np.float32) for shape in shapes]
        packed, unpack = pack(arrays)
        np.testing.assert_array_equal(jax.jit(unpack)(packed)[0], arrays[0])


def test_on_a_cpu_the_arrays_are_parts_of_one_aligned_block():
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(64, n)).astype(np.float32) for n in (33, 70, 129)]
    packed, _ = pack([np.ones(5, np.float32), *arrays])
    starts = [array.unsafe_buffer_pointer() for array in packed]
    assert not any(start % 64 for start in starts)
    for array, here, following in zip(packed, starts, starts[1:], strict=False):
        assert 0 <= following - here - array.nbytes < 64
