"""Arrays inside files from outside: of numbers, of the shape the format promises."""

from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error


def array_of(value: Any, shape: tuple[int | None, ...], where: str) -> np.ndarray:
    """The value as an array of numbers.

    Args:
        value: As the file has it.
        shape: Wanted; None where any length will do.
        where: The file and the place in it, for messages.

    Raises:
        GeoselfError: Not numbers, or of another shape (65).
    """
    wanted = f"wanted numbers ({', '.join('any' if n is None else str(n) for n in shape)})"
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf":
        raise data_error(f"{where}: {_kind(value)}", wanted, "take the file as it was published")
    same = value.ndim == len(shape) and all(
        n is None or n == found for n, found in zip(shape, value.shape, strict=True)
    )
    if not same:
        raise data_error(
            f"{where}: an array of shape {value.shape}", wanted, "take the file as it was published"
        )
    return value


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return "nothing" if value is None else f"a {type(value).__name__}"
