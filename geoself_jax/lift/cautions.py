"""Warnings about the input of `lift`; none of them prevents lifting."""

import re

import numpy as np

from geoself_jax.data.files.detections_file import header_of
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.lift.lifter import Lifter
from geoself_jax.lift.video_detections import Video
from geoself_jax.lift.window_rate import rate_ratio
from geoself_jax.runtime import cli

OUTSIDE = 0.2
"""Share of joints outside the image from which its size gets a warning; distortion adds few."""

SLOW = 0.6
"""Of the training videos' frame rate, from which below windows get a warning: 3 to 5 % worse."""

MISFIT = 0.08
"""Reprojection error of the lifted pose, as a share of the body's size in the image.

Trained networks reach 0.02 to 0.03 on held-out subjects, 0.14 to 0.18 where COCO joints are
mistaken for those of Human3.6M (built-in test subjects).
"""


def cautions_of(video: Video) -> list[str]:
    """Returns one line per contradiction between the detections and their camera."""
    lines = (_other_camera(video), _outside(video), _unknown_vertical(video))
    return [line for line in lines if line]


def other_rate(lifter: Lifter, video: Video) -> tuple[str, str]:
    """Returns a note and a warning on a frame rate other than the training videos'; else empty."""
    trained, frames = lifter.trained_fps, lifter.frames
    if not trained or rate_ratio(video.fps, trained, frames) == 1:
        return "", ""
    what = f"{video.source}: {video.fps:g} frames per second"
    note = f"{what}; windows of {frames} frames are interpolated at the model's {trained:g}"
    if video.fps >= SLOW * trained:
        return note, ""
    return note, (
        f"{what}, but the model was trained at {trained:g} a second - what moves between frames is "
        "not seen, and poses are less accurate - record faster, or train at that rate"
    )


def built_in_people(lifter: Lifter, video: Video) -> str:
    """Returns a warning where a network that knows only built-in people lifts others; else empty.

    Args:
        lifter: The network; its model card names the data it was trained on.
        video: What it lifts.
    """
    learned = str((lifter.info.get("data") or {}).get("source", ""))
    if not learned.startswith("synthetic:") or video.source.startswith("synthetic:"):
        return ""
    return (
        f"the network was trained on {learned}, built-in synthetic people, who are for trying the "
        "software: its angles of real people are no measurements - train on your own cameras "
        "(docs/train.md)"
    )


def other_size(path: str, video: Video) -> str:
    """Returns a warning where joints were detected in images of another size than calibrated.

    Args:
        path: The detections.
        video: What was read of them.
    """
    held, size = header_of(path), video.view.image_size
    if held is None or min(size) <= 0 or held.image_size == size:
        return ""
    (width, height), (w, h) = held.image_size, size
    return (
        f"{path}: detected in images of {width} x {height} px, the calibration of "
        f"{video.view.name} is of {w} x {h}: right only if they are cropped at the right or below, "
        "not if they are resized"
    )


def misfit(video: Video, poses: PoseSequence) -> str:
    """Returns a warning where lifted poses do not reproject onto the detections; else empty.

    Args:
        video: Detections in the joints of the poses.
        poses: Poses lifted from them: absolute, metres, camera frame, unfiltered.
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
        f"{video.source}: the lifted joints reproject {100 * share:.0f} % of the body's size "
        "off the detections (2 or 3 % are usual) - the joints may be those of another skeleton "
        "(--skeleton), or the model is undertrained - check the poses with "
        f"{cli.program('view')}"
    )


def _other_camera(video: Video) -> str:
    """Returns a warning where the file is named after another camera of the calibration."""
    path = video.source.removesuffix(f", track {video.subject}")
    name = re.split(r"[\\/]", path.rstrip("\\/"))[-1]
    named = [other for other in video.view.others if _in(other, name)]
    if _in(video.view.name, name) or not named:
        return ""
    return (
        f"{video.source} is named after camera {named[0]}, but lifted as camera "
        f"{video.view.name}'s - the camera may be wrong - name the other one in --camera"
    )


def _unknown_vertical(video: Video) -> str:
    """Returns a warning where a placed camera's world has no known vertical."""
    if video.view.R is None or video.view.world_up is not None:
        return ""
    return (
        f"{video.source}: which way is up is unknown - camera {video.view.name} is taken for level "
        "where poses are drawn or turned upright - --up=as-is turns none"
    )


def _in(camera: str, name: str) -> bool:
    """Returns whether a file name contains a camera's name as a whole word or number."""
    wanted = rf"(?<![a-z0-9]){re.escape(camera.lower())}(?![a-z0-9])"
    return bool(camera) and re.search(wanted, name.lower()) is not None


def _outside(video: Video) -> str:
    """Returns a warning where more joints are outside the image than distortion explains."""
    size = np.array(video.view.image_size)
    seen = (video.confidence > 0) & np.isfinite(video.keypoints_2d).all(-1)
    if not size.all() or not seen.any():
        return ""
    pixels = video.keypoints_2d[seen]
    share = float(((pixels < 0) | (pixels > size)).any(-1).mean())
    if share <= OUTSIDE:
        return ""
    return (
        f"{video.source}: {100 * share:.0f} % of the joints are outside the image of "
        f"{size[0]}x{size[1]} pixels - it may be another camera's - check --image-size and --camera"
    )
