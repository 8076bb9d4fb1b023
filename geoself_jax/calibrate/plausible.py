"""Whether joints that cameras give are those of a body: a mirrored image has a false geometry.

Two views of which one is mirrored fit an essential matrix as well as the true ones; but its joints
are behind one of the cameras in part, and bones change their length.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from geoself_jax.calibrate.points import nearest_points
from geoself_jax.calibrate.views import Pose, Views
from geoself_jax.core.errors import data_error

LEAST_IN_FRONT = 0.9
"""Share of the joints that have to be in front of the cameras that see them."""

MOST_SPREAD = 0.5
"""Share of its length by which the usual bone may vary: detectors come to 0.15, a false geometry
to more than 1."""

_MOST_OUTSIDE, _MOSTLY = 0.1, 0.5
_QUARTER = 0.52  # of width and height
_SIGMA = 1.4826  # of the median absolute deviation
_FEWEST = 30  # times that a bone is seen


_HINT = "look with inspect for a mirrored image or another person, or film from farther apart"


def check_in_front(views: Views, pose: Pose) -> None:
    """Refuses cameras behind which the body is.

    Args:
        views: Detections.
        pose: Cameras.

    Raises:
        GeoselfError: These are not the cameras (65).
    """
    from_each = nearest_points(views, pose)[:, None] - pose.center[:, None]
    depth = np.einsum("vi,fvji->fvj", pose.R[:, 2], from_each)
    known = (views.weight > 0) & ((views.weight > 0).sum(1, keepdims=True) >= 2)
    front = float(np.mean(depth[known] > 0))
    if front < LEAST_IN_FRONT:
        raise data_error(
            f"{100 * (1 - front):.0f} % of the joints are behind a camera that sees them",
            f"wanted {100 * (1 - LEAST_IN_FRONT):.0f} % at most",
            _HINT,
        )


def check_image(pixels: np.ndarray, size: np.ndarray, names: Sequence[str]) -> None:
    """Refuses detections of another image size, or that two cameras share.

    Args:
        pixels: (F, V, J, 2) px, NaN where missing.
        size: (V, 2) width and height of the images of the intrinsics, px.
        names: (V,) of the cameras.

    Raises:
        GeoselfError: Detections are outside the image, or all in its upper left quarter, as of one
            of half the size; or two cameras have the same (65).
    """
    _check_own(pixels, names)
    for v, name in enumerate(names):
        known = pixels[:, v][np.isfinite(pixels[:, v]).all(-1)]
        outside = np.mean((known > size[v]).any(1)) if len(known) else 0.0
        if outside > _MOST_OUTSIDE:
            swapped = np.mean((known > size[v][::-1]).any(1)) < outside / 2
            raise data_error(
                f"camera {name}: {100 * outside:.0f} % of the joints are outside its image",
                f"wanted detections in an image of {size[v][0]} x {size[v][1]} pixels",
                "width and height are swapped (a phone held upright)?"
                if swapped
                else "give K and image_size of the images that the detector saw",
            )
        if len(known) and np.all(np.percentile(known, 99, axis=0) < _QUARTER * size[v]):
            raise data_error(
                f"camera {name}: all joints are in the upper left quarter of its image",
                f"wanted detections in an image of {size[v][0]} x {size[v][1]} pixels",
                "give K and image_size of the images that the detector saw",
            )


def _check_own(pixels: np.ndarray, names: Sequence[str]) -> None:
    """Refuses two cameras with the same detections."""
    for i, j in itertools.combinations(range(len(names)), 2):
        one, other = pixels[:, i], pixels[:, j]
        both = np.isfinite(one).all(-1) & np.isfinite(other).all(-1)
        if both.any() and np.mean((one[both] == other[both]).all(-1)) > _MOSTLY:
            raise data_error(
                f"cameras {names[i]} and {names[j]} have the same detections",
                "one file was given twice",
                "give each camera its own, or leave one out",
            )


def check_bones(points: np.ndarray, subject: np.ndarray, ends: np.ndarray) -> None:
    """Refuses cameras by which bones change their length.

    Args:
        points, subject, ends: As of `bone_spread`; without bones nothing is looked at.

    Raises:
        GeoselfError: These are not the cameras (65).
    """
    spread = bone_spread(points, subject, ends)
    if spread > MOST_SPREAD:
        raise data_error(
            f"bones' lengths vary by {100 * spread:.0f} %",
            f"wanted {100 * MOST_SPREAD:.0f} % at most: a body keeps them",
            _HINT,
        )


def bone_spread(points: np.ndarray, subject: np.ndarray, ends: np.ndarray) -> float:
    """Median over bones and subjects of how much a length varies; 0 where too little is seen.

    Args:
        points: (F, J, 3), NaN where unknown.
        subject: (F,) whose they are.
        ends: (B, 2) joints of each bone.
    """
    found = []
    for one in np.unique(subject):
        own = points[subject == one]
        for length in np.linalg.norm(own[:, ends[:, 0]] - own[:, ends[:, 1]], axis=-1).T:
            length = length[np.isfinite(length)]
            middle = float(np.median(length)) if len(length) >= _FEWEST else 0.0
            if middle > 0:
                found.append(_SIGMA * float(np.median(np.abs(length - middle))) / middle)
    return float(np.median(found)) if found else 0.0
