"""Recordings of any skeleton in plain numpy, made without the package."""

import numpy as np
import tiny

SHAPES = {
    # (parents, left_right, root): one entry a joint
    "chain of 3": ((-1, 0, 1), (), 0),
    "60 points": ((-1, *range(29), 0, *range(30, 59)), tuple((i, i + 29) for i in range(1, 30)), 0),
    "no pairs": ((-1, 0, 1, 2, 1), (), 1),
    "two components": ((-1, 0, 1, -1, 3), ((1, 4),), 0),
    "root in a leaf": ((-1, 0, 1, 1, 3), (), 4),
    "one of a pair is the root": ((-1, 0, 1, 0, 3), ((1, 3), (2, 4)), 1),
    "no bones": ((-1,) * 4, (), 0),
}


def make_arrays(parents, left_right, root=None, *, size=1.0, frames=120, views=3, still=False):
    """Arrays of geoself-multiview/1: two animals in two clips, one rig; z up.

    Args:
        parents, left_right: Joint indices.
        root: Joint index; None leaves the array out.
        size: Metres from end to end, about; the rig is in proportion.
        frames: In all.
        views: Cameras on a circle.
        still: Whether the first joint never moves.
    """
    rng = np.random.default_rng(len(parents))
    joints, clip = len(parents), np.repeat([0, 1], frames // 2)
    seconds = np.tile(np.arange(frames // 2), 2) / 25
    phase, speed = rng.uniform(0, 2 * np.pi, (2, joints, 3))
    swing = 0.12 * np.sin((1 + speed / 3) * seconds[:, None, None] + phase)
    offset = rng.uniform(-1, 1, (joints, 3)) * (0.5, 0.5, 0.3)
    offset *= 1.6 / joints**0.5
    points = np.zeros((frames, joints, 3))
    for joint, parent in enumerate(parents):
        bone = offset[joint] + swing[:, joint] * np.linalg.norm(offset[joint])
        if parent >= 0:
            bone *= (np.linalg.norm(offset[joint]) / np.linalg.norm(bone, axis=-1))[:, None]
            bone += points[:, parent]
        points[:, joint] = bone
    heading = 0.8 * seconds
    if still:
        points -= points[:, :1]
    else:
        turn = tiny._turn(heading, 2)
        points = np.einsum("fij,fkj->fki", turn, points)
        points += 0.3 * np.stack([np.cos(heading), np.sin(heading), 0 * heading], -1)[:, None]
    points = size * (points * np.array([1.0, 1.1])[clip, None, None] + (0, 0, 0.5))
    camera = {name: array[:1, :views] for name, array in tiny._rigs(rng).items()}
    camera["center"] = camera["center"] * size
    camera["R"] = _towards(camera["center"], np.array([0, 0, 0.5]) * size)
    each = {name: np.repeat(array, frames, 0) for name, array in camera.items()}
    pixels = tiny.observe(points, *(each[name] for name in ("K", "dist", "R", "center")))
    confidence = rng.uniform(0.4, 1, pixels.shape[:-1])
    pixels = pixels + rng.normal(0, 1.5, pixels.shape)
    missing = rng.random(confidence.shape) < 0.02
    pixels[missing], confidence[missing] = np.nan, 0
    arrays = {
        "format": np.array("geoself-multiview/1"),
        "joint_names": np.array([f"point{i}" for i in range(joints)]),
        "parents": np.array(parents),
        "left_right": np.array(left_right, int).reshape(-1, 2),
        "keypoints_2d": pixels.astype(np.float32),
        "confidence": confidence.astype(np.float32),
        "clip_id": clip.astype(np.int32),
        "frame_id": np.tile(np.arange(frames // 2), 2).astype(np.int32),
        "subject_id": clip.astype(np.int32),
        "rig_id": np.zeros(frames, np.int32),
        "clip_names": np.array(["first", "second"]),
        "clip_actions": np.array(["walking", "walking"]),
        "subject_names": np.array(["mia", "nut"]),
        "rig_names": np.array(["box"]),
        "camera_names": np.array([f"cam{i}" for i in range(views)]),
        **camera,
        "image_size": np.full((1, views, 2), 1000, np.int32),
        "fps": np.array(25.0),
        "world_up": np.array([0.0, 0.0, 1.0]),
        "pose_world": points.astype(np.float32),
    }
    return arrays if root is None else arrays | {"root": np.array(root)}


def _towards(center, target):
    forward = target - center
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    return np.stack([right, np.cross(forward, right), forward], -2)
