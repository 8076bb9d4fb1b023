"""Checks that need geometry: do the cameras of a recording see the same person?"""

import jax.numpy as jnp
import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.recording import Recording
from geoself_jax.data.validation import BODY_METRES, body_size, wrong_unit
from geoself_jax.geometry.camera import project, world_to_camera

WORST_RESIDUAL_PX = 20.0
"""Median residual of a camera whose conventions are right: some pixels, the detector's error."""

FEWEST = 20
"""Detections from which a view's median residual says something."""


def check_geometry(source: str, recording: Recording, triangulated: np.ndarray) -> None:
    """Refuses cameras that cannot be right.

    Args:
        source: Name for messages.
        recording: Detections and cameras.
        triangulated: (frames, joints, 3) world, metres, from `triangulate_recording`.

    Raises:
        GeoselfError: Fewer than two views; a camera's median triangulation residual is over
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
    seen = np.flatnonzero(np.isfinite(triangulated).all(-1).any(-1))
    every = seen[np.unique(np.linspace(0, len(seen) - 1, 500).astype(int))]
    sample, points = recording.select(every), triangulated[every]
    _check_residual(source, sample, _residual(sample, points))
    size = body_size(points)
    if not BODY_METRES[0] <= size <= BODY_METRES[1]:
        raise wrong_unit(f"{source}: the triangulated body", size)


def _check_residual(source: str, sample: Recording, residual: np.ndarray) -> None:
    """Checks each camera of each rig: robust triangulation down-weights a single wrong camera."""
    worst, place = 0.0, (0, 0)
    for rig in np.unique(sample.rig_id):
        for view in range(sample.views):
            errors = residual[sample.rig_id == rig, view]
            errors = errors[np.isfinite(errors)]
            few = errors.size < min(FEWEST, np.isfinite(residual).sum())
            median = 0.0 if few else float(np.median(errors))
            if median > worst:
                worst, place = median, (int(rig), view)
    if worst > WORST_RESIDUAL_PX:
        raise data_error(
            f"{source}: median triangulation residual {worst:.1f} px in rig "
            f"{sample.rig_names[place[0]]}, camera {sample.camera_names[place[1]]}",
            f"over {WORST_RESIDUAL_PX:.0f} px the extrinsics are not what they should be",
            "wanted x_cam = R (x_world - center): R world to camera, center = -R^T t, cameras in "
            "the order of the views, all synchronized",
        )


def _residual(sample: Recording, points: np.ndarray) -> np.ndarray:
    """(frames, views, joints) pixels between detections and triangulated points; NaN if missing."""
    camera = sample.cameras_of(slice(None)).on_device()
    projected = project(world_to_camera(jnp.asarray(points)[:, None], camera), camera.K)
    error = np.linalg.norm(np.asarray(projected) - sample.keypoints_2d, axis=-1)
    return np.where(sample.confidence > 0, error, np.nan)
