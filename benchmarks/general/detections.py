"""What detectors make of a view: offsets, jitter, exchanges, lost joints, several confidences.

All errors are lengths at the body's distance (a detector sees a crop of the person), for a stature
of 1.7 m. Each view of a segment is seen by one of two: the package's model of a real detector
(`data/synthetic/smooth_detector.py`, measured on a clip), or one that differs more from video to
video, whose offsets, scores and lost parts are drawn for each. Both lose what is outside the image.
"""

from typing import NamedTuple

import numpy as np

from benchmarks.general.motions import FPS
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.synthetic.camera_ring import Rig, project, to_cameras
from geoself_jax.data.synthetic.detector import SHOULDERS, hidden_joints, runs
from geoself_jax.data.synthetic.smooth_detector import azimuth_of
from geoself_jax.data.synthetic.smooth_detector import detect as smooth_detect

VISIBLE = {
    **dict.fromkeys(("nose", "eye", "ear"), 8.0),
    **dict.fromkeys(("head", "neck", "thorax", "shoulder"), 14.0),
    **dict.fromkeys(("elbow", "ankle", "knee", "toe", "heel"), 15.0),
    **dict.fromkeys(("spine", "wrist"), 17.0),
    **dict.fromkeys(("hip", "pelvis"), 20.0),
}
"""Millimetres per axis, of a joint that is seen; half of the variance stays for the segment."""

HIDDEN = 2.3  # times that, with heavy tails, of a joint that the body hides
SMOOTH = 1.2  # the other detector's errors, times these
OUTLIERS = 0.010  # share of joints
OUTLIER = (0.15, 0.70)  # metres that they are off
BEHIND, AHEAD = 0.04, 0.008  # share of frames whose left and right are exchanged, whole
LIMB = 0.006  # share of frames in which an arm or a leg is
LOST = 0.01  # share of joints that are missing, and of hidden ones
LOST_HIDDEN = 0.06
LOST_OUTSIDE = 0.6  # of those outside the image; the others are guessed, poorly

FACE = ("nose", "eye", "ear")
FEET = ("toe", "heel")
LEGS = ("knee", "ankle", *FEET)
LOST_PARTS = ((FACE, 0.06), (FEET, 0.08), (LEGS, 0.05), (("wrist",), 0.02))
"""Joints that a whole segment's view lacks, and in which share of them."""

STYLES = (0.5, 0.25, 0.15, 0.1)
"""Shares of confidences that know the error, that are all high, that are 1, that say nothing."""


class Seen(NamedTuple):
    """Detections of a segment. Frames T, views V.

    Attributes:
        keypoints_2d: (T, V, J, 2) float32 pixels; NaN where missing.
        confidence: (T, V, J) float32; 0 where missing.
    """

    keypoints_2d: np.ndarray
    confidence: np.ndarray


def detect(
    rng: np.random.Generator,
    body: np.ndarray,
    pose: np.ndarray,
    skeleton: Skeleton,
    rig: Rig,
    stature: float,
) -> Seen:
    """Detections of a segment by four views.

    Args:
        rng: Source of chance.
        body: (frames, 17, 3) metres, Human3.6M's joints: what hides.
        pose: (frames, joints, 3) metres: what is detected.
        skeleton: Of `pose`.
        rig: The cameras.
        stature: Metres.
    """
    points = to_cameras(np.concatenate([body, pose], 1), rig)
    hidden = hidden_joints(points)[..., body.shape[1] :]
    azimuth = azimuth_of(points, *SHOULDERS)
    points = points[..., body.shape[1] :, :]
    exact = project(points, rig)
    metres_of_px = np.maximum(points[..., 2], 0.3) / rig.K[:, 0, 0, None]
    sizes = _sigmas(skeleton) * stature / 1.7 / 1000
    outside = np.any((exact < 0) | (exact > rig.image_size[:, None] - 1), axis=-1)

    pixels, confidence = _varied(
        rng, exact, metres_of_px, hidden, outside, azimuth, sizes, skeleton
    )
    others = smooth_detect(
        exact,
        metres_of_px,
        rng,
        fps=FPS,
        mirror=skeleton.mirror,
        azimuth=azimuth,
        hidden=hidden | outside,
        size=sizes * SMOOTH,
    )
    smooth = rng.random(len(rig.K)) < 0.5
    pixels[:, smooth], confidence[:, smooth] = (array[:, smooth] for array in others)

    lost = (confidence == 0) | (points[..., 2] < 0.3)
    lost |= outside & (rng.random(hidden.shape) < LOST_OUTSIDE)
    lost |= _lost_parts(rng, hidden.shape, skeleton)
    return Seen(
        np.where(lost[..., None], np.nan, pixels).astype(np.float32),
        np.where(lost, 0, confidence).astype(np.float32),
    )


def _varied(
    rng: np.random.Generator,
    exact: np.ndarray,
    metres_of_px: np.ndarray,
    hidden: np.ndarray,
    outside: np.ndarray,
    azimuth: np.ndarray,
    sizes: np.ndarray,
    skeleton: Skeleton,
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and confidence of detectors that differ from view to view."""
    error = _errors(rng, hidden | outside, sizes)
    outlier = runs(rng, np.full(hidden.shape, OUTLIERS, np.float32), 2.0)
    angle, far = rng.uniform(0, 2 * np.pi, hidden.shape), rng.uniform(*OUTLIER, hidden.shape)
    jump = np.stack([np.cos(angle), np.sin(angle)], -1) * far[..., None]
    error = np.where(outlier[..., None], jump, error)
    pixels = exact + error / metres_of_px[..., None]
    _exchange(rng, pixels, np.abs(azimuth) < np.pi / 2, skeleton)
    confidence = _confidences(rng, 1000 * np.linalg.norm(error, axis=-1), hidden | outside)
    lost = rng.random(hidden.shape) < np.where(hidden, LOST_HIDDEN, LOST)
    return pixels, np.where(lost, 0, confidence)


def _sigmas(skeleton: Skeleton) -> np.ndarray:
    """(joints,) millimetres."""
    names = skeleton.joint_names
    return np.array([next(mm for part, mm in VISIBLE.items() if part in name) for name in names])


def _errors(rng: np.random.Generator, hidden: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """(frames, views, joints, 2) metres: half of the variance is an offset that stays."""
    half, shape = np.sqrt(0.5), (*hidden.shape, 2)
    stays = rng.standard_normal((1, *shape[1:]))
    jitter = rng.standard_normal(shape)
    heavy = np.minimum(np.sqrt(3.0 / np.maximum(rng.chisquare(3, hidden.shape), 0.05)), 6.0)
    seen = half * (stays + jitter)
    unseen = HIDDEN * half * (stays + jitter) * heavy[..., None]
    strength = np.exp(rng.normal(0, 0.35, (1, shape[1], 1, 1)))  # good and bad detectors, videos
    return strength * sigma[:, None] * np.where(hidden[..., None], unseen, seen)


def _exchange(
    rng: np.random.Generator, pixels: np.ndarray, ahead: np.ndarray, skeleton: Skeleton
) -> None:
    """Exchanges left and right in place: of the whole body, or of an arm or a leg."""
    mirror = np.array(skeleton.mirror)
    whole = runs(rng, np.where(ahead, AHEAD, BEHIND).astype(np.float32), 4.0)
    pixels[whole] = pixels[whole][:, mirror]
    for limb in (("shoulder", "elbow", "wrist"), ("hip", *LEGS)):
        own = np.arange(len(mirror))
        swap = np.array([any(part in name for part in limb) for name in skeleton.joint_names])
        order = np.where(swap, mirror, own)
        some = runs(rng, np.full(ahead.shape, LIMB, np.float32), 3.0)
        pixels[some] = pixels[some][:, order]


def _lost_parts(rng: np.random.Generator, shape: tuple[int, ...], skeleton: Skeleton) -> np.ndarray:
    """(1, views, joints): parts that a view of the segment lacks."""
    lost = np.zeros((1, *shape[1:]), bool)
    for parts, share in LOST_PARTS:
        has = np.array([any(part in name for part in parts) for name in skeleton.joint_names])
        lost |= (rng.random((1, shape[1], 1)) < share) & has
    return lost


def _confidences(rng: np.random.Generator, error: np.ndarray, poor: np.ndarray) -> np.ndarray:
    """In [0, 1], of a style for each view: many detectors' scores say little of the error."""
    noise = rng.standard_normal(error.shape)
    mix = 0.55 * np.log(error / 4 + 1) + 0.45 * np.log(np.where(poor, 12.0, 5.0) + 1)
    knows = 1 / (1 + np.exp(-(4.95 - 1.75 * mix + 0.95 * noise)))
    high = 1 - 0.06 * rng.random(error.shape) - np.where(poor, 0.25, 0) * rng.random(error.shape)
    nothing = rng.uniform(0.3, 1, error.shape)
    style = rng.choice(4, p=STYLES, size=(1, error.shape[1], 1))
    return np.clip(np.choose(style, [knows, high, np.ones_like(high), nothing]), 0.02, 1)
