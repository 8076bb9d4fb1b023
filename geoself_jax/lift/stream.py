"""Lifts a live video frame by frame."""

from collections import deque
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Float

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.core.model import Prediction
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.filters import OneEuro, parse_filter
from geoself_jax.data.refinement.fixed_lag import FixedLag
from geoself_jax.data.refinement.passes import HIGHEST_FPS
from geoself_jax.lift.inputs import numbers, shaped

FARTHEST_PX = 1e6
LAG_SECONDS, LONGEST_LAG_SECONDS = 0.25, 2.0
"""How late refined poses are, unless said otherwise and at most."""
Lift = Callable[..., Prediction]
Seen = tuple[np.ndarray, np.ndarray]
"""Detections, px, and confidence of a frame."""


class Steady:
    """Applies `data.poses.filters.OneEuro` frame by frame, as to the whole sequence."""

    def __init__(self, how: OneEuro, fps: float) -> None:
        self._how, self._fps = how, fps
        self._last: np.ndarray | None = None
        self._velocity: np.ndarray | None = None

    def __call__(self, points: Float[np.ndarray, "joints 3"]) -> Float[np.ndarray, "joints 3"]:
        """Filters the next frame's joints, metres; a missing joint, NaN, resets its filter."""
        new = points.astype(np.float64)
        if self._last is None or self._velocity is None:
            self._last, self._velocity = np.full_like(new, np.nan), np.zeros_like(new)
        goes_on = np.asarray(np.isfinite(new + self._last).all(-1))
        self._last, self._velocity = self._how.step(
            new, self._last, self._velocity, goes_on, self._fps
        )
        return self._last.astype(np.float32)


def steady(how: str | OneEuro | None, fps: float | None) -> Steady | None:
    """Creates a causal filter for live use.

    Args:
        how: Argument of `data.poses.filters.parse_filter`, e.g. `one-euro:1.0,0.05`, or None.
        fps: Frames per second.

    Raises:
        GeoselfError: Another filter, or no frame rate up to `HIGHEST_FPS` (64).
    """
    if how is None:
        return None
    found = parse_filter(how) if isinstance(how, str) else how
    if not isinstance(found, OneEuro):
        raise usage_error(f"filter {how!r}", "it is not causal", "use one-euro")
    return Steady(found, _rate(fps, "a filter"))


def live_refinement(how: bool | float, fps: float | None, skeleton: Skeleton) -> FixedLag | None:
    """Creates the refinement of a live video.

    Args:
        how: Seconds by which poses are late, True for `LAG_SECONDS`, False for no refinement.
        fps: Frames per second.
        skeleton: Joints of the lifter.

    Raises:
        GeoselfError: Negative or too many seconds, or no frame rate up to `HIGHEST_FPS` (64).
    """
    if how is False:
        return None
    seconds = LAG_SECONDS if how is True else _number(how)
    if seconds is None or not 0 <= seconds <= LONGEST_LAG_SECONDS:  # true for NaN
        wanted = f"wanted seconds from 0 to {LONGEST_LAG_SECONDS:g}, by which poses are late"
        raise usage_error(f"refine {how!r}", wanted, "pass e.g. refine=0.25, or True")
    rate = _rate(fps, "refinement")
    return FixedLag(skeleton, rate, round(seconds * rate))


def _number(value: Any) -> float | None:
    """A number of any type, or in an array without axes; None for anything else."""
    value = value.item() if getattr(value, "ndim", None) == 0 else value
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) else None


def _rate(fps: Any, what: str) -> float:
    rate = _number(fps)
    if rate is None or not 0 < rate <= HIGHEST_FPS:  # true for NaN
        limits = f"above 0, at most {HIGHEST_FPS:g}"
        why = f"{what} requires the frame rate, frames per second {limits}"
        raise usage_error(f"fps {fps!r}", why, "pass e.g. fps=50")
    return rate


class Stream:
    """Lifts the frames of one camera's live video one by one.

    Created by `Lifter.stream`, which compiles before the first frame.

    Args:
        lift: Function that lifts one pose: `Lifter.predict`.
        skeleton: Joints of the lifter.
        K: (3, 3) intrinsics of the camera, px.
        smooth: Filter of the joints in the camera frame, or None.
        frames: Window length, whose middle frame `lift` lifts.
        refine: Refinement over time, before the filter, or None.

    Attributes:
        delay: Latency of the returned pose, frames: half a window, 0 where `frames` is 1, and the
            lag of the refinement.
    """

    def __init__(
        self,
        lift: Lift,
        skeleton: Skeleton,
        K: Any,
        smooth: Steady | None = None,
        frames: int = 1,
        refine: FixedLag | None = None,
    ) -> None:
        self._lift, self._skeleton, self._smooth, self._refine = lift, skeleton, smooth, refine
        self._K = np.array(numbers("K", K))
        self._half = frames // 2
        self.delay = self._half + (0 if refine is None else refine.lag)
        nobody = np.full((skeleton.joints, 2), np.nan, np.float32)
        self._nobody: Seen = nobody, np.zeros(skeleton.joints, np.float32)
        self._window: deque[Seen] = deque([self._nobody] * frames, maxlen=frames)
        self._lift_window()  # compiles, and checks K
        self._window.clear()

    def __call__(
        self,
        keypoints_2d: Float[np.ndarray, "joints 2"] | None = None,
        confidence: Float[np.ndarray, " joints"] | None = None,
    ) -> tuple[Float[np.ndarray, "joints 3"], Float[np.ndarray, "3"]]:
        """Takes the next frame and returns the pose of the frame `delay` before it.

        Args:
            keypoints_2d: Undistorted detections, px; NaN where a joint is missing; None without a
                detection.
            confidence: A joint with 0 is ignored; None for 1 at every finite joint.

        Returns:
            As `Lifter.__call__`: pose_3d, camera axes, root-relative, and root_position, camera
            frame, metres. Both are NaN where no joint of their frame is visible, and for the
            first `delay` frames. Refinement fills short gaps after which the person is seen again
            by now.

        Raises:
            GeoselfError: An invalid shape, or a pixel far from any image (65); the frame is not
                taken, so that it spoils no window, and the next one may follow.
        """
        seen = self._nobody
        if keypoints_2d is not None:
            seen = shaped(self._skeleton, 1, keypoints_2d, confidence, self._K)[:2]
            if seen[0].ndim > 2:
                what = f"keypoints_2d has shape {seen[0].shape}"
                raise data_error(what, "a stream takes one frame of one person", "pass one")
            _check_pixels(seen[0])
            seen = np.where(np.isfinite(seen[0]), seen[0], np.float32(np.nan)), seen[1]
        self._push(seen)
        middle = self._window[self._half] if len(self._window) == self._window.maxlen else None
        there = middle is not None and _anything(*middle)
        lifted = self._lift_window() if there else None
        if lifted is not None:
            pose_3d, root_position = np.asarray(lifted.pose_3d), np.asarray(lifted.root_position)
        else:
            pose_3d = np.full((self._skeleton.joints, 3), np.nan, np.float32)
            root_position = np.full(3, np.nan, np.float32)
        if self._refine is None and self._smooth is None:
            return pose_3d, root_position
        joints, root = pose_3d + root_position, self._skeleton.root
        if self._refine is not None:
            joints = self._refined(joints, lifted, middle or self._nobody)
        if self._smooth is not None:
            joints = self._smooth(joints)
        return joints - joints[root], joints[root]

    def _refined(self, joints: np.ndarray, lifted: Prediction | None, seen: Seen) -> np.ndarray:
        """The joints of `lag` frames before these, (J, 3), camera frame, metres."""
        assert self._refine is not None
        if lifted is None:
            return self._refine(None, *seen, self._K).astype(np.float32)
        distance, axes = (
            None if spread is None else np.asarray(spread)
            for spread in (lifted.uncertainty, lifted.uncertainty_axes)
        )
        found = self._refine(joints, *seen, self._K, distance=distance, axes=axes)
        return found.astype(np.float32)

    def _push(self, seen: Seen) -> None:
        """Appends a frame; the first detection is repeated to fill the first window."""
        if not self._window:
            if not _anything(*seen):
                return
            self._window.extend([seen] * self._half)
        self._window.append(seen)

    def _lift_window(self) -> Prediction:
        pixels, confidence = (np.stack(arrays) for arrays in zip(*self._window, strict=True))
        if self._window.maxlen == 1:
            pixels, confidence = pixels[0], confidence[0]
        return self._lift(pixels, confidence, self._K)


def _check_pixels(pixels: np.ndarray) -> None:
    far = np.isfinite(pixels) & (np.abs(pixels) > FARTHEST_PX)
    if far.any():
        what = f"keypoints_2d: {pixels[far][0]:g} px, joint {np.argwhere(far)[0][0]}"
        do = "pass NaN where a joint is missing"
        raise data_error(what, f"wanted pixels within {FARTHEST_PX:g} of the image", do)


def _anything(pixels: np.ndarray, confidence: np.ndarray) -> bool:
    """Returns whether any joint is visible."""
    return bool((np.isfinite(pixels).all(-1) & (confidence > 0)).any())
