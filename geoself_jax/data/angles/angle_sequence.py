"""One person's joint angles over time."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import data_error


@dataclass(frozen=True)
class AngleSequence:
    """Joint angles of one person in one video. Frames T, angles A.

    Attributes:
        name: Where they come from, for people: `lifted`, `triangulated`, a file's name.
        angle_names: (A,) names.
        degrees: (T, A) float32; NaN where missing or undefined.
        fps: Frames per second of the video.
        frame_id: (T,) int64, each frame's number in its video, from 0, ascending.
        uncertainty: (T, A) float32 degrees that each is expected to be off; NaN where unknown; or
            None.
        clip, action, subject: Names; empty where not known.
    """

    name: str
    angle_names: tuple[str, ...]
    degrees: np.ndarray
    fps: float
    frame_id: np.ndarray
    uncertainty: np.ndarray | None = None
    clip: str = ""
    action: str = ""
    subject: str = ""

    def __post_init__(self) -> None:
        """Raises GeoselfError (65) where the arrays do not fit each other."""
        wanted = (len(self.frame_id), len(self.angle_names))
        for key in ("degrees", "uncertainty"):
            array = getattr(self, key)
            if array is not None and array.shape != wanted:
                raise data_error(
                    f"{self.name}: {key} has shape {array.shape}", f"wanted {wanted}", "fix it"
                )
        if len(set(self.angle_names)) != len(self.angle_names):
            raise data_error(f"{self.name}: angles", "each name must be there once", "rename one")

    @property
    def seconds(self) -> np.ndarray:
        """(T,) time of each frame since frame 0 of its video, seconds."""
        return self.frame_id / self.fps

    def of(self, angle: str) -> np.ndarray:
        """Returns (T,) degrees of one angle.

        Args:
            angle: One of `angle_names`.
        """
        return self.degrees[:, self.angle_names.index(angle)]

    def replace(self, **changes: object) -> "AngleSequence":
        """The same with some attributes changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]
