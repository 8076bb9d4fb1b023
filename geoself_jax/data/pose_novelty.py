"""How far poses are from others, whichever way they face and however large the body is."""

from typing import NamedTuple

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.orientation import smallest_rotation

_CHUNK = 1024
_KNOWN = 0.5  # share of a pose's joints that must be known


class PoseTerms(NamedTuple):
    """Poses as their distances are made of them; the root is left out.

    Attributes:
        across: (poses, joints) complex, horizontal place relative to the root; 0 where unknown.
        height: (poses, joints), above the root; 0 where unknown.
        known: (poses, joints) 1 or 0.
    """

    across: np.ndarray
    height: np.ndarray
    known: np.ndarray


def total_bones(world: np.ndarray, subject_id: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Returns the length of all bones together of the body in each frame: its size.

    Args:
        world: (frames, joints, 3), metres; NaN where missing.
        subject_id: (frames,) whose body it is; each bone has its median length.
        skeleton: Of the joints.

    Returns:
        (frames,) metres; NaN where a bone of the subject is never seen, or there is no bone.
    """
    lengths, total = bone_lengths(world, skeleton), np.full(len(world), np.nan)
    for subject in np.unique(subject_id):
        own = lengths[subject_id == subject]
        if own.size and np.isfinite(own).any(0).all():
            total[subject_id == subject] = np.nanmedian(own, axis=0).sum()
    return total


def bone_lengths(world: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Returns the length of each bone in each frame, (frames, bones), in the unit of `world`."""
    ends = np.array(skeleton.bones, int).reshape(-1, 2)
    return np.linalg.norm(world[:, ends[:, 0]] - world[:, ends[:, 1]], axis=-1)


def upright(world: np.ndarray, size: np.ndarray, up: np.ndarray, root: int) -> np.ndarray:
    """Returns poses relative to their root, in units of the body's size, with z up.

    Args:
        world: (frames, joints, 3), world, metres; NaN where missing.
        size: (frames,) metres (`total_bones`).
        up: (3,) unit vector against gravity.
        root: Index of the root joint.
    """
    turn = smallest_rotation(np.asarray(up, np.float64), np.eye(3)[2])
    relative = (world - world[:, root, None]).astype(np.float64) / size[:, None, None]
    return (relative @ turn.T).astype(np.float32)


def terms_of(poses: np.ndarray, root: int) -> PoseTerms:
    """Returns the terms of poses that `upright` gave.

    Args:
        poses: (poses, joints, 3), z up; NaN where missing.
        root: Index of the root joint.
    """
    known = np.isfinite(poses).all(-1)
    known[:, root] = False
    filled = np.where(known[..., None], poses, 0).astype(np.float32)
    across = (filled[..., 0] + 1j * filled[..., 1]).astype(np.complex64)
    return PoseTerms(across, filled[..., 2], known.astype(np.float32))


def nearest(poses: PoseTerms, others: PoseTerms, mirror: np.ndarray) -> np.ndarray:
    """Returns the distance of each pose to the nearest of other poses.

    The root mean square distance of the joints after the best turn about the vertical, the other
    pose as it is or mirrored: the turn of least squares is known in closed form.

    Args:
        poses: Result of `terms_of`.
        others: The same of whole poses: every joint known.
        mirror: (joints,) index of each joint's mirror image.

    Returns:
        (poses,), in the unit of the poses; NaN where fewer than half of the joints are known.
    """
    least = np.full(len(poses.known), np.nan)
    for start in range(0, len(least), _CHUNK):
        part = PoseTerms(*(array[start : start + _CHUNK] for array in poses))
        least[start : start + _CHUNK] = np.sqrt(_squared(part, others, mirror).min(-1))
    enough = poses.known.sum(-1) >= max(1, _KNOWN * (poses.known.shape[-1] - 1))
    return np.where(enough, least, np.nan)


def spread_out(poses: PoseTerms, count: int, mirror: np.ndarray) -> np.ndarray:
    """Chooses poses that are far from each other: farthest-point sampling from the first one.

    Args:
        poses: Result of `terms_of`, every joint known.
        count: How many.
        mirror: As of `nearest`.

    Returns:
        Indices of at most `count` poses, in ascending order.
    """
    chosen, least = [0], np.full(len(poses.known), np.inf)
    while len(chosen) < min(count, len(least)):
        last = PoseTerms(*(array[chosen[-1] : chosen[-1] + 1] for array in poses))
        least = np.minimum(least, _squared(poses, last, mirror)[:, 0])
        if least.max() <= 0:
            break
        chosen.append(int(least.argmax()))
    return np.unique(chosen)


def _squared(poses: PoseTerms, others: PoseTerms, mirror: np.ndarray) -> np.ndarray:
    """Mean squared distance of each pose to each other one, (poses, others), the best of both."""
    own = (np.abs(poses.across) ** 2 + poses.height**2).sum(-1, keepdims=True)
    square = np.abs(others.across) ** 2 + others.height**2
    found = []
    for swap, across in ((slice(None), others.across.conj()), (mirror, others.across)):
        shared = np.abs(poses.across @ across[:, swap].T)
        shared += poses.height @ others.height[:, swap].T
        found.append(own + poses.known @ square[:, swap].T - 2 * shared)
    count = np.maximum(poses.known.sum(-1, keepdims=True), 1)
    return np.asarray(np.maximum(np.minimum(*found), 0) / count)
