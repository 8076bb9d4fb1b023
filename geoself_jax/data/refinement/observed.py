"""What is known of one person in a run of frames of one camera."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.core.skeleton import Skeleton

ACROSS, ALONG = 0.035, 0.085
"""Metres of a person: errors of a network that predicts no uncertainty, a standard deviation."""
LEAST, MOST = 0.01, 0.5
"""Metres of a person: no predicted error is believed below the one or above the other, half a
body: a joint that nothing holds would move along its ray into the camera."""

_OF_DISTANCE = (0.45, 0.7)
_OF_AXES = (0.8, 1.0)


@dataclass(frozen=True)
class Observed:
    """Detections and lifted poses of T frames, gaps included. Lengths in the body's unit.

    Attributes:
        rays: (T, J, 2) x/z, y/z of the detections; 0 where missing.
        weight: (T, J) confidence of the detections; 0 where missing.
        pose: (T, J, 3) lifted pose relative to the root, camera axes; interpolated in gaps.
        root: (T, 3) lifted root, camera frame; interpolated in gaps.
        lifted: (T,) bool; False in gaps.
        across, along: (T, J) standard deviation of `pose` across the camera's ray, by axis, and
            along it.
    """

    rays: np.ndarray
    weight: np.ndarray
    pose: np.ndarray
    root: np.ndarray
    lifted: np.ndarray
    across: np.ndarray
    along: np.ndarray

    @property
    def frames(self) -> int:
        """Number of frames T."""
        return len(self.root)

    @property
    def points(self) -> np.ndarray:
        """(T, J, 3) joints as lifted, camera frame."""
        return self.pose + self.root[:, None]

    def part(self, frames: slice) -> "Observed":
        """Some of the frames."""
        return Observed(*(getattr(self, name)[frames] for name in self.__dataclass_fields__))


def joined(first: Observed, then: Observed) -> Observed:
    """The frames of both, one after the other."""
    names = Observed.__dataclass_fields__
    pairs = [(getattr(first, name), getattr(then, name)) for name in names]
    return Observed(*(np.concatenate(pair) for pair in pairs))


def observe(
    points: np.ndarray,
    keypoints_2d: np.ndarray,
    confidence: np.ndarray,
    K: np.ndarray,
    skeleton: Skeleton,
    *,
    distance: np.ndarray | None = None,
    axes: np.ndarray | None = None,
    unit: float = 1.0,
) -> Observed:
    """Collects what is known of a run of frames.

    Args:
        points: (T, J, 3) lifted joints, camera frame, metres; NaN in frames without a detection.
            The first and the last frame are lifted.
        keypoints_2d: (T, J, 2) undistorted pixels; NaN where missing.
        confidence: (T, J) in [0, 1]; 0 where missing.
        K: (3, 3) intrinsics, pixels.
        skeleton: Of the J joints.
        distance: (T, J) expected error of each joint relative to the root, metres, or None.
        axes: (T, J, 2) the same across the ray and along it, or None; read before `distance`.
        unit: Length that is a metre to a person's body (`data.length_unit`).
    """
    ray = (keypoints_2d.astype(np.float64) - K[:2, 2]) @ np.linalg.inv(K[:2, :2]).T
    seen = np.isfinite(ray).all(-1) & (confidence > 0)
    lifted = np.isfinite(points).all((1, 2))
    filled = _interpolated(points.astype(np.float64), lifted) / unit
    across, along = _widths(distance, axes, filled.shape[:2], unit)
    root = filled[:, skeleton.root]
    return Observed(
        rays=np.where(seen[..., None], ray, 0),
        weight=np.where(seen, confidence, 0).astype(np.float64).clip(0, 1),
        pose=filled - root[:, None],
        root=root,
        lifted=lifted,
        across=across,
        along=along,
    )


def _interpolated(points: np.ndarray, lifted: np.ndarray) -> np.ndarray:
    """Frames without a pose on the line between the poses before and after."""
    if lifted.all():
        return points
    at = np.arange(len(points))
    flat = points.reshape(len(points), -1)
    known = np.flatnonzero(lifted)
    columns = [np.interp(at, known, flat[known, i]) for i in range(flat.shape[1])]
    return np.stack(columns, axis=1).reshape(points.shape)


def _widths(
    distance: np.ndarray | None, axes: np.ndarray | None, shape: tuple[int, ...], unit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations across (by axis) and along the ray, from what the network predicts.

    The mean length of two independent normal errors is 1.25 standard deviations, of one 0.8. The
    shares of a predicted distance are those of triangulated joints of held-out subjects.
    """
    if axes is not None:
        pairs = [axes[..., i] * factor for i, factor in enumerate(_OF_AXES)]
    elif distance is not None:
        pairs = [distance * factor for factor in _OF_DISTANCE]
    else:
        return np.full(shape, ACROSS), np.full(shape, ALONG)
    across, along = (
        np.clip(np.where(np.isnan(width), usual * unit, width) / unit, LEAST, MOST)
        for width, usual in zip(pairs, (ACROSS, ALONG), strict=True)
    )
    return across, along
