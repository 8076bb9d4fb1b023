"""Training data: detections, cameras and labels triangulated from them; no ground truth."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int

from geoself_jax.geometry.camera import Camera


class TrainingViews(NamedTuple):
    """All instants of a training set; NumPy arrays until they are put on devices.

    Attributes:
        keypoints_2d: Undistorted pixels; NaN where missing.
        confidence: In [0, 1].
        rig_id: Into the cameras.
        camera: The rigs' cameras.
        label_world: Triangulated from the same detections, world, metres; NaN where it cannot be.
        rig_middle: Mean triangulated root of each rig, world, metres: where its people are.
        world_up: Unit vector against gravity; None where it is unknown.
        run: First and last instant of the run of consecutive ones that each belongs to.
    """

    keypoints_2d: Float[Array | np.ndarray, "frames views joints 2"]
    confidence: Float[Array | np.ndarray, "frames views joints"]
    rig_id: Int[Array | np.ndarray, " frames"]
    camera: Camera
    label_world: Float[Array | np.ndarray, "frames joints 3"]
    rig_middle: Float[Array | np.ndarray, "rigs 3"]
    world_up: Float[Array | np.ndarray, " 3"] | None
    run: Int[Array | np.ndarray, "frames 2"]


def windows(
    frame: Int[Array | np.ndarray, "*shape"], run: Int[Array | np.ndarray, "frames 2"], frames: int
) -> Any:
    """Returns the instants of the window around each given one, on an additional axis.

    Where a window goes beyond the ends of its run it sees the run's end again.

    Args:
        frame: Index of each window's middle instant.
        run: First and last instant of each instant's run (`TrainingViews.run`).
        frames: Length of a window, odd; 1 for the instants themselves, without the axis.
    """
    if frames == 1:
        return frame
    first, last = run[frame, 0], run[frame, 1]
    around = frame[..., None] + np.arange(frames) - frames // 2
    return around.clip(first[..., None], last[..., None])


PER_FRAME = ("keypoints_2d", "confidence", "rig_id", "label_world")
"""The fields of `TrainingViews` with one row per instant."""


class Batch(NamedTuple):
    """A batch of instants in several views.

    Where the networks see several frames, the joints are those of the whole window, frame by frame.

    Attributes:
        keypoints_2d: Undistorted pixels; NaN where missing.
        confidence: In [0, 1].
        camera: The views' cameras.
        label: Triangulated joints in each view's camera frame, metres; NaN where missing.
    """

    keypoints_2d: Float[Array, "*batch views joints 2"]
    confidence: Float[Array, "*batch views joints"]
    camera: Camera
    label: Float[Array, "*batch views joints 3"]
