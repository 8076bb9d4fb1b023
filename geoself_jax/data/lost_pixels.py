"""Pixels without their lens; those where the lens model has no ray are counted and said."""

import warnings

import numpy as np

from geoself_jax.data.validation import placed
from geoself_jax.geometry.lenses import Lens, undistort_pixels


def undistorted(pixels: np.ndarray, K: np.ndarray, lens: Lens) -> tuple[np.ndarray, int, int]:
    """Undistorted pixels, how many joints were lost, and how many there were.

    Args:
        pixels: (..., 2) as the lens shows them, px; NaN where missing.
        K: (3, 3) intrinsics, px.
        lens: Of the same camera.

    Returns:
        (..., 2) px, NaN where missing or where the lens model has no ray; the two counts.
    """
    found = undistort_pixels(pixels, K, lens)
    there = placed(pixels)
    return found, int((there & ~placed(found)).sum()), int(there.sum())


def warn_of_lost(camera: str, lost: int, there: int) -> None:
    """Warns of joints without a ray, if there are any.

    Args:
        camera: Where they were seen, for the message.
        lost: How many have no ray.
        there: How many were seen.
    """
    if lost:
        warnings.warn(
            f"{camera}: {lost} joints ({100 * lost / there:.2g} %) lie where its lens model folds "
            "back: no ray is seen there, taken as missing",
            stacklevel=2,
        )
