"""Renders the poses over the video that they were lifted from, as an MP4."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import usage_error
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.runtime.phases import phase
from geoself_jax.view import video_file
from geoself_jax.view.choose_frames import Moments, frame_range, in_real_time
from geoself_jax.view.film import check_film
from geoself_jax.view.matched_video import MatchedVideo
from geoself_jax.view.overlay_frame import OverlayRenderer
from geoself_jax.view.scene import Scene
from geoself_jax.view.video_joints import VideoJoints

_FPS = 60.0  # at most, by default
_WIDTH = 1280


def write_overlay(
    path: Path,
    scene: Scene,
    video: MatchedVideo,
    joints: VideoJoints,
    *,
    fps: float | None = None,
    speed: float = 1.0,
    width: int | None = None,
    turn: float = 0.0,
    angles: AngleSequence | None = None,
) -> int:
    """Writes the video with its 2D input and the re-projected poses, the 3D body next to it.

    One frame of the video is in memory at a time.

    Args:
        path: `.mp4`; an existing file is replaced atomically.
        scene: Scene to show; its first source is in colour, the others are thin.
        video: Its video.
        joints: Its joints in the video's pixels.
        fps: Frames per second; by default the recording's, at most 60.
        speed: Playback speed; 0.5 is half speed.
        width: Width, px; by default 1280.
        turn: Orbit of the 3D body's viewpoint, degrees per second.
        angles: Joint angles in the same frame numbers, drawn as curves; None for none.

    Returns:
        Number of frames written.

    Raises:
        GeoselfError: Another suffix or a value out of range (64); the video ends early or cannot be
            decoded (65); no ffmpeg (69); the file cannot be written (74).
    """
    if path.suffix.lower() != ".mp4":
        raise usage_error(str(path), "a film over a video is .mp4", "change the suffix")
    fps = min(_FPS, scene.sequences[0].fps * speed) if fps is None else fps
    width = _WIDTH if width is None else width
    check_film(path, fps, speed, width, turn)
    moments = in_real_time(scene, *frame_range(scene, None, None), fps, speed)
    shown = np.unique(moments.scene_index[moments.scene_index >= 0])
    size = (video.info.width, video.info.height)
    renderer = OverlayRenderer(*(scene, joints, size, shown, width), turns=turn != 0, angles=angles)
    images = _images(renderer, video, moments, turn / fps, path.name)
    video_file.write_mp4(path, images, renderer.size, fps)
    return len(moments.frame)


def _images(
    renderer: OverlayRenderer, video: MatchedVideo, moments: Moments, turn: float, name: str
) -> Iterator[np.ndarray]:
    frames = video.frames(moments.frame.tolist())
    with phase(f"drawing {name}", len(moments.frame), "frames") as bar:
        for k, (image, frame, index) in enumerate(zip(frames, *moments, strict=True)):
            yield renderer.draw(image, int(frame), int(index), k * turn)
            bar.update()
