"""Poses over time for the tests: a person who walks, gaps and missing joints among the frames."""

import numpy as np
from tiny import JOINT_NAMES, LEFT_RIGHT, PARENTS

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.sequence import PoseCamera, PoseSequence

SKELETON = Skeleton(tuple(JOINT_NAMES), PARENTS, LEFT_RIGHT, 0)
TENTH_MM = 1e-4
FIRST = 10  # number of the first frame
LEFT_OUT = slice(20, 25)
START = "2026-01-31T12:00:00+01:00"  # of a session


def needed(extension: str) -> dict[str, str]:
    """What a format has to be passed."""
    return {"session_start": START} if extension == ".nwb" else {}


def walking(arrays, *, gaps=True, **changes) -> PoseSequence:
    """40 frames in world axes, z up; of clip 0 of the tiny recording.

    With gaps: five frames left out, one without any joint, two joints missing and once the root.
    """
    chosen = arrays["clip_id"] == 0
    pose = arrays["pose_world"][chosen].copy()
    frame_id = arrays["frame_id"][chosen].astype(np.int64) + FIRST
    camera = PoseCamera(
        name="cam1",
        K=arrays["K"][0, 1],
        image_size=(1000, 1000),
        R=arrays["R"][0, 1],
        center=arrays["center"][0, 1],
    )
    keypoints_2d = arrays["keypoints_2d"][chosen][:, 1]
    confidence = arrays["confidence"][chosen][:, 1]
    kept = np.ones(len(pose), bool)
    if gaps:
        pose[7], pose[9, 13], pose[12, 16], pose[30, 0] = (np.nan,) * 4
        kept[LEFT_OUT] = False
    said = {
        "name": "lifted",
        "pose": pose[kept],
        "skeleton": SKELETON,
        "fps": 25.0,
        "frame_id": frame_id[kept],
        "axes": "world",
        "up": np.array([0.0, 0, 1]),
        "clip": "clip0",
        "action": "walking",
        "subject": "anna",
        "camera": camera,
        "keypoints_2d": keypoints_2d[kept],
        "confidence": confidence[kept],
    }
    return PoseSequence(**{**said, **changes})


def every_frame(poses: PoseSequence) -> np.ndarray:
    """(N, J, 3) with a row for each frame from the first to the last, NaN where left out."""
    whole = np.full((poses.frame_id[-1] - poses.frame_id[0] + 1, *poses.pose.shape[1:]), np.nan)
    whole[poses.frame_id - poses.frame_id[0]] = poses.pose
    return whole


def same_joints(found, wanted, tolerance=TENTH_MM) -> bool:
    """Whether joints are within a tenth of a millimetre, and missing in the same places."""
    assert found.shape == wanted.shape
    assert (np.isnan(found).any(-1) == np.isnan(wanted).any(-1)).all()
    return bool(np.nanmax(np.abs(found - wanted)) < tolerance)
