"""The video that a scene's poses were lifted from: checked against them, read frame by frame."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files.video_frames import VideoInfo, frames_of, read_video_info
from geoself_jax.view.scene import Scene


@dataclass(frozen=True)
class MatchedVideo:
    """A video whose n-th frame is frame n of a scene, from 0.

    Attributes:
        path: The video.
        info: Its size, rate and number of frames.
        notes: What is to know about the two, one line each.
    """

    path: Path
    info: VideoInfo
    notes: tuple[str, ...] = ()

    def frames(self, numbers: Iterable[int]) -> Iterator[np.ndarray]:
        """Decodes frames as they are asked for, one in memory.

        Args:
            numbers: Frame numbers, ascending; one may come several times.

        Yields:
            (height, width, 3) uint8 RGB of each.

        Raises:
            GeoselfError: The video ends before, or cannot be decoded (65).
        """
        decoded = enumerate(frames_of(self.path))
        at, image = -1, None
        for number in numbers:
            while at < number:
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
    if last >= info.frames:
        raise _too_short(path, info.frames, last)
    return MatchedVideo(path, info, tuple(_rates(info, scene.sequences[0].fps)))


def _rates(info: VideoInfo, fps: float) -> Iterator[str]:
    if abs(info.rate / fps - 1) > 0.01:
        yield (
            f"the video runs at {info.rate:.4g} frames per second, the poses at {fps:.4g}: they are"
            " matched by frame numbers"
        )


def _too_short(path: Path, frames: int, last: int) -> Exception:
    return data_error(
        f"{path}: {frames} frames",
        f"the poses go to frame {last}, counted from 0",
        "give the whole video that the joints were detected in",
    )
