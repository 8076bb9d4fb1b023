"""Whether a camera stands in one place all the time: the robust adjustment leaves out what is off.

A camera that was moved half-way is put where it was in one half, with small expected errors.
"""

from collections.abc import Sequence

import numpy as np

from geoself_jax.calibrate.bundle import Solution
from geoself_jax.calibrate.camera_jacobian import squared_errors
from geoself_jax.calibrate.decide import WORST_SHARE
from geoself_jax.calibrate.views import Views
from geoself_jax.core.errors import data_error

_PARTS = 20  # of the footage, in the order of time
_MOST = 0.1  # of these in which a camera may be far off


def check_steady(views: Views, solution: Solution, names: Sequence[str]) -> None:
    """Refuses a camera that is far off in a good part of the footage.

    Args:
        views: Detections, in the order of time.
        solution: Where the adjustment ended.
        names: Of the cameras.

    Raises:
        GeoselfError: It was moved, or has another's detections for a while (65).
    """
    off = usual_errors(views, solution)
    far = off > WORST_SHARE * views.focal
    share = far.sum(0) / np.maximum(np.isfinite(off).sum(0), 1)
    worst = int(np.argmax(share))
    if share[worst] > _MOST:
        px = float(np.median(off[far[:, worst], worst]))
        raise data_error(
            f"camera {names[worst]} is {px:.0f} px off in {100 * share[worst]:.0f} % of the "
            "footage, and not in the rest",
            "wanted one place",
            "it was moved, or other detections are in between: calibrate the parts one by one",
        )


def usual_errors(views: Views, solution: Solution) -> np.ndarray:
    """(parts, V) median px between detections and joints in parts of the footage; NaN if unseen.

    Args:
        views, solution: As of `check_steady`.
    """
    known = (views.weight > 0) & ((views.weight > 0).sum(1, keepdims=True) >= 2)
    px = np.sqrt(squared_errors(views, solution.pose, solution.points))
    found = []
    for some in np.array_split(np.arange(len(px)), min(_PARTS, len(px))):
        each = ((px[some, v], known[some, v]) for v in range(views.views))
        found.append([np.median(one[good]) if good.any() else np.nan for one, good in each])
    return np.array(found)
