"""What training sees: detections, cameras and labels triangulated from them; no ground truth."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int

from geoself_jax.geometry.camera import Camera


class TrainingViews(NamedTuple):
    """All instants of a training set, as arrays: numpy's, until they are put on devices.

    Attributes:
        keypoints_2d: Undistorted pixels; NaN where missing.
        confidence: In [0, 1].
        rig_id: Into the cameras.
        camera: The rigs' cameras.
        label_world: Triangulated from the same detections, world, metres; NaN where it cannot be.
        rig_middle: Mean triangulated root of each rig, world, metres: where its people are.
        world_up: Unit vector against gravity.
    """

    keypoints_2d: Float[Array | np.ndarray, "frames views joints 2"]
    confidence: Float[Array | np.ndarray, "frames views joints"]
    rig_id: Int[Array | np.ndarray, " frames"]
    camera: Camera
    label_world: Float[Array | np.ndarray, "frames joints 3"]
    rig_middle: Float[Array | np.ndarray, "rigs 3"]
    world_up: Float[Array | np.ndarray, " 3"]


PER_FRAME = ("keypoints_2d", "confidence", "rig_id", "label_world")
"""The fields of `TrainingViews` with one row an instant."""


class Batch(NamedTuple):
    """Some instants, each seen by some views.

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
