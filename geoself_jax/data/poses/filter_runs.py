"""Runs of frames without a gap, in which a filter may work."""

from collections.abc import Iterator

import numpy as np

from geoself_jax.data.poses.resample import step_of
from geoself_jax.data.poses.sequence import EXPECTED_ERRORS, PoseSequence

_FEWEST = 10
_OF_JOINTS = ("keypoints_2d", "confidence", *EXPECTED_ERRORS, "marks", "contact")


def follows(poses: PoseSequence) -> np.ndarray:
    """(T, J) whether a joint is there, and was there in the frame before, none being left out.

    Of thinned sequences, say every fifth frame, those five apart follow each other.
    """
    seen = np.isfinite(poses.pose).all(-1)
    next_to = np.diff(poses.frame_id, prepend=-1) == step_of(poses.frame_id)
    before = np.concatenate([np.zeros_like(seen[:1]), seen[:-1]])
    return np.asarray(seen & before & next_to[:, None])


def without_empty(poses: PoseSequence) -> tuple[PoseSequence, np.ndarray]:
    """The joints of the frames that have some, and which rows these are.

    `lift` leaves empty rows between the frames of a thinned video: every fifth alone has a joint.
    Some frames far apart are no thinned video: fewer than `_FEWEST` are returned with the others.

    Args:
        poses: The sequence; what else it holds than joints is left out.
    """
    rows = rows_with_joints(poses)
    joints = dict.fromkeys(_OF_JOINTS)
    return poses.replace(pose=poses.pose[rows], frame_id=poses.frame_id[rows], **joints), rows


def rows_with_joints(poses: PoseSequence) -> np.ndarray:
    """Rows of the frames that have a joint; all rows where these are fewer than `_FEWEST`."""
    there = np.isfinite(poses.pose).all(-1).any(1)
    return np.flatnonzero(there | (there.sum() < _FEWEST))


def at_rows(poses: PoseSequence, rows: np.ndarray) -> PoseSequence:
    """Some frames of the sequence, with all that it holds of them."""
    arrays = {name: getattr(poses, name) for name in ("pose", "frame_id", *_OF_JOINTS)}
    return poses.replace(**{k: None if v is None else v[rows] for k, v in arrays.items()})


def runs(poses: PoseSequence) -> Iterator[tuple[np.ndarray, slice]]:
    """Joints and frames, joints that are missing in the same frames together.

    A joint that is missing ends a run of that joint alone.
    """
    linked = follows(poses)
    seen = np.isfinite(poses.pose).all(-1)
    patterns, which = np.unique(np.concatenate([linked, seen]), axis=1, return_inverse=True)
    for pattern in range(patterns.shape[1]):
        joints = np.flatnonzero(which.reshape(-1) == pattern)
        breaks = np.flatnonzero(~linked[:, joints[0]])
        ends = np.append(breaks, len(seen))[1:]
        for start, end in zip(breaks.tolist(), ends.tolist(), strict=True):
            if seen[start, joints[0]]:
                yield joints, slice(start, end)
