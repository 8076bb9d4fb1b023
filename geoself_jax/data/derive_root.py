"""Joints of a detector that gives no root, with one that is derived from them."""

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.find_skeleton import same_joints
from geoself_jax.data.roots import Rootless, hips, with_centroid, with_pelvis
from geoself_jax.data.skeletons import ROOTLESS


def derive_root(
    skeleton: Skeleton, points: np.ndarray, confidence: np.ndarray
) -> tuple[Skeleton, np.ndarray, np.ndarray]:
    """Appends a root where there is none: a known detector's pelvis, or the centroid.

    The pelvis is midway between the hips, the centroid of a `Rootless` skeleton the mean of the
    seen joints.

    Args:
        skeleton: Of the J joints; one with a root of its own stays as it is.
        points: (..., J, 2 or 3) pixels or metres; NaN where missing.
        confidence: (..., J) in [0, 1]; 0 where missing.

    Returns:
        The three with J + 1 joints, or as they were. The pelvis' confidence is the lower of the
        hips'; where one of them is missing so is the pelvis. The centroid's is the mean of the
        joints', 0 of a missing one; where fewer than half are seen it is missing: the mean of few
        is another point.
    """
    if isinstance(skeleton, Rootless):
        return with_centroid(skeleton), *_with_mean(points, confidence)
    if not any(_same_skeleton(skeleton, known) for known in ROOTLESS):
        return skeleton, points, confidence
    pair = list(hips(skeleton))
    pelvis = points[..., pair, :].mean(-2, keepdims=True).astype(points.dtype)
    trust = confidence[..., pair].min(-1, keepdims=True)
    pelvis = np.where(trust[..., None] > 0, pelvis, np.nan).astype(points.dtype)
    return (
        with_pelvis(skeleton),
        np.concatenate([points, pelvis], -2),
        np.concatenate([confidence, trust], -1),
    )


def _with_mean(points: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and confidences with the mean of the seen joints behind the last."""
    seen = np.isfinite(points).all(-1) & (confidence > 0)
    count = seen.sum(-1)
    total = np.where(seen[..., None], points, 0).sum(-2, dtype=np.float64)
    mean = (total / np.maximum(count, 1)[..., None])[..., None, :]
    trust = np.where(seen, confidence, 0).mean(-1, keepdims=True).astype(confidence.dtype)
    enough = (2 * count >= confidence.shape[-1])[..., None]
    trust = np.where(enough, trust, 0).astype(confidence.dtype)
    mean = np.where(trust[..., None] > 0, mean, np.nan).astype(points.dtype)
    return np.concatenate([points, mean], -2), np.concatenate([confidence, trust], -1)


def _same_skeleton(a: Skeleton, b: Skeleton) -> bool:
    return a.root == b.root and same_joints(a.joint_names, b.joint_names)
