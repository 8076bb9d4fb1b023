"""Intrinsics that nobody measured, and what they add to the cameras' expected errors.

No residual shows them. A wrong principal point turns its camera. Two cameras whose axes meet at the
person, as all do that film one, leave both focal lengths open (the epipolar geometry of two views
gives them only where the axes do not meet: Hartley and Zisserman, 2nd ed., 19.2).
"""

import numpy as np

from geoself_jax.calibrate.bundle import Free
from geoself_jax.calibrate.rig import PAIRS, spread
from geoself_jax.calibrate.solve import settled
from geoself_jax.calibrate.views import Pose, Views, angle_between
from geoself_jax.core.errors import data_error

PRINCIPAL = 0.01
"""Of the image's longer side: how far from its middle a principal point may be."""

FOCAL = 0.03
"""Share by which a focal length is off that was not measured."""

_MIDDLE_PX = 1e-3


def centred(K: np.ndarray, size: np.ndarray) -> np.ndarray:
    """(V,) whether a principal point is in the very middle of its image: nobody measured it.

    Args:
        K: (V, 3, 3).
        size: (V, 2) width and height, px.
    """
    middles = (size / 2, (size - 1) / 2)
    off = np.min([np.abs(K[:, :2, 2] - middle).max(1) for middle in middles], axis=0)
    return np.asarray(off < _MIDDLE_PX)


def refuse_two(cameras: int) -> None:
    """Refuses to find focal lengths with two cameras.

    Args:
        cameras: How many there are.

    Raises:
        GeoselfError: Two (65).
    """
    if cameras == 2:
        raise data_error(
            "two cameras that look at one person leave their focal lengths open",
            "wanted a third camera, or intrinsics that are known",
            "film a board with each once, or give the makers': prepare --focal-length=PIXELS",
        )


def added_degrees(views: Views, pose: Pose, K: np.ndarray, size: np.ndarray) -> np.ndarray:
    """(V,) degrees by which guessed intrinsics turn each camera; 0 where they were measured.

    Args:
        views: Detections.
        pose: The cameras that were found.
        K: (V, 3, 3) with their focal lengths.
        size: (V, 2) of the images, px.
    """
    guessed = centred(K, size)
    angle = PRINCIPAL * guessed * size.max(-1) / K[:, 0, 0]
    degrees = np.degrees(angle)
    if len(guessed) > 2 or not guessed.any():
        return np.asarray(degrees)
    few = views.frames(spread(len(views.rays), PAIRS))
    turned = 0.0
    for view in np.flatnonzero(guessed):
        longer = np.where(np.arange(2) == view, np.log1p(FOCAL), 0.0)
        end, _ = settled(
            few.with_focal(longer), pose, np.zeros((0, 2), np.int64), free=Free.all_but_first(2)
        )
        turned += float(angle_between(end.pose.R[1], pose.R[1])) ** 2
    return np.asarray(np.hypot(degrees, np.sqrt(turned) / 2))
