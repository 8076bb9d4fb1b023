"""The root's depth over time, from a network's and from the feet on the floor: a banded solve."""

import numpy as np

ACCELERATION = 3.0  # m/s^2 along the viewing ray, of a body that moves
ACCELERATION_SECONDS = 0.2  # for which that lasts
BIAS = 0.06  # of the depth: by which a network is off for seconds
BIAS_SECONDS = 3.0  # over which that changes
CORRELATED = 0.15  # seconds for which a detector's error stays
ROBUST = 2.0  # standard deviations from which an observation counts less (Cauchy)
_ROUNDS = 12
_NORMAL = 1.4826


def smooth_depth(
    depth: np.ndarray, ratio: np.ndarray, error: np.ndarray, weight: np.ndarray, seconds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The factor by which each frame's depth is wrong, and which observations agree with it.

    The logarithm of the true depth is smooth. The network's is that, an error which changes slowly,
    and noise. Each foot on the floor is an observation of the true one. Least squares over all
    frames, in which an observation far off the others counts less, solved as a banded system:
    its cost is linear in frames.

    Args:
        depth: (T,) metres, the network's; NaN where missing.
        ratio: (T, F) of the true depth to it, by each foot joint; NaN where unknown.
        error: (T, F) standard deviation of its logarithm.
        weight: (T, F) in [0, 1].
        seconds: (T,) ascending.

    Returns:
        (T,) factor, 1 where nothing is known, and (T, F) weights in [0, 1] after the solve.
    """
    known = np.isfinite(depth) & (depth > 0)
    if not known.any():
        return np.ones_like(depth), np.zeros_like(weight)
    z = np.log(np.where(known, depth, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        c = np.log(ratio)
    there = np.isfinite(c) & (weight > 0) & known[:, None]
    c = np.where(there, c, 0.0)
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1.0
    repeated = max(1.0, CORRELATED / step)
    precision = np.where(there, weight / np.where(there, error, 1.0) ** 2 / repeated, 0.0)
    noise = _noise(z, known)
    own = known / noise**2 / repeated
    fixed = _smoothness(seconds, float(np.median(depth[known])))
    truth = z
    trust = 1 / (1 + (c / (ROBUST * np.hypot(np.where(there, error, 1.0), BIAS))) ** 2)
    for _ in range(_ROUNDS):
        truth, bias = _solve(fixed, own, z, precision * trust, z[:, None] + c)
        off = (z[:, None] + c - truth[:, None]) / np.where(there, error, 1.0)
        trust = 1 / (1 + (off / ROBUST) ** 2)
        wild = (z - truth - bias) / noise
        own = known / noise**2 / repeated / (1 + (wild / ROBUST) ** 2)
    factor = np.where(known, np.exp(truth - z), 1.0)
    return factor, np.where(there, weight * trust, 0.0)


def _noise(z: np.ndarray, known: np.ndarray) -> float:
    jumps = np.diff(np.where(known, z, np.nan), 2)
    jumps = jumps[np.isfinite(jumps)]
    return max(_NORMAL * float(np.median(np.abs(jumps))) / 6**0.5, 0.004) if len(jumps) else 0.02


def _smoothness(seconds: np.ndarray, depth: float) -> np.ndarray:
    """(5, 2T) lower diagonals of the normal matrix of truth and bias, interleaved."""
    T = len(seconds)
    bands = np.zeros((5, 2 * T))
    gap = np.diff(seconds)
    if T > 2:  # second differences over uneven steps, of the truth
        before, after = gap[:-1], gap[1:]
        span = 0.5 * (before + after)
        error = ACCELERATION / depth * np.sqrt(ACCELERATION_SECONDS / span)
        rows = np.stack([1 / before, -1 / before - 1 / after, 1 / after]) / span / error
        at = 2 * np.arange(T - 2)
        for i in range(3):
            for j in range(i + 1):
                np.add.at(bands[2 * (i - j)], at + 2 * j, rows[i] * rows[j])
    kept = np.exp(-gap / BIAS_SECONDS)
    drift = 1 / (BIAS**2 * np.maximum(1 - kept**2, 1e-9))
    at = 2 * np.arange(T - 1) + 1
    np.add.at(bands[0], at, kept**2 * drift)
    np.add.at(bands[0], at + 2, drift)
    np.add.at(bands[2], at, -kept * drift)
    bands[0, 1] += 1 / BIAS**2
    return bands


def _solve(
    fixed: np.ndarray, own: np.ndarray, z: np.ndarray, precision: np.ndarray, seen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Truth and bias, (T,) each."""
    from scipy.linalg import solveh_banded

    bands = fixed.copy()
    bands[0, 0::2] += own + precision.sum(1) + 1e-9
    bands[0, 1::2] += own
    bands[1, 0::2] += own
    right = np.empty(bands.shape[1])
    right[0::2] = own * z + (precision * seen).sum(1) + 1e-9 * z
    right[1::2] = own * z
    solved = solveh_banded(bands, right, lower=True)
    return solved[0::2], solved[1::2]
