"""Lifts a live video frame by frame."""

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.filters import OneEuro, parse_filter
from geoself_jax.lift.inputs import shaped

FARTHEST_PX = 1e6
Lift = Callable[..., tuple[np.ndarray, np.ndarray]]
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
        GeoselfError: Another filter, or no frame rate (64).
    """
    if how is None:
        return None
    found = parse_filter(how) if isinstance(how, str) else how
    if not isinstance(found, OneEuro):
        raise usage_error(f"filter {how!r}", "it is not causal", "use one-euro")
    if fps is None or not (np.isfinite(fps) and fps > 0):
        raise usage_error(f"fps {fps}", "a filter requires the frame rate", "pass e.g. fps=50")
    return Steady(found, fps)


class Stream:
    """Lifts the frames of one camera's live video one by one.

    Created by `Lifter.stream`, which compiles before the first frame.

    Args:
        lift: Function that lifts one pose: a `Lifter`.
        skeleton: Joints of the lifter.
        K: (3, 3) intrinsics of the camera, px.
        smooth: Filter of the joints in the camera frame, or None.
        frames: Window length, whose middle frame `lift` lifts.

    Attributes:
        delay: Latency of the returned pose, frames: half a window, 0 where `frames` is 1.
    """

    def __init__(
        self, lift: Lift, skeleton: Skeleton, K: Any, smooth: Steady | None = None, frames: int = 1
    ) -> None:
        self._lift, self._skeleton, self._smooth = lift, skeleton, smooth
        self._K = np.array(K, np.float32)
        self.delay = frames // 2
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
            first `delay` frames.

        Raises:
            GeoselfError: An invalid shape, or a pixel far from any image (65); the frame is not
                taken, so that it spoils no window, and the next one may follow.
        """
        seen = self._nobody
        if keypoints_2d is not None:
            seen = shaped(self._skeleton, 1, keypoints_2d, confidence, self._K)[:2]
            _check_pixels(seen[0])
        self._push(seen)
        middle = self._window[self.delay] if len(self._window) == self._window.maxlen else None
        if middle is not None and _anything(*middle):
            pose_3d, root_position = self._lift_window()
        else:
            pose_3d = np.full((self._skeleton.joints, 3), np.nan, np.float32)
            root_position = np.full(3, np.nan, np.float32)
        if self._smooth is None:
            return pose_3d, root_position
        joints, root = self._smooth(pose_3d + root_position), self._skeleton.root
        return joints - joints[root], joints[root]

    def _push(self, seen: Seen) -> None:
        """Appends a frame; the first detection is repeated to fill the first window."""
        if not self._window:
            if not _anything(*seen):
                return
            self._window.extend([seen] * self.delay)
        self._window.append(seen)

    def _lift_window(self) -> tuple[np.ndarray, np.ndarray]:
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
