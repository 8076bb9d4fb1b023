"""What a table of joints does not say, by the body in it: where up is, and the unit."""

import numpy as np

from geoself_jax.core.errors import nearest_name, usage_error
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.data.body_size import BODY_METRES, body_size, wrong_unit

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
"""Length of each unit."""
AXES = {f"{sign}{axis}" for axis in "xyz" for sign in ("", "-")}
_UPPER = ("head", "nose", "eye", "ear", "neck", "thorax", "shoulder")
_LOWER = ("hip", "pelvis", "knee", "ankle", "heel", "foot", "toe")
_TOO_LARGE = 4.0  # times the largest body: none in metres; one in centimetres is ten times that
_SAMPLE, _PAIRS = 500, 10**7  # frames looked at, and pairs of joints in them


def signed_axis(text: str) -> np.ndarray:
    """(3,) unit vector of `x`, `-y` and so on.

    Raises:
        GeoselfError: No such axis (64).
    """
    if text not in AXES:
        raise usage_error(
            f"up {text!r}", "wanted x, y or z, or -x and so on", nearest_name(text, AXES)
        )
    return (-1.0 if text.startswith("-") else 1.0) * np.eye(3)["xyz".index(text[-1])]


def guess_up(source: str, pose: np.ndarray, skeleton: Skeleton, given: str | None) -> np.ndarray:
    """(3,) signed axis along which heads and shoulders are above hips and feet, in most frames.

    Where no joint is called so it is -y, as in a camera's axes.

    Args:
        source: The file, for messages.
        pose: (T, J, 3).
        skeleton: Of the J joints.
        given: Signed axis from the user; None to guess.

    Raises:
        GeoselfError: No such axis (64); the joints are not in metres (65).
    """
    frames = min(_SAMPLE, max(1, _PAIRS // pose.shape[1] ** 2))
    some = pose[np.unique(np.linspace(0, len(pose) - 1, frames).astype(int))].astype(np.float64)
    limits = skeleton.body_metres or BODY_METRES
    if body_size(some) > _TOO_LARGE * limits[1]:
        raise wrong_unit(f"{source}: the body", body_size(some), limits)
    if given is not None:
        return signed_axis(given)
    upper, lower = _called(skeleton, _UPPER), _called(skeleton, _LOWER)
    seen = np.isfinite(some[:, upper + lower]).all((1, 2))
    if not (upper and lower and seen.any()):
        return signed_axis("-y")
    upwards = np.median(some[seen][:, upper].mean(1) - some[seen][:, lower].mean(1), axis=0)
    axis = int(np.abs(upwards).argmax())
    return (1.0 if upwards[axis] > 0 else -1.0) * np.eye(3)[axis]


def _called(skeleton: Skeleton, words: tuple[str, ...]) -> list[int]:
    return [
        joint
        for joint, name in enumerate(skeleton.joint_names)
        if any(word in normalized(name) for word in words)
    ]
