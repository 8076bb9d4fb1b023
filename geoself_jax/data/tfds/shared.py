"""Arrays that all clips share (names, skeleton, rigs) as JSON and back, bit for bit."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error

AGAIN = "build it again: geoself tfds_build ... --overwrite"
"""What to do with a damaged data set, in whichever command."""
_DTYPE = re.compile(r"([<>=|]?)([iu][1248]|f[248]|U(\d{1,5}))")
_MOST = 2**26
"""Bytes of one shared array; names of 100,000 clips need less."""


def to_json(array: np.ndarray) -> dict[str, Any]:
    """An array of numbers or text as what JSON can hold."""
    return {"dtype": array.dtype.str, "shape": list(array.shape), "values": array.ravel().tolist()}


def dtype_from(text: object, where: str) -> np.dtype:
    """The type that `dtype.str` named.

    Raises:
        GeoselfError: Not a type of numbers or text (65).
    """
    if not (isinstance(text, str) and _DTYPE.fullmatch(text)):
        raise _damaged(where, f"type {text!r}")
    return np.dtype(text)


def from_json(value: object, where: str) -> np.ndarray:
    """The array that `to_json` was given.

    Raises:
        GeoselfError: Not such a value (65).
    """
    if not (isinstance(value, Mapping) and {"dtype", "shape", "values"} <= value.keys()):
        raise _damaged(where, "no dtype, shape and values")
    dtype = dtype_from(value["dtype"], where)
    shape, values = value["shape"], value["values"]
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if not (whole and isinstance(values, list) and len(values) == math.prod(shape)):
        raise _damaged(where, f"shape {shape!r} does not fit its values")
    kinds = (str,) if dtype.kind == "U" else (int,) if dtype.kind in "iu" else (int, float)
    if not all(type(v) in kinds for v in values) or len(values) * dtype.itemsize > _MOST:
        raise _damaged(where, f"its values are not of type {dtype}")
    try:
        return np.array(values, dtype).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise _damaged(where, str(error)) from error


def _damaged(where: str, why: str) -> Exception:
    return data_error(where, f"damaged: {why}", AGAIN)
