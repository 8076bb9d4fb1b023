"""Joints that motion capture of 17 joints lacks: face, crown and feet, by usual proportions.

They are approximations, and the models' cards say so: the head's turn against the shoulders and the
foot's angle are not in the motion, so they are drawn. Offsets are shares of the stature, rounded
from adults' means in ANSUR (Gordon et al., 1989) and Drillis and Contini (1966).
"""

import numpy as np

from benchmarks.general.motions import Segment, indices
from geoself_jax.core.skeleton import Skeleton

J = indices()
UP = np.array([0.0, 0.0, 1.0])

# (forward, to the left, up) from the head joint, which lies about 10 cm under the crown.
FACE = {
    "nose": (0.067, 0.0, -0.028),
    "left_eye": (0.047, 0.018, -0.008),
    "right_eye": (0.047, -0.018, -0.008),
    "left_ear": (-0.002, 0.041, -0.017),
    "right_ear": (-0.002, -0.041, -0.017),
    "crown": (0.0, 0.0, 0.056),
}
# (forward, outward, up) from the ankle, of a foot at rest on the floor.
FOOT = {
    "big_toe": (0.112, -0.008, -0.030),
    "small_toe": (0.082, 0.030, -0.031),
    "heel": (-0.033, 0.0, -0.028),
}
HEAD_TURN = np.radians(24.0)
HEAD_NOD = np.radians(7.0)
TOE_OUT = np.radians(8.0)
POINTED = np.radians((0.0, 40.0))  # of a foot in the air, against the shin's right angle
LOWEST = 0.006  # metres: no landmark is below the floor

_OTHER_NAMES = {"hip": "pelvis", "head": "crown"}  # Halpe's


def unit(v: np.ndarray) -> np.ndarray:
    """Vectors of length 1."""
    result: np.ndarray = v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)
    return result


def landmarks(rng: np.random.Generator, body: Segment, stature: float) -> dict[str, np.ndarray]:
    """Every joint of a segment by its name, (frames, 3) each, metres.

    Args:
        rng: Of the head's turn and the feet.
        body: Its pose.
        stature: Metres.
    """
    found = {name: body.pose[:, place] for name, place in J.items()}
    middle = (found["left_shoulder"] + found["right_shoulder"]) / 2
    between = (middle + found["thorax"]) / 2
    return {**found, **_face(rng, found, body.lean, stature), **_feet(rng, found, stature)} | {
        "between_shoulders": between
    }


def joints_of(skeleton: Skeleton, found: dict[str, np.ndarray]) -> np.ndarray:
    """(frames, joints, 3) of a skeleton from `landmarks`; a derived pelvis is the hips' middle.

    Args:
        skeleton: Human3.6M's 17, COCO's 17 with or without a pelvis, or Halpe's 26.
        found: By name.
    """
    h36m = "thorax" in skeleton.joint_names
    chosen = []
    for name in skeleton.joint_names:
        if h36m:
            chosen.append(found[name])
        elif name == "neck":
            chosen.append(found["between_shoulders"])
        else:
            chosen.append(found[_OTHER_NAMES.get(name, name)])
    return np.stack(chosen, axis=1)


def _face(
    rng: np.random.Generator, found: dict[str, np.ndarray], lean: float, stature: float
) -> dict[str, np.ndarray]:
    """Face and crown about the head joint, in axes of the head."""
    frames = len(found["head"])
    up = unit(found["head"] - found["neck"])
    left = found["left_shoulder"] - found["right_shoulder"]
    left = unit(left - (left * up).sum(-1, keepdims=True) * up)
    ahead = np.cross(left, up)
    nod = np.radians(lean) + rng.normal(0, HEAD_NOD)
    up, ahead = np.cos(nod) * up - np.sin(nod) * ahead, np.cos(nod) * ahead + np.sin(nod) * up
    keys = np.clip(rng.normal(0, HEAD_TURN, 3), -1.2, 1.2)
    turn = np.interp(np.linspace(0, 2, frames), [0, 1, 2], keys)[:, None]
    left, ahead = (
        np.cos(turn) * left - np.sin(turn) * ahead,
        np.cos(turn) * ahead + np.sin(turn) * left,
    )
    size = stature * np.exp(rng.normal(0, 0.06)) * (1 + 0.35 * np.clip((1.6 - stature) / 0.6, 0, 1))
    result = {}
    for name, offset in FACE.items():
        a, b, c = size * np.array(offset)
        result[name] = found["head"] + a * ahead + b * left + c * up
    return result


def _feet(
    rng: np.random.Generator, found: dict[str, np.ndarray], stature: float
) -> dict[str, np.ndarray]:
    """Toes and heels: flat where the ankle is low and the shin upright, else at the shin's end."""
    across = unit(found["left_hip"] - found["right_hip"])
    trunk = unit(found["thorax"] - found["pelvis"])
    ahead = np.cross(across, trunk)
    size = stature * np.exp(rng.normal(0, 0.05))
    result = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip, knee, ankle = (found[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
        shin = unit(ankle - knee)
        line = unit(ankle - hip)
        bend = (knee - hip) - ((knee - hip) * line).sum(-1, keepdims=True) * line
        way = bend + 0.08 * stature * ahead
        way = unit(way - (way * shin).sum(-1, keepdims=True) * shin)
        pointed = rng.uniform(*POINTED)
        swing = np.cos(pointed) * way + np.sin(pointed) * shin
        flat = unit(way - way[:, 2:] * UP)
        low = 1 - np.clip((ankle[:, 2] / stature - 0.05) / 0.05, 0, 1)
        upright = np.clip((-shin[:, 2] - 0.4) / 0.3, 0, 1)
        rest = (low * upright)[:, None]
        forward = unit(rest * flat + (1 - rest) * swing)
        up = unit(-shin + (shin * forward).sum(-1, keepdims=True) * forward)
        out = sign * np.cross(up, forward)
        angle = TOE_OUT + rng.normal(0, TOE_OUT)
        forward, out = (
            np.cos(angle) * forward + np.sin(angle) * out,
            np.cos(angle) * out - np.sin(angle) * forward,
        )
        for name, offset in FOOT.items():
            a, b, c = size * np.array(offset)
            point = ankle + a * forward + b * out + c * up
            point[:, 2] = np.maximum(point[:, 2], LOWEST)
            result[f"{side}_{name}"] = point
    return result
