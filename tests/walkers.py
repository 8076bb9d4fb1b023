"""Sequences of poses over time for the tests of what is shown."""

import numpy as np
from tiny import JOINT_NAMES, LEFT_RIGHT, PARENTS, make_arrays, observe

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.sequence import PoseCamera, PoseSequence

SKELETON = Skeleton(tuple(JOINT_NAMES), PARENTS, LEFT_RIGHT, 0)
FPS = 25.0


def camera(view=0, name=None):
    """A camera of the tiny recording's first rig."""
    arrays = make_arrays()
    K, R, center = (arrays[key][0, view] for key in ("K", "R", "center"))
    return PoseCamera(name or f"cam{view}", K, (1000, 1000), R, center)


def walker(frames=40, name="ground truth", noise=0.0, seed=0, **changes):
    """The tiny recording's first person in the world, with the 2D joints that one camera sees."""
    rng = np.random.default_rng(seed)
    pose = make_arrays()["pose_world"][:frames].astype(np.float64)
    pose = pose + rng.normal(0, noise, pose.shape)
    sequence = PoseSequence(
        name=name,
        pose=pose.astype(np.float32),
        skeleton=SKELETON,
        fps=FPS,
        frame_id=np.arange(frames),
        axes="world",
        up=np.array([0.0, 0, 1]),
        clip="clip0",
        action="walking",
        subject="anna",
        camera=camera(),
    )
    return sequence.replace(**changes)


def seen(sequence, seed=0):
    """The sequence with its camera's 2D joints, some of them unsure, some missing."""
    rng = np.random.default_rng(seed)
    c = sequence.camera
    pixels = observe(sequence.pose, c.K[None, None], np.zeros((1, 1, 5)), c.R[None, None],
                     c.center[None, None])[:, 0]  # fmt: skip
    confidence = rng.uniform(0.3, 1, pixels.shape[:-1])
    missing = rng.random(confidence.shape) < 0.02
    pixels[missing], confidence[missing] = np.nan, 0
    return sequence.replace(
        keypoints_2d=pixels.astype(np.float32), confidence=confidence.astype(np.float32)
    )
