"""Checks the input arrays of a lifter."""

import math
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton

MOST_CONFIDENCE = 1.25
"""Scores of peaks between pixels are a little above 1; others are on another scale."""


def shaped(
    skeleton: Skeleton, frames: int, keypoints_2d: Any, confidence: Any, K: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Converts the inputs to float32 arrays of consistent shapes.

    Args:
        skeleton: Joints of the lifter.
        frames: 1, or the window length: an axis before the joints.
        keypoints_2d: (*batch, [frames,] joints, 2), px, undistorted.
        confidence: (*batch, [frames,] joints), or None for 1 at every finite joint.
        K: Intrinsics, (3, 3) or (*batch, 3, 3), px.

    Raises:
        GeoselfError: The shapes are inconsistent, or a confidence is far above 1 (65).
    """
    keypoints_2d = numbers("keypoints_2d", keypoints_2d)
    view = (skeleton.joints,) if frames == 1 else (frames, skeleton.joints)
    if keypoints_2d.shape[-len(view) - 1 :] != (*view, 2):
        names = skeleton.joint_names
        do = f"pass x, y of its {len(names)} joints, {names[0]} to {names[-1]}, in that order"
        if frames > 1:
            do += f", in windows of {frames} frames; for a video use lifter.sequence"
        wanted = ", ".join(map(str, (*view, 2)))
        raise data_error(
            f"keypoints_2d has shape {keypoints_2d.shape}", f"wanted (..., {wanted})", do
        )
    seen = keypoints_2d.shape[:-1]
    if confidence is None:
        confidence = np.isfinite(keypoints_2d).all(-1)
    confidence = numbers("confidence", confidence)
    if confidence.shape != seen:
        raise data_error(
            f"confidence has shape {confidence.shape}",
            f"wanted {seen} for keypoints_2d of {keypoints_2d.shape}",
            "pass one number per joint, or None",
        )
    if confidence.size and confidence.max() > MOST_CONFIDENCE:  # false for NaN
        raise data_error(
            f"confidence {confidence.max():g}",
            "wanted numbers from 0 to 1: poses would come out nearer, without a word",
            "divide it by the detector's largest score",
        )
    K, batch = numbers("K", K), seen[: -len(view)]
    if K.shape not in ((3, 3), (*batch, 3, 3)):
        raise data_error(
            f"K has shape {K.shape}",
            f"wanted (3, 3) or {(*batch, 3, 3)} for keypoints_2d of {keypoints_2d.shape}",
            "pass one matrix for all poses or one per pose",
        )
    return keypoints_2d, confidence, K


def runs_of(frame_id: Any, frames: int) -> np.ndarray:
    """Returns first and last index of the contiguous run of each frame, (frames, 2).

    Args:
        frame_id: Frame numbers in the video, ascending; None for one run.
        frames: Number of frames.

    Raises:
        GeoselfError: `frame_id` is not `frames` ascending integers (65).
    """
    if frame_id is None:
        return np.tile(np.array([0, max(frames - 1, 0)]), (frames, 1))
    frame_id = np.asarray(frame_id)
    if frame_id.shape != (frames,) or frame_id.dtype.kind not in "iu" or _falls(frame_id):
        raise data_error(
            f"frame_id has shape {frame_id.shape}",
            f"wanted {frames} whole numbers, ascending",
            "pass each frame's number in the video, or None",
        )
    breaks = np.flatnonzero(np.diff(frame_id) != 1)
    first, last = np.append(0, breaks + 1), np.append(breaks, frames - 1)
    run = np.searchsorted(last, np.arange(frames))
    runs: np.ndarray = np.stack([first[run], last[run]], axis=1)
    return runs


def _falls(frame_id: np.ndarray) -> bool:
    return bool((frame_id[1:] <= frame_id[:-1]).any())


def check_intrinsics(K: np.ndarray) -> None:
    """Checks intrinsic matrices, by the minimum and maximum of each entry: two reductions.

    Raises:
        GeoselfError: A matrix is invalid (65).
    """
    if not K.size:
        return
    entries = K.reshape(-1, 9)
    low, high = entries.min(0).tolist(), entries.max(0).tolist()
    positive = low[0] > 0 and low[4] > 0  # false for NaN
    bottom = low[6:] == high[6:] == [0, 0, 1] and low[3] == high[3] == 0
    if positive and bottom and all(map(math.isfinite, low + high)):
        return
    wrong = ~np.isfinite(entries).all(1) | (entries[:, [0, 4]] <= 0).any(1)
    wrong |= (entries[:, [3, 6, 7, 8]] != (0, 0, 0, 1)).any(1)
    raise data_error(
        f"K is {np.round(entries[wrong][0], 3).reshape(3, 3).tolist()}",
        "wanted [[fx, s, cx], [0, fy, cy], [0, 0, 1]] in pixels with fx, fy > 0",
        "fix the calibration",
    )


def numbers(name: str, value: Any) -> np.ndarray:
    """Converts a value to a float32 array.

    Raises:
        GeoselfError: It is not numeric (65).
    """
    try:
        return np.asarray(value, np.float32)
    except (TypeError, ValueError) as error:
        raise data_error(f"{name} is no array of numbers", str(error), "pass numbers") from error
