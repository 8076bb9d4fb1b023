"""A scene as a film: GIF or MP4, without a screen."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from geoself_jax.core.errors import usage_error
from geoself_jax.view import video_file
from geoself_jax.view.choose_frames import Moments, frame_range, in_real_time
from geoself_jax.view.film_frame import Stage
from geoself_jax.view.scene import Scene

KINDS = (".gif", ".mp4")
_FPS = {".gif": 12.5, ".mp4": 25.0}  # at most, where none is asked for
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
    """Films a scene: what the camera saw, and the poses, in the video's own time.

    Args:
        path: `.gif` or `.mp4`; one already there is replaced once all is written.
        scene: What to show; its first source is in colour, the others are thin and grey.
        fps: Frames a second of the film; by default the video's, but at most 25 (GIF: 12.5).
        speed: 0.5 shows it half as fast.
        first, last: Frames of the video to begin and end with; all by default.
        width: Pixels; by default 960 (GIF: 640).
        turn: Degrees a second by which the viewer goes round; 0 shows two sides instead.

    Returns:
        How many frames it has.

    Raises:
        GeoselfError: Another ending, no such frames, or numbers that make no film (64); no ffmpeg
            for `.mp4` (69); the disk refuses (74).
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise usage_error(str(path), f"wanted one of {', '.join(KINDS)}", "change its ending")
    fps = min(_FPS[kind], scene.sequences[0].fps * speed) if fps is None else fps
    width = _WIDTH[kind] if width is None else width
    _check(path, fps, speed, width, turn)
    moments = in_real_time(scene, *frame_range(scene, first, last), fps, speed)
    count = len(moments.frame)
    if count > _MOST[kind]:
        raise usage_error(
            f"{path}: {count} frames",
            f"at most {_MOST[kind]} make a {kind}",
            "choose fewer frames a second or a shorter range" + (", or .mp4" * (kind == ".gif")),
        )
    shown = np.unique(moments.scene_index[moments.scene_index >= 0])
    stage = Stage(scene, shown, width, turns=turn != 0)
    pictures = _pictures(stage, moments, turn / fps, path.name)
    if kind == ".mp4":
        video_file.write_mp4(path, pictures, stage.size, fps)
    else:
        video_file.write_gif(path, pictures, _sample(stage, moments), fps)
    return count


def _sample(stage: Stage, moments: Moments) -> Iterator[np.ndarray]:
    """Some of the pictures."""
    every = -(-len(moments.frame) // _SAMPLE)
    for frame, index in zip(moments.frame[::every], moments.scene_index[::every], strict=True):
        yield stage.draw(int(frame), int(index)).copy()


def _pictures(stage: Stage, moments: Moments, turn: float, name: str) -> Iterator[np.ndarray]:
    frames = tqdm(zip(*moments, strict=True), name, len(moments.frame), unit=" frames")
    for k, (frame, index) in enumerate(frames):
        yield stage.draw(int(frame), int(index), k * turn)


def _check(path: Path, fps: float, speed: float, width: int, turn: float) -> None:
    limits = {
        "fps": (fps, 0.1, 240),
        "speed": (speed, 0.01, 100),
        "width": (width, 160, 3840),
        "turn": (turn, -720, 720),
    }
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise usage_error(f"{path}: {name} {value}", f"wanted {low} to {high}", "change it")
    if path.suffix.lower() == ".gif" and fps > 50:
        raise usage_error(f"{path}: {fps} frames a second", "a GIF plays 50 at most", "ask for 50")
