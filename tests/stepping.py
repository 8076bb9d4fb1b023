"""A person who steps across a floor, seen by one camera: where each foot truly rests is known."""

import numpy as np
from tiny import JOINT_NAMES, LEFT_RIGHT, PARENTS

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.sequence import PoseCamera, PoseSequence

SKELETON = Skeleton(tuple(JOINT_NAMES), PARENTS, LEFT_RIGHT, 0)
FPS = 50.0
ANKLE = 0.085  # metres above the floor at rest
THIGH = SHIN = 0.44
STRIDE = 0.6  # metres in a step, which takes a second for both feet in turn
PERIOD = 50  # frames of a step, half of it with the foot at rest
FOCAL, TILT = 1150.0, 0.12
CENTER = np.array([0.0, -5.0, 1.5])
_INDEX = {name: i for i, name in enumerate(JOINT_NAMES)}
ANKLES = (_INDEX["left_ankle"], _INDEX["right_ankle"])


def camera():
    """1.5 m above the floor, looking along y and a little down."""
    c, s = np.cos(TILT), np.sin(TILT)
    R = np.array([[1.0, 0, 0], [0, -s, -c], [0, c, -s]])
    K = np.array([[FOCAL, 0, 500], [0, FOCAL, 500], [0, 0, 1]])
    return PoseCamera("front", K, (1000, 1000), R, CENTER)


def steps(frames=400):
    """(T, 17, 3) world metres, and (T, 2) whether the left and right ankle rest."""
    t = np.arange(frames)
    hips = np.zeros((frames, 3))
    hips[:, 0] = STRIDE * t / PERIOD - 2
    hips[:, 2] = 0.88
    pose = np.zeros((frames, 17, 3))
    pose[:, 0] = hips
    up = {"spine": 0.24, "thorax": 0.49, "neck": 0.6, "head": 0.72}
    for name, height in up.items():
        pose[:, _INDEX[name]] = hips + np.array([0, 0, height])
    rests = np.zeros((frames, 2), bool)
    for side, (name, sign) in enumerate((("left", -1.0), ("right", 1.0))):
        phase = (t + side * PERIOD / 2) / PERIOD
        whole, part = np.floor(phase), phase % 1
        rests[:, side] = part <= 0.5
        swing = np.clip(2 * part - 1, 0, 1)
        ankle = np.zeros((frames, 3))
        forward = whole + 0.5 - 0.5 * np.cos(np.pi * swing)
        ankle[:, 0] = STRIDE * (forward - side / 2 + 0.25) - 2
        ankle[:, 1] = 0.13 * sign
        ankle[:, 2] = ANKLE + 0.12 * np.sin(np.pi * swing) ** 2
        hip = hips + np.array([0, 0.13 * sign, 0])
        pose[:, _INDEX[f"{name}_hip"]] = hip
        pose[:, _INDEX[f"{name}_ankle"]] = ankle
        pose[:, _INDEX[f"{name}_knee"]] = _knee(hip, ankle)
        for joint, place in {"shoulder": 0.45, "elbow": 0.2, "wrist": 0.0}.items():
            offset = np.array([0, 0.18 * sign, place])
            pose[:, _INDEX[f"{name}_{joint}"]] = hips + offset
    return pose, rests


def _knee(hip, ankle):
    away = ankle - hip
    half = 0.5 * np.linalg.norm(away, axis=-1)
    out = np.sqrt(THIGH**2 - half**2)
    side = np.cross(away, np.array([0.0, 1, 0]))
    side *= np.sign(side[:, :1])  # forward
    return 0.5 * (hip + ankle) + out[:, None] * side / np.linalg.norm(side, axis=-1, keepdims=True)


def lifted(world, *, depth=1.08, noise_px=1.5, shake=0.01, jitter=0.01, seed=0, **changes):
    """The person as a network would lift them, all too far away by `depth`, and the truth.

    Returns:
        A sequence in camera axes with noisy detections, and (T, 17, 3) true joints in these axes.
    """
    rng = np.random.default_rng(seed)
    view = camera()
    truth = (world - view.center) @ view.R.T
    pixels = truth @ view.K.T
    pixels = pixels[..., :2] / pixels[..., 2:] + rng.normal(0, noise_px, (*truth.shape[:2], 2))
    factor = depth * np.exp(rng.normal(0, shake, len(world)))
    pose = factor[:, None, None] * truth + rng.normal(0, jitter, truth.shape)
    said = {
        "name": "lifted",
        "pose": pose.astype(np.float32),
        "skeleton": SKELETON,
        "fps": FPS,
        "frame_id": np.arange(len(world)),
        "axes": "camera",
        "up": view.R @ np.array([0.0, 0, 1]),
        "camera": view,
        "keypoints_2d": pixels.astype(np.float32),
        "confidence": np.full(pixels.shape[:2], 0.9, np.float32),
    }
    return PoseSequence(**{**said, **changes}), truth
