"""Frame rate and image size that files of detections hold themselves: those `detect` wrote."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.data.files.detections_file import header_of
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.instances import Instances

_ALIKE = 1e-3
_FOLDERS = 1000


def some_hold_a_rate(inputs: Sequence[Path]) -> bool:
    """Whether a file of the inputs, or the first JSON in a folder of theirs, holds its rate.

    Args:
        inputs: Files, or folders that hold some at any depth.
    """
    return any(header_of(path) is not None for path in _files(inputs))


def _files(inputs: Sequence[Path]) -> Iterator[Path]:
    for given in inputs:
        if given.is_file():
            yield given
            continue
        for number, (folder, _, names) in enumerate(os.walk(given)):
            first = min((name for name in names if name.endswith(".json")), default=None)
            if first is not None:
                yield Path(folder) / first
            if number > _FOLDERS:
                break


def rate_of(views: Sequence[Instances], given: float | None) -> float:
    """The frame rate of a recording's files, or the given one.

    Args:
        views: Of each camera.
        given: The user's, frames per second.

    Raises:
        GeoselfError: Neither, or another is given (64); files of different rates (65).
    """
    held = [(view.fps, view.source) for view in views if view.fps]
    if given is None and not held:
        raise usage_error("--fps", "the files do not hold the frame rate", "give --fps")
    rate = held[0][0] if given is None else given
    for fps, source in held:
        if abs(fps - rate) <= _ALIKE * rate:
            continue
        if given is not None:
            why = f"{source} was detected at {fps:g} frames per second"
            raise usage_error(f"--fps={given:g}", why, "leave it out")
        raise data_error(
            f"{source}: {fps:g} frames per second",
            f"{held[0][1]} has {rate:g}",
            f"detect them at one rate: geoself detect --fps={min(fps, rate):g}",
        )
    return rate


def other_sizes(views: Mapping[str, Instances], rig: Rig) -> list[str]:
    """Warnings of cameras whose joints were detected in images of another size than calibrated.

    Args:
        views: By camera.
        rig: The cameras.
    """
    lines = []
    for name, view in views.items():
        size = tuple(int(side) for side in rig.image_size[rig.camera_names.index(name)])
        if view.fps and min(size) > 0 and view.image_size != size:
            (width, height), (w, h) = view.image_size, size
            lines.append(
                f"warning: {view.source}: detected in images of {width} x {height} px, the "
                f"calibration of {name} is of {w} x {h}: right only if they are cropped at the "
                "right or below, not if they are resized"
            )
    return lines
