"""The size of a body, and what is known of it: a person's, a declared one, or none."""

from collections.abc import Sequence

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.skeleton import normalized

BODY_METRES = (0.5, 3.0)
"""Largest distance between two joints of a person, median over instants."""

_UNITS = {"mm": 1e-3, "cm": 1e-2}
_UNIT_NAMES = {"mm": "millimetres", "cm": "centimetres"}
_OF_PEOPLE = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def known_size(
    joint_names: Sequence[str], declared: tuple[float, float] | None = None
) -> tuple[float, float] | None:
    """Returns the smallest and largest size of a body, metres; None where it may be of any size.

    Args:
        joint_names: Of its skeleton: a person's size is known.
        declared: `Skeleton.body_metres`, which counts first.
    """
    return declared or (BODY_METRES if is_person(joint_names) else None)


def is_person(joint_names: Sequence[str]) -> bool:
    """Returns whether joints are a person's, whose size is known; another body may be of any size.

    There are two each of shoulder, hip, knee and so on, and no paw.
    """
    names = [normalized(name) for name in joint_names]
    person = all(sum(part in name for name in names) >= 2 for part in _OF_PEOPLE)
    return person and not _is_animal(names)


def is_another_body(joint_names: Sequence[str], declared: tuple[float, float] | None) -> bool:
    """Returns whether joints are surely no person's: an animal's words, or another size.

    Args:
        joint_names: Of a skeleton, which may be a part of a person.
        declared: `Skeleton.body_metres`.
    """
    least, most = declared or BODY_METRES
    names = [normalized(name) for name in joint_names]
    return _is_animal(names) or most < BODY_METRES[0] or least > BODY_METRES[1]


def _is_animal(names: Sequence[str]) -> bool:
    return any(word in name for name in names for word in ("paw", "tail", "hoof", "wing"))


def body_size(points: np.ndarray) -> float:
    """Median over instants of the largest distance between two joints; NaN where there is none.

    Args:
        points: (frames, joints, 3); NaN where missing.
    """
    largest = np.zeros(len(points))
    for joint in range(points.shape[1]):  # all pairs at once are gigabytes where joints are many
        away = np.linalg.norm(points - points[:, joint, None], axis=-1)
        largest = np.maximum(largest, np.where(np.isfinite(away), away, 0).max(-1))
    return float(np.median(largest[largest > 0])) if (largest > 0).any() else float("nan")


def wrong_unit(what: str, size: float, limits: tuple[float, float] = BODY_METRES) -> GeoselfError:
    """Returns the error for a body whose size is not in metres; it says the unit.

    Args:
        what: What was measured, as the error names it.
        size: Distance between the farthest joints (`body_size`), in the unit of the file.
        limits: Smallest and largest, metres (`known_size`).
    """
    return data_error(*wrong_unit_words(what, size, limits))


def wrong_unit_words(
    what: str, size: float, limits: tuple[float, float] = BODY_METRES
) -> tuple[str, str, str]:
    """Returns what is wrong, what was wanted and what to do, of `wrong_unit`.

    Args:
        what, size, limits: As of `wrong_unit`; metres.
    """
    wanted = f"wanted metres, {limits[0]:g} to {limits[1]:g}"
    do = "give its lengths in metres: center and pose_world, or `prepare` again with --unit"
    units = [unit for unit, metres in _UNITS.items() if limits[0] <= size * metres <= limits[1]]
    if not units and size > 10 * limits[1]:
        units = ["mm" if size > 100 * limits[1] else "cm"]
    if len(units) == 1:
        wanted, do = f"{wanted}; this looks like {_UNIT_NAMES[units[0]]}", f"{do}={units[0]}"
    elif units:
        do = f"{do}, {' or '.join(units)}: its size does not say which"
    return f"{what} measures {size:.4g} between its farthest joints", wanted, do
