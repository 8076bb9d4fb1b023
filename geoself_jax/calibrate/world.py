"""The world's axes: z up where that is known, the floor near 0, metres."""

import numpy as np

from geoself_jax.calibrate.views import Pose


def in_world(
    pose: Pose, points: np.ndarray, metres: float, up: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns rotations, centres (metres) and joints in the world's axes.

    With a vertical z is up, 0 near the lowest joints, x along the first camera's view; the origin
    is under the middle of the joints. Without one the world is the first camera's axes.

    Args:
        pose: Cameras.
        points: (F, J, 3) in the cameras' unit, NaN where unknown.
        metres: That unit.
        up: (3,) unit vector in the cameras' world, or None.

    Returns:
        R (V, 3, 3), center (V, 3), points (F, J, 3).
    """
    if up is None:
        turn, origin = pose.R[0], pose.center[0]
    else:
        turn = _axes(pose.R[0][2], up)
        middle = np.nanmedian(points.reshape(-1, 3), axis=0)
        low = np.nanpercentile(points @ up, 2)
        origin = middle + (low - middle @ up) * up
    R = pose.R @ turn.T
    center = (pose.center - origin) @ turn.T * metres
    return R, center, (points - origin) @ turn.T * metres


def _axes(ahead: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(3, 3) rows x, y, z: z is up, x the level part of the first camera's view."""
    level = ahead - (ahead @ up) * up
    if np.linalg.norm(level) < 1e-3:  # it looks along the vertical
        level = np.cross(up, np.eye(3)[np.argmin(np.abs(up))])
    x = level / np.linalg.norm(level)
    return np.stack([x, np.cross(up, x), up])
