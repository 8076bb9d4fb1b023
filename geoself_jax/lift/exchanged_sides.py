"""Left and right that a detector exchanged for some frames of a video, exchanged back."""

import dataclasses
from collections.abc import Callable

import numpy as np

from geoself_jax.data.exchanged_limbs import (
    exchanged_back,
    find_exchanged_limbs,
    ranges,
    usually_repaired,
)
from geoself_jax.lift.video_detections import Video


def sides_repaired(video: Video, how: str | None, notice: Callable[[str], None]) -> Video:
    """Returns the video with exchanged limbs exchanged back, by how they move.

    Args:
        video: Detections of one person.
        how: `keep` or `repair`; None as is usual for these joints.
        notice: Receives a line where something was changed, or is undecided.
    """
    if (how or usually_repaired(video.skeleton.joint_names)) == "keep":
        return video
    data = (video.keypoints_2d, video.confidence)
    joints, undecided = find_exchanged_limbs(*data, video.skeleton, video.frame_id, video.fps)
    changed = np.asarray(joints.any(-1))
    unclear: np.ndarray = undecided & ~changed
    if unclear.any():
        where = ranges(unclear, video.frame_id)
        what = f"{video.source}: left and right change places in frames {where}"
        notice(f"{what}; not changed, as it is not clear which side is right")
    if not changed.any():
        return video
    where = f"{int(changed.sum())} of {len(changed)} frames: {ranges(changed, video.frame_id)}"
    notice(f"{video.source}: left and right exchanged back in {where}")
    return dataclasses.replace(
        video,
        keypoints_2d=exchanged_back(video.keypoints_2d, joints, video.skeleton),
        confidence=exchanged_back(video.confidence, joints, video.skeleton),
    )
