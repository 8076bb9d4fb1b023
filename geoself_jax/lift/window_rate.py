"""Windows of frames at the rate that a network was trained at, from a video of another rate."""

import numpy as np

SAME = 1.02
"""Ratio of frame rates, or its inverse, up to which windows are of the video's own frames."""


def rate_ratio(fps: float, trained: float | None, frames: int) -> float:
    """Returns a video's frame rate by that of the training videos; 1 where frames do as they are.

    Args:
        fps: Frames per second of the video.
        trained: Of the training videos; None where unknown.
        frames: Length of the network's windows.
    """
    ratio = fps / trained if trained else 1.0
    return ratio if frames > 1 and max(ratio, 1 / ratio) > SAME else 1.0


def windows_at_rate(
    keypoints_2d: np.ndarray,
    confidence: np.ndarray,
    run: np.ndarray,
    at: np.ndarray,
    frames: int,
    ratio: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns a window about each frame, whose samples are `ratio` frames of the video apart.

    Joints between two frames are interpolated linearly, with the lower confidence; where one of the
    two is missing the nearer frame counts. Beyond the ends of a contiguous run its end is repeated.

    Args:
        keypoints_2d: (T, J, 2) pixels; NaN where missing.
        confidence: (T, J); 0 where missing.
        run: (T, 2) first and last row of each row's contiguous run (`inputs.runs_of`).
        at: (N,) rows whose windows are wanted.
        frames: Length of a window, odd.
        ratio: From `rate_ratio`.

    Returns:
        (N, frames, J, 2) and (N, frames, J).
    """
    first, last = run[at, :1], run[at, 1:]
    place = (at[:, None] + ratio * (np.arange(frames) - frames // 2)).clip(first, last)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, last)
    share = (place - low)[..., None].astype(np.float32)
    trust = np.minimum(confidence[low], confidence[high])
    near = np.where(share < 0.5, low[..., None], high[..., None])
    alone = (trust <= 0) | (share == 0)  # one of the two is missing, or not needed
    joint = np.arange(confidence.shape[1])
    pixels = (1 - share[..., None]) * keypoints_2d[low] + share[..., None] * keypoints_2d[high]
    return (
        np.where(alone[..., None], keypoints_2d[near, joint], pixels),
        np.where(alone, confidence[near, joint], trust),
    )
