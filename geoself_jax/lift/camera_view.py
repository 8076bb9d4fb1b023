"""The camera of a video to lift."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.data.rig import SKYWARD, Rig, up_in_camera
from geoself_jax.geometry.lenses import Lens

PINHOLE = Lens()


@dataclass(frozen=True)
class View:
    """Intrinsics of a camera, and its extrinsics where known.

    Attributes:
        name: Name in the calibration; empty without one.
        K: (3, 3) float64, px.
        lens: Lens distortion.
        lens_known: Whether it is that of the video: not where its pixels come undistorted without
            it, or the camera is a guess.
        image_size: Width, height, px; 0, 0 where unknown.
        R: (3, 3) float64, world to camera, or None.
        center: (3,) float64, metres, world frame; given together with `R`.
        world_up: (3,) float64 unit vector against gravity, world frame; None where unknown.
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
    lens_known: bool = True

    @property
    def up(self) -> np.ndarray:
        """Up direction in camera axes, (3,); that of a level camera where unknown."""
        return SKYWARD if self.R is None else up_in_camera(self.R, self.world_up)

    def alone(self) -> Rig:
        """Returns a rig of this camera; unknown extrinsics and image size get default values."""
        width, height = self.image_size
        return Rig(
            name="",
            camera_names=(self.name,),
            K=self.K[None],
            lenses=(self.lens,),
            R=np.eye(3)[None] if self.R is None else self.R[None],
            center=np.zeros((1, 3)) if self.center is None else self.center[None],
            image_size=np.array([(width or 1, height or 1)], np.int32),
            world_up=self.world_up,
        )


def view_of(rig: Rig, name: str) -> View:
    """Selects one camera of a rig.

    Raises:
        GeoselfError: No such camera (65); the message gives the nearest name.
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
