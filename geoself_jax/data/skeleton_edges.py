"""A skeleton from what programs draw between joints: edges in any order, and pairs by names."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from geoself_jax.core.skeleton import Skeleton


class Edges(NamedTuple):
    """What a file says of how its joints hang together, by their names.

    Attributes:
        source: Whose they are, for messages.
        edges: Pairs of joints, in any order and direction.
        pairs: Left and right joints, in either order.
    """

    source: str
    edges: Sequence[tuple[str, str]]
    pairs: Sequence[tuple[str, str]] = ()


def from_edges(names: Sequence[str], drawn: Edges) -> tuple[Skeleton, str]:
    """The skeleton of joints that edges join, and a line on what was taken and what was not.

    The root is the joint in the middle of the largest part: the fewest edges from the farthest. An
    edge that closes a circle is left out. Pairs are the file's, or else those by names
    (`pairs_by_name`), in the order of the joints: sleap-io writes them in any.

    Args:
        names: Of the joints, in array order.
        drawn: Between these joints; edges to others are left out.

    Raises:
        GeoselfError: A joint is in two pairs (65).
    """
    place = {name: joint for joint, name in enumerate(names)}
    ends = [(place[a], place[b]) for a, b in drawn.edges if a in place and b in place and a != b]
    neighbours: list[list[int]] = [[] for _ in names]
    for a, b in ends:
        neighbours[a].append(b)
        neighbours[b].append(a)
    parts = _parts(neighbours)
    parents = [-1] * len(names)
    for part in parts:
        for joint, parent in _outward(_middle(part, neighbours), neighbours).items():
            parents[joint] = parent
    root = _middle(max(parts, key=len), neighbours)
    twins = list(drawn.pairs) or pairs_by_name(names)
    known = [(a, b) if place[a] < place[b] else (b, a) for a, b in twins if {a, b} <= set(place)]
    paired = [_left_first(a, b) for a, b in sorted(known, key=lambda pair: place[pair[0]])]
    skeleton = Skeleton(
        tuple(names), tuple(parents), tuple((place[a], place[b]) for a, b in paired), root
    )
    kept = {frozenset(bone) for bone in skeleton.bones}
    open_ends = {frozenset(pair) for pair in ends} - kept
    said = [
        f"bones as in {drawn.source}, the root {names[root]} in their middle",
        f"pairs {'' if drawn.pairs else 'by their names '}{_listed(paired) or 'none'}",
    ]
    if open_ends:
        edges = [(names[a], names[b]) for a, b in map(sorted, open_ends)]
        said.append(f"left out, as they close circles: {_listed(sorted(edges))}")
    if len(parts) > 1:
        tops = [names[_middle(part, neighbours)] for part in parts]
        said.append(f"not joined: the parts of {', '.join(tops[:8])}")
    return skeleton, "; ".join(said) + "; --skeleton=FILE.toml says otherwise"


def pairs_by_name(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs (left, right) of names that differ in left and right, or l and r, alone.

    `left_ear` and `right_ear`, `EarL` and `EarR`, `ear_l` and `ear_r`, `L1` and `R1`; not `Ear1`
    and `Ear2`, nor `pawl` and `pawr`: a letter counts where it stands alone or as the only capital.
    """
    there = set(names)
    found = []
    for name in names:
        twin = next((other for other in _twins(name) if other in there), None)
        if twin is not None:
            found.append((name, twin))
    return found


_WORD = re.compile(r"left", re.IGNORECASE)
_LETTER = re.compile(
    r"(?<![A-Za-z])[Ll](?![A-Za-z])"  # alone: ear_l, L1
    r"|(?<=[a-z0-9])L(?![A-Za-z])"  # a last capital: EarL
    r"|(?<![A-Za-z])[Ll](?=[A-Z][a-z])"  # a first letter: lEar, LEar
)


def _twins(name: str) -> list[str]:
    """What the right joint of a left one may be called."""
    right = {"l": "r", "L": "R", "left": "right", "Left": "Right", "LEFT": "RIGHT"}
    return [
        name[: match.start()] + right.get(match[0], "right") + name[match.end() :]
        for pattern in (_WORD, _LETTER)
        for match in pattern.finditer(name)
    ]


def _left_first(a: str, b: str) -> tuple[str, str]:
    """The pair with the joint first that its name calls left, else as it is."""
    return (b, a) if a in _twins(b) else (a, b)


def _parts(neighbours: Sequence[Sequence[int]]) -> list[list[int]]:
    """Joints that edges join, each part in array order, by their first joints."""
    parts: list[list[int]] = []
    done: set[int] = set()
    for joint in range(len(neighbours)):
        if joint not in done:
            parts.append(sorted(_outward(joint, neighbours)))
            done.update(parts[-1])
    return parts


def _outward(start: int, neighbours: Sequence[Sequence[int]]) -> dict[int, int]:
    """Each joint that edges join to the first, nearest first, and its neighbour on the way."""
    inner = {start: -1}
    waiting = [start]
    for at in waiting:
        for joint in neighbours[at]:
            if joint not in inner:
                inner[joint] = at
                waiting.append(joint)
    return inner


def _middle(part: Sequence[int], neighbours: Sequence[Sequence[int]]) -> int:
    """The joint with the fewest edges to the farthest, of several that with the fewest in all."""

    def reach(start: int) -> tuple[int, int]:
        steps: dict[int, int] = {}
        for joint, inner in _outward(start, neighbours).items():
            steps[joint] = 0 if inner < 0 else steps[inner] + 1
        return max(steps.values()), sum(steps.values())

    return min(part, key=reach)


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    more = f" and {len(pairs) - 8} more" if len(pairs) > 8 else ""
    return ", ".join(f"{a} - {b}" for a, b in pairs[:8]) + more
