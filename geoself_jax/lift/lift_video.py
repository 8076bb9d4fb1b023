"""A video's detections become 3D joints over time."""

import dataclasses
from collections.abc import Callable

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.joint_maps import JointMap, joint_map
from geoself_jax.data.poses.resample import step_of
from geoself_jax.data.poses.sequence import CAMERA, PoseCamera, PoseSequence
from geoself_jax.data.skeletons import KNOWN_SKELETONS, same_joints
from geoself_jax.lift.lifter import Lifter
from geoself_jax.lift.video_detections import Video

NAME = "lifted"


def _silent(_: int) -> None:
    pass


def lift_video(
    lifter: Lifter,
    video: Video,
    *,
    min_confidence: float = 0.0,
    progress: Callable[[int], None] = _silent,
) -> PoseSequence:
    """Lifts every frame: all pictures of the video, absolute, in the camera's axes.

    A frame in which no joint was seen stays missing, NaN. Where some were, the network gives all
    joints, from those that were. Networks that see windows of frames look at those about each, of
    which some may have nobody; thinned frames are not consecutive: each is then all of its window.

    Args:
        lifter: A trained one, from `load_lifter`.
        video: In the lifter's joints, or in others that these can be had from.
        min_confidence: A joint less sure counts as not seen.
        progress: Is told how many more frames are done.

    Raises:
        GeoselfError: The video has other joints, and nothing for some of the lifter's (65).
    """
    video = looked_at(in_joints_of(lifter.skeleton, video), min_confidence)
    pose = np.full((video.frames, lifter.skeleton.joints, 3), np.nan, np.float32)
    looked = video if lifter.frames == 1 else without_gaps(video)
    progress(video.frames - len(looked.frame_id))
    lifted = lifter.sequence(
        looked.keypoints_2d,
        looked.confidence,
        video.view.K,
        frame_id=looked.frame_id,
        progress=progress,
    )
    seen = np.isin(looked.frame_id, video.frame_id)
    pose[video.frame_id] = (lifted.pose_3d + lifted.root_position[:, None])[seen]
    poses = _sequence(video, pose)
    if lifted.uncertainty is None:
        return poses
    off = np.full(pose.shape[:2], np.nan, np.float32)
    off[video.frame_id] = lifted.uncertainty[seen]
    return poses.replace(uncertainty=off)


def without_gaps(video: Video) -> Video:
    """The video from the first to the last frame with somebody, those between without joints.

    Frames that were thinned, say every fifth, stay as they are.
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
    """What has to be done to have the lifter's joints, in a line; empty if nothing."""
    mapped = _map(wanted, video)
    if mapped is None:
        return ""
    found = video.skeleton.joint_names
    done = mapped.summary() or "the same ones in another order"
    line = f"{video.source}: its joints are brought to the model's {wanted.joints}: {done}"
    if wanted.joints not in (len(found), len(found) - 1):  # it may have been given a pelvis
        return line
    return (
        f"{line}; it has as many as the model: if {', '.join(found[:3])} ... are not what its "
        f"joints are, name them: --skeleton={_name(wanted)}"
    )


def _name(skeleton: Skeleton) -> str:
    known = (n for n, s in KNOWN_SKELETONS.items() if s == skeleton)
    return next(known, "FILE.toml")


def in_joints_of(wanted: Skeleton, video: Video) -> Video:
    """The video in a lifter's joints.

    Raises:
        GeoselfError: There is nothing for some of these (65).
    """
    mapped = _map(wanted, video)
    if mapped is None:
        return dataclasses.replace(video, skeleton=wanted)
    pixels, confidence = mapped.detections(video.keypoints_2d, video.confidence)
    return dataclasses.replace(video, keypoints_2d=pixels, confidence=confidence, skeleton=wanted)


def looked_at(video: Video, min_confidence: float) -> Video:
    """The video without joints that are less sure, and without frames that have none then."""
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
    """The map to a lifter's joints; None where the video has them as they are."""
    found = video.skeleton
    if same_joints(found.joint_names, wanted.joint_names):
        return None
    mapped = joint_map(found, wanted)
    if mapped.absent:
        raise data_error(
            f"{video.source}: {found.joints} joints {', '.join(found.joint_names[:3])} ...",
            f"the model needs {', '.join(mapped.absent)}, and they have nothing for it",
            "use the detector it was trained with; if the joints are named wrongly, --skeleton",
        )
    return mapped


def _sequence(video: Video, pose: np.ndarray) -> PoseSequence:
    """The poses with all that is known of the video, what was not seen as NaN."""
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
        camera=PoseCamera(view.name, view.K, view.image_size, view.R, view.center),
        keypoints_2d=keypoints_2d,
        confidence=confidence,
    )
