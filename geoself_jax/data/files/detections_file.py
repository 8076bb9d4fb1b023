"""The JSON that `detect` writes: joints by name, with frame rate and image size.

What is said of the video comes first, so that the beginning of a file holds all of it.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.data.poses.atomic_write import whole_file

FORMAT = "geoself-detections/1"
_HEAD = 2**16
_REST = re.compile(r',\s*"detections"\s*:\s*\[')
_START = re.compile(r'^\s*\{\s*"format"\s*:\s*"geoself-detections/')


class Header(NamedTuple):
    """What a file says of its video.

    Attributes:
        video: Name of the video's file.
        video_bytes: Its size.
        detector: Name and version of what found the joints.
        fps: Frames per second; frame n of the file is at n / fps.
        image_size: Width and height, px, of the upright image.
        frames: Number of frames, with people or without.
        joint_names: One a joint.
    """

    video: str
    video_bytes: int
    detector: str
    fps: float
    image_size: tuple[int, int]
    frames: int
    joint_names: tuple[str, ...]


def write_detections(path: Path, header: Header, people: Sequence[np.ndarray]) -> None:
    """Writes a file whole or not at all.

    Args:
        path: The file to write.
        header: About the video.
        people: Of each frame (people, joints, 3): x, y in pixels and the score, in [0, 1].

    Raises:
        GeoselfError: The disk refuses (74).
    """
    first = {"format": FORMAT, **header._asdict()}
    lines = [
        json.dumps({"frame": frame, "joints": np.round(body, 3).ravel().tolist()})
        for frame, bodies in enumerate(people)
        for body in np.asarray(bodies, np.float64)
    ]
    with whole_file(path) as stream:
        stream.write(json.dumps(first, indent=1).rstrip("\n}"))
        stream.write(',\n "detections": [\n  ')
        stream.write(",\n  ".join(lines))
        stream.write("\n ]\n}\n")


def is_detections(text: str) -> bool:
    """Whether a file that starts with this is one of these."""
    return bool(_START.match(text))


def header_of(path: Path | str) -> Header | None:
    """Reads what a file says of its video; None where it is no such file.

    Args:
        path: A file, a folder or nothing.
    """
    try:
        with Path(path).open("rb") as stream:
            text = stream.read(_HEAD).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    if not is_detections(text):
        return None
    try:
        return header_from(json.loads(_REST.split(text, maxsplit=1)[0] + "}"))
    except ValueError:
        return None


def header_from(content: object) -> Header:
    """The header in a file's content.

    Raises:
        ValueError: It is none: a number is missing or out of range.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"wanted format {FORMAT}")
    try:
        width, height = (int(side) for side in content["image_size"])
        header = Header(
            video=str(content["video"]),
            video_bytes=int(content["video_bytes"]),
            detector=str(content["detector"]),
            fps=float(content["fps"]),
            image_size=(width, height),
            frames=int(content["frames"]),
            joint_names=tuple(map(str, content["joint_names"])),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no {error}") from error
    if not (0 < header.fps < 1e5 and 0 < width < 1e6 and 0 < height < 1e6):
        raise ValueError(f"fps {header.fps:g}, image_size {width} x {height}")
    if not 0 <= header.frames < 2**31:
        raise ValueError(f"frames {header.frames}")
    return header
