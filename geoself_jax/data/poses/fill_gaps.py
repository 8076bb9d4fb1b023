"""Missing joints put somewhere, for programs that cannot leave a joint out."""

from collections.abc import Sequence

import numpy as np


def held(pose: np.ndarray, parents: Sequence[int]) -> np.ndarray:
    """Poses without gaps: a missing joint keeps its last place relative to its parent.

    Before it is first seen it has its first place, and where it is never seen its parent's. The
    root keeps its last place. So a frame without any joint repeats the pose before it.

    Args:
        pose: (N, J, 3) metres; NaN where missing.
        parents: Of each joint; -1 for the one root. A parent stands anywhere in the order.

    Returns:
        (N, J, 3).
    """
    whole = np.empty_like(pose)
    for joint in from_the_root(parents):
        parent = parents[joint]
        if parent < 0:
            whole[:, joint] = _last_seen(pose[:, joint])
            continue
        offset = _last_seen(pose[:, joint] - pose[:, parent])
        seen = np.isfinite(pose[:, joint]).all(-1, keepdims=True)
        whole[:, joint] = np.where(seen, pose[:, joint], whole[:, parent] + offset)
    return whole


def from_the_root(parents: Sequence[int]) -> list[int]:
    """The joints in an order in which each follows its parent, a chain after the other."""
    order: list[int] = []
    waiting = [joint for joint, parent in enumerate(parents) if parent < 0]
    while waiting:
        joint = waiting.pop()
        order.append(joint)
        waiting += reversed([child for child, parent in enumerate(parents) if parent == joint])
    return order


def _last_seen(values: np.ndarray) -> np.ndarray:
    """(N, 3): each row, or the last one before it that is there, or the first; 0 of none."""
    seen = np.isfinite(values).all(-1)
    if not seen.any():
        return np.zeros_like(values)
    places = np.where(seen, np.arange(len(values)), seen.argmax())
    return values[np.maximum.accumulate(places)]
