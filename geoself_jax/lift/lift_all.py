"""Lifts videos one after the other and writes each when done."""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from geoself_jax.lift.cleaning import NONE, Cleaning
from geoself_jax.lift.lift_each import lift_each
from geoself_jax.lift.lift_video import (
    confident,
    in_joints_of,
    joints_note,
    without_gaps,
)
from geoself_jax.lift.lifter import Lifter
from geoself_jax.lift.output import Output
from geoself_jax.lift.trained_range import outside_range
from geoself_jax.lift.video_detections import Video
from geoself_jax.runtime.phases import phase


@dataclass(frozen=True)
class Done:
    """Result of a command: counts, files, warnings and times.

    Attributes:
        frames: Frames of all videos.
        seen: Frames with a detection.
        files: Files written.
        warnings: One line each.
        compiling, lifting, refining, writing: Seconds; of lifting without those of refining.
    """

    frames: int
    seen: int
    files: tuple[str, ...]
    warnings: tuple[str, ...]
    compiling: float
    lifting: float
    refining: float
    writing: float


def lift_all(
    lifter: Lifter,
    videos: Sequence[Video],
    output: Output,
    *,
    min_confidence: float = 0.0,
    cleaning: Cleaning = NONE,
    notice: Callable[[str], None] = print,
) -> Done:
    """Lifts and writes every video, with a progress bar.

    Args:
        lifter: Trained lifter.
        videos: Videos of one camera.
        output: Format and path of the output.
        min_confidence: Joints of lower confidence are ignored.
        cleaning: Of outliers before, on the floor and of gaps after lifting.
        notice: Receives one line on mapped joints and on what the format cannot store.

    Raises:
        GeoselfError: Other joints (65); world axes without extrinsics, or several clips for one
            file (64); a file cannot be written (74).
    """
    clips = [video.clip for video in videos]
    places = output.places(clips)
    angles = output.angles.places(clips) if output.angles is not None else []
    for video in videos:
        output.check_view(video.view)
        cleaning.check(video.view, lifter.skeleton)
    output.check_joints(lifter.skeleton)
    note = joints_note(lifter.skeleton, videos[0])
    if note:
        notice(note)
    ready = [confident(in_joints_of(lifter.skeleton, v), min_confidence) for v in videos]
    warnings = []
    seconds = dict.fromkeys(("compiling", "lifting", "refining", "writing"), 0.0)
    refining = functools.partial(_timed, seconds, "refining")
    with _timed(seconds, "compiling"), phase("compiling"):
        for video in ready:
            looked = video if lifter.frames == 1 else without_gaps(video)
            lifter.compile(len(looked.frame_id))
    with phase("lifting", sum(video.frames for video in ready), "frames") as bar:
        each = lift_each(lifter, ready, cleaning, progress=bar.update, refining=refining)
        for place in places:
            with _timed(seconds, "lifting"):
                cleaned, rejected, poses, warning = next(each)
                warnings += [warning, *outside_range(lifter, cleaned, poses)]
                poses = output.filtered(poses)
            with _timed(seconds, "writing"):  # the floor bends knees to keep feet in place
                output.write_angles(cleaning.without_gaps(poses), notice)
            with _timed(seconds, "lifting"):
                poses = cleaning.on_floor(poses, cleaned, notice)
                poses = cleaning.filled(poses, cleaned, rejected, notice)
            with _timed(seconds, "writing"):
                output.write(poses, place, notice)
    seconds["lifting"] -= seconds["refining"]  # the first video is lifted and all are refined
    frames, seen = (sum(counts) for counts in zip(*_counts(ready), strict=True))
    files, lines = tuple(map(str, [*places, *angles])), tuple(filter(None, warnings))
    return Done(frames, seen, files, lines, **seconds)


def _counts(videos: Sequence[Video]) -> list[tuple[int, int]]:
    return [(video.frames, len(video.frame_id)) for video in videos]


@contextlib.contextmanager
def _timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    """Adds the time until the end of the block."""
    start = time.perf_counter()
    yield
    seconds[part] += time.perf_counter() - start
