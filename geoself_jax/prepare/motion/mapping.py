"""From the joints of common exporters to Human3.6M's seventeen."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error, nearest_name
from geoself_jax.core.notices import silent
from geoself_jax.core.skeleton import H36M_17, normalized
from geoself_jax.data.files import load_toml
from geoself_jax.prepare.motion.recorded import Motion

Table = Mapping[str, tuple[str, ...]]
"""Joints of the file by joint of Human3.6M; of several the mean is taken."""

# `{side}` is the exporter's word for left or right. Human3.6M's `neck` lies three quarters up the
# neck, its `head` some 10 cm below the crown, its `spine` midway in the trunk.
_LIMBS = {
    "hip": ("{side}UpLeg",),
    "knee": ("{side}Leg",),
    "ankle": ("{side}Foot",),
    "shoulder": ("{side}Arm",),
    "elbow": ("{side}ForeArm",),
    "wrist": ("{side}Hand",),
}
_HEAD = {"thorax": ("Neck",), "neck": ("Head",)}
_LEFT_RIGHT = ("Left", "Right")
_BY_JOINT = {
    "pelvis": ("{left}Hip", "{right}Hip"),
    **{
        name.lower(): (f"{{side}}{name}",)
        for name in ("Hip", "Knee", "Ankle", "Shoulder", "Elbow", "Wrist")
    },
}
_SMPL = {**_HEAD, **_BY_JOINT, "spine": ("Spine2",), "head": ("Head",)}
_PATTERNS: dict[str, tuple[tuple[str, str], dict[str, tuple[str, ...]]]] = {
    "CMU's ASF/AMC": (
        ("l", "r"),
        {
            "pelvis": ("lhipjoint", "rhipjoint"),
            "spine": ("lowerback",),
            "thorax": ("thorax",),
            "neck": ("lowerneck", "upperneck"),
            "head": ("head",),
            "hip": ("{side}hipjoint",),
            "knee": ("{side}femur",),
            "ankle": ("{side}tibia",),
            "shoulder": ("{side}clavicle",),
            "elbow": ("{side}humerus",),
            "wrist": ("{side}radius", "{side}wrist"),
        },
    ),
    "CMU's motions as BVH": (
        _LEFT_RIGHT,
        {
            **_LIMBS,
            "pelvis": ("LeftUpLeg", "RightUpLeg"),
            "spine": ("Spine",),
            "thorax": ("Neck",),
            "neck": ("Neck1", "Head"),
            "head": ("Head_end",),
            "wrist": ("{side}Hand", "{side}FingerBase", "{side}HandIndex1"),
        },
    ),
    "Mixamo": (
        _LEFT_RIGHT,
        {
            **_LIMBS,
            **_HEAD,
            "pelvis": ("LeftUpLeg", "RightUpLeg"),
            "spine": ("Spine1",),
            "head": ("Head", "HeadTop_End"),
        },
    ),
    "MotionBuilder": (
        _LEFT_RIGHT,
        {
            **_LIMBS,
            **_HEAD,
            "pelvis": ("LeftUpLeg", "RightUpLeg"),
            "spine": ("Spine1",),
            "head": ("Head", "Head_end"),
        },
    ),
    "Rokoko": (
        _LEFT_RIGHT,
        {
            **_LIMBS,
            **_HEAD,
            "pelvis": ("LeftThigh", "RightThigh"),
            "spine": ("Spine2",),
            "head": ("Head", "Head_end"),
            "hip": ("{side}Thigh",),
            "knee": ("{side}Shin",),
        },
    ),
    "Xsens": (
        _LEFT_RIGHT,
        {
            **_HEAD,
            **_BY_JOINT,
            "spine": ("Chest2",),
            "head": ("Head", "Head_end"),
        },
    ),
    "SMPL": (("L_", "R_"), _SMPL),
    "SMPL, sides spelled out": (_LEFT_RIGHT, _SMPL),
}


_UPWARDS = tuple(H36M_17.joint_names.index(name) for name in ("thorax", "neck", "head"))
_NO_BONE = 0.01  # metres


def _spelled_out(sides: tuple[str, str], pattern: Mapping[str, tuple[str, ...]]) -> Table:
    table = {}
    for joint in H36M_17.joint_names:
        side, _, limb = joint.partition("_")
        word = dict(zip(("left", "right"), sides, strict=True)).get(side, "")
        names = pattern[limb or joint]
        table[joint] = tuple(n.format(side=word, left=sides[0], right=sides[1]) for n in names)
    return table


EXPORTERS = {name: _spelled_out(*pattern) for name, pattern in _PATTERNS.items()}
"""Tables by the program or collection that writes such names; the first that fits is taken."""


def read_table(path: Path) -> dict[str, tuple[str, ...]]:
    """A user's table: `pelvis = "Hips"`, `head = ["Head", "Head_end"]` for all seventeen joints.

    Raises:
        GeoselfError: Missing (66); another joint, no name, a joint left out (65).
    """
    table = {}
    for joint, value in load_toml(path).items():
        if joint not in H36M_17.joint_names:
            raise data_error(
                f"{path}: {joint!r}", "no such joint", nearest_name(joint, H36M_17.joint_names)
            )
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
            raise data_error(
                f"{path}: {joint}", "wanted one name or a list of names", f'{joint} = "Hips"'
            )
        table[joint] = tuple(names)
    for joint in H36M_17.joint_names:
        if joint not in table:
            raise data_error(f"{path}: no {joint}", "all 17 joints are wanted", f'{joint} = "NAME"')
    return table


def to_h36m_17(
    motion: Motion,
    source: object,
    table: Table | None = None,
    *,
    notice: Callable[[str], None] = silent,
) -> np.ndarray:
    """(T, 17, 3) metres: Human3.6M's joints, in the file's axes.

    Some files end at the head's lower joint (SMPL's, or an `End Site` of no length): the head is
    then put as far beyond the neck as that is beyond the thorax.

    Args:
        motion: Of the file.
        source: The file, for messages.
        table: The user's; None for the first of `EXPORTERS` whose names are all there.
        notice: Receives one line where the head is extrapolated.

    Raises:
        GeoselfError: The file has not these joints (65); the line lists those it has.
    """
    places = _places(motion.joint_names)
    if table is None:
        table = next((t for t in EXPORTERS.values() if not _lacking(t, places)), None)
    if table is None:
        name, nearest = min(EXPORTERS.items(), key=lambda each: len(_lacking(each[1], places)))
        raise _unmapped(motion, source, f"nearest is {name}, which has", _lacking(nearest, places))
    if lacking := _lacking(table, places):
        raise _unmapped(motion, source, "the table names", lacking)
    rows = [[places[_plain(name)] for name in table[joint]] for joint in H36M_17.joint_names]
    pose = np.stack([motion.positions[:, row].mean(1) for row in rows], 1)
    thorax, neck, head = _UPWARDS
    if np.median(np.linalg.norm(pose[:, head] - pose[:, neck], axis=-1)) < _NO_BONE:
        pose[:, head] = 2 * pose[:, neck] - pose[:, thorax]
        notice(f"{source}: no joint above the head's lower end; put one, the neck continued")
    return pose


def _unmapped(motion: Motion, source: object, why: str, lacking: list[str]) -> GeoselfError:
    return data_error(
        f"{source}: joints {', '.join(motion.joint_names)}",
        f"not of an exporter that is known: {why} {', '.join(lacking)}",
        'give a .toml with the 17 joints of Human3.6M: pelvis = "NAME", head = ["NAME", "NAME"]',
    )


def _lacking(table: Table, places: Mapping[str, int]) -> list[str]:
    return [name for names in table.values() for name in names if _plain(name) not in places]


def _places(names: tuple[str, ...]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        places.setdefault(_plain(name), place)
    return places


def _plain(name: str) -> str:
    """Without case, separators and a namespace: `mixamorig:LeftArm` is `leftarm`."""
    return normalized(name.rpartition(":")[2]).removeprefix("mixamorig")
