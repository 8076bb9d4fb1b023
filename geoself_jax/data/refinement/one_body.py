"""Which clips of one subject name show one body, and which show two at once."""

import itertools
from collections.abc import Sequence

import numpy as np


def one_body(
    clips: Sequence[str], subject: str, frame_ids: Sequence[np.ndarray]
) -> list[list[int]]:
    """Groups clips of one subject name and one camera by body.

    Two tracks of one clip that share a frame are two bodies, whatever they are called: each of
    such tracks is a body of its own. All other clips are taken as one body's; where the subject
    has no name, as another one's each.

    Args:
        clips: Names. `walk/1` and `walk/2` are tracks of `walk`, unless that is the subject's own
            name; `walk#2` is one where there is a `walk` (`prepare` numbers equal names).
        subject: Name that all of them have, or empty.
        frame_ids: (N,) frame numbers of each.

    Returns:
        Places of the clips of each body.
    """
    if not subject:
        return [[i] for i in range(len(clips))]
    whole = [_whole(clip, subject, clips) for clip in clips]
    apart = set()
    for i, j in itertools.combinations(range(len(clips)), 2):
        if whole[i] == whole[j] and np.intersect1d(frame_ids[i], frame_ids[j]).size:
            apart |= {i, j}
    rest = [i for i in range(len(clips)) if i not in apart]
    return sorted([*([rest] if rest else []), *([i] for i in apart)])


def _whole(clip: str, subject: str, clips: Sequence[str]) -> str:
    """Name of the clip whose track this is; its own where it is none."""
    base, _, number = clip.rpartition("#")
    if base in clips and number.isdecimal():
        clip = base
    folder = clip.rpartition("/")[0]
    return clip if folder in ("", subject) else folder
