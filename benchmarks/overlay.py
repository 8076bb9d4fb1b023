"""How fast poses are drawn over a video: python -m benchmarks.overlay

Frames per second of the whole of `view --video`: reading the frames, drawing, coding the film or
the page's video. Next to it ffmpeg alone, which decodes the same video and codes it again as the
film is coded. The video is ffmpeg's test source, 10 s at 30 frames per second, or --video with
--poses. Median of --repeats, the ways in turns.
"""

import argparse
import functools
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.installed import installed
from benchmarks.view import one_video, scene_of
from geoself_jax.data.angles.measure import angles_of
from geoself_jax.data.files.video_frames import frames_of
from geoself_jax.data.poses.formats import read_poses
from geoself_jax.view.build_scenes import Scene, scenes_from_sequences
from geoself_jax.view.matched_video import match_video
from geoself_jax.view.overlay_film import write_overlay
from geoself_jax.view.page_video import page_video
from geoself_jax.view.video_joints import video_joints

imageio_ffmpeg = installed("imageio_ffmpeg")

_FRAMES, _FPS = 300, 30
_SIZES = ((1280, 720), (1920, 1080))


def main() -> None:
    """Draws each video each way, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video", help="in place of the test source")
    parser.add_argument("--poses", help="lifted from it, .npz or .json")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", help="file to write the numbers to, too")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if flags.video:
            cases = [(Path(flags.video), scenes_from_sequences([read_poses(flags.poses)])[0])]
        else:
            cases = [_test_source(Path(folder), *size) for size in _SIZES]
        table = [_measured(Path(folder), *case, flags.repeats) for case in cases]
    print("frames per second")
    for row in table:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    if flags.json:
        Path(flags.json).write_text(json.dumps(table, indent=1) + "\n")


def _test_source(folder: Path, width: int, height: int) -> tuple[Path, Scene]:
    """Ffmpeg's moving test image, and a synthetic person as a camera of that size sees it."""
    path = folder / f"{width}x{height}.mp4"
    source = f"testsrc2=size={width}x{height}:rate={_FPS}:duration={_FRAMES / _FPS}"
    words = f"-f lavfi -i {source} -c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p"
    _ffmpeg(*words.split(), str(path))
    scene = scene_of(one_video(_FRAMES))
    sequences = []
    for sequence in scene.sequences[:1]:
        assert sequence.camera is not None
        wide, high = sequence.camera.image_size
        assert sequence.keypoints_2d is not None
        larger = np.array([width / wide, height / high, 1])
        K = np.diag(larger) @ sequence.camera.K
        camera = replace(sequence.camera, K=K, image_size=(width, height))
        pixels = (sequence.keypoints_2d * larger[:2]).astype(np.float32)
        sequences.append(sequence.replace(camera=camera, fps=float(_FPS), keypoints_2d=pixels))
    return path, replace(scene, sequences=tuple(sequences), reference=None)


def _measured(folder: Path, path: Path, scene: Scene, repeats: int) -> dict[str, object]:
    video, joints = match_video(path, scene), video_joints(scene)
    angles = angles_of(scene.sequences[0])
    film, copy = folder / "film.mp4", folder / "copy.mp4"
    coded = f"-an -c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p {copy}"
    write = functools.partial(write_overlay, film, scene, video, joints)
    ways: dict[str, Callable[[], object]] = {
        "ffmpeg decodes and codes": lambda: _ffmpeg("-i", str(path), *coded.split()),
        "read alone": lambda: sum(1 for _ in frames_of(path)),
        "film": write,
        "film with curves": lambda: write(angles=angles),
        "for a page": lambda: page_video(scene, video, joints),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    frames = video.info.frames
    rates = {name: round(frames / statistics.median(t[1:]), 1) for name, t in times.items()}
    return {"video": f"{video.info.width} x {video.info.height}", **rates}


def _ffmpeg(*words: str) -> None:
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-v", "error", "-y", *words], check=True)


if __name__ == "__main__":
    main()
