"""The unit of length of a recording: what is a metre where the body is a person's.

All constants that are lengths (`geometry.numerics.MIN_DEPTH`, label refinement, augmentation,
limits of inspect) are for a person. They are applied in this unit, so that a body of any size is
treated alike: where all lengths of a recording are times s, its unit is times s, and no more.
"""

import numpy as np

from geoself_jax.data.recording import Recording
from geoself_jax.data.triangulated import triangulate_by_reach

PERSON = 0.872
"""`body_spread` of people, metres: of the nine that cmu_h36m_rig trains on."""

_MOST, _PAIRS = 512, 10**7  # instants looked at; pairs of joints in them
_FEWEST = 20  # instants with half of the joints
_FAR = 80  # percentile of the distances: neither one outlying joint nor a face of 68 points decides


def length_unit(recording: Recording) -> float:
    """Returns the length, in metres of the recording, that is a metre to a person's body.

    Args:
        recording: Detections and cameras; its ground truth is not read.

    Returns:
        Metres: about 1 for people, 0.05 for mice. Where too few bodies can be triangulated to a
        half, that which makes the rig as large as one for people; 1 without two views.
    """
    two = (recording.confidence > 0).any(-1).sum(-1) >= 2
    at = np.flatnonzero(two)
    if recording.views < 2 or not at.size:
        return 1.0
    few = recording.select(at[_instants(len(at), recording.skeleton.joints)])
    seen = (few.keypoints_2d, few.confidence, few.cameras_of(slice(None)))
    points, metres = triangulate_by_reach(*seen)
    whole = np.isfinite(points).all(-1).sum(1) >= max(2, points.shape[1] // 2)
    spread = body_spread(points[whole]) if whole.sum() >= min(_FEWEST, len(points)) else 0.0
    return metres * spread / PERSON if spread > 0 else metres


def unit_of(points: np.ndarray) -> float:
    """Returns the unit of length of poses (frames, joints, 3), as `length_unit`."""
    spread = body_spread(points[_instants(*points.shape[:2])]) if len(points) else 0.0
    return spread / PERSON if spread > 0 else 1.0


def _instants(frames: int, joints: int) -> np.ndarray:
    """Places of those that are looked at; of bodies with very many pairs of joints fewer."""
    count = max(1, min(_MOST, frames, _PAIRS // joints**2))
    return np.unique(np.linspace(0, frames - 1, count).astype(int))


def body_spread(points: np.ndarray) -> float:
    """Returns the size of a body by the distances between its joints; NaN where none is known.

    The median over instants of the 80th percentile over pairs of joints.

    Args:
        points: (frames, joints, 3) in any unit, which is the result's; NaN where unknown.
    """
    first, second = np.triu_indices(points.shape[1], 1)
    apart = np.linalg.norm(points[:, first] - points[:, second], axis=-1)
    apart = apart[np.isfinite(apart).any(-1)]
    if not len(apart):
        return float("nan")
    return float(np.median(np.nanpercentile(apart, _FAR, axis=-1)))


def in_length_units(recording: Recording) -> Recording:
    """Returns the recording with its lengths in its own unit (`Recording.scaled`)."""
    return recording.scaled(1 / length_unit(recording))
