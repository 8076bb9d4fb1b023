"""Rotations of joints that take the bones of a rest posture to those of each pose."""

from collections.abc import Sequence

import numpy as np

from geoself_jax.data.poses.fill_gaps import from_the_root

_NO_BONE = 1e-6  # of the longest bone
_UNTURNED = (
    1e-3  # weight of the identity relative to a bone's: fixes the twist that bones leave free
)


def joint_rotations(
    pose: np.ndarray, offsets: np.ndarray, parents: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Rotations of each joint relative to its parent, and the places that make poses exact.

    A joint with one child is turned by the smallest rotation that points it there; with several, by
    the one that fits their directions best (Kabsch; Wahba's problem); the end of a chain is not
    turned. The twist of a bone about itself is not in joints: the smallest is taken.

    Args:
        pose: (N, J, 3) metres, nothing missing.
        offsets: (J, 3) of the rest posture, metres.
        parents: Of each joint; -1 for the one root.

    Returns:
        (N, J, 3, 3) rotations, and (N, J, 3) metres in the parent's turned axes, the root's as is:
        place = place of the parent + (product of the rotations down to it) @ this.
    """
    turns = np.empty((*pose.shape, 3))
    whole = np.empty_like(turns)  # products of the rotations from the root on
    places = pose.copy()
    least = _NO_BONE * np.linalg.norm(offsets, axis=-1).max()
    for joint in from_the_root(parents):
        before = whole[:, parents[joint]] if parents[joint] >= 0 else np.eye(3)
        children = [child for child, parent in enumerate(parents) if parent == joint]
        bones = (pose[:, children] - pose[:, joint, None]) @ before
        turns[:, joint] = _fit(offsets[children], bones, least)
        whole[:, joint] = before @ turns[:, joint]
        away = pose[:, children] - pose[:, joint, None]
        places[:, children] = away @ whole[:, joint]
    return turns, places


def _fit(rest: np.ndarray, bones: np.ndarray, least: float) -> np.ndarray:
    """(N, 3, 3) rotations of (children, 3) rest bones to (N, children, 3), longer than `least`."""
    chosen = np.linalg.norm(rest, axis=-1) > least
    rest, bones = rest[chosen], bones[:, chosen]
    rest = rest / np.linalg.norm(rest, axis=-1, keepdims=True)
    length = np.linalg.norm(bones, axis=-1, keepdims=True)
    # A bone without length has no direction: it stays in the rest pose.
    there = length > least
    bones = np.where(there, bones / np.where(there, length, 1), rest)
    if not len(rest):
        return np.broadcast_to(np.eye(3), (len(bones), 3, 3))
    if len(rest) == 1:
        return smallest(rest[0], bones[:, 0])
    both = np.einsum("nci,cj->nij", bones, rest) + _UNTURNED * np.eye(3)
    U, _, Vt = np.linalg.svd(both)
    U[..., 2] *= np.linalg.det(U @ Vt)[:, None]
    return np.asarray(U @ Vt)


def smallest(source: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N, 3, 3) smallest rotations of a unit vector (3,) to unit vectors (N, 3)."""
    axis = np.cross(source, targets)
    cosine = targets @ source
    cross = np.zeros((len(targets), 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        cross[:, k, j], cross[:, j, k] = axis[:, i], -axis[:, i]
    opposite = cosine < -1 + 1e-9
    share = 1 / np.where(opposite, 1, 1 + cosine)
    turn = np.eye(3) + cross + share[:, None, None] * (cross @ cross)
    aside = np.cross(source, np.eye(3)[np.abs(source).argmin()])
    aside /= np.linalg.norm(aside)
    turn[opposite] = 2 * np.outer(aside, aside) - np.eye(3)  # half a turn about it
    return np.asarray(turn)


def angles_zxy(turns: np.ndarray) -> np.ndarray:
    """(N, ..., 3) degrees about z, x and y with R = R_z R_x R_y, without jumps along N.

    Args:
        turns: (N, ..., 3, 3).
    """
    about_x = np.arcsin(np.clip(turns[..., 2, 1], -1, 1))
    about_z = np.arctan2(-turns[..., 0, 1], turns[..., 1, 1])
    about_y = np.arctan2(-turns[..., 2, 0], turns[..., 2, 2])
    upright = np.abs(turns[..., 2, 1]) > 1 - 1e-12  # z and y turn about the same: y has it all
    about_z = np.where(upright, 0, about_z)
    about_y = np.where(upright, np.arctan2(turns[..., 0, 2], turns[..., 0, 0]), about_y)
    angles = np.degrees(np.stack([about_z, about_x, about_y], -1))
    return np.asarray(np.unwrap(angles, axis=0, period=360))
