"""Poses to track: a real clip, triangulated, and true joints of the rig's development clips."""

from pathlib import Path

import numpy as np

from benchmarks.calibration.real_clip import prepared
from geoself_jax.data.poses.sequence import WORLD, PoseCamera, PoseSequence
from geoself_jax.data.recording import read
from geoself_jax.data.triangulated import triangulate_frames

CLIP, FRAMES = "13_29#0", 500
"""Jumping jacks, side twists, bending over and squats: the first 20 seconds."""


def balancing(folder: Path) -> PoseSequence:
    """The real clip: one person balancing, four cameras, COCO's joints triangulated.

    Args:
        folder: Detections and calibration.
    """
    clip = prepared(folder)
    pose = triangulate_frames(clip.keypoints_2d, clip.confidence, clip.cameras_of(slice(None)))
    up = np.eye(3)[2] if clip.world_up is None else np.array(clip.world_up, np.float64)
    first = clip.camera.K[0, 0], clip.camera.R[0, 0], clip.camera.center[0, 0]
    return PoseSequence(
        name="triangulated",
        pose=pose,
        skeleton=clip.skeleton,
        fps=float(clip.fps),
        frame_id=clip.frame_id.astype(np.int64),
        axes=WORLD,
        up=up,
        camera=PoseCamera(clip.camera_names[0], first[0], (0, 0), first[1], first[2]),
    )


def gymnastics(file: Path) -> PoseSequence:
    """True joints of `CLIP`, Human3.6M's names.

    Args:
        file: The rig's dev.npz.
    """
    recording = read(file)
    clip = recording.clip_names.index(CLIP)
    chosen = (recording.clip_id == clip) & (recording.frame_id < FRAMES)
    assert recording.pose_world is not None
    return PoseSequence(
        name="ground truth",
        pose=recording.pose_world[chosen],
        skeleton=recording.skeleton,
        fps=float(recording.fps),
        frame_id=recording.frame_id[chosen].astype(np.int64),
        axes=WORLD,
        up=np.eye(3)[2],
        clip=CLIP,
    )


def without_frames(poses: PoseSequence) -> PoseSequence:
    """The same without anybody in each tenth frame and in a run of six.

    Args:
        poses: Whole.
    """
    pose = poses.pose.copy()
    pose[::10] = np.nan
    pose[44:50] = np.nan
    return poses.replace(pose=pose)


def without_knee(poses: PoseSequence) -> PoseSequence:
    """The same without the right knee in the frames 60 to 69.

    Args:
        poses: Whole.
    """
    pose = poses.pose.copy()
    pose[60:70, poses.skeleton.joint_names.index("right_knee")] = np.nan
    return poses.replace(pose=pose)


def limbs_alone(poses: PoseSequence) -> PoseSequence:
    """The same without nose and pelvis: the twelve joints of the limbs.

    Args:
        poses: Whole.
    """
    pose = poses.pose.copy()
    for joint, name in enumerate(poses.skeleton.joint_names):
        if not name.startswith(("left", "right")):
            pose[:, joint] = np.nan
    return poses.replace(pose=pose)
