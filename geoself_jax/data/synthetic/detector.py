"""A model of a 2D joint detector: what it sees, how it errs, and how sure it says it is.

The kinds of error are those of heatmap detectors (Ronchi and Perona, 2017: jitter, inversion,
miss); the sizes are for a person 5 m away at a focal length of 1145 px and scale with f / depth.
"""

import numpy as np

from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.synthetic.camera_ring import Rig, project, to_cameras

Array = np.ndarray
Rng = np.random.Generator

NAMES = H36M_17.joint_names
# (end, end, radius in m) of the flesh that hides: trunk, hips, shoulders, neck, head and limbs.
CAPSULES = (
    (0, 8, 0.10), (1, 4, 0.07), (11, 14, 0.055), (8, 9, 0.05), (9, 10, 0.085),
    (1, 2, 0.06), (2, 3, 0.045), (4, 5, 0.06), (5, 6, 0.045),
    (11, 12, 0.04), (12, 13, 0.035), (14, 15, 0.04), (15, 16, 0.035),
)  # fmt: skip
NEARER = 0.08  # a capsule hides what lies at least so much behind it, m

VISIBLE_SIGMA = np.array(
    [3.7, 4.5, 3.5, 3.5, 4.5, 3.5, 3.5, 3.8, 3.2, 2.8, 2.9, 3.4, 3.9, 4.4, 3.4, 3.9, 4.4]
)
HIDDEN_SIGMA = np.array(
    [7.0, 8.5, 9.0, 9.5, 8.5, 9.0, 9.5, 7.0, 6.5, 6.0, 6.0, 7.5, 10.5, 13.0, 7.5, 10.5, 13.0]
)
SHOULDERS = (11, 14)  # left, right
LIMBS = (((11, 12, 13), (14, 15, 16)), ((4, 5, 6), (1, 2, 3)))  # left and right arm, leg
OUTLIER_RATE = np.array([0.5, 0.7, 0.8, 1.7, 0.7, 0.8, 1.7, 0.5, 0.5, 0.5, 0.6, 0.6, 1.1, 1.9,
                         0.6, 1.1, 1.9])  # fmt: skip
CORRELATION_TIME = 0.25  # s


def hidden_joints(camera_points: Array) -> Array:
    """Which joints the body itself hides.

    Args:
        camera_points: (frames, views, joints, 3) m, camera axes.

    Returns:
        (frames, views, joints) bool: the ray to the joint passes through a capsule clearly nearer.
    """
    points = camera_points.astype(np.float32)
    length = np.sqrt((points * points).sum(-1))
    rays = points / length[..., None]
    along = rays @ points.swapaxes(-1, -2)  # [..., j, k]: how far along ray j joint k lies
    gram = points @ points.swapaxes(-1, -2)
    hidden = np.zeros(length.shape, bool)
    for a, b, radius in CAPSULES:
        pa, pb = along[..., a], along[..., b]
        aa = gram[..., a, a, None] - pa * pa
        ab = gram[..., a, b, None] - pa * pb
        bb = gram[..., b, b, None] - pb * pb
        step = np.maximum(aa - 2.0 * ab + bb, 1e-6)
        s = np.clip((aa - ab) / step, 0.0, 1.0)
        distance2 = aa + s * (2.0 * (ab - aa) + s * step)
        hidden |= (distance2 < radius**2) & (pa + s * (pb - pa) < length - NEARER)
    return hidden


def inside_images(exact: Array, camera_points: Array, rig: Rig) -> Array:
    """In which frames (frames,) every joint lies inside every image, before every camera.

    Args:
        exact: (frames, views, joints, 2) px.
        camera_points: (frames, views, joints, 3) m, camera axes.
        rig: The cameras.
    """
    size = rig.image_size[:, None]
    inside = ((exact >= 0.0) & (exact <= size - 1.0)).all((1, 2, 3))
    return np.asarray(inside & (camera_points[..., 2] > 0.3).all((1, 2)))


def correlated(rng: Rng, shape: tuple[int, ...], memory: float) -> Array:
    """Gaussian AR(1) series of unit variance along the first axis (float32).

    The recursion x[n] = memory x[n-1] + e[n] is run as the product of (1 + memory^(2^k) z^(2^k)).
    """
    x = rng.standard_normal(shape, dtype=np.float32)
    x[1:] *= np.float32(np.sqrt(1.0 - memory**2))
    lag, weight = 1, memory
    while lag < len(x) and weight > 1e-4:
        x[lag:] += np.float32(weight) * x[:-lag].copy()
        lag, weight = 2 * lag, weight * weight
    return x


def runs(rng: Rng, chance: Array, length: float) -> Array:
    """Short runs of True along the first axis.

    Args:
        rng: Source of chance.
        chance: (frames, ...) share of frames that should be True.
        length: Mean length of a run, frames.
    """
    started = np.argwhere(rng.random(chance.shape, dtype=np.float32) < chance / length)
    until = rng.geometric(1.0 / length, len(started))
    out = np.zeros(chance.shape, bool)
    for start, span in zip(started, until, strict=True):
        out[(slice(start[0], start[0] + span), *start[1:])] = True
    return out


def _noise(rng: Rng, hidden: Array, memory: float) -> Array:
    """Errors (frames, views, joints, 2) before swaps and outliers, px at 5 m."""
    sigma = VISIBLE_SIGMA[:, None].astype(np.float32)
    white = rng.standard_normal((*hidden.shape, 2), dtype=np.float32)
    slow = correlated(rng, (*hidden.shape, 2), memory)
    chi2 = sum(correlated(rng, hidden.shape, memory) ** 2 for _ in range(3))
    heavy = np.minimum(np.sqrt(3.0 / np.maximum(chi2, 1e-3)), 25.0)  # Student-t(3) with `slow`
    seen = sigma * np.float32(np.sqrt(0.5)) * (white + slow)
    unseen = HIDDEN_SIGMA[:, None].astype(np.float32) * slow * heavy[..., None]
    return np.where(hidden[..., None], unseen, seen)


def _swap(rng: Rng, pixels: Array, camera_points: Array, length: float) -> Array:
    """Exchanges left and right limbs of `pixels` in place; returns which joints (bool)."""
    across = camera_points[..., SHOULDERS[0], :] - camera_points[..., SHOULDERS[1], :]
    # Seen from behind, the left shoulder is on the left of the image.
    behind = across[..., 0] < 0.0
    swapped = np.zeros(pixels.shape[:-1], bool)
    for left, right in LIMBS:
        run = runs(rng, np.where(behind, 0.020, 0.003).astype(np.float32), length)
        frame, view = np.nonzero(run)
        for a, b in zip(left, right, strict=True):
            pixels[frame, view, a], pixels[frame, view, b] = (
                pixels[frame, view, b], pixels[frame, view, a],
            )  # fmt: skip
            swapped[frame, view, a] = swapped[frame, view, b] = True
    return swapped


def _outliers(rng: Rng, shape: tuple[int, ...], length: float) -> tuple[Array, Array]:
    """Which joints (frames, views, joints) are grossly off, and by how much (..., 2) px at 5 m."""
    chance = np.broadcast_to(np.float32(0.0085) * OUTLIER_RATE.astype(np.float32), shape)
    off = runs(rng, chance, length)
    count = int(off.sum())
    angle, far = rng.uniform(0, 2 * np.pi, count), rng.uniform(40.0, 150.0, count)
    return off, np.stack([far * np.cos(angle), far * np.sin(angle)], -1)


def _confidence(rng: Rng, error: Array, expected: Array) -> Array:
    """Confidence in [0, 1] that knows a good part, not all, of the error (both px at 5 m)."""
    noise = rng.standard_normal(error.shape, dtype=np.float32)
    mix = 0.55 * np.log(error + 1.0) + 0.45 * np.log(expected + 1.0)
    return 1.0 / (1.0 + np.exp(-(4.95 - 1.75 * mix + 0.95 * noise)))


def detect(rng: Rng, pose_world: Array, rig: Rig, fps: float) -> dict[str, Array]:
    """Detections of one clip.

    Args:
        rng: Source of chance.
        pose_world: (frames, 17, 3) m.
        rig: The cameras.
        fps: Frames per second.

    Returns:
        keypoints_2d (frames, views, 17, 2) px with the lens's distortion; confidence, occluded,
        swapped and outlier (frames, views, 17); exact (frames, views, 17, 2) px without error;
        inside (frames,) bool: every joint lies inside every image.
    """
    points = to_cameras(pose_world, rig)
    exact = project(points, rig)
    scale = (rig.K[:, 0, 0, None] / points[..., 2] / (1145.0 / 5.0)).astype(np.float32)
    hidden = hidden_joints(points)
    memory = float(np.exp(-1.0 / (CORRELATION_TIME * fps)))
    error = _noise(rng, hidden, memory)
    reported = np.sqrt((error * error).sum(-1))
    off, jump = _outliers(rng, hidden.shape, 0.12 * fps)
    error[off] += jump
    honest = off & (rng.random(off.shape, dtype=np.float32) > 0.25)
    reported = np.where(honest, np.sqrt((error * error).sum(-1)), reported)
    pixels = exact + error * scale[..., None]
    swapped = _swap(rng, pixels, points, 0.2 * fps)
    expected = np.where(hidden, 1.6 * HIDDEN_SIGMA, 1.25 * VISIBLE_SIGMA).astype(np.float32)
    return {
        "keypoints_2d": (np.round(pixels * 16.0) / 16.0).astype(np.float32),
        "confidence": _confidence(rng, reported, expected).astype(np.float16),
        "occluded": hidden.astype(np.uint8),
        "swapped": swapped,
        "outlier": off,
        "exact": exact,
        "inside": inside_images(exact, points, rig),
    }
