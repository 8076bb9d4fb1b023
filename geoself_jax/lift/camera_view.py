"""The one camera that a video is lifted from."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.data.rig import Rig
from geoself_jax.geometry.lenses import Lens

SKYWARD = np.array([0.0, -1.0, 0.0])
"""Against gravity in the axes of a camera that is held level: y is down."""

PINHOLE = Lens()


@dataclass(frozen=True)
class View:
    """A camera, and its place in the world where that is known.

    Attributes:
        name: As in the calibration; empty where it has none.
        K: (3, 3) float64, pixels.
        lens: Its distortion.
        image_size: Width, height in pixels; 0, 0 where not known.
        R: (3, 3) float64, world to camera, or None.
        center: (3,) float64 metres, world; there with `R` or not at all.
        world_up: (3,) float64 unit vector against gravity, in the world; there with `R`.
        others: Names of the calibration's other cameras.
    """

    name: str
    K: np.ndarray
    lens: Lens = PINHOLE
    image_size: tuple[int, int] = (0, 0)
    R: np.ndarray | None = None
    center: np.ndarray | None = None
    world_up: np.ndarray | None = None
    others: tuple[str, ...] = ()

    @property
    def up(self) -> np.ndarray:
        """(3,) against gravity in the camera's axes; as if held level where nothing is known."""
        if self.R is None or self.world_up is None:
            return SKYWARD
        return self.R @ self.world_up

    def alone(self) -> Rig:
        """A rig of this camera, with some place and picture size where they are not known."""
        width, height = self.image_size
        return Rig(
            name="",
            camera_names=(self.name,),
            K=self.K[None],
            lenses=(self.lens,),
            R=np.eye(3)[None] if self.R is None else self.R[None],
            center=np.zeros((1, 3)) if self.center is None else self.center[None],
            image_size=np.array([(width or 1, height or 1)], np.int32),
            world_up=SKYWARD if self.world_up is None else self.world_up,
        )


def view_of(rig: Rig, name: str) -> View:
    """One camera of a rig.

    Raises:
        GeoselfError: No such camera (65), the nearest name given.
    """
    one = rig.select([name])
    width, height = one.image_size[0]
    return View(
        name=name,
        K=one.K[0],
        lens=one.lenses[0],
        image_size=(int(width), int(height)),
        R=one.R[0],
        center=one.center[0],
        world_up=one.world_up,
        others=tuple(other for other in rig.camera_names if other != name),
    )
