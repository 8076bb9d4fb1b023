"""What every reader of recordings gives: clips of one person seen by the cameras of a rig."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from geoself_jax.core.notices import silent
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.skip import Skip


@dataclass(frozen=True)
class Clip:
    """Consecutive instants of one person. Frames T, views V of `rig`, joints J of `skeleton`.

    Attributes:
        name: Of the clip, each once in a file that is prepared.
        action: What is done in it.
        subject: Who does it.
        rig: The cameras.
        skeleton: Of the detected joints.
        fps: Instants per second.
        keypoints_2d: (T, V, J, 2) float32 pixels as the lens shows them; NaN where missing.
        confidence: (T, V, J) float32 in [0, 1]; 0 where missing.
        frame_id: (T,) int32 index of each instant in the clip, ascending.
        pose_world: (T, J', 3) float32, metres, the rig's world; ground truth, or None.
        pose_skeleton: Of the J' joints of `pose_world`, where they are not the detected ones.
        assumed: Name of the skeleton, where the files name no joints (`Instances.assumed`).
    """

    name: str
    action: str
    subject: str
    rig: Rig
    skeleton: Skeleton
    fps: float
    keypoints_2d: np.ndarray
    confidence: np.ndarray
    frame_id: np.ndarray
    pose_world: np.ndarray | None = None
    pose_skeleton: Skeleton | None = None
    assumed: str = ""


class Reading(NamedTuple):
    """Clips that are read one after the other, and how many there will be (for a progress bar)."""

    total: int
    clips: Iterator[Clip]


@dataclass(frozen=True)
class ReadOptions:
    """What a user can ask of a reader; None is the data set's usual choice.

    Attributes:
        cameras: Names of the cameras to take, in this order.
        subjects: Names of the people to take.
        actions: Names of the actions to take.
        skip: Names of recordings, clips and subjects to leave out.
        truth: Which of several kinds of ground truth (`annot3`, `univ_annot3`, ...); `none` leaves
            it out.
        every: Take every n-th instant.
        max_bytes: Refuse a file that unpacks to more.
        notice: Receives one line for each thing that is left out or assumed.
    """

    cameras: tuple[str, ...] | None = None
    subjects: tuple[str, ...] | None = None
    actions: tuple[str, ...] | None = None
    skip: Skip = field(default_factory=Skip)
    truth: str | None = None
    every: int = 1
    max_bytes: int = 4 * 2**30
    notice: Callable[[str], None] = field(default=silent)
