"""What a 2D detector found in one camera's video, before a person is chosen."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.core.skeleton import Skeleton


@dataclass(frozen=True)
class Instances:
    """Found people, one a row. Rows N, joints J.

    Attributes:
        source: File or folder it came from, for messages.
        frame: (N,) index of the frame in its video, from 0, ascending.
        keypoints_2d: (N, J, 2) float32 px, distorted as in the image; NaN where
            missing.
        confidence: (N, J) float32 as the detector gave it; 0 where missing.
        track: (N,) into `track_names`, or -1 where the detector does not track.
        track_names: Names of the tracks, as in the file (numbers as text).
        frames: Number of frames of the video: at least the last of `frame` + 1.
        skeleton: Of the J joints.
        first: Smallest frame number listed, with people or without; None where the file lists
            only frames with people.
        counted_from: Number in the file that is frame 0 here.
        normalized: Whether `keypoints_2d` are fractions of the image's width and height.
        assumed: Name of the skeleton where the file names no joints and it is the usual one of as
            many; else empty.
        notes: What was assumed or left out, a line each.
        image_size: Width and height of the images, px; 0 where the file has none.
        fps: Frames per second; 0 where the file does not hold them.
    """

    source: str
    frame: np.ndarray
    keypoints_2d: np.ndarray
    confidence: np.ndarray
    track: np.ndarray
    track_names: tuple[str, ...]
    frames: int
    skeleton: Skeleton
    first: int | None = None
    counted_from: int = 0
    normalized: bool = False
    assumed: str = ""
    notes: tuple[str, ...] = ()
    image_size: tuple[int, int] = (0, 0)
    fps: float = 0.0


def never_two(view: Instances) -> bool:
    """Whether there is one body at most in a frame.

    Args:
        view: What was found in one camera.
    """
    return len(np.unique(view.frame)) == len(view.frame)


def nobody(like: Instances, source: str) -> Instances:
    """Returns the detections of a camera that has none.

    Args:
        like: Of another camera of the recording.
        source: For messages.
    """
    return Instances(
        source=source,
        frame=np.zeros(0, like.frame.dtype),
        keypoints_2d=like.keypoints_2d[:0],
        confidence=like.confidence[:0],
        track=like.track[:0],
        track_names=like.track_names,
        frames=like.frames,
        skeleton=like.skeleton,
        assumed=like.assumed,
    )
