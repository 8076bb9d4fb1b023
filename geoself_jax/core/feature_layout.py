"""What each number of the networks' input is, and how one layout is read as another.

The order is that of `core.model.Networks`: a test compares them.
"""

from typing import NamedTuple

import numpy as np

from geoself_jax.core.config import ModelConfig

ROOT_RAY = -1
"""In place of a joint: the number is of the root's own ray."""
POSITION = 2
"""The first numbers of a path are its position; the others its velocity and acceleration."""


class Number(NamedTuple):
    """One number of the input.

    Attributes:
        kind: `ray` (or pixel), `path`, `trust`, `support` (of a path) or `root_ray`.
        joint: Of the skeleton, or `ROOT_RAY`.
        axis: Which of the joint's numbers of this kind.
        spread: Index in `ModelConfig.path_spreads`; 0 where it is of no path.
        frame: Of the three that a first layer of `convolutions` sees; else 0.
    """

    kind: str
    joint: int
    axis: int = 0
    spread: int = 0
    frame: int = 0


def input_numbers(config: ModelConfig, joints: int) -> list[Number]:
    """Returns what each row of the first layers' kernels is multiplied with, in order.

    Args:
        config: Of the networks.
        joints: Of their skeleton.
    """
    rays = [Number("ray", joint, axis) for joint in range(joints) for axis in range(2)]
    trust = [Number("trust", joint) for joint in range(joints)] if config.confidence else []
    root = [Number("root_ray", ROOT_RAY, axis) for axis in range(2)]
    spreads = paths_of(config)
    if not spreads:
        frame = [*rays, *(root if config.input == "centered_ray" else []), *trust]
        frames = range(3 if config.frames > 1 else 1)
        return [number._replace(frame=i) for i in frames for number in frame]
    paths = [
        Number("path", joint, axis, spread)
        for spread in range(spreads)
        for joint in range(joints)
        for axis in range(6)
    ]
    support = [
        Number("support", number.joint, spread=spread)
        for spread in range(spreads)
        for number in trust
    ]
    return [*rays, *paths, *trust, *support, *root]


def paths_of(config: ModelConfig) -> int:
    """Returns how many paths a joint has in the input: 0 where single frames are seen."""
    return len(config.path_spreads) if config.frames > 1 and config.temporal == "paths" else 0


def reading(
    source: tuple[ModelConfig, int], target: tuple[ModelConfig, int], joints: np.ndarray
) -> np.ndarray:
    """Returns the matrix that makes one layout's numbers of another's, (numbers, numbers there).

    Where `target` has fewer paths, the last of them stands for the wider ones, and without any the
    joint itself, at rest: its position, no velocity.

    Args:
        source: Configuration and joints of the networks whose layout is wanted.
        target: Of those whose layout there is.
        joints: (joints of source, joints of target): each of source's as a mean of target's.
    """
    wanted, there = input_numbers(*source), input_numbers(*target)
    places, last = {number: i for i, number in enumerate(there)}, paths_of(target[0]) - 1
    matrix = np.zeros((len(wanted), len(there)))
    for row, number in zip(matrix, wanted, strict=True):
        found = _seen_as(number, last)
        if found is None:
            continue
        if found.joint == ROOT_RAY:
            row[places[found]] = 1
            continue
        for joint in np.flatnonzero(joints[found.joint]):
            row[places[found._replace(joint=int(joint))]] = joints[found.joint, joint]
    return matrix


def _seen_as(number: Number, last: int) -> Number | None:
    """The number in a layout whose last path is `last` (-1: no paths); None where there is none."""
    if number.kind not in ("path", "support"):
        return number
    if last >= 0:
        return number._replace(spread=min(number.spread, last))
    if number.axis >= POSITION:
        return None
    return Number("ray" if number.kind == "path" else "trust", number.joint, number.axis)
