"""What a table of joints does not say, by the body in it: where up is, and the unit."""

from collections.abc import Callable

import numpy as np

from geoself_jax.core.errors import usage_error
from geoself_jax.core.shown_lengths import size_text
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.core.up_flag import parse_up
from geoself_jax.data.body_size import BODY_METRES, body_size, known_size, wrong_unit

CAMERA_UP = (0.0, -1.0, 0.0)
"""In camera axes, for which a table with this direction is taken."""
METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
"""Length of each unit."""
_UPPER = ("head", "nose", "eye", "ear", "neck", "thorax", "shoulder")
_LOWER = ("hip", "pelvis", "knee", "ankle", "heel", "foot", "toe")
_TOO_LARGE = 4.0  # times the largest body: none in metres; one in centimetres is ten times that
_TOO_SMALL = 8.0  # times smaller than the smallest: a crouching person is no warning
_SAMPLE, _PAIRS = 500, 10**7  # frames looked at, and pairs of joints in them


def given_up(text: str) -> np.ndarray:
    """(3,) unit vector of `z`, `-y` or `0.1,0.2,0.97`.

    Args:
        text: As of `parse_up`; poses have an up, so `unknown` is none.

    Raises:
        GeoselfError: No such direction (64).
    """
    direction = parse_up(text)
    if direction is None:
        raise usage_error(f"--up={text}", "poses are drawn and turned by it", "give z, -y or X,Y,Z")
    return np.array(direction)


def check_unit(
    source: str, pose: np.ndarray, skeleton: Skeleton, notice: Callable[[str], None]
) -> None:
    """Makes sure that joints are in metres, as far as the size of their body is known.

    The unit that a format has, or that the user gave, is believed of any other body.

    Args:
        source: The file, for messages.
        pose: (T, J, 3).
        skeleton: Of the J joints.
        notice: Receives a line on a body of unknown size that is larger than any person, on one of
            known size that is much too small, and on joints at exactly 0, 0, 0.

    Raises:
        GeoselfError: A person, or a body whose size is declared, is much too large (65).
    """
    _say_zeros(source, pose, skeleton, notice)
    size, limits = body_size(_some(pose)), known_size(skeleton.joint_names, skeleton.body_metres)
    if limits is not None and size > _TOO_LARGE * limits[1]:
        raise wrong_unit(f"{source}: the body", size, limits)
    if limits is None and size > _TOO_LARGE * BODY_METRES[1]:
        measured = f"the body measures {size_text(size)} between its farthest joints"
        notice(f"{source}: {measured}: is that its size?")
    if limits is not None and 0 < size < limits[0] / _TOO_SMALL:
        measured = f"the body measures {size_text(size)} between its farthest joints"
        wanted = f"wanted {limits[0]:g} to {limits[1]:g} m: is the file's unit the one it says?"
        notice(f"warning: {source}: {measured}, {wanted}")


def _say_zeros(
    source: str, pose: np.ndarray, skeleton: Skeleton, notice: Callable[[str], None]
) -> None:
    """Says where joints stand at exactly 0, 0, 0, as some programs write those that are missing."""
    zero = (pose == 0).all(-1)
    if zero[:, skeleton.root].all():  # relative to the root
        zero[:, skeleton.root] = False
    if zero.any():
        frame, joint = np.argwhere(zero)[0]
        first = f"the first is {skeleton.joint_names[joint]} in row {frame + 1}"
        many = f"{zero.sum()} joints of {zero.size} stand at exactly 0, 0, 0"
        do = "some programs write missing joints so; where yours does, write NaN for them"
        notice(f"warning: {source}: {many}; {first}: {do}")


def guess_up(pose: np.ndarray, skeleton: Skeleton, given: str | None) -> np.ndarray:
    """(3,) signed axis along which heads and shoulders are above hips and feet, in most frames.

    Where no joint is called so it is -y, as in a camera's axes.

    Args:
        pose: (T, J, 3).
        skeleton: Of the J joints.
        given: Direction from the user (`given_up`); None to guess.

    Raises:
        GeoselfError: No such direction (64).
    """
    if given is not None:
        return given_up(given)
    some, upper, lower = _some(pose), _called(skeleton, _UPPER), _called(skeleton, _LOWER)
    seen = np.isfinite(some[:, upper + lower]).all((1, 2))
    if not (upper and lower and seen.any()):
        return np.array(CAMERA_UP)
    upwards = np.median(some[seen][:, upper].mean(1) - some[seen][:, lower].mean(1), axis=0)
    axis = int(np.abs(upwards).argmax())
    return (1.0 if upwards[axis] > 0 else -1.0) * np.eye(3)[axis]


def _some(pose: np.ndarray) -> np.ndarray:
    """At most `_SAMPLE` of the frames, evenly spread, float64."""
    frames = min(_SAMPLE, max(1, _PAIRS // pose.shape[1] ** 2))
    return pose[np.unique(np.linspace(0, len(pose) - 1, frames).astype(int))].astype(np.float64)


def _called(skeleton: Skeleton, words: tuple[str, ...]) -> list[int]:
    return [
        joint
        for joint, name in enumerate(skeleton.joint_names)
        if any(word in normalized(name) for word in words)
    ]
