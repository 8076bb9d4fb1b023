"""Scores of detectors become confidences in [0, 1].

SimCC heads and peaks between pixels (SLEAP) give scores a little below 0 or above 1: these are
clipped and counted. Scores on another scale are refused, with the scale that they look like.
"""

import dataclasses

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.prepare.instances import Instances

BELOW, ABOVE = 0.1, 1.25
"""How far below 0 (in largest scores) and up to where above 1 a score is clipped."""

SCALES = (
    (2.0, 6.6, 6, "AlphaPose's older COCO models"),
    (20.0, 101.0, 100, "percent"),
    (101.0, 256.0, 255, "bytes"),
)
"""Largest score from, to, the scale it looks like, and whose that is."""


def without_negative(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Scores a little below 0 as 0, and how many they are.

    Args:
        values: (..., 3) x, y, score.
    """
    score = values[..., 2]
    if not (score < 0).any():
        return values, 0
    below = (score < 0) & (score >= -BELOW * max(1, np.nanmax(score)))
    clipped = values.copy()
    clipped[..., 2][below] = 0
    return clipped, int(below.sum())


def scaled(found: Instances, scale: float) -> Instances:
    """Confidences in [0, 1]: the scores divided by `scale`, those a little above 1 clipped.

    Args:
        found: With scores as the detector gave them.
        scale: The detector's largest score.

    Raises:
        GeoselfError: A score that is far larger than the scale (65).
    """
    values = found.confidence / np.float32(scale)
    top = float(values.max(initial=0))
    if top <= 1:
        return dataclasses.replace(found, confidence=values)
    if top > ABOVE:
        at, joint = (int(i) for i in np.unravel_index(values.argmax(), values.shape))
        raise data_error(
            f"{found.source}: score {top * scale:g}, the largest, at frame {found.frame[at]}, "
            f"joint {found.skeleton.joint_names[joint]}",
            f"wanted at most {scale:g}",
            _advice(top * scale),
        )
    note = (
        f"{found.source}: {(values > 1).sum()} scores a little above {scale:g} (the largest "
        f"{top * scale:.3f}) are read as {scale:g}"
    )
    return dataclasses.replace(found, confidence=np.minimum(values, 1), notes=(*found.notes, note))


def _advice(top: float) -> str:
    for low, high, scale, whose in SCALES:
        if low <= top <= high:
            return f"give the detector's largest score: --confidence-scale={scale} ({whose})"
    return "give the largest score that the detector can give: --confidence-scale=NUMBER"
