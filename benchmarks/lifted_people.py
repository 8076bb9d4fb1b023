"""Each camera's videos of a recording, lifted alone, next to the ground truth in its axes."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from geoself_jax import load_lifter
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.lift.cleaning import Cleaning
from geoself_jax.lift.lift_video import lift_video
from geoself_jax.lift.lifter import Lifter
from geoself_jax.lift.video_detections import Video, videos_of


class Lifted(NamedTuple):
    """One camera's video. Frames T, joints J.

    Attributes:
        video: Its detections.
        poses: As lifted.
        truth: (T, J, 3) metres, camera axes; NaN where there is none.
    """

    video: Video
    poses: PoseSequence
    truth: np.ndarray


def lifted_people(
    model: str, data: str, frames: int, cleaning: Cleaning | None = None
) -> Iterator[Lifted]:
    """Lifts every camera's videos of a recording with ground truth.

    Args:
        model: Folder of an export.
        data: Recording.
        frames: Of synthetic data.
        cleaning: Whose outliers are rejected first; None for none.
    """
    lifter, recording = load_lifter(model), load(data, synthetic_frames=frames)
    yield from lifted_videos(lifter, recording, data, cleaning)


def lifted_videos(
    lifter: Lifter, recording: Recording, data: str, cleaning: Cleaning | None = None
) -> Iterator[Lifted]:
    """As `lifted_people`, of what is loaded."""
    pose_world = recording.pose_world
    assert pose_world is not None, f"{data} has no ground truth"
    for camera in recording.camera_names:
        for video in videos_of(recording, data, camera):
            seen = video if cleaning is None else cleaning.before(video)[0]
            clip = recording.clip_names.index(video.clip)
            rows = np.flatnonzero(recording.clip_id == clip)
            truth = np.full((video.frames, *pose_world.shape[1:]), np.nan)
            view = video.view
            assert view.R is not None
            truth[recording.frame_id[rows]] = (pose_world[rows] - view.center) @ view.R.T
            yield Lifted(video, lift_video(lifter, seen), truth)
