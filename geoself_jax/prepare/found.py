"""A recording that was found, before its files are read."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from geoself_jax.core.errors import GeoselfError
from geoself_jax.prepare.match_cameras import Match


@dataclass(frozen=True)
class Found:
    """A recording.

    Attributes:
        folder: With its detections.
        root: The input it was found in; the folder itself where it was named.
        match: Its files by camera, where one folder holds several recordings: `folder` is then
            that folder with the recording's name, and need not be there.
        error: Why it cannot be read, where the names of its files have several readings.
        calibration: Of its cameras, where a project says which, or why it has none; None looks
            for it.
        unread: Why a camera's file is none, by camera.
        offsets: Pixels of the left upper corner of cropped videos in their camera's image, by
            camera: x, y.
    """

    folder: Path
    root: Path
    match: Match | None = None
    error: GeoselfError | None = None
    calibration: Path | GeoselfError | None = None
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)
    offsets: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
