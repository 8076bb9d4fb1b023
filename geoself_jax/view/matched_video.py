"""The video that a scene's poses were lifted from: checked against them, read frame by frame."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files.video_frames import (
    VideoInfo,
    even_times,
    frames_of,
    read_video_info,
)
from geoself_jax.view.scene import Scene

_ALIKE = 0.01
"""Relative difference up to which two frame rates are taken for one."""


@dataclass(frozen=True)
class MatchedVideo:
    """A video and which of its frames is frame n of a scene, from 0.

    Attributes:
        path: The video.
        info: Its size, rate and number of frames.
        frame: (N,) the number of its frame that is frame n of the scene.
        notes: What is to know about the two, one line each.
    """

    path: Path
    info: VideoInfo
    frame: np.ndarray
    notes: tuple[str, ...] = ()

    def frames(self, numbers: Iterable[int]) -> Iterator[np.ndarray]:
        """Decodes frames as they are asked for, one in memory.

        Args:
            numbers: Frame numbers of the scene, ascending; one may come several times.

        Yields:
            (height, width, 3) uint8 RGB of each.

        Raises:
            GeoselfError: The video ends before, or cannot be decoded (65).
        """
        decoded = enumerate(frames_of(self.path))
        at, image = -1, None
        for number in numbers:
            if number >= len(self.frame):
                raise _too_short(self.path, len(self.frame), number)
            while at < self.frame[number]:
                found = next(decoded, None)
                if found is None:
                    raise _too_short(self.path, at + 1, number)
                at, (_, image) = found
            assert image is not None
            yield image


def match_video(path: Path | str, scene: Scene) -> MatchedVideo:
    """Checks that a video is that of a scene: its camera's image size, and all of its frames.

    Args:
        path: Any video that ffmpeg decodes.
        scene: Poses whose frame numbers count this video's frames from 0.

    Raises:
        GeoselfError: Another size or fewer frames (65); no such file (66); PyAV is not installed
            (69).
    """
    path = Path(path)
    info = read_video_info(path)
    cameras = [s.camera for s in scene.sequences if s.camera is not None]
    size = next((c.image_size for c in cameras if min(c.image_size) > 0), None)
    if size is not None and size != (info.width, info.height):
        raise data_error(
            f"{path}: {info.width} x {info.height} pixels",
            f"the camera of {scene.name} has {size[0]} x {size[1]}",
            "give the video that the joints were detected in, not cropped or scaled",
        )
    last = int(scene.frame_id[-1]) if scene.frames else 0
    frame, notes = _matched(info, scene.sequences[0].fps, last)
    if last >= len(frame):
        raise _too_short(path, len(frame), last)
    return MatchedVideo(path, info, frame, notes)


def _matched(info: VideoInfo, fps: float, last: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """The video's frame for each of the poses, and a note where that is not the same number.

    `detect` looks at even times, of a variable frame rate or at another one that it was asked for;
    other detectors number the frames. The number of frames tells which it was.
    """
    numbers = np.arange(info.frames)
    natural = even_times(info.seconds).rate
    alike = abs(natural / fps - 1) <= _ALIKE
    even = even_times(info.seconds, None if alike else fps).frame
    if np.array_equal(even, numbers):
        return numbers, ()
    far, near = (abs(len(frames) - 1 - last) for frames in (even, numbers))
    by_times = far <= near if alike else far < near
    rates = "the video's frames are not at even times"
    if not alike:
        rates = f"the video runs at {info.rate:.4g} frames per second, the poses at {fps:.4g}"
    how = "times, as detect does" if by_times else "frame numbers"
    return (even if by_times else numbers), (f"{rates}: they are matched by {how}",)


def _too_short(path: Path, frames: int, last: int) -> Exception:
    return data_error(
        f"{path}: {frames} frames",
        f"the poses go to frame {last}, counted from 0",
        "give the whole video that the joints were detected in",
    )
