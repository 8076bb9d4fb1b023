"""Lifts videos one after the other, or all of them before they are refined."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import numpy as np

from geoself_jax.core.notices import silent
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.refinement.one_body import one_body
from geoself_jax.data.refinement.pose_sequences import refine_sequences
from geoself_jax.lift.cautions import misfit
from geoself_jax.lift.cleaning import Cleaning
from geoself_jax.lift.lift_video import lift_video
from geoself_jax.lift.lifter import Lifter
from geoself_jax.lift.video_detections import Video
from geoself_jax.runtime.phases import phase


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
    refining: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[Lifted]:
    """Lifts every video; refines them where it is asked for, which needs all of them first.

    Args:
        lifter: Trained lifter.
        videos: In the lifter's joints.
        cleaning: Its outliers are rejected before; its `refine` says whether to refine.
        progress: Receives the number of frames done since the last call.
        refining: What the refining is done within, a watch.

    Yields:
        Each video in their order.
    """
    each = (_lift(lifter, video, cleaning, progress) for video in videos)
    if not cleaning.refine:
        yield from each
        return
    every = list(each)
    with refining():
        refined = _refined(every)
    yield from refined


def _refined(every: Sequence[Lifted]) -> list[Lifted]:
    """The same with refined poses, with a progress bar of its own."""
    done, refined = 0, list(every)
    with phase("refining", sum(one.poses.frames for one in every), "frames") as bar:
        for group in same_people([one.video for one in every]):
            found = refine_sequences([every[i].poses for i in group], done=bar.update)
            for i, poses in zip(group, found, strict=True):
                refined[i] = every[i]._replace(poses=poses)
                done += poses.frames
            bar.done = done  # frames in long gaps are none of its work
    return refined


def same_people(videos: Sequence[Video]) -> list[list[int]]:
    """Places of the videos of one person in one camera: their bones are the same.

    People without a name are taken as another one in every video, and so are two tracks of one
    clip that share a frame (`refinement.one_body`).
    """
    groups: dict[tuple, list[int]] = {}
    for i, video in enumerate(videos):
        camera = (video.view.name, *np.ravel(video.view.K), video.fps)
        groups.setdefault((video.subject, camera), []).append(i)
    bodies = []
    for group in groups.values():
        theirs = [videos[i] for i in group]
        clips, frames = [v.clip for v in theirs], [v.frame_id for v in theirs]
        found = one_body(clips, theirs[0].subject, frames)
        bodies += [[group[k] for k in body] for body in found]
    return sorted(bodies)


def _lift(
    lifter: Lifter, video: Video, cleaning: Cleaning, progress: Callable[[int], None]
) -> Lifted:
    cleaned, rejected = cleaning.before(video)
    poses = lift_video(lifter, cleaned, progress=progress)
    return Lifted(cleaned, rejected, poses, misfit(cleaned, poses))
