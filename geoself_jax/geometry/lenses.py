"""Lens distortion and its inverse: OpenCV's polynomial, rational, thin prism and fisheye models.

Source: the formulas in OpenCV's documentation of `calib3d` and of its fisheye model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

WIDEST = np.deg2rad(84.0)
"""Largest angle off the optical axis, radians, of a lens that is no fisheye."""

WIDEST_FISHEYE = np.deg2rad(89.0)
"""Largest angle off the optical axis, radians; at 90 degrees a pinhole image is unbounded."""

_SAMPLES = 4096  # of the curve that gives Newton's start
_STEPS = 20
_CLOSE = 1e-10  # of the focal length: 1e-7 px at 1000 px
_BLOCK = 2**14  # points at a time: temporaries stay in the cache


@dataclass(frozen=True)
class Lens:
    """Distortion model of a lens, in OpenCV's convention.

    Attributes:
        coefficients: k1 k2 p1 p2 [k3 [k4 k5 k6 [s1 s2 s3 s4]]], or k1 k2 k3 k4 of a fisheye; empty
            for a pinhole.
        fisheye: Which of the two models.
    """

    coefficients: tuple[float, ...] = ()
    fisheye: bool = False


def distort_pixels(pixels: np.ndarray, K: np.ndarray, lens: Lens) -> np.ndarray:
    """Applies lens distortion to undistorted pixels.

    Args:
        pixels: (..., 2) undistorted, px; NaN stays NaN.
        K: (3, 3) intrinsics, px.
        lens: Lens of the same camera.

    Returns:
        (..., 2) float64, distorted, px.
    """
    distort = _distort_fisheye if lens.fisheye else _distort
    return _moved(pixels, K, lens, lambda rays: distort(rays, _padded(lens)))


def undistort_pixels(pixels: np.ndarray, K: np.ndarray, lens: Lens) -> np.ndarray:
    """Removes lens distortion from pixels.

    The inverse of `distort_pixels` to 1e-6 px. A polynomial that was fitted inside the image is not
    monotonic outside of it; a pixel there has no ray, or several, and becomes NaN.

    Args:
        pixels: (..., 2) distorted, px; NaN stays NaN.
        K: (3, 3) intrinsics, px.
        lens: Lens of the same camera.

    Returns:
        (..., 2) float64, undistorted, px.
    """
    curve = _curve(lens)
    inverse = _undistort_fisheye if lens.fisheye else _undistort
    return _moved(pixels, K, lens, lambda distorted: inverse(distorted, _padded(lens), curve))


def _moved(
    pixels: np.ndarray, K: np.ndarray, lens: Lens, move: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Applies `move` in normalized coordinates; the identity for a lens without coefficients."""
    pixels = np.asarray(pixels, np.float64)
    if not lens.fisheye and not any(lens.coefficients):
        return pixels.copy()
    K = np.asarray(K, np.float64)
    flat = pixels.reshape(-1, 2)
    moved = np.empty_like(flat)
    inverse = np.linalg.inv(K)
    with np.errstate(all="ignore"):  # NaN, and points outside the model's domain, become NaN
        for start in range(0, len(flat), _BLOCK):
            block = slice(start, start + _BLOCK)
            plane = flat[block] @ inverse[:2, :2].T + inverse[:2, 2]
            moved[block] = move(plane) @ K[:2, :2].T + K[:2, 2]
    return moved.reshape(pixels.shape)


def _padded(lens: Lens) -> np.ndarray:
    """Returns k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4 (or a fisheye's four), padded by zeros."""
    padded = np.zeros(4 if lens.fisheye else 12)
    padded[: len(lens.coefficients)] = lens.coefficients
    return padded


def _radial(r2: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the radial factor and its derivative by r^2."""
    top = 1 + r2 * (c[0] + r2 * (c[1] + r2 * c[4]))
    bottom = 1 + r2 * (c[5] + r2 * (c[6] + r2 * c[7]))
    top_slope = c[0] + r2 * (2 * c[1] + r2 * 3 * c[4])
    bottom_slope = c[5] + r2 * (2 * c[6] + r2 * 3 * c[7])
    return top / bottom, (top_slope - top / bottom * bottom_slope) / bottom


def _distort(rays: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Distorts rays (N, 2), x/z and y/z."""
    return _distort_with_slopes(rays, c)[0]


def _distort_with_slopes(rays: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns distorted rays (N, 2), and du/dx, du/dy, dv/dx and dv/dy, (N,) each."""
    x, y = rays[:, 0], rays[:, 1]
    p1, p2, (s1, s2, s3, s4) = c[2], c[3], c[8:]
    r2 = x * x + y * y
    factor, slope = _radial(r2, c)
    u = x * factor + 2 * p1 * x * y + p2 * (r2 + 2 * x * x) + r2 * (s1 + r2 * s2)
    v = y * factor + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y + r2 * (s3 + r2 * s4)
    prism_u, prism_v = 2 * (s1 + 2 * r2 * s2), 2 * (s3 + 2 * r2 * s4)
    mixed = 2 * (x * y * slope + p1 * x + p2 * y)
    u_x = factor + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x + x * prism_u
    v_y = factor + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x + y * prism_v
    return np.stack([u, v], -1), u_x, mixed + y * prism_u, mixed + x * prism_v, v_y


def _distort_fisheye(rays: np.ndarray, k: np.ndarray) -> np.ndarray:
    radius = np.hypot(rays[:, 0], rays[:, 1])
    angle = np.arctan(radius)
    distorted = angle * _fisheye_radial(angle, k)
    return rays * np.where(radius > 1e-12, distorted / radius, 1)[:, None]


def _fisheye_radial(angle: np.ndarray, k: np.ndarray) -> np.ndarray:
    a2 = angle * angle
    return 1 + a2 * (k[0] + a2 * (k[1] + a2 * (k[2] + a2 * k[3])))


def _curve(lens: Lens) -> tuple[np.ndarray, np.ndarray]:
    """Tabulates the distorted radius, ascending, and the undistorted radius it belongs to.

    It ends where the radial part stops being monotonic: beyond, there is no ray. The undistorted
    radius is x/z of the pinhole, or the angle for a fisheye.
    """
    if lens.fisheye:
        ray = np.linspace(0, WIDEST_FISHEYE, _SAMPLES)
        seen = ray * _fisheye_radial(ray, _padded(lens))
    else:
        ray = np.tan(np.linspace(0, WIDEST, _SAMPLES))
        with np.errstate(all="ignore"):  # a rational model may have a pole
            seen = ray * _radial(ray * ray, _padded(lens))[0]
    falls = np.flatnonzero(~(np.diff(seen) > 0))
    end = falls[0] + 1 if len(falls) else _SAMPLES
    return seen[:end], ray[:end]


def _undistort(
    distorted: np.ndarray, c: np.ndarray, curve: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Inverts the distortion by Newton's method, initialized by the radial part."""
    seen, along = curve
    distance = np.hypot(distorted[:, 0], distorted[:, 1])
    start = np.interp(distance, seen, along)
    rays = distorted * np.where(distance > 1e-12, start / distance, 1)[:, None]
    for _ in range(_STEPS):
        found, u_x, u_y, v_x, v_y = _distort_with_slopes(rays, c)
        left = distorted - found
        size = u_x * v_y - u_y * v_x
        if not np.nanmax(np.abs(left), initial=0) > _CLOSE:
            break
        rays[:, 0] += (v_y * left[:, 0] - u_y * left[:, 1]) / size
        rays[:, 1] += (u_x * left[:, 1] - v_x * left[:, 0]) / size
    held = (np.abs(left).max(-1) <= _CLOSE) & (size > 0)
    held &= np.hypot(rays[:, 0], rays[:, 1]) <= along[-1]
    return np.where(held[:, None], rays, np.nan)


def _undistort_fisheye(
    distorted: np.ndarray, k: np.ndarray, curve: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Inverts the fisheye distortion by Newton's method for the angle."""
    seen, along = curve
    distance = np.hypot(distorted[:, 0], distorted[:, 1])
    angle = np.interp(distance, seen, along)
    powers = np.array([3, 5, 7, 9])
    for _ in range(_STEPS):
        left = distance - angle * _fisheye_radial(angle, k)
        if not np.nanmax(np.abs(left), initial=0) > _CLOSE:
            break
        angle = angle + left / _fisheye_radial(angle, k * powers)
    held = (np.abs(left) <= _CLOSE) & (distance <= seen[-1]) & (angle >= 0)
    factor = np.where(distance > 1e-12, np.tan(angle) / distance, 1)
    return np.where(held[:, None], distorted * factor[:, None], np.nan)
