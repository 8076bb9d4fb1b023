"""Weights laid out for lifting single poses, where a call costs what reading them costs."""

from collections.abc import Callable, Sequence
from itertools import accumulate

import jax
import numpy as np

_ALIGNED = 16  # float32 numbers in the 64 bytes at whose multiples jax takes an array as it lies
_SMALL = 2048  # numbers; biases and the like, as one argument together


def pack(
    arrays: Sequence[np.ndarray],
) -> tuple[list[jax.Array], Callable[[Sequence[jax.Array]], list[jax.Array]]]:
    """Puts float32 arrays on the device: the small ones as one, and on CPU all in one block.

    An argument costs a call a few microseconds, a large block lies on huge pages if numpy asks
    Linux for it (jax does not ask): each made a call of one pose a few per cent cheaper
    (`benchmarks.inference`).

    Args:
        arrays: Of any shapes.

    Returns:
        What to hand to a compiled function, and what gives that function the arrays back, in their
        order.
    """
    small = [i for i, array in enumerate(arrays) if array.size < _SMALL]
    large = [i for i, array in enumerate(arrays) if array.size >= _SMALL]
    together = np.concatenate([np.zeros(0, np.float32), *(arrays[i].ravel() for i in small)])
    starts = [0, *accumulate(arrays[i].size for i in small)]
    shapes = {i: arrays[i].shape for i in small}

    def unpack(packed: Sequence[jax.Array]) -> list[jax.Array]:
        found = dict(zip(large, packed[1:], strict=True))
        for i, start, end in zip(small, starts, starts[1:], strict=False):
            found[i] = packed[0][start:end].reshape(shapes[i])
        return [found[i] for i in range(len(found))]

    return _in_one_block([together, *(arrays[i] for i in large)]), unpack


def _in_one_block(arrays: Sequence[np.ndarray]) -> list[jax.Array]:
    """Copies into one block, which jax then does not copy again on CPU."""
    starts = [0, *accumulate(-(-array.size // _ALIGNED) * _ALIGNED for array in arrays)]
    block = np.empty(starts[-1] + _ALIGNED, np.float32)
    block = block[-block.ctypes.data // block.itemsize % _ALIGNED :]
    placed = []
    for array, start in zip(arrays, starts, strict=False):
        part = block[start : start + array.size].reshape(array.shape)
        part[...] = array
        placed.append(jax.device_put(part, may_alias=True))
    return placed
