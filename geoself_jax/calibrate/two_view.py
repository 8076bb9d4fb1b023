"""Relative poses of two views from pooled joints: random samples, then a robust fit.

OpenCV draws the samples (USAC with MAGSAC++, Barath et al. 2020: the five points of Nister); what
it finds is refined on the manifold of essential matrices by the robust Sampson distance of all
joints, weighted with their confidences.
"""

from typing import NamedTuple

import cv2
import numpy as np

from geoself_jax.calibrate.views import Views, angle_between, cross, rotation

_DRAWS, _JOINTS, _PX = 4, 2500, 4.0  # samples drawn, joints in each, px of an inlier
_MOST = 6000  # joints that a fit looks at
_STEPS, _FIRST_PX, _LAST_PX = 14, 16.0, 3.0
_SAME_DEGREES = 1.0
_FEWEST = 100  # joints that both views see


class Relative(NamedTuple):
    """How the second view stands to the first: x_second = R x_first + t.

    Attributes:
        R: (3, 3).
        t: (3,) of length 1.
        fit: Share of joints, by weight, that lie on their epipolar lines; 1 is best.
    """

    R: np.ndarray
    t: np.ndarray
    fit: float


def relative_poses(
    views: Views, first: int, second: int, rng: np.random.Generator
) -> list[Relative]:
    """All that fit, best first; more than one where the joints leave it open.

    Args:
        views: Detections.
        first, second: Two of the views.
        rng: Draws the joints of each try.

    Returns:
        Empty where too few joints are seen by both.
    """
    weight = np.sqrt(views.weight[:, first] * views.weight[:, second])
    both = weight > 0
    if both.sum() < _FEWEST:
        return []
    x, y, w = views.rays[:, first][both], views.rays[:, second][both], weight[both]
    if len(x) > _MOST:
        few = rng.choice(len(x), _MOST, replace=False)
        x, y, w = x[few], y[few], w[few]
    px = float(np.sqrt(views.focal[first] * views.focal[second]))
    found: list[Relative] = []
    for _ in range(_DRAWS):
        some = rng.choice(len(x), min(_JOINTS, len(x)), replace=False, p=w / w.sum())
        for R, t in _sampled(x[some], y[some], _PX / px, int(rng.integers(2**31))):
            R, t = _refined(x, y, w, R, t, px)
            found.append(Relative(R, t, _fit(x, y, w, R, t, px)))
    found.sort(key=lambda one: -one.fit)
    kept: list[Relative] = []
    for one in found:
        if all(angle_between(one.R, other.R) > _SAME_DEGREES for other in kept):
            kept.append(one)
    return kept


def fit_of(views: Views, first: int, second: int, R: np.ndarray, t: np.ndarray) -> float:
    """How well the joints of two views fit a relative pose, as `Relative.fit`.

    Args:
        views: Detections.
        first, second: Two of the views.
        R: (3, 3) from the first view's axes to the second's.
        t: (3,) of length 1.
    """
    weight = np.sqrt(views.weight[:, first] * views.weight[:, second])
    both = weight > 0
    px = float(np.sqrt(views.focal[first] * views.focal[second]))
    x, y = (views.rays[:, view][both] for view in (first, second))
    return _fit(x, y, weight[both], R, t, px)


def sampson(x: np.ndarray, y: np.ndarray, R: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(n,) signed Sampson distance of rays (n, 2), in the unit of rays."""
    E = cross(t) @ R
    x, y = _homogeneous(x), _homogeneous(y)
    a, b = x @ E.T, y @ E
    slope = np.sqrt(np.sum(a[:, :2] ** 2, 1) + np.sum(b[:, :2] ** 2, 1))
    return np.asarray(np.sum(y * a, 1) / np.maximum(slope, 1e-12))


def sampled_poses(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, px: float, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Poses (R, t) by random samples of rays.

    Args:
        x, y: (n, 2) rays of both views.
        w: (n,) weights, by which joints are drawn.
        px: Focal length.
        rng: Draws the joints.
    """
    some = rng.choice(len(x), min(_JOINTS, len(x)), replace=False, p=w / w.sum())
    return _sampled(x[some], y[some], _PX / px, int(rng.integers(2**31)))


def refined_with_lag(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, motion: np.ndarray, R: np.ndarray, t: np.ndarray,
    px: float, scale: float, held: bool,
) -> tuple[np.ndarray, np.ndarray, float]:  # fmt: skip
    """One step on the pose and on how much later the second view is to be read.

    Args:
        x, y, w: Rays (n, 2) of both views and weights (n,).
        motion: (n, 2) of y in a frame.
        R, t: The pose.
        px: Focal length.
        scale: Of the errors, px.
        held: Whether the pose is.

    Returns:
        The pose, and frames to add to the lag.
    """
    x, y = _homogeneous(x), _homogeneous(y)
    tangent = np.linalg.svd(t[None])[2][1:]
    E = cross(t) @ R
    slopes = [cross(t) @ cross(axis) @ R for axis in np.eye(3)]
    slopes += [cross(axis) @ R for axis in tangent]
    error, jacobian = _with_slopes(x, y, E, np.stack(slopes))
    a, b = x @ E.T, y @ E
    size = np.maximum(np.sqrt(np.sum(a[:, :2] ** 2, 1) + np.sum(b[:, :2] ** 2, 1)), 1e-12)
    later = np.concatenate([motion, np.zeros_like(motion[:, :1])], 1)
    by_lag = np.sum(later * a, 1) / size
    error, jacobian = error * px, np.concatenate([jacobian, by_lag[:, None]], 1) * px
    if held:
        jacobian = jacobian[:, 5:]
    weight = w / (1 + (error / scale) ** 2) ** 2
    normal = jacobian.T @ (jacobian * weight[:, None])
    normal += 1e-9 * max(np.trace(normal), 1e-12) * np.eye(len(normal))
    move = -np.linalg.solve(normal, jacobian.T @ (weight * error))
    if held:
        return R, t, float(move[0])
    t = t + move[3:5] @ tangent
    return rotation(move[:3]) @ R, t / np.linalg.norm(t), float(move[5])


def fit_of_rays(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, R: np.ndarray, t: np.ndarray, px: float
) -> float:
    """Share of rays, by weight, on their epipolar lines.

    Args:
        x, y, w: Rays (n, 2) of both views and weights (n,).
        R, t: The pose.
        px: Focal length.
    """
    return _fit(x, y, w, R, t, px)


def _sampled(
    x: np.ndarray, y: np.ndarray, threshold: float, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Poses by OpenCV's sampling, of each the one of four with most joints in front."""
    options = cv2.UsacParams()
    options.threshold, options.confidence = threshold, 0.9999
    options.maxIterations, options.randomGeneratorState = 5000, seed
    options.sampler, options.score = cv2.SAMPLING_UNIFORM, cv2.SCORE_METHOD_MAGSAC
    options.loMethod, options.loIterations = cv2.LOCAL_OPTIM_SIGMA, 10
    unit = np.eye(3)
    E, _ = cv2.findEssentialMat(x, y, unit, unit, None, None, options)
    poses = []
    for k in range(0 if E is None else len(E) // 3):
        first, second, t = cv2.decomposeEssentialMat(E[3 * k : 3 * k + 3])
        four = [(R, sign * t[:, 0]) for R in (first, second) for sign in (1, -1)]
        poses.append(max(four, key=lambda pose: _in_front(x, y, *pose)))
    return poses


def _refined(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, R: np.ndarray, t: np.ndarray, px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Newton steps on the five unknowns, the errors' scale shrinking."""
    x, y = _homogeneous(x), _homogeneous(y)
    for step in range(_STEPS):
        scale = max(_FIRST_PX * 0.8**step, _LAST_PX)
        tangent = np.linalg.svd(t[None])[2][1:]
        E = cross(t) @ R
        slopes = [cross(t) @ cross(axis) @ R for axis in np.eye(3)]
        slopes += [cross(axis) @ R for axis in tangent]
        error, jacobian = _with_slopes(x, y, E, np.stack(slopes))
        error, jacobian = error * px, jacobian * px
        weight = w / (1 + (error / scale) ** 2) ** 2  # Geman and McClure
        normal = jacobian.T @ (jacobian * weight[:, None])
        normal += 1e-9 * np.trace(normal) * np.eye(5)
        move = -np.linalg.solve(normal, jacobian.T @ (weight * error))
        R = rotation(move[:3]) @ R
        t = t + move[3:] @ tangent
        t = t / np.linalg.norm(t)
    return R, t


def _with_slopes(
    x: np.ndarray, y: np.ndarray, E: np.ndarray, slopes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sampson distances and their derivatives by each of the slopes of E."""
    a, b = x @ E.T, y @ E
    size = np.maximum(np.sqrt(np.sum(a[:, :2] ** 2, 1) + np.sum(b[:, :2] ** 2, 1)), 1e-12)
    error = np.sum(y * a, 1) / size
    columns = []
    for slope in slopes:
        da, db = x @ slope.T, y @ slope
        grown = (np.sum(a[:, :2] * da[:, :2], 1) + np.sum(b[:, :2] * db[:, :2], 1)) / size
        columns.append((np.sum(y * da, 1) - error * grown) / size)
    return error, np.stack(columns, 1)


def _fit(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, R: np.ndarray, t: np.ndarray, px: float
) -> float:
    off = sampson(x, y, R, t) * px
    return float(np.sum(w / (1 + (off / _LAST_PX) ** 2)) / np.sum(w))


def _in_front(x: np.ndarray, y: np.ndarray, R: np.ndarray, t: np.ndarray) -> float:
    """Share of the joints that are in front of both views."""
    x, y = _homogeneous(x), _homogeneous(y)
    turned = x @ R.T
    across = np.cross(y, turned)
    depth = -np.sum(np.cross(y, t) * across, 1)  # of the first view, times something positive
    other = np.sum((depth[:, None] * turned + np.sum(across**2, 1)[:, None] * t) * y, 1)
    return float(np.mean((depth > 0) & (other > 0)))


def _homogeneous(rays: np.ndarray) -> np.ndarray:
    return np.concatenate([rays, np.ones_like(rays[:, :1])], axis=1)
