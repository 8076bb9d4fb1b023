"""The error of each joint and its spread, and errors as a share of the body."""

from typing import Any

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.data.body_size import is_person
from geoself_jax.data.recording import Recording
from geoself_jax.evaluate.ranking import truth_in_its_joints
from geoself_jax.evaluate.uncertainty import distances
from geoself_jax.view.body_scale import size_of

PERCENTILES = {"p5_mm": 5, "p25_mm": 25, "median_mm": 50, "p75_mm": 75, "p95_mm": 95}
"""What is reported of each joint's errors, next to `mean_mm`."""


def per_joint_scores(
    prediction: Prediction, recording: Recording, triangulated: np.ndarray
) -> dict[str, Any]:
    """Returns the body's size, and the spread of each joint's error over all lifted views.

    Args:
        prediction: Poses of every view of the recording.
        recording: Recording that was lifted, in the joints of the prediction.
        triangulated: (frames, joints, 3), metres, world frame.

    Returns:
        body_size_mm: median distance between the farthest joints (`data.body_size.body_size`), of
        the ground truth in these joints, else of the triangulated ones; and per_joint: `against`
        which of the two, and `joints`, by name `mean_mm` and `PERCENTILES`, root-relative. A joint
        without any, and the root, are left out; both are where nothing is known.
    """
    name, world = reference_of(recording, triangulated)
    size = size_of(world)
    if not np.isfinite(size):
        return {}
    errors = 1000 * distances(prediction, recording, world)
    joints = {}
    for joint, of_joint in zip(recording.skeleton.joint_names, errors.T, strict=True):
        known = of_joint[np.isfinite(of_joint)]
        if known.size:
            spread = np.percentile(known, list(PERCENTILES.values())).tolist()
            joints[joint] = {
                "mean_mm": float(known.mean()),
                **dict(zip(PERCENTILES, spread, strict=True)),
            }
    return {"body_size_mm": 1000 * size, "per_joint": {"against": name, "joints": joints}}


def body_of(recording: Recording, triangulated: np.ndarray) -> float:
    """Returns the size of the body that errors are measured on, metres; NaN where unknown."""
    return size_of(reference_of(recording, triangulated)[1])


def reference_of(recording: Recording, triangulated: np.ndarray) -> tuple[str, np.ndarray]:
    """Returns what lifted poses are compared with, by name: the ground truth, if there is any.

    Args:
        recording: In the joints of the prediction.
        triangulated: (frames, joints, 3), metres, world frame.
    """
    truth = truth_in_its_joints(recording)
    return ("triangulated joints", triangulated) if truth is None else ("ground truth", truth)


def sizes_by_frame(recording: Recording, triangulated: np.ndarray) -> np.ndarray | None:
    """Returns the size of the body in each frame, in percent of which errors are given.

    It is the subject's, or where that is unknown the size of all.

    Args:
        recording: In the joints of the prediction; its skeleton says whose body it is.
        triangulated: (frames, joints, 3), metres, world frame.

    Returns:
        (frames,) metres; None of people, and where nothing is known.
    """
    world, who = reference_of(recording, triangulated)[1], recording.subject_id
    usual = size_of(world)
    if is_person(recording.skeleton.joint_names) or not np.isfinite(usual):
        return None
    sizes = np.full(recording.frames, usual)
    for subject in np.unique(who):
        own = size_of(world[who == subject])
        sizes[who == subject] = own if np.isfinite(own) else usual
    return sizes


def sizes_by_subject(recording: Recording, sizes: np.ndarray | None) -> dict[str, Any]:
    """Returns body_sizes_mm, of each subject by name; nothing of one, whose is body_size_mm.

    Args:
        recording: Who is in which frame.
        sizes: Result of `sizes_by_frame`.
    """
    subjects, first = np.unique(recording.subject_id, return_index=True)
    if sizes is None or len(subjects) < 2:
        return {}
    known = {
        recording.subject_names[s]: 1000 * sizes[i] for s, i in zip(subjects, first, strict=True)
    }
    return {"body_sizes_mm": {name: float(size) for name, size in known.items()}}


def whose_size(scores: dict[str, Any]) -> str:
    """Returns what lengths of all subjects together are in percent of, in words."""
    return "the median body's size" if "body_sizes_mm" in scores else "the body's size"
