"""A model of DeepLabCut on a quadruped: noise in time, outliers, hidden joints, likelihoods."""

from typing import NamedTuple

import numpy as np

from benchmarks.animals.body import JOINTS, LEFT_RIGHT
from benchmarks.animals.motion import FPS
from geoself_jax.data.synthetic.camera_ring import Rig, project, to_cameras
from geoself_jax.data.synthetic.detector import correlated, runs

Array = np.ndarray

NOISE_PX = 3.0
"""Standard deviation on each axis of a visible joint, root mean square over joints."""

MEMORY = float(np.exp(-1 / (0.06 * FPS)))
"""Of the noise, from one frame to the next: it forgets within 0.06 s."""

HIDDEN_NOISE = 2.5
"""Times as much noise where a joint is hidden."""

OUTLIERS = 0.02
"""Share of joints that are detected elsewhere, a third of them on the other side's joint."""

COVERED = 0.02
"""Share of joints that something in the arena hides, for half a second at a time."""

_LOOSE = {"paw": 1.3, "tip": 1.4, "knee": 1.1, "elbow": 1.1, "nose": 0.7, "ear": 0.7, "base": 0.8}
_FLESH = (("tail_base", "back", 0.1), ("back", "neck", 0.1), ("neck", "nose", 0.055))
_BEHIND = 0.07  # body lengths by which flesh must be nearer than what it hides


class Detections(NamedTuple):
    """What the detector says of a clip, and what really was.

    Attributes:
        keypoints_2d: (frames, views, joints, 2) px, with the lens's distortion.
        likelihood: (frames, views, joints) in [0, 1].
        exact: Pixels without any error.
        hidden, outlier: (frames, views, joints) bool.
    """

    keypoints_2d: Array
    likelihood: Array
    exact: Array
    hidden: Array
    outlier: Array


def noise_px() -> Array:
    """(joints,) standard deviation of each joint where it is visible, px on each axis."""
    loose = np.array([_LOOSE.get(name.split("_")[-1], 1.0) for name in JOINTS])
    return NOISE_PX * loose / np.sqrt((loose**2).mean())


def hidden_by_the_body(points: Array, length: float) -> Array:
    """Which joints lie behind the trunk or the head: (frames, views, joints) bool.

    Args:
        points: (frames, views, joints, 3) metres, camera axes.
        length: Of the body, metres.
    """
    far = np.linalg.norm(points, axis=-1)
    rays = points / far[..., None]
    hidden = np.zeros(far.shape, bool)
    for start, end, radius in _FLESH:
        a, b = (points[..., JOINTS.index(name), None, :] for name in (start, end))
        for part in (0.15, 0.5, 0.85):
            ball = a + part * (b - a)
            along = (ball * rays).sum(-1)
            aside = np.linalg.norm(ball - along[..., None] * rays, axis=-1)
            hidden |= (aside < radius * length) & (along < far - _BEHIND * length)
    return hidden


def detect(rng: np.random.Generator, pose_world: Array, rig: Rig, length: float) -> Detections:
    """Detections of one clip.

    Args:
        rng: Source of chance.
        pose_world: (frames, joints, 3) metres.
        rig: The cameras.
        length: Of the body, metres.
    """
    points = to_cameras(pose_world, rig)
    exact = project(points, rig)
    shape = exact.shape[:-1]
    covered = runs(rng, np.full(shape, COVERED, np.float32), FPS / 2)
    hidden = covered | hidden_by_the_body(points, length)
    sigma = noise_px()[:, None] * np.where(hidden, HIDDEN_NOISE, 1)[..., None]
    found = exact + sigma * correlated(rng, exact.shape, MEMORY)
    found, outlier = _elsewhere(rng, found)
    edge = rig.image_size[:, None] - 1.0
    outside = np.any((exact < 0) | (exact > edge), axis=-1)
    hidden |= outside
    found = np.where(outside[..., None], np.clip(exact, 0, edge), found)
    return Detections(found, _likelihood(rng, hidden, outlier), exact, hidden, outlier)


def _elsewhere(rng: np.random.Generator, found: Array) -> tuple[Array, Array]:
    """Detections some of which are on the other side's joint or 25 to 90 px away; and which."""
    shape = found.shape[:-1]
    outlier = runs(rng, np.full(shape, OUTLIERS, np.float32), 4)
    other = np.arange(len(JOINTS))
    for pair in LEFT_RIGHT:
        a, b = (JOINTS.index(name) for name in pair)
        other[[a, b]] = b, a
    swapped = outlier & (rng.random(shape) < 1 / 3) & (other != np.arange(len(JOINTS)))
    angle, far = rng.uniform(0, 2 * np.pi, shape), rng.uniform(25, 90, shape)
    away = found + far[..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    away = np.where(swapped[..., None], found[:, :, other], away)
    return np.where(outlier[..., None], away, found), outlier


def _likelihood(rng: np.random.Generator, hidden: Array, outlier: Array) -> Array:
    """High where a joint is seen, low where it is hidden; of outliers four in ten are sure."""
    seen = 1 - 0.04 * rng.exponential(1, hidden.shape)
    guessed = rng.uniform(0.05, 0.75, hidden.shape)
    unsure = hidden | (outlier & (rng.random(hidden.shape) < 0.6))
    return np.clip(np.where(unsure, guessed, seen), 0.01, 1)
