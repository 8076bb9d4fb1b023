"""What each reader of MediaPipe's landmarks gives, whatever the file's layout."""

from typing import NamedTuple

import numpy as np


class Landmarks(NamedTuple):
    """People in the frames of one file. People N.

    Attributes:
        frame: (N,) number of each one's frame.
        rows: (N, 33, 3) x, y, visibility; NaN where nobody is.
        frames: Number of frames that the file lists, with people or without.
        first: Smallest number listed; None where only frames with people may be listed.
        notes: What was assumed, a line each.
    """

    frame: np.ndarray
    rows: np.ndarray
    frames: int
    first: int | None
    notes: list[str]
