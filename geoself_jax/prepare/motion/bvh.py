"""BVH files: a hierarchy of joints with offsets, and channels of angles frame by frame.

A joint's channels are applied in the order they are listed: R = R_1 R_2 R_3, degrees.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.notices import silent
from geoself_jax.data.files import load_text
from geoself_jax.data.files.limits import MAX_TEXT
from geoself_jax.prepare.motion.angles import one_after_the_other
from geoself_jax.prepare.motion.recorded import Motion, check_size, metres

Line = tuple[int, list[str]]

MOST_JOINTS = 2000
_CHUNK = 4096  # frames whose rotations are held at a time
_CHANNELS = {f"{axis}{kind}": (axis, kind) for axis in "xyz" for kind in ("position", "rotation")}


@dataclass
class _Joint:
    name: str
    parent: int
    line: int
    offset: np.ndarray | None = None
    channels: list[tuple[str, str]] = field(default_factory=list)


def read_bvh(
    path: Path,
    unit: str | None = None,
    *,
    notice: Callable[[str], None] = silent,
    max_bytes: int = MAX_TEXT,
) -> Motion:
    """Reads a motion; the ends of chains (`End Site`) become joints, `Head_end` and so on.

    Position channels take the offset's place, as exporters write them; where a joint's values stay
    near zero instead they are added to it.

    Args:
        path: The file.
        unit: One of `recorded.UNITS`; BVH has none, so that None is refused.
        notice: Receives one line with the body's size.
        max_bytes: Refuse a larger file.

    Raises:
        GeoselfError: Missing (66); damaged, with file and line; no unit, or no body in it (65).
    """
    lines = _lines(load_text(path, max_bytes=min(max_bytes, MAX_TEXT)))
    joints, rest = _hierarchy(path, lines)
    values, fps = _motion(path, lines[rest:], sum(len(joint.channels) for joint in joints))
    check_size(path, len(values), len(joints))
    positions = _positions(joints, values)
    scale = metres(path, positions, unit, notice)
    return Motion(
        tuple(joint.name for joint in joints),
        tuple(joint.parent for joint in joints),
        positions * scale,
        fps,
    )


def _lines(text: str) -> list[Line]:
    """Numbers and words of the lines that are not empty; braces stand alone until MOTION."""
    lines: list[Line] = []
    moving = False
    for number, line in enumerate(text.split("\n"), 1):
        moving = moving or line.strip().upper() == "MOTION"
        parts = [line] if moving else line.replace("{", "\n{\n").replace("}", "\n}\n").split("\n")
        lines += [(number, words) for part in parts if (words := part.split())]
    return lines


def _hierarchy(path: Path, lines: list[Line]) -> tuple[list[_Joint], int]:
    """The joints, and where the line after MOTION is."""
    joints: list[_Joint] = []
    opened: list[int] = []
    pending = False
    if not lines or lines[0][1][0].upper() != "HIERARCHY":
        raise _damaged(path, 1, "wanted HIERARCHY", "is it a BVH file?")
    for at, (number, words) in enumerate(lines[1:], 1):
        key = words[0].upper()
        if key in ("ROOT", "JOINT", "END") and not pending:
            joints.append(_joint(path, number, words, joints, opened))
            pending = True
        elif key == "{" and pending:
            opened.append(len(joints) - 1)
            pending = False
        elif key == "}" and opened and not pending:
            _check_complete(path, joints[opened.pop()])
        elif key == "OFFSET" and opened and not pending:
            joints[opened[-1]].offset = _numbers(path, number, words[1:], 3)
        elif key == "CHANNELS" and opened and not pending:
            joints[opened[-1]].channels = _channels(path, number, words)
        elif key == "MOTION" and not opened and not pending and joints:
            return joints, at + 1
        else:
            raise _damaged(path, number, f"{' '.join(words)[:60]!r} is out of place")
    raise _damaged(path, lines[-1][0], "the file ends before MOTION", "export it again")


def _joint(
    path: Path, number: int, words: list[str], joints: list[_Joint], opened: list[int]
) -> _Joint:
    root, end = words[0].upper() == "ROOT", words[0].upper() == "END"
    if root and joints:
        raise _damaged(path, number, "a second ROOT: two people", "export one person a file")
    if not root and not opened:
        raise _damaged(path, number, f"{' '.join(words)[:60]!r} is out of place")
    if len(joints) >= MOST_JOINTS:
        raise _damaged(path, number, f"more than {MOST_JOINTS} joints")
    parent = opened[-1] if opened else -1
    name = _end_name(joints, parent) if end else " ".join(words[1:])
    if not name or any(joint.name == name for joint in joints):
        raise _damaged(path, number, f"joint name {name!r} is empty or there twice", "rename it")
    return _Joint(name, parent, number)


def _end_name(joints: list[_Joint], parent: int) -> str:
    """`Head_end`; `Head_end2` of a second one."""
    name = f"{joints[parent].name}_end"
    before = sum(joint.parent == parent and joint.name.startswith(name) for joint in joints)
    return f"{name}{before + 1}" if before else name


def _check_complete(path: Path, joint: _Joint) -> None:
    if joint.offset is None:
        raise _damaged(path, joint.line, f"joint {joint.name!r} has no OFFSET")


def _channels(path: Path, number: int, words: list[str]) -> list[tuple[str, str]]:
    names = [word.lower() for word in words[2:]]
    for name in names:
        if name not in _CHANNELS:
            raise _damaged(
                path, number, f"channel {name[:30]!r}", "wanted Xposition, Xrotation ..."
            )
    if len(words) < 2 or words[1] != str(len(names)):
        raise _damaged(path, number, f"{' '.join(words[:2])}, but {len(names)} names")
    return [_CHANNELS[name] for name in names]


def _motion(path: Path, lines: list[Line], channels: int) -> tuple[np.ndarray, float]:
    """(T, channels) values as in the file, and the frames per second."""
    frames, seconds, number = 0, 0.0, lines[0][0] if lines else 0
    header = lines[:2]
    if len(header) < 2:
        raise _damaged(path, number, "the file ends after MOTION", "export it again")
    for wanted, (number, words) in zip(("FRAMES:", "FRAME TIME:"), header, strict=True):
        text = " ".join(words).upper().replace(" :", ":")
        if not text.startswith(wanted):
            raise _damaged(path, number, f"{' '.join(words)[:60]!r}", f"wanted {wanted}")
        value = _numbers(path, number, text[len(wanted) :].split(), 1)[0]
        frames, seconds = (int(value), seconds) if wanted == "FRAMES:" else (frames, float(value))
    rows = lines[2:]
    if frames < 1 or frames != len(rows):
        raise _damaged(
            path,
            header[0][0],
            f"Frames: {frames}, but {len(rows)} lines of values",
            "it was cut off: export it again",
        )
    if not 1e-4 <= seconds <= 1:
        raise _damaged(path, header[1][0], f"Frame Time: {seconds:g} s", "wanted 0.0001 to 1")
    check_size(path, frames, channels)
    return np.stack([_numbers(path, number, words, channels) for number, words in rows]), _rate(
        seconds
    )


def _rate(seconds: float) -> float:
    """Frames per second; .0083333 is 120."""
    rate = 1 / seconds
    return float(round(rate)) if abs(rate / max(round(rate), 1) - 1) < 5e-4 else rate


def _numbers(path: Path, number: int, words: list[str], count: int) -> np.ndarray:
    try:
        values = np.array(words, np.float64)
    except ValueError:
        bad = next((word for word in words if not _is_number(word)), "")
        raise _damaged(path, number, f"{bad[:30]!r} is no number") from None
    if len(values) != count:
        raise _damaged(path, number, f"{len(values)} numbers, wanted {count}")
    if not np.isfinite(values).all():
        raise _damaged(path, number, "a number that is not finite")
    return values


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _damaged(path: Path, number: int, why: str, do: str = "export it again") -> GeoselfError:
    return data_error(f"{path}, line {number}", why, do)


def _positions(joints: list[_Joint], values: np.ndarray) -> np.ndarray:
    """(T, J, 3) in the file's unit."""
    columns = np.cumsum([0, *(len(joint.channels) for joint in joints)])
    added = [
        joint.parent >= 0 and _is_relative(joint, values[:, first : first + len(joint.channels)])
        for joint, first in zip(joints, columns, strict=False)
    ]
    positions = np.empty((len(values), len(joints), 3))
    for start in range(0, len(values), _CHUNK):
        block = slice(start, start + _CHUNK)
        turns: list[np.ndarray] = []
        for i, joint in enumerate(joints):
            own = values[block, columns[i] : columns[i + 1]]
            place, turn = _local(joint, own, added[i])
            if joint.parent >= 0:
                before = turns[joint.parent]
                place = positions[block, joint.parent] + np.einsum("tij,tj->ti", before, place)
                turn = before @ turn
            positions[block, i] = place
            turns.append(turn)
    return positions


def _is_relative(joint: _Joint, values: np.ndarray) -> bool:
    """Whether position channels are nearer to zero than to the offset."""
    moved = [(i, "xyz".index(a)) for i, (a, kind) in enumerate(joint.channels) if kind[0] == "p"]
    if not moved:
        return False
    found = values[:, [i for i, _ in moved]]
    offset = np.asarray(joint.offset)[[axis for _, axis in moved]]
    near = np.median(np.linalg.norm(found, axis=-1))
    return bool(near < np.median(np.linalg.norm(found - offset, axis=-1)))


def _local(joint: _Joint, values: np.ndarray, added: bool) -> tuple[np.ndarray, np.ndarray]:
    """Place (T, 3) and rotation (T, 3, 3) in the parent's axes."""
    place = np.tile(np.asarray(joint.offset), (len(values), 1))
    turned = [i for i, (_, kind) in enumerate(joint.channels) if kind == "rotation"]
    for i, (axis, kind) in enumerate(joint.channels):
        if kind == "position":
            column = "xyz".index(axis)
            place[:, column] = values[:, i] + (place[:, column] if added else 0)
    axes = "".join(joint.channels[i][0] for i in turned)
    return place, one_after_the_other(axes, np.radians(values[:, turned]))
