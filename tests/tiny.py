"""A tiny recording in plain numpy, made without the package: what tests learn from and break."""

import numpy as np

FRAMES, VIEWS, CLIPS = 240, 4, 6
NOISE_PX = 2.4  # on each axis: 3 px of mean error
LEGS = [f"{side}_{joint}" for side in ("right", "left") for joint in ("hip", "knee", "ankle")]
ARMS = [f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist")]
JOINT_NAMES = ["pelvis", *LEGS, "spine", "thorax", "neck", "head", *ARMS]
PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
LEFT_RIGHT = ((4, 1), (5, 2), (6, 3), (11, 14), (12, 15), (13, 16))
# Bone from the parent, metres; x to the person's left, y forward, z up.
BONES = np.array(
    [
        (0, 0, 0),
        (-0.13, 0, 0),
        (0, 0, -0.44),
        (0, 0, -0.44),
        (0.13, 0, 0),
        (0, 0, -0.44),
        (0, 0, -0.44),
        (0, 0, 0.24),
        (0, 0, 0.25),
        (0, 0.03, 0.11),
        (0, 0, 0.12),
        (0.15, 0, -0.02),
        (0.28, 0, 0),
        (0.25, 0, 0),
        (-0.15, 0, -0.02),
        (-0.28, 0, 0),
        (-0.25, 0, 0),
    ]
)


def make_arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays of geoself-multiview/1: 240 frames, 4 views, 17 joints, 3 people, 6 clips, 2 rigs."""
    rng = np.random.default_rng(seed)
    clip = np.repeat(np.arange(CLIPS), FRAMES // CLIPS)
    frame = np.tile(np.arange(FRAMES // CLIPS), CLIPS)
    subject = clip // 2
    rig = subject % 2
    cameras = _rigs(rng)
    pose_world = _motion(rng, clip, frame / 25, size=np.array([0.93, 1.0, 1.06])[subject])
    pixels = observe(pose_world, *(cameras[name][rig] for name in ("K", "dist", "R", "center")))
    confidence = rng.uniform(0.4, 1, pixels.shape[:-1])
    pixels = pixels + rng.normal(0, NOISE_PX, pixels.shape)
    missing = rng.random(confidence.shape) < 0.01
    pixels[missing], confidence[missing] = np.nan, 0
    return {
        "format": np.array("geoself-multiview/1"),
        "joint_names": np.array(JOINT_NAMES),
        "parents": np.array(PARENTS),
        "left_right": np.array(LEFT_RIGHT),
        "root": np.array(0),
        "keypoints_2d": pixels.astype(np.float32),
        "confidence": confidence.astype(np.float32),
        "pose_world": pose_world.astype(np.float32),
        "clip_id": clip.astype(np.int32),
        "frame_id": frame.astype(np.int32),
        "subject_id": subject.astype(np.int32),
        "rig_id": rig.astype(np.int32),
        "clip_names": np.array([f"clip{i}" for i in range(CLIPS)]),
        "clip_actions": np.array(["walking", "waving"] * (CLIPS // 2)),
        "subject_names": np.array(["anna", "bela", "cem"]),
        "rig_names": np.array(["rig0", "rig1"]),
        "camera_names": np.array([f"cam{i}" for i in range(VIEWS)]),
        **cameras,
        "image_size": np.full((2, VIEWS, 2), 1000, np.int32),
        "fps": np.array(25.0),
        "world_up": np.array([0.0, 0.0, 1.0]),
    }


def observe(points, K, dist, R, center):
    """Pixels (frames, views, joints, 2) of world points through OpenCV's lens model."""
    local = np.einsum("fvij,fvkj->fvki", R, points[:, None] - center[:, :, None])
    x, y = local[..., 0] / local[..., 2], local[..., 1] / local[..., 2]
    k1, k2, p1, p2, k3 = (dist[..., None, i] for i in range(5))
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    u = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    v = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    focal, middle = K[:, :, None, (0, 1), (0, 1)], K[:, :, None, :2, 2]
    return np.stack([u, v], -1) * focal + middle


def _rigs(rng):
    """Two rigs of cameras near a room's corners that look at its middle."""
    azimuth = np.arange(VIEWS) * np.pi / 2 + np.pi / 4 + rng.uniform(-0.15, 0.15, (2, VIEWS))
    distance = rng.uniform(4.2, 5.0, (2, VIEWS))
    height = rng.uniform(1.3, 1.8, (2, VIEWS))
    center = np.stack([distance * np.cos(azimuth), distance * np.sin(azimuth), height], -1)
    forward = np.array([0, 0, 0.9]) - center
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    R = np.stack([right, np.cross(forward, right), forward], -2)
    K = np.zeros((2, VIEWS, 3, 3))
    K[..., 0, 0], K[..., 1, 1], K[..., 2, 2] = 1145, 1144, 1
    K[..., :2, 2] = 500 + rng.uniform(-12, 12, (2, VIEWS, 2))
    dist = np.array([-0.2, 0.24, -0.0009, -0.0016, -0.002]) * rng.uniform(0.9, 1.1, (2, VIEWS, 5))
    return {"K": K, "dist": dist, "R": R, "center": center}


def _motion(rng, clip, seconds, size):
    """A person who walks a circle, turns, and swings all limbs: (frames, 17, 3) metres."""
    clips = clip.max() + 1
    stiff = np.where(np.isin(np.arange(17), (7, 8, 9, 10)), 0.3, 1)[:, None]
    amplitude = rng.uniform(0.1, 0.7, (clips, 17, 2)) * stiff
    phase, speed = rng.uniform(0, 2 * np.pi, (2, clips, 17, 2))
    angle = amplitude[clip] * np.sin((1 + speed[clip] / 3) * seconds[:, None, None] + phase[clip])
    start = phase[clip, 0, 0]
    heading = start + 0.8 * seconds
    turn = [_turn(heading, 2)]
    walk = 0.6 * np.stack([np.cos(heading), np.sin(heading), 0 * heading], -1)
    joints = [walk + np.array([0, 0, 0.95]) * size[:, None]]
    for joint in range(1, 17):
        parent = PARENTS[joint]
        local = turn[parent] @ _turn(angle[:, joint, 0], 0) @ _turn(angle[:, joint, 1], 1)
        turn.append(local)
        bone = BONES[joint] * size[:, None]
        joints.append(joints[parent] + np.einsum("fij,fj->fi", local, bone))
    return np.stack(joints, 1)


def _turn(angle, axis):
    """(frames, 3, 3) rotations about a coordinate axis."""
    i, j = [k for k in range(3) if k != axis]
    result = np.tile(np.eye(3), (len(angle), 1, 1))
    result[:, i, i] = result[:, j, j] = np.cos(angle)
    result[:, i, j], result[:, j, i] = -np.sin(angle), np.sin(angle)
    return result
