"""Files of 2D detectors, one module a format: `recognize(path)` and `read(path)`."""

import dataclasses
import functools
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error, missing_error, nearest_name, usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.prepare.detections.all_cameras import (
    file_of,
    formats_of_part,
    is_there,
    refuse_whole,
)
from geoself_jax.prepare.detections.freemocap import is_spatial
from geoself_jax.prepare.detections.unknown import unknown
from geoself_jax.prepare.instances import Instances

DETECTIONS = (
    *("openpose", "alphapose", "mmpose", "coco", "deeplabcut", "sleap", "mediapipe", "yolo"),
    *("openpifpaf", "geoself", "freemocap", "caliscope_xy"),
)
"""Names of the formats, which are those of their modules."""

WITH_VARIANCES = "deeplabcut"
"""The format that Lightning Pose's smoother writes, too."""


def _module(name: str) -> Any:
    return importlib.import_module(f"geoself_jax.prepare.detections.{name}")


def recognize_detections(path: Path, format: str = "auto") -> str | None:
    """Why a path is a file or folder of detections (of that format), or None."""
    reasons = _reasons(path, format)
    return "; ".join(reasons.values()) if reasons else None


def formats_of(path: Path, format: str = "auto") -> tuple[str, ...]:
    """Names of the formats that a path is recognized as, of that one or of all."""
    return tuple(_reasons(path, format))


def _reasons(path: Path, format: str) -> dict[str, str]:
    try:
        changed = file_of(path).stat()
    except OSError:
        return {}
    return _reasons_at(path, format, changed.st_mtime_ns, changed.st_size)


@functools.lru_cache(4096)  # a child process parses an HDF5 file
def _reasons_at(path: Path, format: str, _changed: int, _size: int) -> dict[str, str]:
    names = DETECTIONS if format == "auto" else (format,)
    if file_of(path) != path:
        return formats_of_part(path, names)
    if is_spatial(path):
        return {}
    found = {name: _module(name).recognize(path) for name in names}
    return {name: reason for name, reason in found.items() if reason}


def read_detections(
    path: Path,
    *,
    format: str = "auto",
    skeleton: Skeleton | None = None,
    max_bytes: int = 1 << 32,
    image_size: tuple[int, int] | None = (0, 0),
    deviation_px: float | None = None,
) -> Instances:
    """What a detector found in one camera's video.

    Args:
        path: File or folder.
        format: One of `DETECTIONS`, or `auto`.
        skeleton: Of the joints, where the file does not say.
        max_bytes: Refuse files that are larger.
        image_size: Width and height, px, of the camera's images; 0 where unknown. None leaves
            fractions of the image as they are.
        deviation_px: Confidences are to be those of the file's variances, of a detector whose good
            joints deviate by so much (`variances.confidence_of`); None for the file's scores.

    Raises:
        GeoselfError: No such format (64) or path (66); of none or several formats, or bad (65).
    """
    if format != "auto" and format not in DETECTIONS:
        raise usage_error(
            f"--detections={format}", "no such format", nearest_name(format, DETECTIONS)
        )
    if not is_there(path):
        raise missing_error(str(path), "no such file or folder", "check the path")
    if path.is_file() and path.stat().st_size == 0:
        raise unknown(path, DETECTIONS)
    refuse_whole([path])
    if format == "auto":
        format = _the_one(path, max_bytes)
    given: dict[str, Any] = {} if deviation_px is None else {"deviation_px": deviation_px}
    if given and format != WITH_VARIANCES:
        raise usage_error(
            "--confidence-from=variance", f"{path} ({format}) has no variances", "leave it out"
        )
    found = _module(format).read(path, skeleton=skeleton, max_bytes=max_bytes, **given)
    return found if image_size is None else in_pixels(found, image_size)


def _the_one(path: Path, max_bytes: int) -> str:
    """The format that a path is recognized as.

    Raises:
        GeoselfError: None or several (65).
    """
    reasons = _reasons(path, "auto")
    if not reasons:
        raise unknown(path, DETECTIONS, max_bytes)
    if len(reasons) > 1:
        candidates = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        what, known = f"{path}: may be {candidates}", f"known: {', '.join(DETECTIONS)}"
        raise data_error(what, known, "give --detections=NAME")
    return next(iter(reasons))


def in_pixels(found: Instances, image_size: Sequence[int]) -> Instances:
    """Pixels from fractions of the image's width and height; pixels as they are.

    Args:
        found: As `read_detections` leaves it.
        image_size: Width and height, px; 0 where unknown.

    Raises:
        GeoselfError: Fractions of images of unknown size (65).
    """
    if not found.normalized:
        return found
    width, height = (int(side) for side in image_size)
    if min(width, height) <= 0:
        raise data_error(
            f"{found.source}: its joints are fractions of the image",
            "the image size is unknown",
            "give --image-size=WIDTHxHEIGHT",
        )
    note = f"{found.source}: joints are fractions of the image, multiplied by {width} x {height} px"
    return dataclasses.replace(
        found,
        keypoints_2d=found.keypoints_2d * np.array([width, height], np.float32),
        normalized=False,
        notes=(*found.notes, note),
    )
