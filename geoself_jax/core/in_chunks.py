"""Compiled functions over many frames, a chunk of one shape at a time."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

CPU_CHUNK = 128  # what a loop works on stays in a core's cache: ten times 128 frames take a third
DEVICE_CHUNK = 4096  # where a call costs more than its work


def in_chunks(
    function: Callable[..., jax.Array], arrays: tuple[np.ndarray, ...], *constant: Any
) -> np.ndarray:
    """What a compiled function makes of the frames of arrays.

    All of a process's calls have one shape, so that a function is compiled once for it: the last
    chunk is padded with zeros.

    Args:
        function: Of a chunk of each array and of `constant`; frame by frame.
        arrays: (frames, ...) each; in float32 when they are passed.
        constant: Passed on as they are.

    Returns:
        (frames, ...), of the function's type.
    """
    frames, found = len(arrays[0]), []
    size = CPU_CHUNK if jax.default_backend() == "cpu" else DEVICE_CHUNK
    for start in range(0, frames, size):
        part = [np.asarray(array[start : start + size], np.float32) for array in arrays]
        lack = size - len(part[0])
        if lack:
            part = [np.pad(a, [(0, lack)] + [(0, 0)] * (a.ndim - 1)) for a in part]
        found.append(function(*part, *constant))
    return np.concatenate([np.asarray(chunk) for chunk in found])[:frames]
