"""What joints alone do not say: the unit of length, and which way is up."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.data.body_size import body_size, known_size
from geoself_jax.data.length_unit import PERSON, body_spread

LEG, TRUNK_TO_LEG = 0.491, ("hip", "knee", "ankle")
"""Thigh and shank together, of the height (Drillis and Contini 1966)."""

KINDS = "baseline:CAM,CAM=METRES, height=METRES, bone:JOINT,JOINT=METRES or none"
_RANGE = 1e-6, 1e6
_UPRIGHT = 0.8  # of the usual height of head over feet: lower is no upright frame
_HEAD, _FEET = ("head", "headtop", "nose", "neck"), ("ankle", "foot", "heel")
_FEWEST = 30


class Scale(NamedTuple):
    """A known length.

    Attributes:
        kind: `baseline`, `height`, `bone` or `none`.
        names: Of the cameras or joints.
        metres: The length; 0 for `none`.
    """

    kind: str
    names: tuple[str, ...]
    metres: float


def parse_scale(text: str) -> Scale:
    """Returns what a flag says.

    Raises:
        GeoselfError: It is no such length (64).
    """
    if text == "none":
        return Scale("none", (), 0.0)
    left, _, number = text.rpartition("=")
    kind, _, rest = left.partition(":")
    names = tuple(name.strip() for name in rest.split(",")) if rest else ()
    try:
        metres = float(number)
    except ValueError:
        metres = 0.0
    wanted = {"baseline": 2, "bone": 2, "height": 0}
    if kind not in wanted or len(names) != wanted[kind] or not _RANGE[0] < metres < _RANGE[1]:
        raise usage_error(f"--scale={text}", f"wanted {KINDS}", "say a length that you measured")
    return Scale(kind, names, metres)


def check_names(scale: Scale, camera_names: Sequence[str], joint_names: Sequence[str]) -> None:
    """Makes sure that a length is one of the recording's, before the work.

    Args:
        scale: The known length.
        camera_names, joint_names: Of the recording.

    Raises:
        GeoselfError: A name that is not there (65).
    """
    known = {"baseline": (camera_names, "camera"), "bone": (joint_names, "joint")}
    for name in scale.names:
        _place(name, *known[scale.kind])


def metres_of_unit(
    scale: Scale,
    center: np.ndarray,
    camera_names: Sequence[str],
    points: np.ndarray,
    skeleton: Skeleton,
) -> float:
    """Returns how many metres the cameras' unit is.

    Args:
        scale: The known length; of `none` a body of a usual person's size is assumed.
        center: (V, 3) cameras.
        camera_names: Theirs.
        points: (F, J, 3) joints, NaN where unknown.
        skeleton: Of the joints.

    Raises:
        GeoselfError: A name that is not there, or a length that is not seen (65).
    """
    if scale.kind == "baseline":
        a, b = (_place(name, camera_names, "camera") for name in scale.names)
        length = float(np.linalg.norm(center[a] - center[b]))
    elif scale.kind == "bone":
        a, b = (_place(name, skeleton.joint_names, "joint") for name in scale.names)
        length = _distance(points, [(a, b)])
    elif scale.kind == "height":
        length = _legs(points, skeleton) / LEG
    else:
        length = body_spread(points)
    if not length > 0:
        what = f"--scale={scale.kind}" + f":{','.join(scale.names)}" * bool(scale.names)
        raise data_error(what, "it is not seen, or its ends are one", "measure another length")
    return (scale.metres if scale.kind != "none" else PERSON) / length


def check_size(scale: Scale, points: np.ndarray, skeleton: Skeleton) -> None:
    """Refuses a length in another unit, or measured wrongly: the body would be no such body.

    Args:
        scale: The known length.
        points: (F, J, 3) metres by it, NaN where unknown.
        skeleton: Of the joints; a body may be of any size where none is known.

    Raises:
        GeoselfError: A body of another size (65).
    """
    limits, size = known_size(skeleton.joint_names, skeleton.body_metres), body_size(points)
    if limits is not None and not limits[0] <= size <= limits[1]:
        raise data_error(
            f"--scale: by {scale.metres:g} m the body measures {size:.3g} m between its farthest "
            "joints",
            f"wanted {limits[0]:g} to {limits[1]:g} m",
            "give the length in metres, or check what was measured",
        )


def _place(name: str, names: Sequence[str], what: str) -> int:
    if name not in names:
        raise data_error(f"--scale: {what} {name!r}", "there is none", nearest_name(name, names))
    return list(names).index(name)


def _distance(points: np.ndarray, pairs: Sequence[tuple[int, int]]) -> float:
    """Median over frames and pairs; 0 where it is seen too seldom."""
    every = np.concatenate([np.linalg.norm(points[:, a] - points[:, b], axis=-1) for a, b in pairs])
    every = every[np.isfinite(every)]
    return float(np.median(every)) if len(every) >= _FEWEST else 0.0


def _legs(points: np.ndarray, skeleton: Skeleton) -> float:
    """Thigh and shank; 0 where a bone is not seen."""
    names = [normalized(name) for name in skeleton.joint_names]
    total = 0.0
    for upper, lower in (("hip", "knee"), ("knee", "ankle")):
        pairs = [(f"{side}{upper}", f"{side}{lower}") for side in ("left", "right")]
        there = [(names.index(a), names.index(b)) for a, b in pairs if {a, b} <= set(names)]
        if not there:
            raise data_error(
                f"--scale=height: the skeleton has {', '.join(skeleton.joint_names[:8])} ...",
                "hips, knees and ankles of a person are measured",
                "give --scale=bone:... or --scale=baseline:...",
            )
        length = _distance(points, there)
        if not length:
            return 0.0
        total += length
    return total


class Vertical(NamedTuple):
    """Against gravity.

    Attributes:
        up: (3,) unit vector.
        degrees: Expected error.
        frames: Upright frames that it is from.
    """

    up: np.ndarray
    degrees: float
    frames: int


def upright(points: np.ndarray, skeleton: Skeleton, block: np.ndarray) -> Vertical | None:
    """Returns the mean direction from feet to head of people who stand; None where unknown.

    Args:
        points: (F, J, 3), NaN where unknown.
        skeleton: Of the joints.
        block: (F,) stretch of footage each frame is of.
    """
    names = [normalized(name) for name in skeleton.joint_names]
    head = next(([i for i, n in enumerate(names) if n == h] for h in _HEAD if h in names), [])
    feet = next((f for k in _FEET if (f := [i for i, n in enumerate(names) if n.endswith(k)])), [])
    if not head or len(feet) < 2:
        return None
    body = points[:, head].mean(1) - points[:, feet].mean(1)
    height = np.linalg.norm(body, axis=-1)
    if np.isfinite(height).sum() < _FEWEST:
        return None
    standing = height > _UPRIGHT * np.nanpercentile(height, 95)
    if standing.sum() < _FEWEST:
        return None
    each = body[standing] / height[standing, None]
    up = _middle(each)
    blocks = np.unique(block[standing])
    means = [_middle(each[block[standing] == one]) for one in blocks]
    off = np.degrees(np.linalg.norm(np.stack(means) - up, axis=-1))
    degrees = float(np.sqrt(np.mean(off**2) / max(len(blocks) - 1, 1)))
    return Vertical(up, degrees, int(standing.sum()))


def _middle(directions: np.ndarray) -> np.ndarray:
    """Direction with the least sum of distances to all (Weiszfeld)."""
    middle = directions.mean(0)
    for _ in range(20):
        weight = 1 / np.maximum(np.linalg.norm(directions - middle, axis=-1), 1e-3)
        middle = np.sum(directions * weight[:, None], 0) / weight.sum()
    return np.asarray(middle / max(np.linalg.norm(middle), 1e-12))
