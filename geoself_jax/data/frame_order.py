"""Frames of one person in one clip, by their numbers, each of which is to be there once."""

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.recording import Recording


def repeated(recording: Recording, at: np.ndarray) -> np.ndarray:
    """Frame numbers that are there more than once, ascending.

    Args:
        recording: The recording.
        at: Indices of its frames: of one clip, subject and rig.
    """
    numbers, counts = np.unique(recording.frame_id[at], return_counts=True)
    again: np.ndarray = numbers[counts > 1]
    return again


def in_order(recording: Recording, at: np.ndarray, clip: str) -> np.ndarray:
    """Returns indices of frames in the order of their numbers.

    Args:
        recording: The recording.
        at: Indices of its frames: of one clip, subject and rig.
        clip: What messages call them: file, clip and camera.

    Raises:
        GeoselfError: A number is there twice: which one is meant is not known (65).
    """
    again = repeated(recording, at)
    if again.size:
        more = f", and {again.size - 1} more such numbers" if again.size > 1 else ""
        times = int((recording.frame_id[at] == again[0]).sum())
        raise data_error(
            f"{clip}: frame_id {again[0]} is there {times} times{more}",
            "a video has each frame once, and which one is meant is not known",
            "take the copies out, or give each take a clip of its own",
        )
    return at[np.argsort(recording.frame_id[at])]
