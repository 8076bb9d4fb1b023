"""Which foot joints rest on the floor, by their viewing rays and a known floor plane."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.data.body_size import is_another_body
from geoself_jax.data.poses.resample import step_of
from geoself_jax.data.poses.sequence import PoseSequence

HEIGHTS = {"ankle": 0.085, "heel": 0.03, "toe": 0.02, "foot": 0.03}
"""Of a joint above the floor it stands on, metres, by the last word in its name that is one."""
HEIGHT_ERROR = 0.02  # metres: of a joint at rest, from step to step
STILL = 0.2  # m/s: a foot that rests is seen to move so fast
LIFTED = 0.05  # metres above the lowest foot joint, less what joints differ by
WINDOW = 0.2  # seconds over which a speed is measured
_LOWEST_SLOPE = 0.02  # of a ray below the horizon
_NORMAL = 1.4826  # standard deviations in a median absolute deviation


@dataclass(frozen=True)
class FootRays:
    """What one camera sees of the foot joints. Frames T, foot joints F.

    Attributes:
        joints: (F,) index of each.
        height: (F,) metres that each is above the floor at rest.
        rays: (T, F, 3) float64 detected viewing rays of depth 1; NaN where not detected.
        noise: (F,) standard deviation of a ray from frame to frame.
        slope: (T, F) metres that a ray falls in a metre of depth; NaN where it does not fall.
    """

    joints: np.ndarray
    height: np.ndarray
    rays: np.ndarray
    noise: np.ndarray
    slope: np.ndarray


def foot_joints(skeleton: Skeleton) -> dict[int, str]:
    """The kind of each foot joint (`HEIGHTS`), by its index.

    Raises:
        GeoselfError: The skeleton has none, or is an animal's (65).
    """
    found = {}
    for joint, name in enumerate(skeleton.joint_names):
        kinds = [kind for kind in HEIGHTS if kind in normalized(name)]
        if kinds:
            found[joint] = max(kinds, key=normalized(name).rfind)
    if not any(kind in ("ankle", "heel") for kind in found.values()):
        names = ", ".join(skeleton.joint_names[:6])
        raise data_error(
            f"joints {names} ...",
            "no ankle or heel: the floor is found by a person's feet",
            "leave --floor out",
        )
    if is_another_body(skeleton.joint_names, skeleton.body_metres):
        names = ", ".join(skeleton.joint_names[:6])
        why = "no person's: how high other feet are at rest is not known"
        raise data_error(f"joints {names} ...", why, "leave --floor out")
    return found


def foot_rays(poses: PoseSequence) -> FootRays:
    """The viewing rays of the foot joints.

    Args:
        poses: In camera axes, with detections and their camera.

    Raises:
        GeoselfError: No foot joints, or no detections (65).
    """
    kinds = foot_joints(poses.skeleton)
    joints = np.array(list(kinds))
    if poses.keypoints_2d is None or poses.confidence is None or poses.camera is None:
        raise data_error(f"{poses.name}: no detections", "feet are found by them", "lift again")
    pixels = poses.keypoints_2d[:, joints].astype(np.float64)
    seen = (poses.confidence[:, joints] > 0) & np.isfinite(pixels).all(-1)
    seen &= np.isfinite(poses.pose[:, joints]).all(-1)
    ones = np.ones((*pixels.shape[:2], 1))
    rays = np.concatenate([pixels, ones], -1) @ np.linalg.inv(poses.camera.K).T
    rays = np.where(seen[..., None], rays, np.nan)
    slope = -(rays @ poses.up)
    slope = np.where(slope > _LOWEST_SLOPE, slope, np.nan)
    height = np.array([HEIGHTS[kinds[joint]] for joint in joints.tolist()])
    return FootRays(joints, height, rays, ray_noise(rays), slope)


def ray_noise(rays: np.ndarray) -> np.ndarray:
    """(F,) standard deviation of each joint's rays from frame to frame, by third differences."""
    jumps = np.diff(rays[..., :2], 3, axis=0)
    jumps = np.moveaxis(jumps, 1, 0).reshape(rays.shape[1], -1)
    noise = np.full(len(jumps), 1e-3)
    for joint, values in enumerate(jumps):
        values = values[np.isfinite(values)]
        if len(values):
            noise[joint] = max(_NORMAL * np.median(np.abs(values)) / np.sqrt(20), 2e-4)
    return noise


def contact_weight(poses: PoseSequence, feet: FootRays, camera_height: float) -> np.ndarray:
    """(T, F) in [0, 1]: how well each foot joint fits one at rest on the floor; 0 where unseen.

    A joint at rest keeps its viewing ray, so the point of the floor that it is seen at does not
    move; and no other foot joint is far below it.

    Args:
        poses: In camera axes.
        feet: Their rays.
        camera_height: Of the camera above the floor, metres.
    """
    depth = (camera_height - feet.height) / feet.slope
    points = depth[..., None] * feet.rays
    rate = poses.fps / step_of(poses.frame_id)
    speed = _velocity(points, poses.frame_id / poses.fps, max(WINDOW, 2.0 / rate))
    right = np.cross(poses.up, feet.rays)
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    across = (speed * right).sum(-1)
    along = np.sqrt(np.maximum((speed**2).sum(-1) - across**2, 0))
    samples = max(3.0, rate * WINDOW + 1)
    wobble = feet.noise * rate * np.sqrt(12 / samples**3)  # of a ray's slope over the window
    across_error = np.hypot(STILL, depth * wobble)
    along_error = np.hypot(STILL, depth * wobble / feet.slope)
    weight = np.exp(-0.5 * ((across / across_error) ** 2 + (along / along_error) ** 2))
    above = poses.pose[:, feet.joints].astype(np.float64) @ poses.up - feet.height
    raised = np.maximum(above - _lowest(above)[:, None] - LIFTED, 0) / LIFTED
    weight *= np.exp(-0.5 * raised**2)
    return np.where(np.isfinite(weight), weight, 0.0)


def _lowest(above: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(above), above, np.inf).min(1, initial=np.inf)


def _velocity(points: np.ndarray, seconds: np.ndarray, window: float) -> np.ndarray:
    """(T, F, 3) slope of a line through the points within half a window of each frame.

    The line is fitted to what is there; NaN from fewer than three points, or where none is.
    """
    there = np.isfinite(points).all(-1)
    filled = np.where(there[..., None], points, 0.0)
    at = np.where(there, seconds[:, None], 0.0)
    columns = [there.astype(float), at, at * at]
    sums = [np.cumsum(np.vstack([np.zeros_like(c[:1]), c]), 0) for c in columns]
    values = [filled, filled * seconds[:, None, None]]
    moments = [np.cumsum(np.concatenate([np.zeros_like(v[:1]), v]), 0) for v in values]
    half = window / 2 + 1e-9
    first = np.searchsorted(seconds, seconds - half, "left")
    last = np.searchsorted(seconds, seconds + half, "right")
    n, t, tt = (total[last] - total[first] for total in sums)
    p, tp = (total[last] - total[first] for total in moments)
    spread = n * tt - t * t
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (n[..., None] * tp - t[..., None] * p) / spread[..., None]
    return np.where(((n >= 3) & there)[..., None], slope, np.nan)
