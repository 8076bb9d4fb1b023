"""The motion that general models learn from: a rig's triangulated joints, and built-in people."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.recording import read
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.data.synthetic.actions import ACTIONS, perform
from geoself_jax.data.synthetic.anatomy import draw_body
from geoself_jax.data.training_set import triangulate_recording

FPS = 12.5
SECONDS = 2.0
"""Of a segment: each has a body and cameras of its own."""

_CLIP_SECONDS = 8.0  # an action needs its time
_UPRIGHT = {"rig": 12.0, "built-in": -4.0}


class Segment(NamedTuple):
    """Consecutive frames of one person.

    Attributes:
        pose: (frames, 17, 3) metres, Human3.6M's joints; z up, the floor near 0.
        subject: Name of who moves.
        lean: Degrees that the line from neck to head leans forward in people who stand upright
            and look ahead: where the source has these two joints.
    """

    pose: np.ndarray
    subject: str
    lean: float


def rig_segments(path: Path) -> Iterator[Segment]:
    """Segments of a recording's triangulated and refined joints; no ground truth is read.

    Args:
        path: A recording in Human3.6M's joints, z up.
    """
    recording = read(path).without_ground_truth()
    assert recording.skeleton == KNOWN_SKELETONS["h36m_17"]
    points = triangulate_recording(recording, "refined")
    step = max(round(recording.fps / FPS), 1)
    length = int(SECONDS * FPS) * step
    runs = recording.runs
    for first in np.unique(runs[:, 0]):
        last = runs[first, 1] + 1
        for start in range(first, last, length):
            part = points[start : min(start + length, last) : step]
            part = part[np.isfinite(part).all((1, 2))]
            if len(part):
                name = recording.subject_names[recording.subject_id[start]]
                yield Segment(part.astype(np.float64), name, _UPRIGHT["rig"])


def built_in_segments(clips: int, seed: int, people: int = 40) -> Iterator[Segment]:
    """Segments of the built-in generator's actions, all of them in turn.

    Args:
        clips: Of 8 seconds.
        seed: Of bodies and motion.
        people: How many names there are; bodies are drawn for each clip.
    """
    names = tuple(ACTIONS)
    t = np.arange(int(_CLIP_SECONDS * FPS)) / FPS
    length = int(SECONDS * FPS)
    for clip in range(clips):
        rng = np.random.default_rng([seed, 11, clip])
        pose = perform(names[clip % len(names)], rng, t, draw_body(rng))
        for start in range(0, len(t), length):
            part = pose[start : start + length]
            yield Segment(part, f"builtin{clip % people:02d}", _UPRIGHT["built-in"])


def indices() -> dict[str, int]:
    """Places of Human3.6M's joints by name."""
    return {name: place for place, name in enumerate(H36M_17.joint_names)}
