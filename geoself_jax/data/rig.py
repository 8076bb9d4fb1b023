"""The cameras of one rig as read from a file, in our convention, whatever the file's was."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name
from geoself_jax.geometry.lenses import Lens

SKYWARD = np.array([0.0, -1.0, 0.0])
"""Up direction in the axes of a level camera: y is down."""


def up_in_camera(R: np.ndarray, world_up: np.ndarray | None) -> np.ndarray:
    """Returns the direction against gravity in a camera's axes, to draw with.

    Args:
        R: (3, 3), world to camera.
        world_up: (3,) unit vector; None where it is unknown, and the camera is taken to be level.
    """
    return SKYWARD if world_up is None else np.asarray(R @ world_up)


def floor_axes(up: np.ndarray) -> np.ndarray:
    """Returns two axes (2, 3) that span the floor, right-handed as seen from above.

    Args:
        up: (3,) unit vector against gravity.
    """
    first = np.eye(3)[int(np.argmin(np.abs(up)))]
    first = first - (first @ up) * up
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(up, first)])


@dataclass(frozen=True)
class Rig:
    """Cameras that see the same scene: x_cam = R (x_world - center), metres, pixels. Views V.

    Attributes:
        name: Of the rig.
        camera_names: One a view, each once.
        K: (V, 3, 3) float64.
        lenses: One a view.
        R: (V, 3, 3) float64, world to camera; camera axes x right, y down, z forward.
        center: (V, 3) float64, in the world.
        image_size: (V, 2) whole numbers, width and height; px; 0 where the file has none.
        world_up: (3,) unit vector against gravity, in the world; None where it is unknown.
        cameras_from: Where the cameras are from, a line, if not from a calibration: `calibrate`.
        counted: Whether the names only count the cameras, as their file has none.
    """

    name: str
    camera_names: tuple[str, ...]
    K: np.ndarray
    lenses: tuple[Lens, ...]
    R: np.ndarray
    center: np.ndarray
    image_size: np.ndarray
    world_up: np.ndarray | None
    cameras_from: str = ""
    counted: bool = False

    @property
    def views(self) -> int:
        """Number of cameras V."""
        return len(self.camera_names)

    def select(self, names: Sequence[str]) -> "Rig":
        """Some of the cameras, in the order of `names`.

        Raises:
            GeoselfError: No such camera (65), the nearest name given.
        """
        for name in names:
            if name not in self.camera_names:
                raise data_error(
                    f"camera {name!r}",
                    f"rig {self.name} has no such camera",
                    nearest_name(name, self.camera_names),
                )
        chosen = [self.camera_names.index(name) for name in names]
        return Rig(
            name=self.name,
            camera_names=tuple(names),
            K=self.K[chosen],
            lenses=tuple(self.lenses[i] for i in chosen),
            R=self.R[chosen],
            center=self.center[chosen],
            image_size=self.image_size[chosen],
            world_up=self.world_up,
            cameras_from=self.cameras_from,
            counted=self.counted,
        )


def rig_from_opencv(
    name: str,
    camera_names: Sequence[str],
    K: np.ndarray,
    lenses: Sequence[Lens],
    R: np.ndarray,
    t: np.ndarray,
    image_size: np.ndarray,
    *,
    metres: float,
    world_up: Sequence[float] | np.ndarray | None,
) -> Rig:
    """A rig from OpenCV's convention, x_cam = R x_world + t: center = -R^T t.

    Args:
        name: Of the rig.
        camera_names: One a view.
        K: (V, 3, 3).
        lenses: One a view.
        R: (V, 3, 3), world to camera.
        t: (V, 3), in the file's unit.
        image_size: (V, 2).
        metres: Length of the file's unit, e.g. 0.001 for millimetres.
        world_up: Against gravity, in the file's world; None where it is unknown.
    """
    R, t = np.asarray(R, np.float64), np.asarray(t, np.float64)
    up = None if world_up is None else np.asarray(world_up, np.float64)
    return Rig(
        name=name,
        camera_names=tuple(camera_names),
        K=np.asarray(K, np.float64),
        lenses=tuple(lenses),
        R=R,
        center=-np.einsum("vji,vj->vi", R, t) * metres,
        image_size=np.asarray(image_size, np.int32),
        world_up=None if up is None else up / np.linalg.norm(up),
    )
