"""Joints of the videos among prepare's inputs, in the folder joints/ next to its output."""

import argparse
from pathlib import Path

from geoself_jax.core.errors import usage_error
from geoself_jax.data.files.mistaken import VIDEOS
from geoself_jax.detect.__main__ import detect_as


def with_joints(flags: argparse.Namespace) -> list[str]:
    """Returns the inputs with a folder of joints in place of videos and of folders of videos.

    Without a detector they stay as they are, and videos are refused where they are read.

    Args:
        flags: Of prepare.

    Raises:
        GeoselfError: A detector and no video (64); as `detect`.
    """
    if flags.detector is None and flags.detector_python is None:
        return list(flags.input)
    videos = [path for path in flags.input if _has_videos(Path(path))]
    if not videos:
        why = "there is no video among the inputs"
        raise usage_error("--detector, --detector-python", why, "leave them out")
    output = Path(flags.output)
    folder = output.parent / "joints" / output.stem
    named = {"detector": flags.detector, "detector-python": flags.detector_python}
    more = [f"--{name}={value}" for name, value in named.items() if value is not None]
    if flags.fps is not None:
        more.append(f"--fps={flags.fps!r}")
    detect_as([*videos, *more, f"--out={folder}"])
    return [*(path for path in flags.input if path not in videos), str(folder)]


def _has_videos(path: Path) -> bool:
    if path.is_dir():
        return any(entry.suffix.lower() in VIDEOS for entry in path.iterdir())
    return path.suffix.lower() in VIDEOS
