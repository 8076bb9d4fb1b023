"""One person in one video according to several sources, in the same frames, axes and joints."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.sequence import PoseSequence

PREDICTION, TRUTH, TRIANGULATED = "prediction", "ground truth", "triangulated"


@dataclass(frozen=True)
class Scene:
    """Sources of one person in one video, with common frames T, axes, joints J and fps.

    Attributes:
        name: Clip and camera, as displayed.
        action: Name of the action; empty where unknown.
        sequences: At least one; the first is drawn in colour. Names are unique.
        reference: Index of the sequence that errors are measured against, or None.
        notes: How the sources were aligned, one line each, e.g. joints that were derived.
    """

    name: str
    action: str
    sequences: tuple[PoseSequence, ...]
    reference: int | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises GeoselfError (65) where the sequences do not share frames, axes and joints."""
        if not self.sequences:
            raise data_error(f"{self.name}: no sequence", "at least one is required", "pass poses")
        first = self.sequences[0]
        for other in self.sequences[1:]:
            for what in ("axes", "fps", "skeleton"):
                if getattr(other, what) != getattr(first, what):
                    raise _apart(self.name, what)
            if not np.array_equal(other.frame_id, first.frame_id):
                raise _apart(self.name, "frames")
        if len({sequence.name for sequence in self.sequences}) < len(self.sequences):
            raise data_error(f"{self.name}: two sequences of one name", "", "rename one")

    @property
    def frames(self) -> int:
        """Number of frames T."""
        return self.sequences[0].frames

    @property
    def frame_id(self) -> np.ndarray:
        """(T,) each frame's number in its video, ascending, not all there."""
        return self.sequences[0].frame_id

    @property
    def skeleton(self) -> Skeleton:
        """Of the J joints."""
        return self.sequences[0].skeleton

    @property
    def seen(self) -> PoseSequence | None:
        """The first sequence that has 2D joints, or None."""
        return next((s for s in self.sequences if s.keypoints_2d is not None), None)


def _apart(name: str, what: str) -> Exception:
    return data_error(f"{name}: sequences of different {what}", "a scene has one", "split them")


def joint_errors(scene: Scene, i: int) -> np.ndarray | None:
    """Returns the root-relative distance of each joint from the reference: the terms of MPJPE.

    Returns:
        (T, J) metres; NaN where either of the two lacks the joint or its root. None where there is
        no reference, or `i` is it.
    """
    if scene.reference is None or i == scene.reference:
        return None
    root = scene.skeleton.root
    pose, target = scene.sequences[i].pose, scene.sequences[scene.reference].pose
    difference = (pose - pose[:, root, None]) - (target - target[:, root, None])
    return np.asarray(np.linalg.norm(difference, axis=-1))
