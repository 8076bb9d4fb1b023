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

_CROPPED = 16
"""Pixels that a video may be narrower or lower than its camera's image.

Codecs store blocks of 16: a camera of 1088 lines gives a video of 1080, cut at the right or below.
"""


@dataclass(frozen=True)
class MatchedVideo:
    """A video and which of its frames are a scene's.

    Attributes:
        path: The video.
        info: Its size, rate and number of frames.
        notes: What is to know about the two, one line each.
        even: (N,) number of the video's frame that is frame n of the scene, ascending; None where
            that is n itself.
    """

    path: Path
    info: VideoInfo
    notes: tuple[str, ...] = ()
    even: np.ndarray | None = None

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
        for wanted in numbers:
            number = wanted if self.even is None else int(self.even[wanted])
            while at < number:
                found = next(decoded, None)
                if found is None:
                    raise _too_short(self.path, at + 1, number)
                at, (_, image) = found
            assert image is not None
            yield image


def match_video(path: Path | str, scene: Scene, frames: int | None = None) -> MatchedVideo:
    """Checks that a video is that of a scene: its camera's image size, and all of its frames.

    Args:
        path: Any video that ffmpeg decodes.
        scene: Poses whose frame numbers count this video's frames from 0, or, as `detect` does
            where these are not at even times, even times at the poses' rate.
        frames: Number of frames of the poses before some were chosen, by which these two are
            distinguished; None for the scene's.

    Raises:
        GeoselfError: Another size or fewer frames (65); no such file (66); PyAV is not installed
            (69).
    """
    path = Path(path)
    info = read_video_info(path)
    notes = [*_sizes(path, info, scene)]
    last = int(scene.frame_id[-1]) if scene.frames else 0
    fps = scene.sequences[0].fps
    even = _even_frames(info, fps, last if frames is None else frames - 1)
    if even is not None:
        notes.append(
            f"the video's frames are not at even times of {fps:.6g} a second: they are matched by "
            "time, frame n of the poses at n / fps, as detect does"
        )
    elif last >= info.frames:
        raise _too_short(path, info.frames, last)
    elif abs(info.rate / fps - 1) > 0.01:
        notes.append(
            f"the video runs at {info.rate:.4g} frames per second, the poses at {fps:.4g}: they "
            "are matched by frame numbers"
        )
    return MatchedVideo(path, info, tuple(notes), even)


def _sizes(path: Path, info: VideoInfo, scene: Scene) -> Iterator[str]:
    """A note where the video is slightly smaller than its camera's image; else refused."""
    cameras = [s.camera for s in scene.sequences if s.camera is not None]
    size = next((c.image_size for c in cameras if min(c.image_size) > 0), None)
    if size is None or size == (info.width, info.height):
        return
    less = size[0] - info.width, size[1] - info.height
    if not (min(less) >= 0 and max(less) < _CROPPED):
        raise data_error(
            f"{path}: {info.width} x {info.height} pixels",
            f"the camera of {scene.name} has {size[0]} x {size[1]}",
            "give the video that the joints were detected in, not cropped or scaled",
        )
    yield (
        f"{path}: {info.width} x {info.height} pixels, the camera has {size[0]} x {size[1]}: right "
        "only if the video is cropped at the right or below, not if it is resized"
    )


def _even_frames(info: VideoInfo, fps: float, last: int) -> np.ndarray | None:
    """The video's frame at each even time, where poses to frame `last` are at these; else None.

    Frames that other detectors count are the video's: a pose for each of them is by number. So
    are poses at more than the video's rate, as of slow motion, as long as it has such frames.
    """
    own = even_times(info.seconds)
    usual = abs(own.rate / fps - 1) < 1e-3
    even = own if usual else even_times(info.seconds, fps)
    frames = len(even.frame)
    if last >= frames or np.array_equal(even.frame, np.arange(info.frames)):
        return None
    if last + 1 == info.frames and frames != info.frames:
        return None
    if not usual and fps > info.rate and last < info.frames:
        return None
    return even.frame


def _too_short(path: Path, frames: int, last: int) -> Exception:
    return data_error(
        f"{path}: {frames} frames",
        f"the poses go to frame {last}, counted from 0",
        "give the whole video that the joints were detected in",
    )
