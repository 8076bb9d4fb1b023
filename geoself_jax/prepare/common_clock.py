"""Frame numbers of the cameras of a recording, as one clock that starts near 0."""

import dataclasses
from collections.abc import Sequence

from geoself_jax.core.errors import data_error
from geoself_jax.prepare.instances import Instances

FAR = 100_000
"""From this number on, the smallest of all cameras becomes 0: it is a clock's, and no count."""

LONGEST = 4_000_000
"""Largest number of frames, a day at 50 per second."""


def common_clock(views: Sequence[Instances], names: Sequence[str]) -> tuple[list[Instances], str]:
    """Detections of all cameras by the same frame numbers, and what was assumed (or empty).

    Args:
        views: Of each camera; numbers of equal frames differ by `counted_from` at most.
        names: Of the cameras, for messages.

    Raises:
        GeoselfError: More frames than a day has (65).
    """
    base = min(view.counted_from for view in views)
    views = [_shifted(view, view.counted_from - base) for view in views]
    starts = [start for view in views if (start := _start(view)) is not None]
    said = []
    if len(set(starts)) > 1:
        at = ((_start(view), name) for view, name in zip(views, names, strict=True))
        each = ", ".join(f"{start + base} of {name}" for start, name in at if start is not None)
        said.append(f"frame numbers are read as one clock of all cameras; the first are {each}")
    first = min(starts, default=0)
    if first >= FAR:
        views = [_shifted(view, -first) for view in views]
        said.append(f"frame number {first + base} of the files is frame 0")
    for view in views:
        if view.frames > LONGEST:
            raise data_error(
                f"{view.source}: frame number {view.frames - 1 + base + (first >= FAR) * first}",
                f"the smallest of all cameras is {first + base}, a video has at most {LONGEST} "
                "frames",
                "number the frames of a video one by one",
            )
    return views, "; ".join(said)


def starts_differ(views: Sequence[Instances]) -> bool:
    """Whether files that list every frame begin at different numbers, as on one clock.

    By 1 they differ too where one program counts from 0 and another from 1: that is no clock.
    """
    starts = [view.first for view in views if view.first is not None]
    return max(starts, default=0) - min(starts, default=0) > 1


def counted_apart(views: Sequence[Instances]) -> bool:
    """Whether files of equally many frames begin at two numbers that differ by 1.

    As where one program counts from 0 and another from 1.
    """
    starts = [start for view in views if (start := _start(view)) is not None]
    lengths = {view.frames - (_start(view) or 0) for view in views}
    return len(lengths) == 1 and max(starts, default=0) - min(starts, default=0) == 1


def started_together(views: Sequence[Instances]) -> list[Instances]:
    """The detections with each camera's first frame as the earliest of all."""
    starts = [_start(view) or 0 for view in views]
    return [_shifted(v, min(starts) - start) for v, start in zip(views, starts, strict=True)]


def _start(view: Instances) -> int | None:
    """The first number of a file; None where it has neither frames nor people."""
    return int(view.frame[0]) if view.first is None and len(view.frame) else view.first


def _shifted(view: Instances, by: int) -> Instances:
    if not by:
        return view
    return dataclasses.replace(
        view,
        frame=view.frame + by,
        frames=view.frames + by,
        first=None if view.first is None else view.first + by,
        counted_from=view.counted_from - by,
    )
