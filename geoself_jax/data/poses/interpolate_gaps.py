"""Short gaps of a sequence filled from the frames about them; longer ones stay."""

import numpy as np

from geoself_jax.data.poses.resample import step_of
from geoself_jax.data.poses.sequence import EXPECTED_ERRORS, PoseSequence


def interpolated(poses: PoseSequence, longest: int) -> tuple[PoseSequence, np.ndarray]:
    """The sequence with each joint's gaps of up to some frames filled by PCHIP.

    A monotone cubic through the joint's absolute places in the frames where it is there, which does
    not overshoot. Before its first and after its last frame a joint stays missing. A filled joint
    is as uncertain as the less sure of the two frames that its gap is between.

    Args:
        poses: Absolute joints, metres.
        longest: Frames of the video that a gap may have, above 0.

    Returns:
        The sequence, and (T, J) bool where a joint was filled.
    """
    from scipy.interpolate import PchipInterpolator

    seen = np.isfinite(poses.pose).all(-1)
    pose, filled = poses.pose.copy(), np.zeros(seen.shape, bool)
    off = {k: x.copy() for k in EXPECTED_ERRORS if (x := getattr(poses, k)) is not None}
    patterns, which = np.unique(seen, axis=1, return_inverse=True)
    for pattern in range(patterns.shape[1]):
        joints = np.flatnonzero(which.reshape(-1) == pattern)
        at, gaps = _gaps(patterns[:, pattern], poses.frame_id, longest)
        if not len(gaps):
            continue
        curve = PchipInterpolator(poses.frame_id[at], poses.pose[at][:, joints].astype(np.float64))
        pose[np.ix_(gaps, joints)] = curve(poses.frame_id[gaps])
        filled[np.ix_(gaps, joints)] = True
        after = np.searchsorted(at, gaps)
        for values in off.values():
            sides = [values[np.ix_(at[near], joints)] for near in (after - 1, after)]
            values[np.ix_(gaps, joints)] = np.fmax(*sides)
    return poses.replace(pose=pose, **off), filled


def _gaps(seen: np.ndarray, frame_id: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are there, and those missing between two of them that are close enough."""
    at = np.flatnonzero(seen)
    if len(at) < 2:
        return at, at[:0]
    missing = np.flatnonzero(~seen)
    after = np.searchsorted(at, missing)
    inside = (after > 0) & (after < len(at))
    missing, after = missing[inside], after[inside]
    length = (frame_id[at[after]] - frame_id[at[after - 1]]) // step_of(frame_id) - 1
    return at, missing[length <= longest]
