"""The posture in which all joints of a BVH file are unturned: arms out to the sides, facing +z."""

from collections.abc import Sequence

import numpy as np

from geoself_jax.core.skeleton import Skeleton, normalized

# x to the person's left, y up, z forward; metres of an adult. Only directions between joints are
# taken from it. The left side; the right is its mirror image.
_MIDDLE = {
    **dict.fromkeys(("pelvis", "hip", "midhip", "bodycenter", "root"), (0, 0.95, 0)),
    "spine": (0, 1.1, 0),
    "spine2": (0, 1.2, 0),
    "spine3": (0, 1.3, 0),
    "spine4": (0, 1.38, 0),
    "thorax": (0, 1.42, 0),
    "neck": (0, 1.46, 0),
    "upperneck": (0, 1.5, 0),
    "nose": (0, 1.6, 0.1),
    "head": (0, 1.65, 0),
    "headtop": (0, 1.75, 0),
}
_LEFT = {
    "eye": (0.03, 1.63, 0.09),
    "eyeinner": (0.02, 1.63, 0.09),
    "eyeouter": (0.045, 1.63, 0.08),
    "mouth": (0.03, 1.57, 0.09),
    "ear": (0.07, 1.62, 0),
    "clavicle": (0.03, 1.42, 0),
    "shoulder": (0.18, 1.42, 0),
    "elbow": (0.46, 1.42, 0),
    "wrist": (0.71, 1.42, 0),
    "hand": (0.79, 1.42, 0),
    "pinky": (0.8, 1.42, -0.03),
    "index": (0.82, 1.42, 0.02),
    "thumb": (0.76, 1.41, 0.05),
    "hip": (0.1, 0.95, 0),
    "knee": (0.1, 0.5, 0),
    "ankle": (0.1, 0.09, 0),
    "heel": (0.1, 0.03, -0.05),
    "foot": (0.1, 0.05, 0.08),
    "footindex": (0.1, 0.02, 0.15),
    "bigtoe": (0.1, 0.02, 0.17),
    "toe": (0.1, 0.02, 0.17),
    "smalltoe": (0.14, 0.02, 0.13),
}
PLACES = {
    **_MIDDLE,
    **{f"left{name}": place for name, place in _LEFT.items()},
    **{f"right{name}": (-x, y, z) for name, (x, y, z) in _LEFT.items()},
}
_VAGUE = 0.1  # length of a mean of unit vectors that says no direction


def rest_offsets(pose: np.ndarray, skeleton: Skeleton, parents: Sequence[int]) -> np.ndarray:
    """(J, 3) metres from each joint's parent: as long as the bone is in the median frame.

    Bones between joints with common names have the direction of a person who stands with the arms
    out; others the mean direction they have when the body faces +z. The root's is 0.

    Args:
        pose: (N, J, 3) metres, y up; NaN where missing.
        skeleton: Its names and its left and right joints.
        parents: Of each joint; -1 for the root.
    """
    known = [PLACES.get(normalized(name)) for name in skeleton.joint_names]
    facing = None
    offsets = np.zeros((skeleton.joints, 3))
    for joint, parent in enumerate(parents):
        if parent < 0:
            continue
        bone = pose[:, joint] - pose[:, parent]
        bone = bone[np.isfinite(bone).all(-1)]
        length = np.median(np.linalg.norm(bone, axis=-1)) if len(bone) else 0.0
        start, end = known[parent], known[joint]
        if start is not None and end is not None and start != end:
            direction = np.subtract(end, start)
        else:
            facing = _facing(pose, skeleton) if facing is None else facing
            direction = _mean_direction(facing[:, joint] - facing[:, parent])
        offsets[joint] = length * direction / np.linalg.norm(direction)
    return offsets


def _facing(pose: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(N, J, 3): each pose turned about y so that left joints are at +x of right ones."""
    pairs = np.array(skeleton.left_right, int).reshape(-1, 2)
    across = pose[:, pairs[:, 0]] - pose[:, pairs[:, 1]]
    across = np.where(np.isfinite(across), across, 0).sum(1)[:, [0, 2]]
    across[np.linalg.norm(across, axis=-1) == 0] = 1, 0
    cosine, sine = (across / np.linalg.norm(across, axis=-1, keepdims=True)).T[..., None]
    x, y, z = np.moveaxis(pose, -1, 0)
    return np.stack([cosine * x + sine * z, y, cosine * z - sine * x], -1)


def _mean_direction(bone: np.ndarray) -> np.ndarray:
    """(3,) mean of unit vectors; upwards where they cancel out or there are none."""
    length = np.linalg.norm(bone, axis=-1, keepdims=True)
    units = (bone / np.where(length > 0, length, np.nan))[np.isfinite(length[:, 0])]
    units = units[np.isfinite(units).all(-1)]
    mean = units.mean(0) if len(units) else np.zeros(3)
    return mean if np.linalg.norm(mean) > _VAGUE else np.array([0.0, 1, 0])
