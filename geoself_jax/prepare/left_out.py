"""What is left out of a recording, a line for each; a warning where a file is at fault."""

from collections.abc import Sequence

import numpy as np


def camera_left_out(camera: str, whys: Sequence[str], others: int) -> str:
    """The line for a camera that no recording has.

    Args:
        camera: Its name.
        whys: What is wrong with its files, if it has some.
        others: Number of cameras that have detections.
    """
    if not whys:
        return f"camera {camera} is left out: no detections belong to it"
    more = f" (and {len(whys) - 1} more files of it)" if len(whys) > 1 else ""
    only = f"camera {camera} is left out, only the {others} others are in the file"
    return f"warning: {only}: {whys[0]}{more}"


def camera_missing(clip: str, camera: str, why: str) -> str:
    """The line for a camera that other recordings have.

    Args:
        clip, camera: Their names.
        why: What is wrong with its file; empty where it has none.
    """
    line = f"{clip}: no detections of camera {camera}: it stays, its confidence is 0"
    return f"warning: {line}: {why}" if why else line


def frames_left_out(clip: str, frames: np.ndarray, somebody: np.ndarray) -> str:
    """The line for frames in which no camera sees anybody.

    Args:
        clip: Its name.
        frames: (T,) ascending numbers of the frames that would be taken.
        somebody: (T,) whether any joint is seen; not in all of them.
    """
    empty = frames[~somebody]
    what = f"{clip}: {len(empty)} of {len(frames)} frames with nobody in any camera are left out"
    return f"{what}: {_ranges(empty, int(np.diff(frames).min(initial=1 << 31)))}"


def _ranges(frames: np.ndarray, step: int, most: int = 4) -> str:
    """`0 to 9, 30 and 2 more stretches` of ascending frame numbers."""
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > step) + 1)
    texts = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs[:most]]
    more = f" and {len(runs) - most} more stretches" if len(runs) > most else ""
    return ", ".join(texts) + more
