"""A scene's video for the page: small, coded so that each frame is reached at once, in the file."""

import base64
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from geoself_jax.core.errors import usage_error
from geoself_jax.runtime.phases import phase
from geoself_jax.view import video_file
from geoself_jax.view.matched_video import MatchedVideo
from geoself_jax.view.scene import Scene
from geoself_jax.view.video_joints import VideoJoints

LONGER_SIDE = 960
"""Most pixels of the page's video along its longer side."""
MOST_BYTES = 60_000_000
"""Of the coded video: more makes a page that browsers open slowly."""
_QUALITY = 25  # x264's crf; 18 is hardly distinguishable, 28 is coarse
_KEY_FRAMES = 10  # frames from one that stands alone to the next: what a jump decodes


@dataclass(frozen=True)
class PageVideo:
    """A coded video and the joints in its pixels.

    Attributes:
        content: H.264 in MP4, base64.
        first, step: Number of its first frame in the original video, and from each to the next.
        rate: Frames per second at the original's speed.
        size: Width and height of the original, px: the pixels of `joints`.
        joints: Of the scene.
    """

    content: str
    first: int
    step: int
    rate: float
    size: tuple[int, int]
    joints: VideoJoints

    def facts(self) -> dict[str, Any]:
        """Returns what assets/video.js needs to find a frame."""
        return {"first": self.first, "step": self.step, "rate": self.rate}


def page_video(scene: Scene, video: MatchedVideo, joints: VideoJoints) -> PageVideo:
    """Codes a scene's frames of its video for the page.

    Args:
        scene: Scene to show; where it has every n-th frame only, so has the page's video.
        video: Its video.
        joints: Of the scene, in the video's pixels.

    Raises:
        GeoselfError: Too much for a page (64); the video ends early or cannot be decoded (65); no
            ffmpeg (69).
    """
    numbers = scene.frame_id
    step = int(np.median(np.diff(numbers))) if len(numbers) > 1 else 1
    first = int(numbers[0]) if len(numbers) else 0
    wanted = range(first, int(numbers[-1]) + 1 if len(numbers) else 1, step)
    size = (video.info.width, video.info.height)
    small = _inside(size)
    rate = scene.sequences[0].fps / step
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.mp4"
        video_file.write_mp4(
            *(path, _images(video, wanted, small), small, rate),
            quality=_QUALITY,
            key_frames=_KEY_FRAMES,
        )
        coded = path.read_bytes()
    if len(coded) > MOST_BYTES:
        raise usage_error(
            f"{video.path}: {len(coded) / 1e6:.0f} MB for {len(wanted)} frames",
            f"a page takes {MOST_BYTES / 1e6:.0f} MB of video",
            "choose --first and --last, or each n-th frame by --every, or write an .mp4",
        )
    return PageVideo(base64.b64encode(coded).decode(), first, step, rate, size, joints)


def _images(video: MatchedVideo, wanted: range, size: tuple[int, int]) -> Iterator[np.ndarray]:
    drawn = np.full((size[1], size[0], 4), 255, np.uint8)
    with phase("coding the video", len(wanted), "frames") as bar:
        for image in video.frames(wanted):
            small = Image.fromarray(image).resize(size, Image.Resampling.BOX, reducing_gap=1.0)
            drawn[..., :3] = np.asarray(small)
            yield drawn
            bar.update()


def _inside(size: tuple[int, int]) -> tuple[int, int]:
    """Returns a video's size on the page, px, both even."""
    scale = min(1.0, LONGER_SIDE / max(size))
    width, height = (max(2, 2 * round(scale * side / 2)) for side in size)
    return width, height
