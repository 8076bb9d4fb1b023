"""Lifts the detections of a video to 3D joints over time."""

import dataclasses
from collections.abc import Callable

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.notices import silent
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.find_skeleton import same_joints
from geoself_jax.data.joint_maps import JointMap, joint_map
from geoself_jax.data.poses.resample import step_of
from geoself_jax.data.poses.sequence import CAMERA, PoseCamera, PoseSequence
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.lift.lifter import Lifter
from geoself_jax.lift.video_detections import Video

NAME = "lifted"


def lift_video(
    lifter: Lifter,
    video: Video,
    *,
    min_confidence: float = 0.0,
    progress: Callable[[int], None] = silent,
) -> PoseSequence:
    """Lifts every frame of a video to absolute poses in the camera frame.

    A frame without detections stays NaN. From a partial detection the network predicts all joints.
    Networks with windows see the frames around each, some of which may be empty. Subsampled frames
    are not consecutive: each is repeated to fill its window.

    Args:
        lifter: Trained lifter, from `load_lifter`.
        video: Detections in the lifter's joints, or in others that map to them.
        min_confidence: Joints of lower confidence are ignored.
        progress: Receives the number of frames done since the last call.

    Raises:
        GeoselfError: Some of the lifter's joints cannot be derived from the video's (65).
    """
    video = confident(in_joints_of(lifter.skeleton, video), min_confidence)
    pose = np.full((video.frames, lifter.skeleton.joints, 3), np.nan, np.float32)
    looked = video if lifter.frames == 1 else without_gaps(video)
    progress(video.frames - len(looked.frame_id))
    lifted = lifter.sequence(
        looked.keypoints_2d,
        looked.confidence,
        video.view.K,
        frame_id=looked.frame_id,
        fps=video.fps if step_of(looked.frame_id) == 1 else None,
        progress=progress,
    )
    seen = np.isin(looked.frame_id, video.frame_id)
    pose[video.frame_id] = (lifted.pose_3d + lifted.root_position[:, None])[seen]
    poses = _sequence(video, pose)
    more = {}
    for name in ("uncertainty", "uncertainty_axes"):
        if (found := getattr(lifted, name)) is not None:
            more[name] = np.full((video.frames, *found.shape[1:]), np.nan, np.float32)
            more[name][video.frame_id] = found[seen]
    return poses.replace(**more)


def without_gaps(video: Video) -> Video:
    """Fills gaps between the first and the last detection with frames without joints.

    Subsampled videos, e.g. every fifth frame, are returned unchanged.
    """
    if not len(video.frame_id) or step_of(video.frame_id) > 1:
        return video
    frame_id = np.arange(video.frame_id[0], video.frame_id[-1] + 1)
    place = video.frame_id - frame_id[0]
    keypoints_2d = np.full((len(frame_id), *video.keypoints_2d.shape[1:]), np.nan, np.float32)
    confidence: np.ndarray = np.zeros(keypoints_2d.shape[:-1], np.float32)
    keypoints_2d[place], confidence[place] = video.keypoints_2d, video.confidence
    return dataclasses.replace(
        video, frame_id=frame_id, keypoints_2d=keypoints_2d, confidence=confidence
    )


def joints_note(wanted: Skeleton, video: Video) -> str:
    """Describes in one line how joints map to the lifter's; empty for the identity."""
    mapped = _map(wanted, video)
    if mapped is None:
        return ""
    found = video.skeleton.joint_names
    done = mapped.summary() or "the same ones in another order"
    line = f"{video.source}: its joints are mapped to the model's {wanted.joints}: {done}"
    if wanted.joints not in (len(found), len(found) - 1):  # a pelvis may have been added
        return line
    return (
        f"{line}; it has as many as the model: if they are not {', '.join(found[:3])} ..., "
        f"name the skeleton: --skeleton={_name(wanted)}"
    )


def _name(skeleton: Skeleton) -> str:
    known = (n for n, s in KNOWN_SKELETONS.items() if s == skeleton)
    return next(known, "FILE.toml")


def in_joints_of(wanted: Skeleton, video: Video) -> Video:
    """Maps a video's detections to a lifter's joints.

    Raises:
        GeoselfError: Some of these cannot be derived (65).
    """
    mapped = _map(wanted, video)
    if mapped is None:
        return dataclasses.replace(video, skeleton=wanted)
    pixels, confidence = mapped.detections(video.keypoints_2d, video.confidence)
    return dataclasses.replace(video, keypoints_2d=pixels, confidence=confidence, skeleton=wanted)


def confident(video: Video, min_confidence: float) -> Video:
    """Removes joints of lower confidence, and the frames left without any."""
    kept = (video.confidence >= min_confidence) & (video.confidence > 0)
    seen = kept.any(-1)
    if kept.all():
        return video
    return dataclasses.replace(
        video,
        frame_id=video.frame_id[seen],
        keypoints_2d=np.where(kept[..., None], video.keypoints_2d, np.float32(np.nan))[seen],
        confidence=np.where(kept, video.confidence, np.float32(0))[seen],
    )


def _map(wanted: Skeleton, video: Video) -> JointMap | None:
    """Returns the map to a lifter's joints; None for the identity."""
    found = video.skeleton
    if same_joints(found.joint_names, wanted.joint_names):
        return None
    mapped = joint_map(found, wanted)
    if mapped.absent:
        raise data_error(
            f"{video.source}: {found.joints} joints {', '.join(found.joint_names[:3])} ...",
            f"the model needs {', '.join(mapped.absent)}, which cannot be derived from them",
            "choose a --model with their joints, or correct the joint names by --skeleton",
        )
    return mapped


def _sequence(video: Video, pose: np.ndarray) -> PoseSequence:
    """Returns the poses with the video's detections and camera; NaN without detections."""
    joints = video.skeleton.joints
    keypoints_2d = np.full((video.frames, joints, 2), np.nan, np.float32)
    confidence = np.zeros((video.frames, joints), np.float32)
    keypoints_2d[video.frame_id] = video.keypoints_2d
    confidence[video.frame_id] = video.confidence
    view = video.view
    return PoseSequence(
        name=NAME,
        pose=pose,
        skeleton=video.skeleton,
        fps=video.fps,
        frame_id=np.arange(video.frames),
        axes=CAMERA,
        up=view.up,
        clip=video.clip,
        action=video.action,
        subject=video.subject,
        camera=PoseCamera(
            *(view.name, view.K, view.image_size, view.R, view.center),
            lens=view.lens if view.lens_known else None,
        ),
        keypoints_2d=keypoints_2d,
        confidence=confidence,
    )
