"""A quadruped's skeleton, and the bones of individuals, in their own unit of length."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

LEGS = ("left_front", "right_front", "left_hind", "right_hind")
JOINTS = (
    *("nose", "left_ear", "right_ear", "neck", "back", "tail_base", "tail_middle", "tail_tip"),
    *("left_shoulder", "left_elbow", "left_front_paw"),
    *("right_shoulder", "right_elbow", "right_front_paw"),
    *("left_hip", "left_knee", "left_hind_paw"),
    *("right_hip", "right_knee", "right_hind_paw"),
)
PARENTS = {
    **{"back": "tail_base", "neck": "back", "nose": "neck", "left_ear": "neck"},
    **{"right_ear": "neck", "tail_middle": "tail_base", "tail_tip": "tail_middle"},
    **{f"{side}_shoulder": "neck" for side in ("left", "right")},
    **{f"{side}_elbow": f"{side}_shoulder" for side in ("left", "right")},
    **{f"{side}_front_paw": f"{side}_elbow" for side in ("left", "right")},
    **{f"{side}_hip": "tail_base" for side in ("left", "right")},
    **{f"{side}_knee": f"{side}_hip" for side in ("left", "right")},
    **{f"{side}_hind_paw": f"{side}_knee" for side in ("left", "right")},
}
ROOT = "tail_base"
LEFT_RIGHT = tuple(
    (f"left_{end}", f"right_{end}")
    for end in ("ear", "shoulder", "elbow", "front_paw", "hip", "knee", "hind_paw")
)
BODY_LENGTHS = {"fly": 2.5e-3, "mouse": 0.085, "dog": 0.8}
"""Metres from nose to tail base along the spine, of an animal in the middle of its kind."""

TRAIN = {"animal1": 0.84, "animal2": 0.94, "animal3": 1.05, "animal4": 1.17}
"""Animals to learn from, and their size next to the middle of their kind."""

TEST = {"animal5": 1.10}
"""The animal that nothing learns from."""


@dataclass(frozen=True)
class Animal:
    """Lengths in metres; offsets from the parent in the axes x forward, y left, z up.

    Attributes:
        length: From nose to tail base along the spine.
        spine: (3,) tail base to back, back to neck, neck to nose.
        tail: (2,) its two parts.
        shoulder, hip: (3,) of the left side, from neck and tail base.
        ear: (3,) of the left side, from the neck, in the head's axes.
        front, hind: (2,) upper and lower part of the legs.
        height: Of the tail base above the floor, standing.
        pace: Strides a second at one body length a second.
    """

    length: float
    spine: Array
    tail: Array
    shoulder: Array
    hip: Array
    ear: Array
    front: Array
    hind: Array
    height: float
    pace: float


def draw_animal(rng: np.random.Generator, length: float) -> Animal:
    """An individual: each proportion up to 12 % off the usual one, both sides alike."""

    def about(*usual: float) -> Array:
        return length * np.array(usual) * rng.uniform(0.88, 1.12, len(usual))

    spine = about(0.34, 0.34, 0.32)
    legs = rng.uniform(0.92, 1.1)
    return Animal(
        length=length,
        spine=spine * length / spine.sum(),
        tail=about(0.35, 0.35),
        shoulder=about(-0.02, 0.1, -0.09),
        hip=about(0.06, 0.09, -0.04),
        ear=about(0.14, 0.07, 0.06),
        front=legs * about(0.18, 0.2),
        hind=legs * about(0.21, 0.25),
        height=0.3 * legs * length,
        pace=rng.uniform(1.0, 1.3),
    )


def skeleton_toml() -> str:
    """The skeleton as a user writes it for `prepare --skeleton`."""

    def listed(names: tuple[str, ...]) -> str:
        return "[" + ", ".join(f'"{name}"' for name in names) + "]"

    bones = ", ".join(listed((parent, joint)) for joint, parent in PARENTS.items())
    pairs = ", ".join(listed(pair) for pair in LEFT_RIGHT)
    return (
        f'joints = {listed(JOINTS)}\nroot = "{ROOT}"\nbones = [{bones}]\nleft_right = [{pairs}]\n'
    )
