"""How much of the footage is new: blocks of frames whose errors are alike."""

import numpy as np

_SECONDS = 4.0
_PLACE, _POSTURE = 0.35, 0.12  # of the body's size: nearer is the same place, the same posture
_OUTER = 1.5  # times a joint's usual distance from the body's middle: the size of half a body
_MOST = 1500  # blocks that are compared


def blocks_of(
    points: np.ndarray, clip_id: np.ndarray, frame_id: np.ndarray, fps: float
) -> np.ndarray:
    """Numbers blocks of some seconds; those at one place in one posture are one block.

    A person who stands still for an hour is one block.

    Args:
        points: (F, J, 3) joints, any unit; NaN where unknown.
        clip_id, frame_id: (F,) where each frame is from.
        fps: Frames per second.

    Returns:
        (F,) numbers from 0 on.
    """
    window = (frame_id / (fps * _SECONDS)).astype(int)
    _, block = np.unique(np.stack([clip_id, window], 1), axis=0, return_inverse=True)
    block = block.reshape(-1)
    middle = np.nanmedian(points, axis=1)
    size = _OUTER * np.nanmedian(np.linalg.norm(points - middle[:, None], axis=-1))
    count = int(block.max()) + 1
    if count > _MOST or not size > 0:
        return np.asarray(block)
    mean = np.stack([_mean(points[block == b]) for b in range(count)])
    place = np.nanmedian(mean, axis=1)
    form = mean - place[:, None]
    merged = np.arange(count)
    for b in range(1, count):
        near = np.linalg.norm(place[:b] - place[b], axis=-1) < _PLACE * 2 * size
        off = np.sqrt(np.nanmean(np.sum((form[:b] - form[b]) ** 2, -1), -1))
        same = np.flatnonzero(near & (off < _POSTURE * 2 * size))
        if len(same):
            merged[b] = merged[same[0]]
    return np.unique(merged[block], return_inverse=True)[1].reshape(-1)


def _mean(points: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(np.nanmedian(points, axis=0))
