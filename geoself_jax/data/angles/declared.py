"""Angles that a file declares by the names of joints, as anipose's configuration does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from geoself_jax.core.errors import data_error, nearest_name
from geoself_jax.core.skeleton import Skeleton, compared
from geoself_jax.data.files import load_toml
from geoself_jax.data.validation import ACTING
from geoself_jax.geometry.joint_angles import about_axis, bending

KINDS = ("flex", "axis")
_TAKEN, _NO_ANGLE = ("frame", "time"), ("_uncertainty", "_tx", "_ty", "_tz")
"""Columns of files of angles that are none, and how such columns end."""
_EXAMPLE = 'e.g. knee = ["flex", "hip", "knee", "ankle"] below [angles]'


@dataclass(frozen=True)
class DeclaredAngle:
    """An angle of three joints.

    Attributes:
        name: As in the file.
        kind: `flex`, the angle at the middle joint, 180 degrees where they are in line; or `axis`,
            the direction from the third to the second joint about the line from the second to the
            first, from the x axis.
        joints: Their names.
    """

    name: str
    kind: str
    joints: tuple[str, str, str]

    def of(self, points: dict[str, Float[Array, "*batch 3"]]) -> Float[Array, "*batch"]:
        """Returns the angle, radians.

        Args:
            points: Position of each joint by name, any unit.
        """
        a, b, c = (points[joint] for joint in self.joints)
        return about_axis(a, b, c) if self.kind == "axis" else jnp.pi - bending(a, b, c)


def read_angles_toml(path: Path) -> tuple[DeclaredAngle, ...]:
    """Reads the table `[angles]` of a skeleton's file, or of anipose's `config.toml`.

    Each is name = [kind, joint, joint, joint] with a kind of `KINDS`, or the joints of a `flex`.

    Raises:
        GeoselfError: Missing (66); no such table, or an angle that is none (65).
    """
    table = load_toml(path).get("angles")
    if not isinstance(table, dict) or not table:
        raise data_error(f"{path}: no table [angles]", "wanted one with an angle a line", _EXAMPLE)
    return tuple(_declared(f"{path}: angles", name, value) for name, value in table.items())


def has_angles(path: Path) -> bool:
    """Returns whether a file has a table `[angles]`.

    Raises:
        GeoselfError: Missing (66), no TOML (65).
    """
    return "angles" in load_toml(path)


def in_skeleton(
    angles: tuple[DeclaredAngle, ...], skeleton: Skeleton, source: str
) -> tuple[tuple[int, int, int], ...]:
    """Returns the indices of each angle's joints.

    Args:
        angles: What was read.
        skeleton: The joints that there are.
        source: The file, for messages.

    Raises:
        GeoselfError: A joint is not one of the skeleton's (65).
    """
    known = compared(skeleton.joint_names)
    found = []
    for angle in angles:
        for joint, name in zip(angle.joints, compared(angle.joints), strict=True):
            if name not in known:
                raise data_error(
                    f"{source}: angles: {angle.name}: no joint {joint!r}",
                    nearest_name(joint, skeleton.joint_names),
                    "name joints of the model",
                )
        a, b, c = (known.index(name) for name in compared(angle.joints))
        found.append((a, b, c))
    return tuple(found)


def _declared(where: str, name: str, value: Any) -> DeclaredAngle:
    if not name.strip() or ACTING.search(name):
        raise data_error(f"{where}: {name!a}", "is no name", "name the angle")
    if name.strip().lower() in _TAKEN or name.strip().lower().endswith(_NO_ANGLE):
        why = "a file of angles has that name for something else"
        raise data_error(f"{where}: {name}", why, "rename it")
    words = value if isinstance(value, list) else []
    if not all(isinstance(word, str) for word in words) or len(words) not in (3, 4):
        wanted = "wanted [kind, joint, joint, joint]"
        raise data_error(f"{where}: {name}: {str(value)[:60]}", wanted, _EXAMPLE)
    kind = words[0] if len(words) == 4 else "flex"
    if kind not in KINDS:
        known = f"kind {kind!r}, wanted {' or '.join(KINDS)}"
        raise data_error(f"{where}: {name}", known, nearest_name(kind, KINDS))
    a, b, c = words[-3:]
    if len({a, b, c}) < 3:
        raise data_error(f"{where}: {name}: {a}, {b}, {c}", "wanted three joints", _EXAMPLE)
    return DeclaredAngle(name, kind, (a, b, c))
