"""Reads a video's frames with PyAV: upright, in the order they are shown, with their times."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import UNAVAILABLE, GeoselfError, data_error, missing_error

_RATES = (*(24000 / 1001, 24, 25, 30000 / 1001, 30, 50, 60000 / 1001, 60, 100), 120000 / 1001)
_USUAL = (*_RATES, 120, 200, 240000 / 1001, 240, 250, 300, 500)
"""Frames per second that cameras have."""
_NEAR = 4e-4
"""Relative difference below which a rate is a usual one: 30 and 29.97 differ by 1e-3."""

MOST_FRAMES = 2**20
"""Of a video made even, from which its times are doubted: six hours at 50 frames per second."""
_MOST_REPEATED = 10


@dataclass(frozen=True)
class VideoInfo:
    """What a video is, before its frames are decoded.

    Attributes:
        width, height: Of the upright frames, px.
        frames: Number of frames that are shown.
        rate: Frames per second on average.
        rotation_degrees: Clockwise turn that makes a stored frame upright: 0, 90, 180 or 270.
        seconds: (frames,) float64 time of each frame, s, the first at 0.
    """

    width: int
    height: int
    frames: int
    rate: float
    rotation_degrees: int
    seconds: np.ndarray


class EvenTimes(NamedTuple):
    """Frames of a video at even times.

    Attributes:
        rate: Frames per second.
        frame: (N,) int64 number of the video's frame that is nearest to `n / rate`.
        repeated: How many of them show the frame before again.
        dropped: How many frames of the video are none of them.
    """

    rate: float
    frame: np.ndarray
    repeated: int
    dropped: int


def read_video_info(path: Path | str) -> VideoInfo:
    """Reads size, rotation and frame times of a video; only its first frame is decoded.

    Pixels are those that are stored: where they are not square (DV, HDV), frames are not stretched,
    as a calibration of that camera is in stored pixels too.

    Args:
        path: A video of any format that ffmpeg knows.

    Raises:
        GeoselfError: No such file (66); no video, a damaged one or the beginning of one (65); PyAV
            is not installed (69).
    """
    with _opened(path) as (container, stream):
        packets = [packet for packet in container.demux(stream) if packet.size]
        stamps = [packet.pts for packet in packets if not packet.is_discard]
        if len(packets) < stream.frames:  # ffmpeg ends without a word
            why = f"ends after {len(packets)} of the {stream.frames} frames that its header lists"
            raise data_error(str(path), why, "copy it again")
        per_tick = float(stream.time_base)
        average = float(stream.average_rate or 0)
    first = next(_decoded(path), None)
    if first is None or not stamps:
        raise data_error(str(path), "has no frame that can be decoded", "record or copy it again")
    if None in stamps or len(set(stamps)) < len(stamps):  # raw streams have no times
        seconds = np.arange(len(stamps)) / (average or 30.0)
    else:
        seconds = np.sort(np.array(stamps, np.float64)) * per_tick
    seconds = seconds - seconds[0]
    turn = _clockwise(first)
    sides = (first.width, first.height) if turn % 180 == 0 else (first.height, first.width)
    rate = _average_rate(seconds, average)
    return VideoInfo(*sides, len(seconds), rate, turn, seconds)


def frames_of(path: Path | str) -> Iterator[tuple[float, np.ndarray]]:
    """Decodes a video frame by frame.

    Args:
        path: As of `read_video_info`.

    Yields:
        Time, s, the first frame's 0, and the upright frame, (height, width, 3) uint8 RGB.

    Raises:
        GeoselfError: As of `read_video_info`; also at a frame that cannot be decoded, or is of
            another size than the first (65).
    """
    start, rate, size = None, 0.0, (0, 0)
    for number, frame in enumerate(_decoded(path)):
        if number == 0:
            start, rate = frame.time, _stream_rate(path) if frame.time is None else 0.0
            size = (frame.width, frame.height)
        if (frame.width, frame.height) != size:
            what = f"{path}: {frame.width} x {frame.height} px from frame {number} on"
            why = f"{size[0]} x {size[1]} px before"
            raise data_error(what, why, "cut it there, or convert it with ffmpeg to one size")
        seconds = number / rate if start is None or frame.time is None else frame.time - start
        image = frame.to_ndarray(format="rgb24")
        yield seconds, np.ascontiguousarray(np.rot90(image, -_clockwise(frame) // 90))


def even_times(seconds: np.ndarray, rate: float | None = None) -> EvenTimes:
    """Chooses frames at even times from a video of variable frame rate.

    A video whose frames are never half a frame from their even time keeps all of them.

    Args:
        seconds: (frames,) ascending times, s, the first 0.
        rate: Frames per second; None for that of most of the video's frames.

    Raises:
        GeoselfError: Nearly all of them would be repeated: a time is wrong (65).
    """
    seconds = np.asarray(seconds, np.float64)
    count = len(seconds)
    if count < 2 or seconds[-1] <= 0:
        return EvenTimes(rate or 30.0, np.arange(count), 0, 0)
    if rate is None:
        mean = (count - 1) / seconds[-1]
        for same in (_usual(mean), mean):
            if np.abs(seconds * same - np.arange(count)).max() < 0.5:
                return EvenTimes(same, np.arange(count), 0, 0)
        steps = np.diff(seconds)
        middle = np.median(steps)
        rate = _usual(1 / steps[np.abs(steps - middle) <= 0.2 * middle].mean())
    even = int(np.floor(seconds[-1] * rate + 0.5 - 1e-6)) + 1
    if even > max(MOST_FRAMES, _MOST_REPEATED * count):
        at = int(np.diff(seconds).argmax())
        why = f"frame {at + 1} is {seconds[at + 1] - seconds[at]:.6g} s after frame {at}"
        do = "cut it there, or convert it with ffmpeg"
        raise data_error(f"a video of {count} frames", why, do)
    wanted = np.arange(even) / rate
    nearest = np.searchsorted((seconds[1:] + seconds[:-1]) / 2, wanted, side="right")
    shown = len(np.unique(nearest))
    return EvenTimes(rate, nearest.astype(np.int64), len(nearest) - shown, count - shown)


def _usual(rate: float) -> float:
    """The usual rate next to one, or itself where there is none."""
    near = min(_USUAL, key=lambda usual: abs(usual - rate))
    return near if abs(near - rate) <= _NEAR * rate else rate


def _average_rate(seconds: np.ndarray, average: float) -> float:
    """Frames per second: the stream's own number where the times agree with it."""
    if len(seconds) < 2:
        return average or 30.0
    measured = float((len(seconds) - 1) / seconds[-1])
    return average if average and abs(measured - average) <= 2e-3 * average else _usual(measured)


def _stream_rate(path: Path | str) -> float:
    with _opened(path) as (_, stream):
        return float(stream.average_rate or 30)


def _clockwise(frame: Any) -> int:
    """Turn that makes a frame upright; ffmpeg's display matrix counts the other way."""
    return round(-frame.rotation / 90) % 4 * 90


def _decoded(path: Path | str) -> Iterator[Any]:
    number = 0
    with _opened(path, lambda: f" at frame {number}") as (container, stream):
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            yield frame
            number += 1


@contextlib.contextmanager
def _opened(path: Path | str, where: Callable[[], str] = lambda: "") -> Iterator[tuple[Any, Any]]:
    """A video's container and its stream of images; errors of ffmpeg within are ours."""
    try:
        import av
    except ImportError as error:
        do = 'pip install "geoself_jax[video]"'
        raise GeoselfError(str(path), "PyAV is not installed", do, UNAVAILABLE) from error
    if not Path(path).exists():
        raise missing_error(str(path), "no such file", "check the path")
    if not Path(path).is_file():
        raise data_error(str(path), "is no file, wanted a video", "name one video")
    try:
        with av.open(f"file:{path}") as container:
            stream = container.streams.best("video")
            if stream is None or container.format.name == "tty":  # ffmpeg draws any text
                raise data_error(str(path), "has no images in it, wanted a video", "check the file")
            yield container, stream
    except av.FFmpegError as error:
        why = f"cannot be read as a video{where()} ({error.strerror})"
        raise data_error(str(path), why, "copy it again, or convert it with ffmpeg") from error
