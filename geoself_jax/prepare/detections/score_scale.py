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

LARGE = 20.0
"""From this scale on, a camera with no score above 1 is on another one than the others."""

FLAGS = 2.0
"""COCO's flag of a visible joint, the largest."""

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


def without_unscored(values: np.ndarray) -> tuple[np.ndarray, int]:
    """A few joints with a place and no score as missing, and how many they are; most stay.

    Args:
        values: (..., 3) x, y, score.
    """
    placed = np.isfinite(values[..., :2]).all(-1)
    unscored = placed & np.isnan(values[..., 2])
    if not 0 < unscored.sum() < placed.sum() / 2:
        return values, 0
    kept = values.copy()
    kept[unscored] = 0
    return kept, int(unscored.sum())


def scaled(found: Instances, scale: float) -> Instances:
    """Confidences in [0, 1]: the scores divided by `scale`, those a little above 1 clipped.

    Args:
        found: With scores as the detector gave them.
        scale: The detector's largest score.

    Raises:
        GeoselfError: A score that is far larger than the scale, flags in place of scores, or a
            large scale and no score above 1 (65).
    """
    values = found.confidence / np.float32(scale)
    top = float(values.max(initial=0))
    if scale >= LARGE and 0 < top * scale <= ABOVE:
        raise data_error(
            f"{found.source}: score {top * scale:g} is its largest",
            f"--confidence-scale={scale:g} is of scores up to that, in all cameras",
            "leave it out if all cameras' are so, else write the scores of all on one scale",
        )
    if top <= 1:
        return dataclasses.replace(found, confidence=values)
    if top > ABOVE:
        at, joint = (int(i) for i in np.unravel_index(values.argmax(), values.shape))
        if top * scale == FLAGS and np.isin(found.confidence, (0, 1, FLAGS)).all():
            raise data_error(
                f"{found.source}: all scores are 0, 1 or 2",
                "that is COCO's visibility, and no score",
                "give the detector's scores, or 1 in place of each flag above 0",
            )
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
