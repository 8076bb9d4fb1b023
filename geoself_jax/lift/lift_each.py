"""Lifts videos one after the other, or all of them before they are refined."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from geoself_jax.core.notices import silent
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.refinement.pose_sequences import refine_sequences
from geoself_jax.lift.cautions import misfit
from geoself_jax.lift.cleaning import Cleaning
from geoself_jax.lift.lift_video import lift_video
from geoself_jax.lift.lifter import Lifter
from geoself_jax.lift.video_detections import Video


class Lifted(NamedTuple):
    """A video with its poses.

    Attributes:
        video: Without the outliers that were rejected.
        rejected: (N, J) bool where they were.
        poses: Absolute, camera axes.
        warning: One line, or empty.
    """

    video: Video
    rejected: np.ndarray
    poses: PoseSequence
    warning: str


def lift_each(
    lifter: Lifter,
    videos: Sequence[Video],
    cleaning: Cleaning,
    *,
    progress: Callable[[int], None] = silent,
) -> Iterator[Lifted]:
    """Lifts every video; refines them where it is asked for, which needs all of them first.

    Args:
        lifter: Trained lifter.
        videos: In the lifter's joints.
        cleaning: Its outliers are rejected before; its `refine` says whether to refine.
        progress: Receives the number of frames done since the last call.

    Yields:
        Each video in their order.
    """
    each = (_lift(lifter, video, cleaning, progress) for video in videos)
    if not cleaning.refine:
        yield from each
        return
    every = list(each)
    refined: dict[int, PoseSequence] = {}
    for group in same_people([one.video for one in every]):
        found = refine_sequences([every[i].poses for i in group])
        refined |= dict(zip(group, found, strict=True))
    yield from (one._replace(poses=refined[i]) for i, one in enumerate(every))


def same_people(videos: Sequence[Video]) -> list[list[int]]:
    """Places of the videos of one person in one camera: their bones are the same.

    People without a name are taken as another one in every video.
    """
    groups: dict[object, list[int]] = {}
    for i, video in enumerate(videos):
        camera = (video.view.name, *np.ravel(video.view.K), video.fps)
        groups.setdefault((video.subject, camera) if video.subject else i, []).append(i)
    return list(groups.values())


def _lift(
    lifter: Lifter, video: Video, cleaning: Cleaning, progress: Callable[[int], None]
) -> Lifted:
    cleaned, rejected = cleaning.before(video)
    poses = lift_video(lifter, cleaned, progress=progress)
    return Lifted(cleaned, rejected, poses, misfit(cleaned, poses))
