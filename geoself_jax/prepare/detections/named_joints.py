"""Joints that a file names, brought to those of a skeleton by their names."""

from collections.abc import Sequence
from typing import NamedTuple

from geoself_jax.core.errors import GeoselfError, data_error, nearest_name
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.data.skeletons import known_skeleton


class NamedJoints(NamedTuple):
    """Joints to take.

    Attributes:
        skeleton: Of these joints.
        order: Index of each in the file.
        notes: What was left out, or is called otherwise than in the file, a line each.
    """

    skeleton: Skeleton
    order: list[int]
    notes: list[str]


def named_joints(source: str, names: Sequence[str], given: Skeleton | None) -> NamedJoints:
    """The joints of the given skeleton by name, else all, of the known one with these names.

    A skeleton of as many joints that shares no name with the file names its joints by their order.

    Args:
        source: For messages.
        names: Of the file's joints.
        given: From the user.

    Raises:
        GeoselfError: No known skeleton has the names; the file lacks one of the given (65).
    """
    if given is None:
        return NamedJoints(_known(source, names), list(range(len(names))), [])
    at = {normalized(name): joint for joint, name in enumerate(names)}
    lacking = [name for name in given.joint_names if normalized(name) not in at]
    if len(lacking) == given.joints == len(names):
        pairs = (f"{new} for {old}" for new, old in zip(given.joint_names, names, strict=True))
        note = f"{source}: --skeleton shares no name with it: by their order {', '.join(pairs)}"
        return NamedJoints(given, list(range(len(names))), [note])
    if lacking:
        raise data_error(
            f"{source}: no joint {', '.join(lacking[:8])}, which --skeleton has",
            nearest_name(lacking[0], names),
            "name joints of the file in the skeleton, any of them, in any order",
        )
    order = [at[normalized(name)] for name in given.joint_names]
    left = [name for joint, name in enumerate(names) if joint not in order]
    other = [
        f"{name} for {names[joint]}"
        for name, joint in zip(given.joint_names, order, strict=True)
        if name != names[joint]
    ]
    notes = [f"{source}: {', '.join(left)} are left out: --skeleton lacks them"] if left else []
    if other:
        notes.append(f"{source}: called as --skeleton writes it: {', '.join(other)}")
    return NamedJoints(given, order, notes)


def _known(source: str, names: Sequence[str]) -> Skeleton:
    try:
        return known_skeleton(tuple(names))
    except GeoselfError as error:
        raise data_error(
            f"{source}: joints {', '.join(names)}",
            "no known skeleton has these",
            "describe them: --skeleton=FILE.toml with joints, root, bones and left_right",
        ) from error
