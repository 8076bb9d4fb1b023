"""What lift corrects over time: outliers before, the floor and short gaps after lifting."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.contact import foot_joints
from geoself_jax.data.poses.floor import ANOTHER_FLOOR, Floor, OnFloor, on_floor
from geoself_jax.data.poses.hampel import SECONDS, Hampel
from geoself_jax.data.poses.interpolate_gaps import interpolated
from geoself_jax.data.poses.sequence import FILLED, MEASURED, PREDICTED, REJECTED, PoseSequence
from geoself_jax.lift.camera_view import View
from geoself_jax.lift.video_detections import Video

LESS_SURE = np.float32(0.5)
"""Times its confidence: of a detection that is taken from the frames about it."""


@dataclass(frozen=True)
class Cleaning:
    """Options of cleaning, all off by default.

    Attributes:
        outliers: Filter of detections before lifting, or None.
        refine: Whether lifted poses are refined over time (`data.refinement`).
        floor: Where the floor is, on which feet rest; None to leave poses as they are lifted.
        fill: Longest gap that is filled, frames; 0 for none.
    """

    outliers: Hampel | None = None
    refine: bool = False
    floor: Floor | None = None
    fill: int = 0

    def check(self, view: View, skeleton: Skeleton) -> None:
        """Checks that the camera and the joints support the options.

        Raises:
            GeoselfError: A floor without extrinsics or vertical (64), or without feet (65).
        """
        if self.floor is None:
            return
        if view.R is None:
            do = "pass a calibration with rotation and translation"
            raise usage_error("--floor", "the camera has no extrinsics", do)
        if view.world_up is None:
            do = "say it by --world-up, of a recording when it is prepared"
            raise usage_error("--floor", "which way is up is unknown", do)
        foot_joints(skeleton)

    def before(self, video: Video) -> tuple[Video, np.ndarray]:
        """The video without outliers, and (N, J) bool where they were."""
        if self.outliers is None:
            return video, np.zeros(video.confidence.shape, bool)
        ones = np.ones((*video.confidence.shape, 1))
        rays = np.concatenate([video.keypoints_2d, ones], -1) @ np.linalg.inv(video.view.K).T
        rejected = self.outliers.outliers(rays[..., :2], video.frame_id, video.fps)
        return _replaced(video, rejected), rejected

    def filled(
        self, poses: PoseSequence, video: Video, rejected: np.ndarray, notice: Callable[[str], None]
    ) -> PoseSequence:
        """The lifted poses with short gaps filled, and with marks where something was cleaned.

        Args:
            poses: As lifted, or filtered and on their floor.
            video: Its detections.
            rejected: As `before` returns it.
            notice: Receives a line with the counts of each option.
        """
        if self.outliers is not None:
            count, total = int(rejected.sum()), int(((video.confidence > 0) | rejected).sum())
            share = 100 * count / max(total, 1)
            what = f"{count} of {total} detections rejected as outliers ({share:.1f} %)"
            notice(f"{_name(video)}: {what}")
        if self.refine and poses.marks is not None:
            frames = int((poses.marks == FILLED).any(1).sum())
            notice(f"{_name(video)}: {frames} frames without a detection filled by --refine")
        filled = np.zeros(poses.pose.shape[:2], bool)
        if self.fill:
            poses, filled = interpolated(poses, self.fill)
            left = int((np.isnan(poses.pose).any(-1)).any(1).sum())
            frames = int(filled.any(1).sum())
            notice(f"{_name(video)}: {frames} frames filled, {left} still missing")
        if self.outliers is None and not self.fill:
            return poses
        return poses.replace(marks=_marks(poses, video, rejected, filled))

    def without_gaps(self, poses: PoseSequence) -> PoseSequence:
        """The poses with short gaps filled, without marks.

        Args:
            poses: Absolute.
        """
        return interpolated(poses, self.fill)[0] if self.fill else poses

    def on_floor(
        self, poses: PoseSequence, video: Video, notice: Callable[[str], None]
    ) -> PoseSequence:
        """The poses on their floor.

        Args:
            poses: Absolute, camera axes.
            video: Its detections.
            notice: Receives a line on what was found.
        """
        if self.floor is None:
            return poses
        name, found = _name(video), on_floor(poses, self.floor)
        given = self.floor.height is not None
        notice(f"{name}: {floor_line(found, given=given)}")
        if found.by_feet and not (given or self.floor.by_feet):
            notice(
                f"warning: {name}: the lifted feet rest far from the world's origin - if that "
                "is on the floor, the lifted poses are wrong, and more so on this floor - look "
                "at them, or leave --floor out"
            )
        return found.poses


def _name(video: Video) -> str:
    return f"{video.source}, clip {video.clip}" if video.clip else video.source


NONE = Cleaning()
"""Poses as they are lifted."""


def floor_line(found: OnFloor, *, given: bool) -> str:
    """What was found of the floor, in words.

    Args:
        found: Poses on it.
        given: Whether its height was given.
    """
    if not found.frames:
        return "no foot is seen at rest on the floor: the poses are left as they were lifted"
    by = "as given" if given else "by the lifted feet" if found.by_feet else "of the world"
    total = found.poses.frames
    far = f", {100 * found.share:.0f} % of its distance: is the floor there?"
    return (
        f"floor at {found.height:.2f} m along up, {by}; a foot rests in {found.frames} of {total} "
        f"frames, ankles {1000 * found.ankle:.0f} mm above it; the root moved by "
        f"{1000 * found.moved:.0f} mm (median){far * (found.share > ANOTHER_FLOOR)}"
    )


def _replaced(video: Video, rejected: np.ndarray) -> Video:
    """Rejected detections taken from those before and after, or dropped where there is none."""
    from scipy.interpolate import PchipInterpolator

    pixels, confidence = video.keypoints_2d.copy(), video.confidence.copy()
    frame, farthest = video.frame_id, max(1.0, SECONDS * video.fps)
    for joint in np.flatnonzero(rejected.any(0)).tolist():
        at = np.flatnonzero(rejected[:, joint])
        kept = np.flatnonzero((confidence[:, joint] > 0) & ~rejected[:, joint])
        if len(kept) < 2:
            near = np.zeros(len(at), bool)
        else:
            after = np.searchsorted(kept, at)
            near = (after > 0) & (after < len(kept))
            low, high = kept[np.maximum(after - 1, 0)], kept[np.minimum(after, len(kept) - 1)]
            near &= frame[high] - frame[low] <= 1 + farthest
            curve = PchipInterpolator(frame[kept], video.keypoints_2d[kept, joint])
            pixels[at[near], joint] = curve(frame[at[near]])
            confidence[at[near], joint] *= LESS_SURE
        pixels[at[~near], joint], confidence[at[~near], joint] = np.nan, 0
    return dataclasses.replace(video, keypoints_2d=pixels, confidence=confidence)


def _marks(
    poses: PoseSequence, video: Video, rejected: np.ndarray, filled: np.ndarray
) -> np.ndarray:
    """(T, J) uint8 as `PoseSequence.marks`."""
    marks = np.full(filled.shape, PREDICTED, np.uint8)
    marks[video.frame_id] = np.where(video.confidence > 0, MEASURED, PREDICTED)
    at, joint = np.nonzero(rejected)
    marks[video.frame_id[at], joint] = REJECTED
    marks[filled] = FILLED
    if poses.marks is not None:
        marks[poses.marks == FILLED] = FILLED
    return marks
