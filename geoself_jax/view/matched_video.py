"""The video that a scene's poses were lifted from: checked against them, read frame by frame."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files.video_frames import VideoInfo, even_times, frames_of, read_video_info
from geoself_jax.data.poses.resample import step_of
from geoself_jax.view.scene import Scene


@dataclass(frozen=True)
class MatchedVideo:
    """A video and which of its frames is frame n of a scene, from 0: its n-th, unless said.

    Attributes:
        path: The video.
        info: Its size, rate and number of frames.
        notes: What is to know about the two, one line each.
        shown: (N,) number of the video's frame for each frame number of the scene; None for the
            same.
    """

    path: Path
    info: VideoInfo
    notes: tuple[str, ...] = ()
    shown: np.ndarray | None = None

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
        for own in numbers:
            number = own if self.shown is None else int(self.shown[own])
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
        scene: Poses whose frame numbers count this video's frames from 0, or the even times at
            which `detect` looked at it.

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
    fps = scene.sequences[0].fps
    at_times = even_times(info.seconds, fps).frame
    if _is_by_time(info.frames, len(at_times), scene.frame_id):
        note = f"frames are matched by their times, {fps:.6g} a second, as detect looked at them"
        return MatchedVideo(path, info, (note,), at_times)
    if last >= info.frames:
        raise _too_short(path, info.frames, last)
    is_even = np.array_equal(at_times, np.arange(info.frames))
    return MatchedVideo(path, info, tuple(_rates(info, fps, is_even=is_even)))


def _is_by_time(frames: int, times: int, frame_id: np.ndarray) -> bool:
    """Whether poses are of even times, at which `detect` looked at a video, not of its frames.

    They are where there are as many poses as times, or more than the video has frames.

    Args:
        frames: Of the video.
        times: Even times in it at the rate of the poses.
        frame_id: Numbers of the poses' frames, from 0.
    """
    step, count = step_of(frame_id), int(frame_id[-1]) + 1 if len(frame_id) else 0
    as_frames, as_times = (all_ - step < count <= all_ for all_ in (frames, times))
    return times != frames and count <= times and (count > frames or (as_times and not as_frames))


def _rates(info: VideoInfo, fps: float, *, is_even: bool) -> Iterator[str]:
    if abs(info.rate / fps - 1) > 0.01:
        yield (
            f"the video runs at {info.rate:.4g} frames per second, the poses at {fps:.4g}: they are"
            " matched by frame numbers"
        )
    elif not is_even:
        yield (
            f"the video's frames are not at even times of {fps:.6g} a second: they are matched by "
            "frame numbers"
        )


def _too_short(path: Path, frames: int, last: int) -> Exception:
    return data_error(
        f"{path}: {frames} frames",
        f"the poses go to frame {last}, counted from 0",
        "give the whole video that the joints were detected in",
    )
