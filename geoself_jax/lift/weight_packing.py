"""Packs weights for single-pose lifting, which is bound by memory reads."""

from collections.abc import Callable, Sequence
from itertools import accumulate

import jax
import numpy as np

_ALIGNED = 16  # float32 numbers in 64 bytes: JAX aliases arrays aligned to multiples of it
_SMALL = 2048  # numbers; smaller arrays, such as biases, form one argument


def pack(
    arrays: Sequence[np.ndarray],
) -> tuple[list[jax.Array], Callable[[Sequence[jax.Array]], list[jax.Array]]]:
    """Puts float32 arrays on the device: small ones concatenated, and on CPU all in one block.

    Each argument costs a call a few microseconds, and NumPy, unlike JAX, allocates large blocks on
    huge pages: each saves a few per cent of a single-pose call (`benchmarks.inference`).

    Args:
        arrays: Arrays of any shapes.

    Returns:
        Arguments for a compiled function, and the function that unpacks them in order.
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
    """Copies into one aligned block, which JAX aliases on CPU."""
    starts = [0, *accumulate(-(-array.size // _ALIGNED) * _ALIGNED for array in arrays)]
    block = np.empty(starts[-1] + _ALIGNED, np.float32)
    block = block[-block.ctypes.data // block.itemsize % _ALIGNED :]
    placed = []
    for array, start in zip(arrays, starts, strict=False):
        part = block[start : start + array.size].reshape(array.shape)
        part[...] = array
        placed.append(jax.device_put(part, may_alias=True))
    return placed
