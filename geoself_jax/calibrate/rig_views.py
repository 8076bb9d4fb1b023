"""A recording's rigs as calibration works on them."""

import itertools

import numpy as np

from geoself_jax.calibrate.clocks import Known
from geoself_jax.calibrate.views import Views
from geoself_jax.core.errors import data_error
from geoself_jax.data.recording import Recording


def seen_of(recording: Recording, rig: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames of a rig, in the order of time within clips, and its views that see somebody.

    Args:
        recording: All rigs.
        rig: Number of the rig.

    Raises:
        GeoselfError: Fewer than two cameras see somebody (65).
    """
    every = np.flatnonzero(recording.rig_id == rig)
    every = every[np.lexsort((recording.frame_id[every], recording.clip_id[every]))]
    seen = np.flatnonzero((recording.confidence[every] > 0).any((0, 2)))
    if len(seen) < 2:
        raise data_error(f"{len(seen)} cameras see somebody", "wanted two at least", "add cameras")
    return every, seen


def views_of(
    recording: Recording, frames: np.ndarray, rig: int, seen: np.ndarray, *, alone: bool = False
) -> Views:
    """What calibration works on, of some frames of one rig.

    Args:
        recording: Detections and intrinsics.
        frames: Numbers of frames.
        rig: Number of the rig.
        seen: Numbers of the views.
        alone: Whether joints that one view alone sees are kept: at another time another may.
    """
    K = recording.camera.K[rig, seen]
    pixels = recording.keypoints_2d[frames][:, seen].astype(np.float64)
    weight = recording.confidence[frames][:, seen].astype(np.float64)
    homogeneous = np.concatenate([pixels, np.ones_like(pixels[..., :1])], -1)
    rays = (homogeneous @ np.swapaxes(np.linalg.inv(K), -1, -2))[..., :2]
    weight = np.where(np.isfinite(rays).all(-1), weight, 0.0)
    if not alone:
        weight = np.where((weight > 0).sum(1, keepdims=True) >= 2, weight, 0.0)
    focal = np.sqrt(K[:, 0, 0] * K[:, 1, 1])
    subject = np.unique(recording.subject_id[frames], return_inverse=True)[1].reshape(-1)
    clip = np.unique(recording.clip_id[frames], return_inverse=True)[1].reshape(-1)
    return Views(np.nan_to_num(rays), weight, focal, subject, clip)


def relative(R: np.ndarray, center: np.ndarray) -> Known:
    """Relative poses (R, t) of all pairs of cameras.

    Args:
        R: (V, 3, 3).
        center: (V, 3).
    """
    found = {}
    for i, j in itertools.combinations(range(len(R)), 2):
        t = R[j] @ (center[i] - center[j])
        found[i, j] = (R[j] @ R[i].T, t / max(float(np.linalg.norm(t)), 1e-12))
    return found
