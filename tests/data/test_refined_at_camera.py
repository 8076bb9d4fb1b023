"""A root exactly at the camera does not turn refined poses into NaN."""

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.refinement.observed import observe
from geoself_jax.data.refinement.passes import refine_runs


def test_root_at_the_camera_stays_finite() -> None:
    skeleton = Skeleton(("a", "b"), (-1, 0), (), 0)
    points = np.zeros((10, 2, 3))
    points[:, 1, 1] = 0.5
    seen = observe(points, np.full((10, 2, 2), 5.0), np.ones((10, 2)), np.eye(3), skeleton)
    assert np.isfinite(refine_runs([seen], skeleton, 25.0)[0]).all()
