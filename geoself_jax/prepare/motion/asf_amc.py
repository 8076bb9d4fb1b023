"""Acclaim's pairs of files: bones (ASF) and their angles frame by frame (AMC), as CMU gives them.

A bone's rotation is C M C^-1: M turns about its own axes, the first listed angle first, and C is
the bone's `axis`. A joint is where a bone ends, and has the bone's name.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.notices import silent
from geoself_jax.data.files import load_text
from geoself_jax.data.files.limits import MAX_TEXT
from geoself_jax.prepare.motion.angles import one_after_the_other
from geoself_jax.prepare.motion.recorded import UNITS, Motion, check_size, metres

CMU_FPS = 120.0
MOST_BONES = 1000
_DOFS = ("rx", "ry", "rz")
_ROOT_DOFS = ("tx", "ty", "tz", *_DOFS)
Line = tuple[int, list[str]]


@dataclass
class _Bone:
    line: int
    name: str = ""
    direction: np.ndarray = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    angles: np.ndarray = field(default_factory=lambda: np.zeros(3))
    order: str = "xyz"
    dofs: tuple[str, ...] = ()


class _Skeleton(NamedTuple):
    """Bones in an order in which parents come first; the first is the root."""

    bones: list[_Bone]
    parents: list[int]
    position: np.ndarray
    length: float
    radians: float


def read_amc(
    path: Path,
    asf: Path,
    unit: str | None = None,
    *,
    fps: float | None = None,
    notice: Callable[[str], None] = silent,
    max_bytes: int = MAX_TEXT,
) -> Motion:
    """Reads a motion.

    Args:
        path: The AMC file.
        asf: The same person's ASF file.
        unit: One of `recorded.UNITS`; None for an inch over the ASF file's `length`, by CMU's
            documentation.
        fps: Frames per second, which the files do not hold; None for CMU's 120.
        notice: Receives one line for each assumption.
        max_bytes: Refuse larger files.

    Raises:
        GeoselfError: Missing (66); damaged, with file and line; not of a body's size (65).
    """
    most = min(max_bytes, MAX_TEXT)
    skeleton = _skeleton(asf, load_text(asf, max_bytes=most))
    values, radians = _frames(path, load_text(path, max_bytes=most), skeleton.bones)
    frames = len(next(iter(values.values())))
    check_size(path, frames, len(skeleton.bones))
    positions = _positions(skeleton, values, radians)
    if fps is None:
        notice(f"{path}: frames per second are not in the file; took CMU's {CMU_FPS:g}")
    if unit is None:
        scale = UNITS["inch"] / skeleton.length
        metres(path, positions * scale, "m", silent)
    else:
        scale = metres(path, positions, unit, notice)
    names = tuple(bone.name for bone in skeleton.bones)
    return Motion(names, tuple(skeleton.parents), positions * scale, fps or CMU_FPS)


def _lines(text: str) -> list[Line]:
    found = ((n, line.split("#")[0].split()) for n, line in enumerate(text.split("\n"), 1))
    return [(number, words) for number, words in found if words]


def _skeleton(path: Path, text: str) -> _Skeleton:
    sections = _sections(path, _lines(text))
    root = _Bone(sections["root"][0][0] if sections["root"] else 1, "root")
    position = np.zeros(3)
    for number, words in sections["root"]:
        key, rest = words[0].lower(), words[1:]
        if key == "order":
            root.dofs = _dofs(path, number, rest, _ROOT_DOFS)
        elif key == "axis":
            root.order = _order(path, number, rest)
        elif key == "position":
            position = _numbers(path, number, rest, 3)
        elif key == "orientation":
            root.angles = _numbers(path, number, rest, 3)
    length, radians = _units(path, sections["units"])
    bones = {"root": root} | {bone.name: bone for bone in _bones(path, sections["bonedata"])}
    order, parents = _tree(path, sections["hierarchy"], bones)
    return _Skeleton(order, parents, position, length, radians)


def _sections(path: Path, lines: list[Line]) -> dict[str, list[Line]]:
    """Lines below `:root`, `:bonedata` and so on."""
    sections: dict[str, list[Line]] = {"units": []}
    current = ""
    for number, words in lines:
        if words[0].startswith(":"):
            current = words[0][1:].lower()
            sections[current] = []
        elif not current:
            raise _damaged(path, number, f"{' '.join(words)[:60]!r} before any :section")
        else:
            sections[current].append((number, words))
    for name in ("root", "bonedata", "hierarchy"):
        if name not in sections:
            last = lines[-1][0] if lines else 1
            raise _damaged(path, last, f"no :{name}", "is it the whole ASF file?")
    return sections


def _units(path: Path, lines: list[Line]) -> tuple[float, float]:
    """Length's divisor, and an angle's unit in radians."""
    length, radians = 1.0, np.pi / 180
    for number, words in lines:
        if words[0].lower() == "length":
            length = float(_numbers(path, number, words[1:], 1)[0])
            if not length > 0:
                raise _damaged(path, number, f"length {length:g}", "wanted above 0")
        elif words[0].lower() == "angle":
            radians = 1.0 if words[-1].lower().startswith("rad") else np.pi / 180
    return length, radians


def _bones(path: Path, lines: list[Line]) -> list[_Bone]:
    bones: list[_Bone] = []
    inside = False
    for number, words in lines:
        key, rest = words[0].lower(), words[1:]
        if key == "begin":
            bones.append(_Bone(number))
            inside = True
            if len(bones) > MOST_BONES:
                raise _damaged(path, number, f"more than {MOST_BONES} bones")
        elif key == "end":
            inside = False
        elif not inside:
            raise _damaged(path, number, f"{' '.join(words)[:60]!r} outside of begin and end")
        elif key == "name":
            bones[-1].name = " ".join(rest)
        elif key == "direction":
            bones[-1].direction = _numbers(path, number, rest, 3)
        elif key == "length":
            bones[-1].length = float(_numbers(path, number, rest, 1)[0])
        elif key == "axis":
            bones[-1].angles = _numbers(path, number, rest[:3], 3)
            bones[-1].order = _order(path, number, rest[3:])
        elif key == "dof":
            bones[-1].dofs = _dofs(path, number, rest, _DOFS)
    names = [bone.name for bone in bones]
    for bone in bones:
        if not bone.name or bone.name == "root" or names.count(bone.name) > 1:
            raise _damaged(path, bone.line, f"bone name {bone.name!r} is empty or there twice")
    return bones


def _tree(path: Path, lines: list[Line], bones: dict[str, _Bone]) -> tuple[list[_Bone], list[int]]:
    """The bones with their parents; the hierarchy names parents before children."""
    order, parents = ["root"], [-1]
    for number, words in lines:
        if words[0].lower() in ("begin", "end"):
            continue
        if words[0] not in order:
            raise _damaged(path, number, f"{words[0][:30]!r} has no parent yet", "fix :hierarchy")
        for name in words[1:]:
            if name not in bones or name in order:
                why = "has a parent already" if name in order else "is not in :bonedata"
                raise _damaged(path, number, f"bone {name[:30]!r} {why}", "fix :hierarchy")
            parents.append(order.index(words[0]))
            order.append(name)
    left = [name for name in bones if name not in order]
    if left:
        raise _damaged(path, bones[left[0]].line, f"bone {left[0]!r} is not in :hierarchy")
    return [bones[name] for name in order], parents


def _dofs(path: Path, number: int, words: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(word.lower() for word in words)
    for name in names:
        if name not in known or names.count(name) > 1:
            raise _damaged(path, number, f"degree of freedom {name[:20]!r}", f"known: {known}")
    return names


def _order(path: Path, number: int, words: list[str]) -> str:
    order = "".join(words).lower()
    if sorted(order) != ["x", "y", "z"]:
        raise _damaged(path, number, f"axis order {order[:20]!r}", "wanted XYZ or another order")
    return order


def _frames(path: Path, text: str, bones: list[_Bone]) -> tuple[dict[str, np.ndarray], float]:
    """Values (T, dofs) by bone, and an angle's unit in radians."""
    moving = {bone.name: len(bone.dofs) for bone in bones if bone.dofs}
    rows: dict[str, list[np.ndarray]] = {name: [] for name in moving}
    radians, frame, number, began, first = np.pi / 180, 0, 1, 0, 0
    for number, words in _lines(text):
        if words[0].startswith(":"):
            radians = 1.0 if words[0].lower() == ":radians" else radians
        elif len(words) == 1 and words[0].isdecimal() and len(words[0]) < 10:
            _check_whole(path, began, frame, rows)
            first = first if frame else int(words[0])
            if int(words[0]) != first + frame:
                raise _damaged(path, number, f"frame {words[0]}", f"wanted {first + frame}")
            frame, began = frame + 1, number
        elif words[0] not in moving or len(rows[words[0]]) != frame - 1:
            raise _damaged(
                path,
                number,
                f"bone {words[0][:30]!r} is not expected here",
                "are ASF and AMC of the same person?",
            )
        else:
            rows[words[0]].append(_numbers(path, number, words[1:], moving[words[0]]))
    _check_whole(path, began or number, frame, rows)
    if not (frame and rows):
        raise _damaged(path, number, "no frame in it")
    return {name: np.stack(each) for name, each in rows.items()}, radians


def _check_whole(path: Path, line: int, frame: int, rows: dict[str, list[np.ndarray]]) -> None:
    for name, each in rows.items():
        if len(each) != frame:
            raise _damaged(path, line, f"frame {frame} of the file has no bone {name!r}")


def _positions(skeleton: _Skeleton, values: dict[str, np.ndarray], radians: float) -> np.ndarray:
    """(T, bones, 3) in the file's unit."""
    frames = len(next(iter(values.values())))
    positions = np.empty((frames, len(skeleton.bones), 3))
    turns: list[np.ndarray] = []
    for i, (bone, parent) in enumerate(zip(skeleton.bones, skeleton.parents, strict=True)):
        turn = _turn(bone, values.get(bone.name), radians, skeleton.radians)
        if parent < 0:
            positions[:, i] = skeleton.position + _moved(bone, values.get(bone.name), frames)
        else:
            turn = turns[parent] @ turn
            along = bone.direction * bone.length
            positions[:, i] = positions[:, parent] + turn @ along
        turns.append(turn)
    return positions


def _turn(
    bone: _Bone, values: np.ndarray | None, radians: float, axis_radians: float
) -> np.ndarray:
    """C M C^-1, (T, 3, 3) or (3, 3)."""
    order = bone.order[::-1]  # the first listed turns first: Rz Ry Rx for XYZ
    angles = np.array([bone.angles["xyz".index(axis)] for axis in order])
    own = one_after_the_other(order, angles * axis_radians)
    if values is None:
        return np.eye(3)
    at = [i for i, dof in enumerate(bone.dofs) if dof[0] == "r"][::-1]
    axes = "".join(bone.dofs[i][1] for i in at)
    return own @ one_after_the_other(axes, values[:, at] * radians) @ own.T


def _moved(bone: _Bone, values: np.ndarray | None, frames: int) -> np.ndarray:
    place = np.zeros((frames, 3))
    for i, dof in enumerate(bone.dofs):
        if dof[0] == "t" and values is not None:
            place[:, "xyz".index(dof[1])] = values[:, i]
    return place


def _numbers(path: Path, number: int, words: list[str], count: int) -> np.ndarray:
    try:
        values = np.array(words, np.float64)
    except ValueError:
        raise _damaged(path, number, f"{' '.join(words)[:60]!r} are no numbers") from None
    if len(values) != count:
        raise _damaged(path, number, f"{len(values)} numbers, wanted {count}")
    if not np.isfinite(values).all():
        raise _damaged(path, number, "a number that is not finite")
    return values


def _damaged(path: Path, number: int, why: str, do: str = "copy the file again") -> GeoselfError:
    return data_error(f"{path}, line {number}", why, do)
