"""A second model of a 2D joint detector, whose errors are smooth in time and poorly announced.

Its numbers are those of a real clip (BlazePose, four cameras of 60 Hz), by the yardstick of
`benchmarks/detector_errors.py`: docs/data.md compares them. Errors remain for tenths of a second,
part of them as long as the body is seen from the same side, left and right of the whole body are
exchanged for about half a second, and confidence says hardly anything of any of it. Errors have
the median of the first model's (`detector`), fewer of them are gross. Any skeleton will do.
"""

import numpy as np

from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.synthetic.camera_ring import Rig, project, to_cameras
from geoself_jax.data.synthetic.detector import (
    SHOULDERS,
    VISIBLE_SIGMA,
    hidden_joints,
    inside_images,
)

Array = np.ndarray
Rng = np.random.Generator

SIZE = 0.0185
"""Metres at the person: standard deviation of a visible joint's error in x and in y."""
H36M_SIZES = (SIZE * VISIBLE_SIGMA / VISIBLE_SIGMA.mean()).astype(np.float32)
"""The same for each of Human3.6M's 17 joints, in the first model's proportions."""
SHARES = {"white": 0.05, "offset": 0.2}
"""Of the variance; the rest is MEMORY's."""
MEMORY = ((0.10, 0.35), (0.35, 0.40))
"""(time constant in s, share of the variance) of the smooth errors."""
CLIP_TIME = 20.0
"""Seconds: how slowly the part of the offset changes that clothes, light and camera make."""
BY_DIRECTION = 0.5
"""Share of the offset that depends on the viewing direction, the same for all people."""
HIDDEN = 2.2
"""Times larger errors of hidden joints."""
SPREAD, SPREAD_TIME = 0.35, 0.5
"""Standard deviation of the log of the size of errors, and how long it lasts, s."""
EXCHANGED = 0.03
"""Share of bodies whose left and right are exchanged, where they face anywhere equally often."""
EXCHANGE_SECONDS = 0.5
BY_CAMERA = 0.3
"""Shape of the gamma distribution by which cameras of a clip differ in exchanges: most have few."""
GROSS, GROSS_HIDDEN, GROSS_SECONDS = 0.004, 0.02, 0.25
GROSS_METRES = (0.08, 0.30)
"""Some joints are put elsewhere altogether, at once: shares of joints, seconds, how far."""
MISSING, MISSING_HIDDEN, MISSING_SECONDS = 0.002, 0.01, 0.2
RANK = -0.15
"""Correlation of the confidence, as a normal score, with the log of the error."""
CONFIDENCE, CONFIDENCE_SPREAD, CONFIDENCE_TIME = 4.6, 2.3, 1.0
"""Log-odds of the confidence: median and standard deviation; s."""


def detect(
    pixels: Array,
    metres_per_pixel: Array,
    rng: Rng,
    *,
    fps: float,
    mirror: tuple[int, ...],
    azimuth: Array | None = None,
    hidden: Array | None = None,
    size: float | Array = SIZE,
    exchanged: float = EXCHANGED,
) -> tuple[Array, Array]:
    """Detections of one clip, from where its joints are.

    Args:
        pixels: (frames, views, joints, 2) exact, of consecutive frames; NaN where unknown.
        metres_per_pixel: Depth over focal length, of a shape that broadcasts to (frames, views,
            joints): errors are of one size at the person.
        rng: Source of chance. The same one with another `exchanged` gives the same errors.
        fps: Frames per second.
        mirror: Of each joint, its twin on the other side, or itself.
        azimuth: (frames, views) radians, 0 where the body faces the camera, pi where it is seen
            from behind (`azimuth_of`); None if unknown, and offsets then depend on the clip alone.
        hidden: (frames, views, joints) whether the body hides it; None for nowhere.
        size: Metres, as of SIZE, of all joints or each.
        exchanged: As of EXCHANGED; 0 for none.

    Returns:
        Pixels (frames, views, joints, 2) float32, NaN where missing; confidence (frames, views,
        joints) float32 in [0, 1], 0 where missing.
    """
    noise, gross, exchange, miss, sure = rng.spawn(5)
    shape = pixels.shape[:-1]
    covered = np.zeros(shape, bool) if hidden is None else hidden
    if azimuth is not None:
        azimuth = np.nan_to_num(azimuth, nan=np.pi / 2)  # as likely from here as from there
    sizes = np.broadcast_to(np.asarray(size, np.float32), shape[-1:])
    error = _errors(noise, shape, fps, mirror, azimuth, covered) * sizes[:, None]
    error += _gross(gross, covered, fps)
    found = pixels + error / np.broadcast_to(metres_per_pixel, shape)[..., None]
    confidence = _confidence(sure, error / sizes[:, None], fps)
    if exchanged > 0:
        whole = _exchanges(exchange, shape[:2], fps, azimuth, exchanged)[..., None]
        twins = list(mirror)
        found = np.where(whole[..., None], found[:, :, twins], found)
    chance = np.where(covered, MISSING_HIDDEN, MISSING)
    missing = _runs(miss, chance, MISSING_SECONDS * fps) | ~np.isfinite(found).all(-1)
    found = np.where(missing[..., None], np.nan, found).astype(np.float32)
    return found, np.where(missing, 0, confidence).astype(np.float32)


def detect_clip(rng: Rng, pose_world: Array, rig: Rig, fps: float) -> dict[str, Array]:
    """Detections of one clip of Human3.6M's joints, as `detector.detect` returns them.

    Args:
        rng: Source of chance.
        pose_world: (frames, 17, 3) m.
        rig: The cameras.
        fps: Frames per second.

    Returns:
        keypoints_2d (frames, views, 17, 2) px with the lens's distortion; confidence and occluded
        (frames, views, 17); exact (frames, views, 17, 2) px without error; inside (frames,) bool.
    """
    points = to_cameras(pose_world, rig)
    exact, hidden = project(points, rig), hidden_joints(points)
    pixels, confidence = detect(
        exact,
        points[..., 2] / rig.K[:, 0, 0, None],
        rng,
        fps=fps,
        mirror=H36M_17.mirror,
        azimuth=azimuth_of(points, *SHOULDERS),
        hidden=hidden,
        size=H36M_SIZES,
    )
    return {
        "keypoints_2d": np.round(pixels * 16.0) / 16.0,
        "confidence": confidence.astype(np.float16),
        "occluded": hidden.astype(np.uint8),
        "exact": exact,
        "inside": inside_images(exact, points, rig),
    }


def azimuth_of(camera_points: Array, left: int, right: int) -> Array:
    """From where each camera sees the body.

    Args:
        camera_points: (..., joints, 3) camera axes: x right, y down, z forward.
        left, right: Joints of a pair: shoulders or hips.

    Returns:
        (...) radians in [-pi, pi]: 0 where the body faces the camera, pi where it is seen from
        behind.
    """
    across = camera_points[..., left, :] - camera_points[..., right, :]
    return np.arctan2(across[..., 2], across[..., 0])


def _series(rng: Rng, shape: tuple[int, ...], seconds: float, fps: float) -> Array:
    """Gaussian series of unit variance along the first axis that forgets in `seconds`."""
    memory = float(np.exp(-1.0 / (seconds * fps)))
    x = rng.standard_normal(shape, dtype=np.float32)
    x[1:] *= np.float32(np.sqrt(1.0 - memory**2))
    lag, weight = 1, memory
    while lag < len(x) and weight > 1e-4:  # the recursion as a product of (1 + m^(2^k) z^(2^k))
        x[lag:] += np.float32(weight) * x[:-lag].copy()
        lag, weight = 2 * lag, weight * weight
    return x


def _errors(
    rng: Rng,
    shape: tuple[int, ...],
    fps: float,
    mirror: tuple[int, ...],
    azimuth: Array | None,
    hidden: Array,
) -> Array:
    """(frames, views, joints, 2), a visible joint's of unit variance."""
    both = (*shape, 2)
    noise = np.float32(np.sqrt(SHARES["white"])) * rng.standard_normal(both, dtype=np.float32)
    for seconds, share in MEMORY:
        noise += np.float32(np.sqrt(share)) * _series(rng, both, seconds, fps)
    lasting = _series(rng, shape, SPREAD_TIME, fps)
    scale = np.exp(SPREAD * lasting - SPREAD**2)  # the mean of its square is 1
    scale *= np.exp(np.log(HIDDEN) * _smoothed(hidden, 0.1 * fps))
    offset = _series(rng, both, CLIP_TIME, fps)
    if azimuth is not None:
        turning = _by_direction(azimuth, mirror)
        offset = np.sqrt(1 - BY_DIRECTION) * offset + np.sqrt(BY_DIRECTION) * turning
    return (noise * scale[..., None] + np.sqrt(SHARES["offset"]) * offset).astype(np.float32)


def _smoothed(hidden: Array, frames: float) -> Array:
    """Means of a mask over about `frames` before and after: nobody is hidden at once."""
    reach = max(1, round(frames))
    padded = np.pad(hidden.astype(np.float32), ((reach, reach), (0, 0), (0, 0)), "edge")
    sums = np.cumsum(np.pad(padded, ((1, 0), (0, 0), (0, 0))), axis=0)
    width = 2 * reach + 1
    return (sums[width:] - sums[:-width]) / width


def _by_direction(azimuth: Array, mirror: tuple[int, ...]) -> Array:
    """Offsets (frames, views, joints, 2) of unit variance over all directions: the detector's own.

    Waves of the azimuth: in x the constant and the second, in y the first and the second. The
    others are what another place of the joint in the body would give, which all cameras would
    agree on. A mirror image of the body has the mirror image of its offsets.
    """
    joints = len(mirror)
    own = np.random.default_rng(20201130)  # one detector: the same for all clips and people
    drawn = own.standard_normal((joints, 2, 3))
    # x: constant, cos 2a, sin 2a; y: cos a and cos 2a in one number each, and sin a.
    even = np.stack([np.cos(azimuth), np.cos(2 * azimuth)], -1) * np.sqrt(2)
    odd = np.stack([np.sin(azimuth), np.sin(2 * azimuth)], -1) * np.sqrt(2)
    ones = np.ones_like(azimuth)
    waves_x = np.stack([ones, even[..., 1], odd[..., 1]], -1)
    waves_y = np.stack([even[..., 0], even[..., 1], odd[..., 0]], -1)
    signs_x, signs_y = np.array([-1, -1, 1]), np.array([1, 1, -1])  # of the mirror image
    twins = np.array(mirror)
    sides = (drawn[:, 0] + signs_x * drawn[twins, 0]), (drawn[:, 1] + signs_y * drawn[twins, 1])
    offsets = [
        wave @ (side / np.linalg.norm(side, axis=-1, keepdims=True)).T
        for wave, side in zip((waves_x, waves_y), sides, strict=True)
    ]
    return np.stack(offsets, -1)


def _runs(rng: Rng, chance: Array, frames: float) -> Array:
    """Runs of True along the first axis: `chance` of all, `frames` long in the mean."""
    out = np.zeros(chance.shape, bool)
    for start, span in zip(*_starts(rng, chance, frames), strict=True):
        out[(slice(start[0], start[0] + span), *start[1:])] = True
    return out


def _starts(rng: Rng, chance: Array, frames: float) -> tuple[Array, Array]:
    """Where runs begin, an index each, and their numbers of frames."""
    mean = max(1.0, frames)
    started = np.argwhere(rng.random(chance.shape, dtype=np.float32) < chance / mean)
    return started, np.maximum(1, np.round(rng.gamma(2.0, mean / 2, len(started)))).astype(int)


def _exchanges(
    rng: Rng, shape: tuple[int, int], fps: float, azimuth: Array | None, share: float
) -> Array:
    """(frames, views) whether left and right of the whole body are exchanged.

    From behind twice as often as in the mean, from in front hardly ever.
    """
    prone = rng.gamma(BY_CAMERA, 1 / BY_CAMERA, shape[1])
    seen = np.ones(shape) if azimuth is None else 1 - 0.95 * np.cos(azimuth)
    chance = np.minimum(share * prone * seen, 0.6)
    return _runs(rng, chance, EXCHANGE_SECONDS * fps)


def _gross(rng: Rng, hidden: Array, fps: float) -> Array:
    """Gross errors (frames, views, joints, 2), metres: one place for as long as a run lasts."""
    begun, reach = _starts(rng, np.where(hidden, GROSS_HIDDEN, GROSS), GROSS_SECONDS * fps)
    out = np.zeros((*hidden.shape, 2), np.float32)
    angle = rng.uniform(0, 2 * np.pi, len(begun))
    far = rng.uniform(*GROSS_METRES, len(begun))
    jumps = np.stack([far * np.cos(angle), far * np.sin(angle)], -1)
    for start, span, jump in zip(begun, reach, jumps, strict=True):
        out[(slice(start[0], start[0] + span), *start[1:])] = jump
    return out


def _confidence(rng: Rng, error: Array, fps: float) -> Array:
    """Confidence in [0, 1] that knows next to nothing of the error, which is in usual errors."""
    off = np.log(np.maximum(np.linalg.norm(error, axis=-1), 1e-3))
    score = np.clip((off - 0.15) / 0.7, -3, 3)  # mean and spread of the log of such errors
    other = _series(rng, off.shape, CONFIDENCE_TIME, fps)
    sure = RANK * score + np.sqrt(1 - RANK**2) * other
    return 1 / (1 + np.exp(-(CONFIDENCE + CONFIDENCE_SPREAD * sure)))
