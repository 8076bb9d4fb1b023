"""Renders a scene as a video: GIF or MP4, without a display."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import usage_error
from geoself_jax.runtime.phases import phase
from geoself_jax.view import video_file
from geoself_jax.view.choose_frames import Moments, frame_range, in_real_time
from geoself_jax.view.film_frame import FrameRenderer
from geoself_jax.view.scene import Scene

KINDS = (".gif", ".mp4")
_FPS = {".gif": 12.5, ".mp4": 25.0}  # at most, by default
_WIDTH = {".gif": 640, ".mp4": 960}
_MOST = {".gif": 1500, ".mp4": 200_000}  # frames; a GIF is held in memory
_SAMPLE = 8


def write_film(
    path: Path,
    scene: Scene,
    *,
    fps: float | None = None,
    speed: float = 1.0,
    first: int | None = None,
    last: int | None = None,
    width: int | None = None,
    turn: float = 0.0,
) -> int:
    """Writes a scene as a video, 2D detections and 3D poses, at the recording's own speed.

    Args:
        path: `.gif` or `.mp4`; an existing file is replaced atomically.
        scene: Scene to show; its first source is in colour, the others are thin and grey.
        fps: Frames per second; by default the recording's, at most 25 (GIF: 12.5).
        speed: Playback speed; 0.5 is half speed.
        first, last: First and last frame number; all by default.
        width: Width, px; by default 960 (GIF: 640).
        turn: Orbit of the viewpoint, degrees per second; 0 shows two fixed viewpoints.

    Returns:
        Number of frames written.

    Raises:
        GeoselfError: Unknown suffix, no such frames, or a value out of range (64); no ffmpeg for
            `.mp4` (69); the file cannot be written (74).
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise usage_error(str(path), f"expected one of {', '.join(KINDS)}", "change the suffix")
    fps = min(_FPS[kind], scene.sequences[0].fps * speed) if fps is None else fps
    width = _WIDTH[kind] if width is None else width
    check_film(path, fps, speed, width, turn)
    moments = in_real_time(scene, *frame_range(scene, first, last), fps, speed)
    count = len(moments.frame)
    if count > _MOST[kind]:
        raise usage_error(
            f"{path}: {count} frames",
            f"a {kind} has at most {_MOST[kind]}",
            "choose fewer frames per second or a shorter range" + (", or .mp4" * (kind == ".gif")),
        )
    shown = np.unique(moments.scene_index[moments.scene_index >= 0])
    renderer = FrameRenderer(scene, shown, width, turns=turn != 0)
    images = _images(renderer, moments, turn / fps, path.name)
    if kind == ".mp4":
        video_file.write_mp4(path, images, renderer.size, fps)
    else:
        video_file.write_gif(path, images, _sample(renderer, moments), fps)
    return count


def _sample(renderer: FrameRenderer, moments: Moments) -> Iterator[np.ndarray]:
    """Renders every n-th frame."""
    every = -(-len(moments.frame) // _SAMPLE)
    for frame, index in zip(moments.frame[::every], moments.scene_index[::every], strict=True):
        yield renderer.draw(int(frame), int(index)).copy()


def _images(
    renderer: FrameRenderer, moments: Moments, turn: float, name: str
) -> Iterator[np.ndarray]:
    with phase(f"drawing {name}", len(moments.frame), "frames") as bar:
        for k, (frame, index) in enumerate(zip(*moments, strict=True)):
            yield renderer.draw(int(frame), int(index), k * turn)
            bar.update()


def check_film(path: Path, fps: float, speed: float, width: int, turn: float) -> None:
    """Checks the values of a film.

    Raises:
        GeoselfError: One is out of range (64).
    """
    limits = {
        "fps": (fps, 0.1, 240),
        "speed": (speed, 0.01, 100),
        "width": (width, 160, 3840),
        "turn": (turn, -720, 720),
    }
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise usage_error(f"{path}: {name} {value}", f"must be in [{low}, {high}]", "change it")
    if path.suffix.lower() == ".gif" and fps > 50:
        raise usage_error(
            f"{path}: {fps} frames per second", "a GIF plays at most 50", "set fps to 50"
        )
