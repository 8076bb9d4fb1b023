"""Checks that need geometry: do the cameras of a recording see the same person?"""

import numpy as np

from geoself_jax.errors import data_error
from geoself_jax.geometry.camera import Camera, project, world_to_camera
from geoself_jax.recording import Recording

WORST_RESIDUAL_PX = 20.0
"""Median residual of a rig whose conventions are right: a few pixels, the detector's error."""

BODY_METRES = (0.5, 3.0)
"""Largest distance between two joints of a person, median over instants."""


def check_geometry(source: str, recording: Recording, triangulated: np.ndarray) -> None:
    """Refuses cameras that cannot be right.

    Args:
        source: Name for messages.
        recording: Detections and cameras.
        triangulated: (frames, joints, 3) world, metres, from `triangulate_recording`.

    Raises:
        GeoselfError: Fewer than two views; the median triangulation residual is over
            `WORST_RESIDUAL_PX`; the body's size is not in metres (65).
    """
    if recording.views < 2:
        raise data_error(
            f"{source}: {recording.views} view", "training needs two or more", "add cameras"
        )
    if not np.isfinite(triangulated).any():
        raise data_error(
            f"{source}: no joint can be triangulated",
            "no two cameras see one at the same instant from different directions",
            "check detections and calibration",
        )
    every = np.unique(np.linspace(0, recording.frames - 1, 500).astype(int))
    sample, points = recording.select(every), triangulated[every]
    residual = _residual(sample, points)
    median = float(np.nanmedian(residual))
    if not median <= WORST_RESIDUAL_PX:
        view = int(np.nanargmax(np.nanmedian(residual, axis=(0, 2))))
        raise data_error(
            f"{source}: median triangulation residual {median:.1f} px "
            f"(worst in view {view}, {recording.camera_names[view]})",
            f"over {WORST_RESIDUAL_PX:.0f} px the extrinsics are not what they should be",
            "wanted x_cam = R (x_world - center): R world to camera, center = -R^T t, cameras in "
            "the order of the views, all synchronized",
        )
    size = _body_size(points)
    if not BODY_METRES[0] <= size <= BODY_METRES[1]:
        unit = "millimetres" if size > 100 else "centimetres" if size > 10 else "another unit"
        raise data_error(
            f"{source}: the triangulated body measures {size:.4g} between its farthest joints",
            f"wanted metres, {BODY_METRES[0]} to {BODY_METRES[1]}; this looks like {unit}",
            "give center (and pose_world) in metres",
        )


def _residual(sample: Recording, points: np.ndarray) -> np.ndarray:
    """(frames, views, joints) pixels between detections and triangulated points; NaN if missing."""
    camera = Camera(*(array.astype(np.float32) for array in sample.cameras_of(slice(None))))
    projected = project(world_to_camera(points[:, None], camera), camera.K)
    error = np.linalg.norm(np.asarray(projected) - sample.keypoints_2d, axis=-1)
    return np.where(sample.confidence > 0, error, np.nan)


def _body_size(points: np.ndarray) -> float:
    extent = np.linalg.norm(points[:, :, None] - points[:, None], axis=-1)
    return float(np.nanmedian(np.nanmax(extent.reshape(len(points), -1), axis=-1)))
