"""Where joints were filled, or their detections rejected: what `PoseSequence.marks` says."""

import numpy as np

from geoself_jax.data.poses.sequence import FILLED, REJECTED
from geoself_jax.view.scene import Scene

KINDS = {"filled": FILLED, "rejected": REJECTED}


def mark_stretches(scene: Scene) -> dict[str, list[list[int]]]:
    """Returns the first and last row of each stretch in which some joint has a mark, by its kind.

    Args:
        scene: Of its sequences the first that has marks counts.
    """
    return {kind: _stretches(_rows(scene, mark)) for kind, mark in KINDS.items()}


def marks_notes(scene: Scene) -> list[str]:
    """Returns a line on each kind of mark that some joint has.

    Args:
        scene: Of its sequences the first that has marks counts.
    """
    count = {kind: int(_rows(scene, mark).sum()) for kind, mark in KINDS.items()}
    lines = {
        "filled": "frames have joints that were filled (upper bar below the curve)",
        "rejected": "frames have detections that were rejected as outliers (lower bar)",
    }
    return [
        f"{count[kind]} of {scene.frames} {line}" for kind, line in lines.items() if count[kind]
    ]


def _rows(scene: Scene, mark: int) -> np.ndarray:
    """(frames,) whether some joint has the mark."""
    marks = next((s.marks for s in scene.sequences if s.marks is not None), None)
    if marks is None:
        return np.zeros(scene.frames, bool)
    found: np.ndarray = (marks == mark).any(-1)
    return found


def _stretches(there: np.ndarray) -> list[list[int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]])))
    return [[int(start), int(end) - 1] for start, end in edges.reshape(-1, 2)]
