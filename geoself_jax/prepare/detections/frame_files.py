"""A folder with a file a frame: their names, and the frames' numbers in these."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files.limits import unreadable
from geoself_jax.prepare.detections.rows import frame_number


def frame_files(path: Path, ending: str) -> list[str]:
    """Names of the frames' files, in order; names that start with a dot are the system's.

    Args:
        path: The folder.
        ending: Of their names, in lower case.

    Raises:
        GeoselfError: The folder cannot be read (74).
    """
    try:
        names = os.listdir(path)
    except OSError as error:
        raise unreadable(path, error) from error
    return sorted(
        name for name in names if name.lower().endswith(ending) and not name.startswith(".")
    )


def numbers_of(path: Path, names: Sequence[str], ending: str, example: str) -> list[int]:
    """The frame of each file: the last number of its name, before the ending.

    Args:
        path: The folder, for messages.
        names: Of the files.
        ending: What a name may end with after the frame's number, in lower case.
        example: A name, for messages.

    Raises:
        GeoselfError: A name without a number, or two files of one frame (65).
    """
    numbers = []
    for name in names:
        number = frame_number(_before(name, ending))
        if number is None:
            raise data_error(
                f"{path / name}: no number in its name",
                f"wanted the frame's, as in {example}",
                "rename the file",
            )
        numbers.append(number)
    twice = [
        n for n, count in zip(*np.unique(numbers, return_counts=True), strict=True) if count > 1
    ]
    if twice:
        every = len(set(numbers)) == 1
        raise data_error(
            f"{path}: "
            + (f"{len(names)} files" if every else "two files")
            + f" of frame {twice[0]}, the last number of a name, as of {names[-1]}",
            "a folder holds the frames of one camera",
            "rename the files so that the frame's number is the last"
            if every
            else "give each camera a folder",
        )
    return numbers


def _before(name: str, ending: str) -> str:
    """The name without its ending, in capitals or not, and without the suffix."""
    return name[: -len(ending)] if name.lower().endswith(ending) else Path(name).stem
