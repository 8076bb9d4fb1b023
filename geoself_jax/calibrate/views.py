"""What calibration works on: rays of joints, weights, and cameras that are to be found."""

from typing import NamedTuple

import numpy as np


class Views(NamedTuple):
    """Detections of synchronized frames. Frames F, views V, joints J.

    Attributes:
        rays: (F, V, J, 2) float64, x/z and y/z of undistorted pixels by the known or guessed
            intrinsics; 0 where missing.
        weight: (F, V, J) float64, the detector's confidence; 0 where missing.
        focal: (V,) pixels that one unit of a ray is, to weigh errors in pixels.
        subject: (F,) whose body it is, from 0 on.
        block: (F,) stretch of footage whose errors are alike, from 0 on: a clip or a part of one.
        motion: (F, V, J, 2) by how much the rays move in a frame, where clocks are found too.
        tau: (F,) frames from the middle of the footage, as `motion`.
    """

    rays: np.ndarray
    weight: np.ndarray
    focal: np.ndarray
    subject: np.ndarray
    block: np.ndarray
    motion: np.ndarray | None = None
    tau: np.ndarray | None = None

    @property
    def views(self) -> int:
        """Number of cameras V."""
        return int(self.rays.shape[1])

    @property
    def unknowns(self) -> int:
        """Of each camera: rotation 3, centre 3, focal length, and with `motion` lag and rate."""
        return 7 if self.motion is None else 9

    def frames(self, at: np.ndarray) -> "Views":
        """Some of the frames.

        Args:
            at: Their numbers, or a mask.
        """
        rays, weight = self.rays[at], self.weight[at]
        few = self._replace(
            rays=rays, weight=weight, subject=self.subject[at], block=self.block[at]
        )
        if self.motion is None or self.tau is None:
            return few
        return few._replace(motion=self.motion[at], tau=self.tau[at])

    def with_focal(self, log_factor: np.ndarray) -> "Views":
        """The same pixels by other focal lengths.

        Args:
            log_factor: (V,) natural logarithm of the factor on each.
        """
        factor = np.exp(log_factor)
        return self._replace(rays=self.rays / factor[:, None, None], focal=self.focal * factor)


class Pose(NamedTuple):
    """Cameras in a frame of their own: x_cam = R (x - center).

    Attributes:
        R: (V, 3, 3) float64.
        center: (V, 3) float64, in an unknown unit.
        log_focal: (V,) float64, natural logarithm of the factor on each focal length.
        clock: (V, 2) frames that each camera is late, and by how many more a frame; None is 0.
    """

    R: np.ndarray
    center: np.ndarray
    log_focal: np.ndarray
    clock: np.ndarray | None = None

    @classmethod
    def of(cls, R: np.ndarray, center: np.ndarray) -> "Pose":
        """Cameras whose focal lengths are as they were given."""
        return cls(np.asarray(R, np.float64), np.asarray(center, np.float64), np.zeros(len(R)))

    def moved(self, step: np.ndarray) -> "Pose":
        """After a step.

        Args:
            step: (V, 7 or 9) rotation vector in the camera's axes, centre, logarithm of the focal,
                lag and rate.
        """
        turned = rotation(step[:, :3]) @ self.R
        clock = self.clock
        if step.shape[1] > 7:
            clock = step[:, 7:] + (0 if clock is None else clock)
        return Pose(turned, self.center + step[:, 3:6], self.log_focal + step[:, 6], clock)


def rotation(vector: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of rotation vectors (..., 3), by Rodrigues' formula."""
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    K = cross(vector)
    small = np.maximum(angle, 1e-12)
    return np.eye(3) + np.sin(small) / small * K + (1 - np.cos(small)) / small**2 * (K @ K)


def cross(vector: np.ndarray) -> np.ndarray:
    """Matrices (..., 3, 3) that take the cross product with vectors (..., 3)."""
    x, y, z = np.moveaxis(np.asarray(vector, np.float64), -1, 0)
    zero = np.zeros_like(x)
    rows = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1)
    return rows.reshape(*x.shape, 3, 3)


def angle_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Angle of the rotation between rotation matrices (..., 3, 3), degrees."""
    trace = np.einsum("...ij,...ij->...", first, second)
    apart = np.linalg.norm(first - second, axis=(-2, -1)) / (2 * np.sqrt(2))
    small = 2 * np.arcsin(np.clip(apart, 0, 1))  # exact where the trace has lost its digits
    return np.degrees(np.where(trace > 2.9, small, np.arccos(np.clip((trace - 1) / 2, -1, 1))))
