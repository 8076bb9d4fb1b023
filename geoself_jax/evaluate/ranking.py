"""Ranks lifted views by error against ground truth, else against triangulation."""

from typing import NamedTuple

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.data.joint_maps import joint_map
from geoself_jax.data.recording import Recording
from geoself_jax.evaluate.scores import in_cameras, lifted


class Ranking(NamedTuple):
    """Error of each view of each frame.

    Attributes:
        name: Name of the target: `ground truth` or `triangulated`.
        target: (frames, views, joints, 3), metres, camera axes, root-relative.
        error: (frames, views) mean over the joints, metres; NaN where undefined.
        order: Flat indices into `error`, the best first; views without an error are left out.
    """

    name: str
    target: np.ndarray
    error: np.ndarray
    order: np.ndarray

    def place(self, share: float) -> tuple[int, int]:
        """Returns frame and view at a quantile: 0 the best, 0.5 the median, 1 the worst."""
        at = self.order[min(int(share * len(self.order)), len(self.order) - 1)]
        frame, view = np.unravel_index(at, self.error.shape)
        return int(frame), int(view)


def rank_views(recording: Recording, prediction: Prediction, triangulated: np.ndarray) -> Ranking:
    """Ranks views by error against ground truth in the prediction's joints, else triangulation.

    Args:
        recording: Recording in the joints of the prediction (`report.in_joints_of`); ground truth
            in other joints is mapped.
        prediction, triangulated: Results of `evaluate.report.evaluate`.
    """
    truth = truth_in_its_joints(recording)
    name, world = ("triangulated", triangulated) if truth is None else ("ground truth", truth)
    target = in_cameras(world, recording)
    target = target - target[:, :, recording.skeleton.root, None]
    errors = np.linalg.norm(prediction.pose_3d - target, axis=-1)
    counted = np.isfinite(errors)
    there = counted.any(-1) & lifted(recording)
    mean = np.where(counted, errors, 0).sum(-1) / np.maximum(counted.sum(-1), 1)
    order = np.argsort(np.where(there, mean, np.inf), axis=None)[: int(there.sum())]
    return Ranking(name, target, np.where(there, mean, np.nan), order)


def truth_in_its_joints(recording: Recording) -> np.ndarray | None:
    """Returns ground truth in the detections' joints; None without any or without the root."""
    if recording.pose_world is None or recording.pose_skeleton is None:
        return recording.pose_world
    mapped = joint_map(recording.pose_skeleton, recording.skeleton)
    has_root = mapped.weights[recording.skeleton.root].any()
    return mapped.points(recording.pose_world) if has_root else None
