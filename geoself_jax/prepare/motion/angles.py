"""Rotation matrices from angles about axes, for all frames at once."""

import numpy as np


def about(axis: str, radians: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotations about x, y or z."""
    i = "xyz".index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    turn = np.zeros((*np.shape(radians), 3, 3))
    turn[..., i, i] = 1
    turn[..., j, j] = turn[..., k, k] = np.cos(radians)
    turn[..., k, j] = np.sin(radians)
    turn[..., j, k] = -turn[..., k, j]
    return turn


def one_after_the_other(axes: str, radians: np.ndarray) -> np.ndarray:
    """R_a R_b R_c for axes `abc`: each about the axes that those before have turned.

    Args:
        axes: Any number of x, y and z.
        radians: (..., len(axes)).

    Returns:
        (..., 3, 3).
    """
    turn = np.broadcast_to(np.eye(3), (*radians.shape[:-1], 3, 3))
    for i, axis in enumerate(axes):
        turn = turn @ about(axis, radians[..., i])
    return turn
