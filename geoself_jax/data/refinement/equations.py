"""One reweighted least-squares problem over a run of frames."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.refinement.banded import Banded
from geoself_jax.data.refinement.observed import Observed

_NEAREST = 0.3


@dataclass(frozen=True)
class Terms:
    """Widths of the terms, standard deviations; lengths in the body's unit.

    Attributes:
        detection: Of a detection, at the person.
        detection_outlier: An error of this many widths counts half (Cauchy).
        pose_outlier: The same of the lifted poses.
        root_depth, root_across: Of the lifted root along its ray, and across it.
        root_outlier: As `pose_outlier`, of the lifted root.
        bone: Of a bone's length; None leaves bones free.
        acceleration: Of a joint's, times its usual one (`passes.accelerations`).
        independent_fps: Frames per second up to which errors of successive frames are taken as
            independent. Of faster videos each frame weighs less.
    """

    detection: float = 0.013
    detection_outlier: float = 1.5
    pose_outlier: float = 1.2
    root_depth: float = 0.4
    root_across: float = 0.1
    root_outlier: float = 4.0
    bone: float | None = 0.008
    acceleration: float = 1.5
    independent_fps: float = 25.0


def equations(
    seen: Observed,
    points: np.ndarray,
    lengths: np.ndarray | None,
    acceleration: np.ndarray,
    skeleton: Skeleton,
    fps: float,
    terms: Terms,
) -> Banded:
    """Sets up the problem, its weights and directions taken at `points`.

    Args:
        seen: What is known.
        points: (T, J, 3) where it is linearized.
        lengths: (J,) length of the bone that ends in each joint, or None to leave them free.
        acceleration: (J,) that each joint is expected to have, units per second squared.
        skeleton: Of the J joints.
        fps: Frames per second.
        terms: Widths.
    """
    system = frame_equations(seen, points, lengths, skeleton, fps, terms)
    system.add_second_differences(stiffness(acceleration, fps))
    return system


def stiffness(acceleration: np.ndarray, fps: float) -> np.ndarray:
    """Weight of each joint's second difference, (J,), by its expected acceleration."""
    return np.asarray((fps**2 / acceleration) ** 2)


def frame_equations(
    seen: Observed,
    points: np.ndarray,
    lengths: np.ndarray | None,
    skeleton: Skeleton,
    fps: float,
    terms: Terms,
) -> Banded:
    """Sets up what each frame says by itself: all but accelerations.

    Args:
        seen, points, lengths, skeleton, fps, terms: As of `equations`.
    """
    frames, joints, _ = points.shape
    system = Banded(frames, 3 * joints)
    each = min(1.0, terms.independent_fps / fps)
    own = _rays(seen, points, terms, each)  # of each joint with itself
    own += _add_poses(system, seen, points, skeleton.root, terms, each)
    if lengths is not None and terms.bone is not None:
        own += _add_bones(system, points, lengths, skeleton, terms.bone)
    for joint in range(joints):
        system.add_block(joint, joint, own[:, joint])
    return system


def _rays(seen: Observed, points: np.ndarray, terms: Terms, each: float) -> np.ndarray:
    """The distance of each joint from its ray, across the optical axis: (T, J, 3, 3)."""
    x, y = seen.rays[..., 0], seen.rays[..., 1]
    off = points[..., :2] - seen.rays * np.maximum(points[..., 2:], _NEAREST)
    square = (off**2).sum(-1) / (terms.detection * terms.detection_outlier) ** 2
    weight = each * seen.weight / terms.detection**2 / (1 + square)
    block = np.zeros((*weight.shape, 3, 3))
    block[..., 0, 0] = block[..., 1, 1] = weight
    block[..., 0, 2] = block[..., 2, 0] = -weight * x
    block[..., 1, 2] = block[..., 2, 1] = -weight * y
    block[..., 2, 2] = weight * (x * x + y * y)
    return block


def _add_poses(
    system: Banded, seen: Observed, points: np.ndarray, root: int, terms: Terms, each: float
) -> np.ndarray:
    """The lifted poses about the root, wide along the ray, narrow across; and the lifted root.

    Returns:
        (T, J, 3, 3) blocks of each joint with itself.
    """
    ray = seen.root / np.maximum(np.linalg.norm(seen.root, axis=-1, keepdims=True), 1e-9)
    onto = ray[:, :, None] * ray[:, None, :]
    off = points - points[:, root, None] - seen.pose
    along = np.einsum("tjk,tk->tj", off, ray)
    across = np.maximum((off**2).sum(-1) - along**2, 0)
    square = (along / seen.along) ** 2 + across / seen.across**2 / 2
    weight = each * seen.lifted[:, None] / (1 + square / terms.pose_outlier**2)
    weight[:, root] = 0
    narrow, wide = weight / seen.across**2, weight / seen.along**2
    block = narrow[..., None, None] * np.eye(3) + (wide - narrow)[..., None, None] * onto[:, None]
    pull = np.einsum("tjab,tjb->tja", block, seen.pose)
    for joint in range(points.shape[1]):
        if joint != root:
            system.add_block(joint, root, -block[:, joint])
    place = each * seen.lifted[:, None, None] * _of_root(points[:, root] - seen.root, onto, terms)
    block[:, root] = block.sum(1) + place
    pull[:, root] = np.einsum("tab,tb->ta", place, seen.root) - pull.sum(1)
    system.known += pull.reshape(system.known.shape)
    return block


def _of_root(off: np.ndarray, onto: np.ndarray, terms: Terms) -> np.ndarray:
    """The weight (T, 3, 3) of the lifted root: little where it is far from all frames about it."""
    along = np.einsum("tab,tb->ta", onto, off)
    square = (along**2).sum(-1) / terms.root_depth**2
    square += ((off - along) ** 2).sum(-1) / terms.root_across**2
    aside, depth = 1 / terms.root_across**2, 1 / terms.root_depth**2
    full = aside * np.eye(3) + (depth - aside) * onto
    return np.asarray(full / (1 + square / terms.root_outlier**2)[:, None, None])


def _add_bones(
    system: Banded, points: np.ndarray, lengths: np.ndarray, skeleton: Skeleton, width: float
) -> np.ndarray:
    """Each bone's length, along its present direction.

    Returns:
        (T, J, 3, 3) blocks of each joint with itself.
    """
    parents = np.array(skeleton.parents)
    joints = np.flatnonzero(parents >= 0)
    parents = parents[joints]
    bone = points[:, joints] - points[:, parents]
    along = bone / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-6)
    outer = along[..., :, None] * along[..., None, :] / width**2
    pull = along * lengths[joints, None] / width**2
    own, known = np.zeros((*points.shape, 3)), system.known.reshape(points.shape)
    for i, (joint, parent) in enumerate(zip(joints.tolist(), parents.tolist(), strict=True)):
        system.add_block(joint, parent, -outer[:, i])
        own[:, joint] += outer[:, i]
        own[:, parent] += outer[:, i]
        known[:, joint] += pull[:, i]
        known[:, parent] -= pull[:, i]
    return own
