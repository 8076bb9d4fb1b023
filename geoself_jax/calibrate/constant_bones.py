"""A prior of an adjustment: the bones of a subject keep their lengths."""

from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.views import Views


class Bones(NamedTuple):
    """A prior: bones keep their length, up to what a detector moves joints.

    Attributes:
        ends: (B, 2) joints.
        length: (S, B) of each subject, in the unit of the cameras.
        spread: Share of the length by which a bone's varies.
    """

    ends: np.ndarray
    length: np.ndarray
    spread: float


def with_bones(
    views: Views, bones: Bones, points: np.ndarray, lhs: np.ndarray, pull: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Adds the bones' equations: the length's logarithm is the unknown, a share the error.

    Args:
        views: Detections of frames of one subject.
        bones: The prior.
        points: (F, J, 3).
        lhs, pull: (F, 3 J, 3 J), (F, 3 J) equations of the joints.

    Returns:
        These with the bones; (F, B, 3 J) of both, (B, B) and (F, B) of the lengths.
    """
    off, direction, length = bone_errors(bones, points, int(views.subject[0]))
    weight = bone_weight(views, bones) / (1 + off**2)
    slope = direction / (length * bones.spread)[..., None]  # of off by the second end
    count, joints = len(bones.ends), points.shape[1]
    rows = np.zeros((len(points), count, joints, 3))
    first, second = bones.ends.T
    rows[:, np.arange(count), first], rows[:, np.arange(count), second] = slope, -slope
    rows = rows.reshape(len(points), count, -1) * np.sqrt(weight)[..., None]
    by_length = np.sqrt(weight) * (1 / bones.spread + off)  # off grows by now / length / spread
    error = off * np.sqrt(weight)
    turned = np.swapaxes(rows, -1, -2)
    lhs = lhs + turned @ rows
    pull = pull + (turned @ error[..., None])[..., 0]
    mixed = by_length[..., None] * rows
    return lhs, pull, mixed, np.diag(np.sum(by_length**2, 0)), by_length * error


def bone_errors(
    bones: Bones, points: np.ndarray, subject: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(F, B) errors (|a - b| / L - 1) / spread, directions (F, B, 3), and lengths L.

    Args:
        bones: The prior.
        points: (F, J, 3).
        subject: Whose lengths.
    """
    first, second = points[:, bones.ends[:, 0]], points[:, bones.ends[:, 1]]
    apart = second - first
    now = np.maximum(np.linalg.norm(apart, axis=-1), 1e-12)
    length = np.broadcast_to(bones.length[subject], now.shape)
    return (now / length - 1) / bones.spread, apart / now[..., None], length


def bone_weight(views: Views, bones: Bones) -> np.ndarray:
    """(F, B) mean confidence of a bone's ends; 0 where one is not seen by two views.

    Args:
        views: Detections.
        bones: The prior.
    """
    known = (views.weight > 0).sum(1) >= 2
    mean = views.weight.sum(1) / np.maximum((views.weight > 0).sum(1), 1)
    first, second = bones.ends.T
    both = known[:, first] & known[:, second]
    return np.where(both, np.minimum(mean[:, first], mean[:, second]), 0.0)
