"""The kind of every value that is used of a JSON file, which may be anybody's."""

from collections.abc import Mapping
from typing import Any

MOST_JOINTS = 1000
_NAMES = {
    dict: "a table",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}

SKELETON: dict[str, tuple[type, ...]] = {
    "": (dict,),
    "joint_names": (list,),
    "parents": (list,),
    "left_right": (list,),
    "root": (int,),
    "body_metres?": (list, type(None)),  # not in the files of older versions
}
"""Kinds of a skeleton's values; their members are checked by `check_skeleton`."""


def check_kinds(values: Any, kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Checks values by their dotted names.

    Args:
        values: Of a JSON file.
        kinds: What each may be, outer ones first; "" is the whole. A `?` after the name: it may be
            missing. A whole number is a number too, `true` is neither.

    Raises:
        ValueError: The first that is missing or of another kind, as `name=value, wanted ...`.
    """
    for name, wanted in kinds.items():
        found, there = _at(values, name.rstrip("?"))
        if not there:
            if name.endswith("?"):
                continue
            raise ValueError(f"no {name}")
        if not any(_is(found, kind) for kind in wanted):
            listed = " or ".join(_NAMES[kind] for kind in wanted)
            what = f"{name.rstrip('?')}=" if name else ""
            raise ValueError(f"{what}{str(found)[:80]!r}, wanted {listed}")


def check_members(values: Any, kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Checks the members of lists by the lists' dotted names; lists that are missing are left out.

    Args:
        values: Of a JSON file, of the right kinds.
        kinds: What a member of each may be.

    Raises:
        ValueError: The first that is of another kind, as `value in name, wanted ...`.
    """
    for name, wanted in kinds.items():
        found, _ = _at(values, name)
        for member in found if isinstance(found, list) else ():
            if not any(_is(member, kind) for kind in wanted):
                listed = " or ".join(_NAMES[kind] for kind in wanted)
                raise ValueError(f"{str(member)[:80]!r} in {name}, wanted {listed}")


def check_limits(values: Any, limits: Mapping[str, tuple[float, float]]) -> None:
    """Checks numbers by their dotted names; those that are missing or null are left out.

    Args:
        values: Of a JSON file, of the right kinds.
        limits: The least and the largest value of each, both allowed.

    Raises:
        ValueError: The first that is outside, as `name=value, wanted ...`.
    """
    for name, (least, most) in limits.items():
        found, _ = _at(values, name)
        if found is not None and not least <= found <= most:
            raise ValueError(f"{name}={str(found)[:40]}, wanted a number in [{least:g}, {most:g}]")


def check_skeleton(values: Any) -> None:
    """Checks the kinds of a skeleton's values and of their members.

    Raises:
        ValueError: The first that is missing or of another kind.
    """
    check_kinds(values, SKELETON)
    members = [
        *(("joint_names", name, str) for name in values["joint_names"]),
        *(("parents", parent, int) for parent in values["parents"]),
    ]
    for pair in values["left_right"]:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(f"left_right={str(pair)[:80]}, wanted pairs of joints")
        members += [("left_right", joint, int) for joint in pair]
    size = values.get("body_metres")
    if size is not None and len(size) != 2:
        raise ValueError(f"body_metres={str(size)[:80]}, wanted two sizes")
    members += [("body_metres", length, float) for length in size or ()]
    if len(values["joint_names"]) > MOST_JOINTS or len(values["parents"]) > MOST_JOINTS:
        raise ValueError(f"{len(values['joint_names'])} joints, wanted at most {MOST_JOINTS}")
    for name, member, kind in members:
        if not _is(member, kind):
            raise ValueError(f"{str(member)[:80]!r} in {name}, wanted {_NAMES[kind]}")


def _at(values: Any, name: str) -> tuple[Any, bool]:
    for key in name.split(".") if name else ():
        if not isinstance(values, dict) or key not in values:
            return None, False
        values = values[key]
    return values, True


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)
