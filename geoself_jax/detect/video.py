"""The joints of one video, written as a file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files.detections_file import Header, header_of, write_detections
from geoself_jax.data.files.video_frames import (
    EvenTimes,
    VideoInfo,
    even_times,
    frames_of,
    read_video_info,
)
from geoself_jax.data.skeletons import BODY_25, COCO_17, COCO_18, COCO_23, HALPE_26, MEDIAPIPE_33
from geoself_jax.detect.detector_process import Detector, started
from geoself_jax.runtime.phases import phase

_BY_COUNT = {17: COCO_17, 18: COCO_18, 25: BODY_25, 26: HALPE_26, 33: MEDIAPIPE_33, 133: COCO_23}
"""Joints of a body by how many a detector gives; of a whole body, those of the body."""


class Found(NamedTuple):
    """What was done with a video.

    Attributes:
        header: Of the file.
        seen: Frames in which somebody was found; -1 where the file was there already.
    """

    header: Header
    seen: int


def detect_video(
    video: Path,
    out: Path,
    *,
    kind: str,
    python: str | None = None,
    options: Mapping[str, Any],
    fps: float | None = None,
    again: bool = False,
    notice: Callable[[str], None] = print,
) -> Found:
    """Detects the people in every frame of a video and writes them.

    Args:
        video: A video.
        out: The file to write.
        kind, python, options: As of `detector_process.started`.
        fps: Frames per second to look at; None for the video's.
        again: Whether to detect what a file that is there has already.
        notice: Receives lines on what was assumed.

    Raises:
        GeoselfError: No video (66) or a bad one (65); no detector (69); nobody is in it (65).
    """
    info = read_video_info(video)
    even = even_times(info.seconds, fps)
    _say(video, info, even, notice)
    with started(kind, python, options) as detector:
        expected = (video.name, video.stat().st_size, detector.name, even.rate, len(even.frame))
        there = header_of(out)
        if there and not again:
            had = (there.video, there.video_bytes, there.detector, there.fps, there.frames)
            if had == expected:
                return Found(there, -1)
        people = _detected(video, info.frames, even, detector)
    joints = next((found.shape[1] for found in people if len(found)), 0)
    if not joints:
        raise data_error(str(video), "nobody was found in any frame", "look at the video")
    names = detector.joint_names or _names(kind, joints)
    size = (info.width, info.height)
    header = Header(*expected[:4], size, len(people), names)
    write_detections(out, header, [found[:, : len(names)] for found in people])
    return Found(header, sum(len(found) > 0 for found in people))


def _say(video: Path, info: VideoInfo, even: EvenTimes, notice: Callable[[str], None]) -> None:
    turned = f", turned by {info.rotation_degrees} degrees" if info.rotation_degrees else ""
    notice(
        f"{video}: {info.frames} frames of {info.width} x {info.height} px, {even.rate:.6g} frames "
        f"per second{turned}"
    )
    if even.repeated or even.dropped:
        notice(
            f"{video}: its frames are not at even times: at {even.rate:.6g} frames per second "
            f"{even.repeated} are repeated and {even.dropped} dropped"
        )


def _detected(video: Path, frames: int, even: EvenTimes, detector: Detector) -> list[np.ndarray]:
    """The people at each even time; the next frame is decoded while the detector works."""
    wanted = set(even.frame.tolist())
    found: dict[int, np.ndarray] = {}
    waiting = number = -1
    with phase(f"detecting {video.name}", len(wanted), "frames") as bar:
        for number, (_, image) in enumerate(frames_of(video)):
            if number not in wanted:
                continue
            if waiting >= 0:
                found[waiting] = detector.receive()
                bar.update()
            detector.send(image)
            waiting = number
        if waiting >= 0:
            found[waiting] = detector.receive()
            bar.update()
    if number + 1 != frames:  # it is not known which are lacking
        why = f"{number + 1} of its {frames} frames could be decoded"
        do = "copy it again, or convert it with ffmpeg"
        raise data_error(str(video), why, do)
    return [found[number] for number in even.frame.tolist()]


def _names(kind: str, joints: int) -> tuple[str, ...]:
    skeleton = _BY_COUNT.get(joints)
    if skeleton is None:
        known = ", ".join(map(str, _BY_COUNT))
        what = f"--detector={kind}: a model of {joints} joints"
        raise data_error(what, f"wanted {known}", "use a model of a known skeleton")
    return skeleton.joint_names
