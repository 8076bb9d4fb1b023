"""What OpenCV alone gives: each camera against the first, chained, scales from shared joints."""

import numpy as np

from benchmarks.installed import installed
from geoself_jax.calibrate.points import nearest_points
from geoself_jax.calibrate.views import Pose, Views

cv2 = installed("cv2")


def chained(views: Views) -> tuple[np.ndarray, np.ndarray] | None:
    """Rotations and centres by `findEssentialMat` (RANSAC) and `recoverPose`; None where it fails.

    Args:
        views: Detections.
    """
    R: list[np.ndarray] = [np.eye(3)]
    center: list[np.ndarray] = [np.zeros(3)]
    depth = None
    for v in range(1, views.views):
        both = (views.weight[:, 0] > 0) & (views.weight[:, v] > 0)
        x, y = views.rays[:, 0][both], views.rays[:, v][both]
        cv2.setRNGSeed(0)
        E, mask = cv2.findEssentialMat(x, y, np.eye(3), cv2.RANSAC, 0.999, 3 / views.focal[0])
        if E is None or E.shape != (3, 3):
            return None
        _, turn, t, _ = cv2.recoverPose(E, x, y, np.eye(3), mask=mask)
        place = -turn.T @ t[:, 0]
        two = views._replace(rays=views.rays[:, [0, v]], weight=views.weight[:, [0, v]])
        pose = Pose.of(np.stack([np.eye(3), turn]), np.stack([np.zeros(3), place]))
        seen = np.where(both, nearest_points(two, pose)[..., 2], np.nan)
        if depth is None:
            depth, unit = seen, 1.0
        else:
            unit = float(np.nanmedian(depth / seen))
        R.append(turn)
        center.append(unit * place)
    return np.stack(R), np.stack(center)
