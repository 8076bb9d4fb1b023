"""A user's own skeleton: a small TOML file in which joints go by their names."""

from pathlib import Path
from typing import Any

from geoself_jax.core.errors import GeoselfError, data_error, nearest_name, usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_toml
from geoself_jax.data.roots import CENTROID, Rootless
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.data.validation import ACTING

_KEYS = ("joints", "root", "bones", "parents", "left_right", "body_metres", "angles")
_EXAMPLE = 'e.g. joints = ["pelvis", "hip"], root = "pelvis", bones = [["pelvis", "hip"]]'


def named_skeleton(name: str) -> Skeleton:
    """The skeleton that a flag names: a known one, or a .toml file's.

    Raises:
        GeoselfError: No known name (64); as `read_skeleton_toml`.
    """
    if name in KNOWN_SKELETONS:
        return KNOWN_SKELETONS[name]
    if name.lower().endswith(".toml"):
        return read_skeleton_toml(Path(name))
    raise usage_error(
        f"skeleton {name!r}",
        f"no known one; {nearest_name(name, KNOWN_SKELETONS)}",
        "give a known name or a .toml file",
    )


def read_skeleton_toml(path: Path) -> Skeleton:
    """Reads a skeleton.

    `joints` are names in the order of the arrays, `root` one of them, or `centroid`, the mean of
    those that are seen, where none is the root. The tree is given once: as `bones`, pairs that join
    two joints in either order, or as `parents`, joint = parent. With a centroid it may be several
    trees; left out or empty, no joints are known to keep their distance.
    `left_right` are pairs (left joint, right joint); it may be left out. So may `body_metres`, the
    smallest and the largest distance between the farthest joints of such a body: a recording in
    another unit is then refused. A table `angles` is read by `angles.declared` alone.

    Raises:
        GeoselfError: Missing (66); not such a file, or names that contradict each other (65).
    """
    values = load_toml(path)
    for key in values:
        if key not in _KEYS:
            raise data_error(f"{path}: {key!r}", nearest_name(key, _KEYS), "fix the key")
    joints = _names(path, "joints", values.get("joints"))
    for joint in joints:
        if joints.count(joint) > 1:
            raise data_error(f"{path}: joints: {joint!r} twice", "wanted each once", "rename one")
    rootless = values.get("root") == CENTROID and CENTROID not in joints
    root = None if rootless else _joint(path, "root", values.get("root"), joints)
    parents = _parents(path, values, joints, root)
    left_right = _pairs(path, "left_right", values.get("left_right", []), joints)
    size = _size(path, values.get("body_metres"))
    try:
        return (Rootless if root is None else Skeleton)(
            tuple(joints),
            tuple(-1 if p is None else joints.index(p) for p in parents),
            tuple((joints.index(a), joints.index(b)) for a, b in left_right),
            0 if root is None else joints.index(root),
            size,
        )
    except GeoselfError as error:
        raise data_error(f"{path}: {error}", "", "") from error


def _names(path: Path, key: str, value: Any) -> list[str]:
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        for name in value:
            if not name.strip() or ACTING.search(name):
                what = "is blank" if not name.strip() else "has control characters"
                raise data_error(f"{path}: {key}: {name!a}", what, "name the joint")
        return value
    found = "is not there" if value is None else f"is {_short(value)}"
    raise data_error(f"{path}: {key} {found}", "wanted a list of joint names", _EXAMPLE)


def _size(path: Path, value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    numbers = isinstance(value, list) and [type(v) in (int, float) for v in value]
    if numbers != [True, True]:
        raise data_error(
            f"{path}: body_metres is {_short(value)}",
            "wanted the smallest and the largest size of a body, metres",
            "e.g. body_metres = [0.06, 0.12]",
        )
    return float(value[0]), float(value[1])


def _joint(path: Path, key: str, value: Any, joints: list[str]) -> str:
    if value is None:
        raise data_error(f"{path}: {key} is not there", "wanted a joint's name", _EXAMPLE)
    if not isinstance(value, str):
        raise data_error(f"{path}: {key}: {_short(value)}", "wanted a joint's name", _EXAMPLE)
    if value not in joints:
        raise data_error(
            f"{path}: {key}: no joint {value!r}", nearest_name(value, joints), "fix the name"
        )
    return value


def _pairs(path: Path, key: str, value: Any, joints: list[str]) -> list[tuple[str, str]]:
    if not isinstance(value, list):
        raise data_error(f"{path}: {key} is {_short(value)}", "wanted a list of pairs", _EXAMPLE)
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            raise data_error(
                f"{path}: {key}: {_short(pair)}", "wanted a pair of joint names", _EXAMPLE
            )
    return [(_joint(path, key, a, joints), _joint(path, key, b, joints)) for a, b in value]


def _parents(
    path: Path, values: dict[str, Any], joints: list[str], root: str | None
) -> list[str | None]:
    """Each joint's parent, by bones or a table; none has one where neither says anything."""
    if "bones" in values and "parents" in values:
        what = f"{path}: both bones and parents"
        raise data_error(what, "wanted one of the two for the tree", _EXAMPLE)
    table, pairs = values.get("parents", {}), values.get("bones", [])
    if not isinstance(table, dict):
        raise data_error(f"{path}: parents is {_short(table)}", "wanted joint = parent", _EXAMPLE)
    bones = _pairs(path, "bones", pairs, joints)
    if bones:
        return _from_bones(path, bones, joints, root)
    return _from_table(path, table, joints, root) if table else [None] * len(joints)


def _from_table(
    path: Path, value: dict[str, Any], joints: list[str], root: str | None
) -> list[str | None]:
    """Each joint's parent; all but the root must have one, or, without a root, any may."""
    for joint, parent in value.items():
        _joint(path, "parents", joint, joints)
        _joint(path, f"parents: {joint}", parent, joints)
    if root in value:
        raise data_error(
            f"{path}: parents: the root {root!r} has the parent {value[root]!r}",
            "the root has none",
            "take the line out",
        )
    for joint in joints:
        if root is not None and joint != root and joint not in value:
            raise data_error(f"{path}: parents: none for {joint!r}", "all but the root", _EXAMPLE)
        _refuse_circle(path, joint, value)
    return [value.get(joint) for joint in joints]


def _refuse_circle(path: Path, joint: str, parents: dict[str, str]) -> None:
    way = [joint]
    while way[-1] in parents:
        way.append(parents[way[-1]])
        if way[-1] == joint:
            raise data_error(
                f"{path}: parents: {' - '.join(way)}", "a cycle; wanted a tree", "fix one of them"
            )
        if way[-1] in way[:-1]:
            return  # this joint leads into a cycle; a joint on the cycle reports it


def _from_bones(
    path: Path, bones: list[tuple[str, str]], joints: list[str], root: str | None
) -> list[str | None]:
    """Each joint's parent, found by walking from the root, or from one joint of each tree."""
    parents: dict[str, str | None] = {root or joints[0]: None}
    left = list(bones)
    while True:
        ready = [pair for pair in left if pair[0] in parents or pair[1] in parents]
        if not ready and root is None and len(parents) < len(joints):
            parents[next(joint for joint in joints if joint not in parents)] = None
            continue
        if not ready:
            break
        a, b = ready[0]
        left.remove((a, b))
        if a in parents and b in parents:
            raise data_error(
                f"{path}: bones: {a} - {b} closes a circle", "wanted a tree", "take one bone out"
            )
        if a in parents:
            parents[b] = a
        else:
            parents[a] = b
    for joint in joints:
        if joint not in parents:
            raise data_error(
                f"{path}: bones: none joins {joint!r} to the root {root!r}",
                "wanted one tree of all joints, or no bones",
                "add a bone",
            )
    return [parents[joint] for joint in joints]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
