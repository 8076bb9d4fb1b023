"""Joints that a file names, brought to those of a skeleton by their names."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from geoself_jax.core.errors import DATA, GeoselfError, data_error, nearest_name
from geoself_jax.core.skeleton import Skeleton, compared
from geoself_jax.data.find_skeleton import find_known
from geoself_jax.data.skeleton_edges import Edges, from_edges


class UnknownJoints(GeoselfError):
    """The error of a file whose joints are no known skeleton's and that does not join them.

    Attributes:
        source: The file.
        names: Of its joints; numbered where it does not name them.
    """

    def __init__(self, source: str, names: Sequence[str], what: str = "", why: str = "") -> None:
        super().__init__(
            f"{source}: {what or 'joints ' + ', '.join(names)}",
            why or "no known skeleton has these",
            "describe them: --skeleton=FILE.toml with joints, root, bones and left_right",
            DATA,
        )
        self.source, self.names = source, tuple(names)


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


def named_joints(
    source: str,
    names: Sequence[str],
    given: Skeleton | None,
    edges: Callable[[], Edges | None] = lambda: None,
) -> NamedJoints:
    """The joints of the given skeleton by name, else all, of the known one with these names.

    Of joints that are no known skeleton's the file's edges are the bones. A skeleton of as many
    joints that shares no name with the file names its joints by their order.

    Args:
        source: For messages.
        names: Of the file's joints.
        given: From the user.
        edges: Between the joints, where the file's program draws any; asked for if needed.

    Raises:
        UnknownJoints: No known skeleton has the names, and nothing joins them (65).
        GeoselfError: The file lacks a joint of the given (65).
    """
    if given is None:
        return _as_in_file(source, names, edges)
    places = _places(names, given.joint_names)
    lacking = [name for name, at in zip(given.joint_names, places, strict=True) if at is None]
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
    order = [at for at in places if at is not None]
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


def _places(names: Sequence[str], wanted: Sequence[str]) -> list[int | None]:
    """Where each wanted name is: spelt so, else the one that case and separators alone change."""
    exact = {name: joint for joint, name in enumerate(names)}
    alike = {name: joint for joint, name in enumerate(compared(names))}
    pairs = zip(wanted, compared(wanted), strict=True)
    return [exact.get(name, alike.get(other)) for name, other in pairs]


def _as_in_file(
    source: str, names: Sequence[str], edges: Callable[[], Edges | None]
) -> NamedJoints:
    """All joints: of the known skeleton with these names, or joined by the file's edges."""
    order = list(range(len(names)))
    known = find_known(tuple(names))
    if known is not None:
        return NamedJoints(known, order, [])
    drawn = edges()
    if drawn is None or not drawn.edges:
        raise UnknownJoints(source, names)
    try:
        skeleton, said = from_edges(names, drawn)
    except GeoselfError as error:
        raise data_error(f"{source}: {error}", "", "") from error
    return NamedJoints(skeleton, order, [said])
