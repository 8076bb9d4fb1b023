"""Joints of a table that have a likelihood and no place, or a place and no likelihood.

EKS leaves both where members of its ensemble miss a joint (findings/eks-one-missing-frame.sh). They
are taken as missing, and that is said: nobody would look for them.
"""

from collections.abc import Sequence

import numpy as np

LIKELY = 0.5
"""A joint without a place is said from this likelihood on: detectors leave out unlikely ones."""
_LISTED = 4


def half_given(source: str, parts: Sequence[str], found: np.ndarray) -> list[str]:
    """A line on each of both.

    Args:
        source: The file, and whose rows they are.
        parts: Names of the joints.
        found: (frames, parts, 3) x, y and likelihood; NaN where empty.
    """
    placed, likelihood = np.isfinite(found[..., :2]).all(-1), found[..., 2]
    no_place = _counted(parts, ~placed & (likelihood > LIKELY))
    unsure = _counted(parts, placed & np.isnan(likelihood))
    look = "taken as missing - look at what wrote it"
    lines = []
    if no_place:
        said = f"with a likelihood over {LIKELY:g}, and no x and y"
        lines.append(f"warning: {source}: {no_place} {said}: {look}")
    if unsure:
        lines.append(f"warning: {source}: {unsure} with x and y, and no likelihood: {look}")
    return lines


def _counted(parts: Sequence[str], lost: np.ndarray) -> str:
    """`nose in 3 of 200 frames, tail in 1 of 200 frames`; empty where there is none."""
    counts = [
        f"{part} in {count} of {len(lost)} frames"
        for part, count in zip(parts, lost.sum(0), strict=True)
        if count
    ]
    more = f" and {len(counts) - _LISTED} more" if len(counts) > _LISTED else ""
    return ", ".join(counts[:_LISTED]) + more
