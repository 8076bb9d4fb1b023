"""Sequences as programs want them that know a rate and no frame numbers: no frame left out."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.poses.sequence import PoseSequence

MOST_FRAMES = 2**23
"""Frames of a file with one rate: two days at 50 a second."""


@dataclass(frozen=True)
class Even:
    """Joints at a constant rate. Frames N, joints J.

    Attributes:
        pose: (N, J, 3) float64 metres; NaN where missing, so in each frame that was left out.
        frame_id: (N,) int64 numbers in the video.
        rate: Frames per second.
        step: Frames of the video from one to the next: 1 unless frames were thinned.
    """

    pose: np.ndarray
    frame_id: np.ndarray
    rate: float
    step: int

    def without_empty(self) -> "Even":
        """The same without the frames that have no joint."""
        there = np.isfinite(self.pose).all(-1).any(1)
        return dataclasses.replace(self, pose=self.pose[there], frame_id=self.frame_id[there])


def step_of(frame_id: np.ndarray) -> int:
    """The distance of which all distances between frames are multiples; 1 of a single frame."""
    return int(np.gcd.reduce(np.diff(frame_id))) if len(frame_id) > 1 else 1


def even(poses: PoseSequence) -> Even:
    """The sequence with a row for each frame from its first to its last.

    Raises:
        GeoselfError: It has no frame, or its frames are too far apart (65).
    """
    if not poses.frames:
        raise data_error(f"{poses.name}: no frame", "nothing to write", "check the input")
    step = step_of(poses.frame_id)
    place = (poses.frame_id - poses.frame_id[0]) // step
    frames = int(place[-1]) + 1
    if frames > MOST_FRAMES:
        raise data_error(
            f"{poses.name}: frames {poses.frame_id[0]} to {poses.frame_id[-1]}",
            f"over {MOST_FRAMES} with those between, which this format cannot leave out",
            "write .npz, .csv or .json",
        )
    pose = np.full((frames, *poses.pose.shape[1:]), np.nan)
    pose[place] = poses.pose
    frame_id = poses.frame_id[0] + step * np.arange(frames)
    return Even(pose, frame_id, poses.fps / step, step)


def from_first_frame(poses: PoseSequence, values: np.ndarray, missing: float) -> np.ndarray:
    """(N, ...) values with a row for each frame of the video from frame 0 to the last.

    For programs that take a row's number for the frame's.

    Args:
        poses: The sequence.
        values: (T, ...) of its frames.
        missing: What stands in the rows of other frames.

    Raises:
        GeoselfError: It has no frame, or its last frame's number is too large (65).
    """
    if not poses.frames:
        raise data_error(f"{poses.name}: no frame", "nothing to write", "check the input")
    rows = int(poses.frame_id[-1]) + 1
    if rows > MOST_FRAMES:
        raise data_error(
            f"{poses.name}: its last frame is {rows - 1} of the video",
            f"this format has a row for each, at most {MOST_FRAMES}",
            "write .npz, .csv or .json",
        )
    full = np.full((rows, *values.shape[1:]), missing, np.float64)
    full[poses.frame_id] = values
    return full
