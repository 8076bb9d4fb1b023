"""Limbs of one camera whose left and right are exchanged, and their repair."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.body_size import is_person
from geoself_jax.data.exchanges import find_exchanges, follows, runs_of
from geoself_jax.data.limb_pairs import limb_pairs

_LISTED = 6


class ExchangedLimbs(NamedTuple):
    """What was found in one camera. Frames T, joints J.

    Attributes:
        joints: (T, J) bool: the joint's place is that of its twin.
        undecided: (T,) bool: left and right change places, but which side is right is not known.
    """

    joints: np.ndarray
    undecided: np.ndarray


def find_exchanged_limbs(
    keypoints_2d: np.ndarray,
    confidence: np.ndarray,
    skeleton: Skeleton,
    frame_id: np.ndarray,
    fps: float,
) -> ExchangedLimbs:
    """Finds exchanged arms and legs of one person in one camera, by how they move.

    Eyes and ears go with the arms where they move more evenly so: they are too close to each other
    to say so themselves.

    Args:
        keypoints_2d: (T, J, 2) px; NaN where missing.
        confidence: (T, J); 0 where missing.
        skeleton: Of the joints.
        frame_id: (T,) ascending.
        fps: Frames per second.
    """
    joints, undecided = np.zeros(confidence.shape, bool), np.zeros(len(frame_id), bool)
    limbs = limb_pairs(skeleton)
    data = (keypoints_2d, confidence)
    for limb, pairs in limbs.items():
        if limb == "head":
            continue
        found = find_exchanges(*data, pairs, frame_id, fps)
        mark(joints, pairs, found.exchanged)
        undecided |= found.undecided
        if limb == "arms" and "head" in limbs:
            with_arms = follows(*data, limbs["head"], frame_id, fps, found.exchanged)
            mark(joints, limbs["head"], with_arms)
    return ExchangedLimbs(joints, undecided)


def usually_repaired(joint_names: Sequence[str]) -> str:
    """Returns `repair` for people's joints, of which it was measured, and `keep` for others.

    Args:
        joint_names: Of the skeleton.
    """
    return "repair" if is_person(joint_names) else "keep"


def mark(joints: np.ndarray, pairs: tuple[tuple[int, int], ...], exchanged: np.ndarray) -> None:
    """Marks the joints (T, J) of pairs in the frames (T,) in which they are exchanged."""
    own = np.array(pairs, int).ravel()
    joints[:, own] |= exchanged[:, None]


def exchanged_back(values: np.ndarray, joints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Returns pixels or confidences with the marked joints taken from their twins.

    Args:
        values: (..., J, 2) or (..., J).
        joints: (..., J) bool, of both joints of a pair alike.
        skeleton: Of the joints.
    """
    mirror = list(skeleton.mirror)
    if values.ndim == joints.ndim:
        return np.where(joints, values[..., mirror], values)
    return np.where(joints[..., None], values[..., mirror, :], values)


def ranges(exchanged: np.ndarray, frame_id: np.ndarray) -> str:
    """Returns `12, 41-61 and 3 more` for the marked frames, by their numbers."""
    runs = runs_of(exchanged)
    listed = [
        f"{frame_id[first]}" if first == last else f"{frame_id[first]}-{frame_id[last]}"
        for first, last in runs[:_LISTED]
    ]
    more = f" and {len(runs) - _LISTED} more" if len(runs) > _LISTED else ""
    return ", ".join(listed) + more
