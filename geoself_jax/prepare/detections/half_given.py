"""Joints that have a score and no place: taken as missing, and said, as nobody would look for them.

EKS leaves so all frames of a joint that its ensemble misses in one
(findings/eks-one-missing-frame.sh).
"""

from collections.abc import Sequence

import numpy as np

LIKELY = 0.5
"""A joint without a place is said from this score on: detectors leave out unlikely ones."""
_LISTED = 4


def half_given(source: str, joints: Sequence[str], rows: np.ndarray) -> list[str]:
    """A line on them, if there are any.

    Args:
        source: The file, and whose rows they are.
        joints: Their names.
        rows: (N, joints, 3) x, y and score of each person or animal; NaN where empty.
    """
    placed = np.isfinite(rows[..., :2]).all(-1)
    if (rows[placed, 2] == 1).all():  # no scores: 1 stands for each joint
        return []
    lost = ~placed & (rows[..., 2] > LIKELY)
    counts = [
        f"{name} {count} times" for name, count in zip(joints, lost.sum(0), strict=True) if count
    ]
    if not counts:
        return []
    more = f" and {len(counts) - _LISTED} more" if len(counts) > _LISTED else ""
    what = f"{', '.join(counts[:_LISTED])}{more} with a score over {LIKELY:g}, and no x and y"
    return [f"warning: {source}: {what}: taken as missing - look at what wrote it"]
