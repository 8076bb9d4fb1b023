"""What is likely not meant: lifted all the same, but said."""

import re

import numpy as np

from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.lift.lifter import Lifter
from geoself_jax.lift.video_detections import Video

OUTSIDE = 0.2
"""Share of the joints outside the picture above which its size is doubted; a lens adds a few."""

RATE = 1.25
"""Times the frame rate of the training videos, or a part of it, from which windows are doubted."""

MISFIT = 0.08
"""Distance of the projected pose to the detections, as a share of the body's size in the picture.

Trained networks give 0.02 to 0.03 on people they never saw, 0.14 to 0.18 where COCO's joints are
taken for Human3.6M's (the built-in test people).
"""


def doubts(video: Video) -> list[str]:
    """What the detections and their camera contradict each other in, one line each."""
    return [line for line in (_other_camera(video), _outside(video)) if line]


def other_rate(lifter: Lifter, video: Video) -> str:
    """A line where windows of the video's frames last longer or shorter than those taught."""
    taught = (lifter.info.get("recording") or {}).get("fps")
    if lifter.frames == 1 or not taught or abs(np.log(video.fps / taught)) < np.log(RATE):
        return ""
    return (
        f"{video.source}: {video.fps:g} frames per second, but the model looks at "
        f"{lifter.frames} frames of {taught:g} a second - movements seem faster or slower to it "
        f"- bring the video to {taught:g}, or train a model of one frame"
    )


def misfit(video: Video, poses: PoseSequence) -> str:
    """A line where lifted poses do not look like what they were lifted from; else empty.

    Args:
        video: In the joints of the poses.
        poses: Lifted from it: absolute, camera axes, unfiltered.
    """
    pose = poses.pose[video.frame_id]
    rays = np.einsum("ij,tnj->tni", video.view.K, pose)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.linalg.norm(rays[..., :2] / rays[..., 2:] - video.keypoints_2d, axis=-1)
    seen = np.isfinite(distance) & (video.confidence > 0)
    pixels = np.where(seen[..., None], video.keypoints_2d, np.nan)
    low, high = np.fmin.reduce(pixels, axis=1), np.fmax.reduce(pixels, axis=1)
    size = np.linalg.norm(high - low, axis=-1)
    mean = np.where(seen, distance, 0).sum(1) / np.maximum(seen.sum(1), 1)
    usable = (seen.sum(1) >= 3) & (size > 0)
    share = float(np.median(mean[usable] / size[usable])) if usable.any() else 0.0
    if share <= MISFIT:
        return ""
    return (
        f"{video.source}: seen from its camera, the lifted joints are {100 * share:.0f} % of the "
        "body's size off the detections (2 or 3 % are usual) - the joints may not be what they are "
        "taken for (--skeleton), or the model may be hardly trained - look at it with view"
    )


def _other_camera(video: Video) -> str:
    """The detections' file is named after another camera of the same calibration."""
    name = re.split(r"[\\/]", video.source.rstrip("\\/"))[-1]
    named = [other for other in video.view.others if _in(other, name)]
    if _in(video.view.name, name) or not named:
        return ""
    return (
        f"{video.source} is named after camera {named[0]}, but lifted as camera "
        f"{video.view.name}'s - if that is a mistake, name the other one in --camera"
    )


def _in(camera: str, name: str) -> bool:
    """Whether a camera's name is in a file's, not as a part of a longer word or number."""
    wanted = rf"(?<![a-z0-9]){re.escape(camera.lower())}(?![a-z0-9])"
    return bool(camera) and re.search(wanted, name.lower()) is not None


def _outside(video: Video) -> str:
    """More joints outside the picture than a lens can put there."""
    size = np.array(video.view.image_size)
    seen = (video.confidence > 0) & np.isfinite(video.keypoints_2d).all(-1)
    if not size.all() or not seen.any():
        return ""
    pixels = video.keypoints_2d[seen]
    share = float(((pixels < 0) | (pixels > size)).any(-1).mean())
    if share <= OUTSIDE:
        return ""
    return (
        f"{video.source}: {100 * share:.0f} % of the joints are outside the picture of "
        f"{size[0]}x{size[1]} pixels - is it this camera's? - check --image-size and --camera"
    )
