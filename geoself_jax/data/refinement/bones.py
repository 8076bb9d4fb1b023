"""Lengths of a person's bones from poses over time."""

from collections.abc import Sequence

import numpy as np

from geoself_jax.core.skeleton import Skeleton

SIDEWAYS = 24
"""Power of the sine of a bone's angle to the ray: bones across the view show their length."""
ALWAYS = 0.1
"""Weight that every frame has. Where a bone hardly ever lies across the view, as the hips of a
person seen from the side, the few frames that seem to show it so are those of errors."""


def bone_lengths(points: Sequence[np.ndarray], skeleton: Skeleton) -> np.ndarray:
    """Estimates each bone's length: a weighted median over frames.

    A frame weighs the more the less the bone points at the camera or away: its depth, which one
    view hardly shows, then matters little.

    Args:
        points: (T, J, 3) joints of the same person, camera frame, of one or more runs of frames.
        skeleton: Of the J joints.

    Returns:
        (J,) length of the bone that ends in each joint, in the unit of the points; 0 at the root.
    """
    lengths = np.zeros(skeleton.joints)
    for joint, parent in enumerate(skeleton.parents):
        if parent < 0:
            continue
        bone = np.concatenate([run[:, joint] - run[:, parent] for run in points])
        ray = np.concatenate([run[:, joint] for run in points])
        length = np.linalg.norm(bone, axis=-1)
        product = np.maximum(length * np.linalg.norm(ray, axis=-1), 1e-9)
        square = np.clip(1 - (np.einsum("tk,tk->t", bone, ray) / product) ** 2, 1e-6, 1)
        lengths[joint] = _weighted_median(length, ALWAYS + square ** (SIDEWAYS / 2))
    return lengths


def _weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    order = np.argsort(values)
    upto = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(upto, upto[-1] / 2)]])
