"""Selects the frames and views of an evaluation's page, within a browser's memory."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from geoself_jax.data.recording import Recording
from geoself_jax.evaluate.ranking import Ranking

_JOINTS = 380_000  # of all scenes' frames together: some 4 MB
_WHY = ("best", "median", "worst")
_LONGEST = 1500  # frames of one scene: half a minute at 50 a second


class Choice(NamedTuple):
    """Frames and view of one scene.

    Attributes:
        at: Frame indices into the recording.
        view: Camera index.
        why: `best`, `median` or `worst` where it contains that view of all, else empty.
    """

    at: np.ndarray
    view: int
    why: str = ""


def chosen(recording: Recording, ranking: Ranking, each: list[np.ndarray]) -> list[Choice]:
    """Selects the frames of each scene, without overlap.

    Args:
        recording: Recording that was lifted.
        ranking: Ranking of its views.
        each: Frame indices of each clip and rig (`view.from_recording.parts`).
    """
    part = np.full(recording.frames, -1)
    for number, at in enumerate(each):
        part[at] = number
    musts = list(_musts(recording, ranking))
    most = _JOINTS // recording.skeleton.joints
    longest = min(_LONGEST, max(1, most // max(1, len(musts))))
    found: list[Choice] = []
    covered, spent = np.zeros((recording.frames, recording.views), bool), 0
    for rank, (frame, view) in enumerate([*musts, *_others(recording, ranking, each)]):
        if part[frame] < 0 or covered[frame, view]:
            continue
        at = _around(each[part[frame]], frame, longest)
        if spent + len(at) > most:
            continue
        found.append(Choice(at, view, _WHY[rank] if musts and rank < len(_WHY) else ""))
        covered[at, view] = True
        spent += len(at)
    return found


def _around(at: np.ndarray, frame: int, longest: int) -> np.ndarray:
    middle = int(np.flatnonzero(at == frame)[0])
    first = max(0, min(middle - longest // 2, len(at) - longest))
    return at[first : first + longest]


def _musts(recording: Recording, ranking: Ranking) -> Iterator[tuple[int, int]]:
    """Yields frame and view of the best, the median, the worst, and each action's median."""
    if not len(ranking.order):
        return
    for share in (0, 0.5, 1):
        yield ranking.place(share)
    actions = np.array(recording.clip_actions)[recording.clip_id][ranking.order // recording.views]
    for action in dict.fromkeys(recording.clip_actions):
        own = ranking._replace(order=ranking.order[actions == action])
        if len(own.order):
            yield own.place(0.5)


def _others(
    recording: Recording, ranking: Ranking, each: list[np.ndarray]
) -> Iterator[tuple[int, int]]:
    """Yields the median frame of every clip and camera, the worst first."""
    found: list[tuple[float, int, int]] = []
    for at in each:
        for view in range(recording.views):
            error = ranking.error[at, view]
            order = np.argsort(error)[: np.isfinite(error).sum()]
            middle = order[len(order) // 2] if len(order) else len(at) // 2
            mean = float(np.nanmean(error)) if len(order) else 0.0
            found.append((-mean, int(at[middle]), view))
    for _, frame, view in sorted(found):
        yield frame, view
