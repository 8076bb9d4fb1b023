"""Views of known motion: exact projection through a rig, and the detector model's errors."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.rig import Rig
from geoself_jax.data.synthetic import camera_ring as synthetic
from geoself_jax.data.synthetic import detector

_COEFFICIENTS = 5


class Views(NamedTuple):
    """What the model's detector finds. Frames T, views V.

    Attributes:
        keypoints_2d: (T, V, 17, 2) float32 px, distorted.
        confidence: (T, V, 17) float32 in [0, 1].
        inside: (T,) bool: every joint is known and lies inside every image.
        exact: (T, V, 17, 2) float64 pixels without the detector's errors.
    """

    keypoints_2d: np.ndarray
    confidence: np.ndarray
    inside: np.ndarray
    exact: np.ndarray


def simulate(pose_world: np.ndarray, rig: Rig, fps: float, seed: int | Sequence[int] = 0) -> Views:
    """Detections of one clip; the same seed gives the same.

    Args:
        pose_world: (T, 17, 3) metres in the rig's world, Human3.6M's joints; NaN where unknown.
        rig: Of lenses with up to five coefficients, and known image sizes.
        fps: Frames per second: errors last a while.
        seed: Of the errors.

    Raises:
        GeoselfError: The model has no such lens, or an image size is unknown (65).
    """
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):  # NaN, and joints in a camera's plane, are not inside
        found = detector.detect(rng, np.asarray(pose_world, np.float64), modelled(rig), fps)
    return Views(
        found["keypoints_2d"],
        found["confidence"].astype(np.float32),
        found["inside"],
        found["exact"],
    )


def modelled(rig: Rig) -> synthetic.Rig:
    """The rig as the detector model takes it.

    Raises:
        GeoselfError: A fisheye or more than five coefficients, or no image size (65).
    """
    dist = np.zeros((rig.views, _COEFFICIENTS))
    for view, (name, lens) in enumerate(zip(rig.camera_names, rig.lenses, strict=True)):
        where = f"rig {rig.name}, camera {name}"
        if lens.fisheye or any(lens.coefficients[_COEFFICIENTS:]):
            kind = "a fisheye" if lens.fisheye else f"{len(lens.coefficients)} coefficients"
            raise data_error(
                f"{where}: {kind}",
                "views are simulated through lenses of up to five: k1 k2 p1 p2 k3",
                "take other cameras (--cameras), or calibrate with that model",
            )
        if not (rig.image_size[view] > 0).all():
            raise data_error(
                f"{where}: its image size is unknown",
                "a joint outside of it is not seen",
                f"give --image-size={name}=WIDTHxHEIGHT",
            )
        kept = lens.coefficients[:_COEFFICIENTS]
        dist[view, : len(kept)] = kept
    return synthetic.Rig(rig.K, dist, rig.R, rig.center, rig.image_size)
