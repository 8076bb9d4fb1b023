"""A person's joint angles: which there are, and which joints each needs (docs/angles.md)."""

import math
from collections.abc import Iterator, Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from geoself_jax.core.skeleton import normalized
from geoself_jax.geometry.joint_angles import (
    bending,
    between,
    elevation_plane,
    flexion_adduction,
    frame_of_right,
    frame_of_up,
    tilt_list_rotation,
)
from geoself_jax.geometry.numerics import matmul

Point = Float[Array, "*batch 3"]
Joints = Mapping[str, Point]
Angles = Iterator[tuple[str, Float[Array, "*batch"]]]

PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
TRUNK = ("trunk_tilt", "trunk_list", "trunk_rotation")
ROUND = frozenset({"pelvis_rotation", "trunk_rotation", "arm_plane_r", "arm_plane_l"})
"""Angles that go on at -180 where they end at 180 degrees."""

ALONG_THE_TRUNK = math.sin(math.radians(10))
"""Sine of the elevation below which an arm's plane is undefined."""

_TORSO = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
_SIDES = {"r": "right", "l": "left"}
_TOES = ("big_toe", "foot_index")
_ROLES = (
    *_TORSO,
    *(f"{s}_{j}" for s in _SIDES.values() for j in ("knee", "ankle", "elbow", "wrist", "heel")),
)


def find_joints(names: Sequence[str]) -> dict[str, int]:
    """Returns the index of each joint that an angle is made of, by its usual name.

    Args:
        names: Of a skeleton's joints.
    """
    plain = [normalized(name) for name in names]
    spelt: dict[str, tuple[str, ...]] = {role: (role,) for role in _ROLES}
    spelt |= {f"{s}_toe": tuple(f"{s}_{toe}" for toe in _TOES) for s in _SIDES.values()}
    found = {}
    for role, aliases in spelt.items():
        known = [plain.index(n) for n in map(normalized, aliases) if plain.count(n) == 1]
        if known:
            found[role] = known[0]
    return found


def unwrapped(degrees: np.ndarray) -> np.ndarray:
    """Returns (T,) float64 degrees of a round angle without the jumps from 180 to -180.

    Args:
        degrees: (T,) NaN where missing.
    """
    result = degrees.astype(np.float64)
    known = np.isfinite(result)
    result[known] = np.unwrap(result[known], period=360)
    return result


def human_angles(joints: Joints) -> dict[str, Float[Array, "*batch"]]:
    """Returns each angle that the joints define, radians, by name.

    Args:
        joints: Position of each, by the names of `find_joints`, any unit, in axes with y up.
    """
    angles: dict[str, Float[Array, "*batch"]] = {}
    if all(name in joints for name in _TORSO):
        angles.update(_of_torso(joints))
    for letter, side in _SIDES.items():
        own = {n.removeprefix(f"{side}_"): p for n, p in joints.items() if n.startswith(side)}
        angles.update((f"{name}_{letter}", angle) for name, angle in _of_side(own))
    return angles


def pelvis_frame(joints: Joints) -> Float[Array, "*batch 3 3"]:
    """Returns the pelvis's axes: z along the hips, y as near to the trunk as that allows.

    Args:
        joints: Hips and shoulders, in axes with y up.
    """
    return frame_of_right(joints["right_hip"] - joints["left_hip"], _trunk(joints))


def _of_torso(joints: Joints) -> Angles:
    """Orientation of pelvis and trunk, and of thighs and upper arms in these."""
    pelvis = pelvis_frame(joints)
    trunk = frame_of_up(_trunk(joints), joints["right_shoulder"] - joints["left_shoulder"])
    yield from zip(PELVIS, tilt_list_rotation(pelvis), strict=True)
    yield from zip(TRUNK, tilt_list_rotation(trunk), strict=True)
    yield "trunk_twist", tilt_list_rotation(matmul(pelvis.mT, trunk))[2]
    for letter, side in _SIDES.items():
        left = side == "left"
        hip, knee, shoulder, elbow = (
            joints.get(f"{side}_{name}") for name in ("hip", "knee", "shoulder", "elbow")
        )
        if hip is not None and knee is not None:
            flexion, to_the_left = flexion_adduction(pelvis, hip - knee)
            yield f"hip_flexion_{letter}", flexion
            yield f"hip_adduction_{letter}", -to_the_left if left else to_the_left
        if shoulder is not None and elbow is not None:
            own = _mirrored(trunk) if left else trunk
            elevation, plane = elevation_plane(own, elbow - shoulder)
            yield f"arm_elevation_{letter}", elevation
            defined = jnp.sin(elevation) >= ALONG_THE_TRUNK
            yield f"arm_plane_{letter}", jnp.where(defined, plane, jnp.nan)


def _of_side(joints: Joints) -> Angles:
    """Angles of one side's limbs, of joints without the side in their names."""
    for name, chain in {
        "knee_angle": ("hip", "knee", "ankle"),
        "elbow_flex": ("shoulder", "elbow", "wrist"),
    }.items():
        if all(joint in joints for joint in chain):
            yield name, bending(*(joints[joint] for joint in chain))
    if all(joint in joints for joint in ("knee", "ankle", "heel", "toe")):
        foot = between(joints["toe"] - joints["heel"], joints["knee"] - joints["ankle"])
        yield "ankle_angle", jnp.pi / 2 - foot


def _trunk(joints: Joints) -> Point:
    left, right = (joints[f"{s}_shoulder"] - joints[f"{s}_hip"] for s in ("left", "right"))
    return (left + right) / 2


def _mirrored(frame: Float[Array, "*batch 3 3"]) -> Float[Array, "*batch 3 3"]:
    """The frame with z to the left, which a left arm is raised in as a right one in the frame."""
    return frame * jnp.array([1.0, 1.0, -1.0])
