"""What detectors make of a view: offsets, jitter, exchanges, lost joints, several confidences.

All errors are lengths at the body's distance (a detector sees a crop of the person), for a stature
of 1.7 m. They are larger and of more kinds than the built-in detector's, which knows one network.
"""

from typing import NamedTuple

import numpy as np

from geoself_jax.core.skeleton import Skeleton, compared
from geoself_jax.data.synthetic.camera_ring import Rig, project, to_cameras
from geoself_jax.data.synthetic.detector import hidden_joints, runs

VISIBLE = {
    **dict.fromkeys(("nose", "eye", "ear"), 8.0),
    **dict.fromkeys(("head", "neck", "thorax", "shoulder"), 14.0),
    **dict.fromkeys(("elbow", "ankle", "knee", "toe", "heel"), 15.0),
    **dict.fromkeys(("spine", "wrist"), 17.0),
    **dict.fromkeys(("hip", "pelvis"), 20.0),
}
"""Millimetres per axis, of a joint that is seen; half of the variance stays for the segment."""

HIDDEN = 2.3  # times that, with heavy tails, of a joint that the body hides
OUTLIERS = 0.010  # share of joints, 150 to 700 mm off
OUTLIER_MM = (150.0, 700.0)
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
    ahead = points[..., 11, 0] > points[..., 14, 0]  # the left shoulder is at the image's right
    points = points[..., body.shape[1] :, :]
    exact = project(points, rig)
    pixels_of_mm = rig.K[:, 0, 0, None] / np.maximum(points[..., 2], 0.3) / 1000
    error = _errors(rng, hidden, _sigmas(skeleton)) * (stature / 1.7)
    outlier = runs(rng, np.full(hidden.shape, OUTLIERS, np.float32), 2.0)
    angle, far = rng.uniform(0, 2 * np.pi, hidden.shape), rng.uniform(*OUTLIER_MM, hidden.shape)
    jump = np.stack([np.cos(angle), np.sin(angle)], -1) * far[..., None]
    error = np.where(outlier[..., None], jump, error)
    reported = np.linalg.norm(error, axis=-1)
    pixels = exact + error * pixels_of_mm[..., None]
    _exchange(rng, pixels, ahead, skeleton)
    size = rig.image_size[:, None]
    outside = ((exact < 0) | (exact > size - 1)).any(-1)
    lost = rng.random(hidden.shape) < np.where(hidden, LOST_HIDDEN, LOST)
    lost |= outside & (rng.random(hidden.shape) < LOST_OUTSIDE)
    lost |= _lost_parts(rng, hidden.shape, skeleton) | (points[..., 2] < 0.3)
    confidence = _confidences(rng, reported, hidden | outside)
    confidence = np.where(lost, 0, confidence).astype(np.float32)
    pixels = np.where(lost[..., None], np.nan, pixels).astype(np.float32)
    return Seen(pixels, confidence)


def _sigmas(skeleton: Skeleton) -> np.ndarray:
    """(joints,) millimetres."""
    names = skeleton.joint_names
    return np.array([next(mm for part, mm in VISIBLE.items() if part in name) for name in names])


def _errors(rng: np.random.Generator, hidden: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """(frames, views, joints, 2) millimetres: half of the variance is an offset that stays."""
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


def _lost_parts(
    rng: np.random.Generator, shape: tuple[int, ...], skeleton: Skeleton
) -> np.ndarray:
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
