"""Warnings where a general model's input is outside of what it was trained on.

What that is stands in model.json under `range`; networks of one rig have none, and get no warning.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.find_skeleton import same_joints
from geoself_jax.data.joint_maps import joint_map
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.lift.exported import read_description
from geoself_jax.lift.general_models import general_models
from geoself_jax.lift.lifter import Lifter
from geoself_jax.lift.video_detections import Video
from geoself_jax.runtime.restore import skeleton_from_dict

LOW_SCORE = 0.2
"""Median confidence of the joints that are seen, from below which the scale may be another."""

LACKING = 0.35
"""Share of joints missing in the median frame, from which poses get a warning."""


def outside_range(lifter: Lifter, video: Video, poses: PoseSequence) -> list[str]:
    """Returns a line for each way in which a video is unlike what a general model learned from.

    Args:
        lifter: The network; model.json of a general model has a `range`.
        video: Detections in its joints.
        poses: Lifted from them: absolute, metres, camera frame.
    """
    limits = lifter.info.get("range")
    if not isinstance(limits, dict) or not len(video.frame_id):
        return []
    what = f"{video.source}: outside of what the model was trained on"
    found = (*_camera(video, limits), *_seen(video, limits), *_place(video, poses, limits))
    return [f"{what} - {line}" for line in found]


def other_joints(lifter: Lifter, video: Video) -> str:
    """Returns a warning where a general model gets other joints than its own; else empty.

    Args:
        lifter: The network.
        video: Detections as they were read.
    """
    if "range" not in lifter.info:
        return ""
    derived = joint_map(video.skeleton, lifter.skeleton).derived
    if same_joints(video.skeleton.joint_names, lifter.skeleton.joint_names) or not derived:
        return ""
    better = [name for name in general_models() if _takes(name, video.skeleton)]
    do = f"--model={better[0]} needs none of that" if better else "expect larger errors"
    return (
        f"{video.source}: joints derived from others, on which the model was not trained: "
        f"{', '.join(derived)} - {do}"
    )


def _takes(name: str, skeleton: Skeleton) -> bool:
    """Returns whether a general model's joints are all among these."""
    info = read_description(general_models()[name])
    mapped = joint_map(skeleton, skeleton_from_dict(info["skeleton"]))
    return not (mapped.derived or mapped.absent)


def _camera(video: Video, limits: dict[str, Any]) -> Iterator[str]:
    """Field of view."""
    width, _ = video.view.image_size
    low, high = limits["fov_degrees"]
    focal = float(video.view.K[0, 0])
    if not width or not focal > 0:
        return
    fov = 2 * math.degrees(math.atan(width / 2 / focal))
    if not low <= fov <= high:
        yield (
            f"a field of view of {fov:.0f} degrees across the image, trained were {low:g} to "
            f"{high:g}: check --fov, --focal or the calibration"
        )


def _seen(video: Video, limits: dict[str, Any]) -> Iterator[str]:
    """Size in the image, scores, joints that are missing."""
    there = _there(video)
    if not there.any():
        return
    size = _size(video.keypoints_2d, there)
    if size < limits["body_px"]:
        yield (
            f"the body is {size:.0f} px large, trained were {limits['body_px']:g} and more: check "
            "that pixels are of the whole image, or record nearer"
        )
    score = float(np.median(video.confidence[there]))
    if score < LOW_SCORE:
        yield (
            f"half of the scores are below {score:.2f}: if the detector's largest is not 1, set "
            "--confidence-scale"
        )
    lacking = 1 - there.mean(axis=1)
    lost = there.mean(axis=0) < 0.1
    if float(np.median(lacking)) > LACKING:
        names = [n for n, is_lost in zip(video.skeleton.joint_names, lost, strict=True) if is_lost]
        which = f" ({', '.join(names[:6])}{' ...' if len(names) > 6 else ''})" if names else ""
        yield (
            f"{100 * float(np.median(lacking)):.0f} % of the joints are missing in the median "
            f"frame{which}: those are guesses"
        )


def _there(video: Video) -> np.ndarray:
    return (video.confidence > 0) & np.isfinite(video.keypoints_2d).all(-1)


def _size(points: np.ndarray, there: np.ndarray) -> float:
    """Diagonal of the box around a frame's joints, in the median frame; pixels."""
    pixels = np.where(there[..., None], points, np.nan)
    extent = np.fmax.reduce(pixels, axis=1) - np.fmin.reduce(pixels, axis=1)
    return float(np.nanmedian(np.linalg.norm(extent, axis=-1)))


def _times_too_large(video: Video, poses: PoseSequence) -> float:
    """How much larger the lifted body is in the image than the one that was seen.

    Networks put nobody farther away than they learned: far people come out too large there.
    """
    K, there = video.view.K, _there(video)
    pose = poses.pose[np.searchsorted(poses.frame_id, video.frame_id)]  # frames with a detection
    depth = pose[..., 2:]
    there = there & (depth[..., 0] > 0)
    if not there.any():
        return 1.0
    ahead = np.where(there[..., None], depth, 1.0)
    lifted = pose[..., :2] / ahead * [K[0, 0], K[1, 1]]
    seen = _size(video.keypoints_2d, there)
    times = _size(lifted, there) / seen if seen > 0 else 1.0
    return times if times > 1.25 else 1.0


def _place(video: Video, poses: PoseSequence, limits: dict[str, Any]) -> Iterator[str]:
    """Distance of the root, and whether the person lies, as far as the camera is level."""
    root = poses.pose[:, poses.skeleton.root]
    known = np.isfinite(root).all(-1)
    if not known.any():
        return
    low, high = limits["distance_m"]
    distance = float(np.median(np.linalg.norm(root[known], axis=-1)))
    distance *= _times_too_large(video, poses)
    if not low <= distance <= high:
        yield f"the person seems {distance:.1f} m away, trained were {low:g} to {high:g} m"
    upper = [i for i, name in enumerate(poses.skeleton.joint_names) if "shoulder" in name]
    trunk = poses.pose[known][:, upper].mean(1) - root[known]
    tilt = np.degrees(np.arccos(np.clip(-trunk[:, 1] / np.linalg.norm(trunk, axis=-1), -1, 1)))
    share = float((tilt > limits["tilt_degrees"]).mean())
    if share > 0.5:
        yield (
            f"the trunk is more than {limits['tilt_degrees']:g} degrees off the image's vertical "
            f"in {100 * share:.0f} % of the frames: few people lay down in training, and no camera "
            "lay on its side"
        )
