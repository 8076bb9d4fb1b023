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

OF_BODY = {
    "mpjpe_mm": "mpjpe_percent_of_body",
    "p_mpjpe_mm": "p_mpjpe_percent_of_body",
    "n_mpjpe_mm": "n_mpjpe_percent_of_body",
    "triangulation_mm": "triangulation_percent_of_body",
}
"""Scores that are also reported in percent of the body's size, where it is no person's."""


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
    name, world = _target(recording, triangulated)
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
    return size_of(_target(recording, triangulated)[1])


def _target(recording: Recording, triangulated: np.ndarray) -> tuple[str, np.ndarray]:
    truth = truth_in_its_joints(recording)
    return ("triangulated joints", triangulated) if truth is None else ("ground truth", truth)


def percent_of_body(scores: dict[str, Any], recording: Recording) -> dict[str, float]:
    """Returns scores in percent of the body's size, unless the skeleton is a person's.

    Args:
        scores: With `body_size_mm` where it is known.
        recording: Its skeleton says whose body it is.
    """
    size = scores.get("body_size_mm")
    if size is None or is_person(recording.skeleton.joint_names):
        return {}
    known = {name: scores.get(key) for key, name in OF_BODY.items()}
    return {name: 100 * value / size for name, value in known.items() if value is not None}
