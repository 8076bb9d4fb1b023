"""Lens distortion and its inverse: OpenCV's models of 4 to 14 coefficients, and its fisheye.

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
        coefficients: k1 k2 p1 p2 [k3 [k4 k5 k6 [s1 s2 s3 s4 [tau_x tau_y]]]], or k1 k2 k3 k4 of a
            fisheye; empty for a pinhole.
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
    distort, tilt = _distort_fisheye if lens.fisheye else _distort, _tilt(lens)

    def forward(rays: np.ndarray) -> np.ndarray:
        distorted = distort(rays, _padded(lens))
        return distorted if tilt is None else _through(tilt, distorted)

    return _moved(pixels, K, lens, forward)


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
    tilt = _tilt(lens)
    level = None if tilt is None else np.linalg.inv(tilt)

    def backward(distorted: np.ndarray) -> np.ndarray:
        distorted = distorted if level is None else _through(level, distorted)
        return inverse(distorted, _padded(lens), curve)

    return _moved(pixels, K, lens, backward)


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
    given = lens.coefficients[: len(padded)]
    padded[: len(given)] = given
    return padded


def _tilt(lens: Lens) -> np.ndarray | None:
    """Returns the homography (3, 3) of a tilted sensor, after the distortion; None without tilt."""
    if lens.fisheye or not any(lens.coefficients[12:]):
        return None
    x, y = lens.coefficients[12:]
    around_x = np.array([[1, 0, 0], [0, np.cos(x), np.sin(x)], [0, -np.sin(x), np.cos(x)]])
    around_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    turned = around_y @ around_x
    onto = np.array([[turned[2, 2], 0, -turned[0, 2]], [0, turned[2, 2], -turned[1, 2]], [0, 0, 1]])
    return onto @ turned


def _through(homography: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """Maps points (N, 2) by a homography; NaN behind it."""
    moved = plane @ homography[:, :2].T + homography[:, 2]
    return moved[:, :2] / np.where(moved[:, 2:] > 0, moved[:, 2:], np.nan)


def _distort(rays: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Distorts rays (N, 2), x/z and y/z."""
    x, y = rays[:, 0], rays[:, 1]
    r2 = x * x + y * y
    return np.stack(_distorted(x, y, r2, _radial(r2, c), c), -1)


def _radial(r2: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Returns the radial factor."""
    factor = 1 + r2 * (c[0] + r2 * (c[1] + r2 * c[4]))
    return factor / (1 + r2 * (c[5] + r2 * (c[6] + r2 * c[7]))) if c[5:8].any() else factor


def _slope(r2: np.ndarray, factor: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Returns the radial factor's derivative by r^2."""
    slope = c[0] + r2 * (2 * c[1] + r2 * (3 * c[4]))
    if not c[5:8].any():
        return slope
    bottom = 1 + r2 * (c[5] + r2 * (c[6] + r2 * c[7]))
    return (slope - factor * (c[5] + r2 * (2 * c[6] + r2 * (3 * c[7])))) / bottom


def _distorted(
    x: np.ndarray, y: np.ndarray, r2: np.ndarray, factor: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the distorted coordinates of rays, by their radial factor."""
    (p1, p2), (s1, s2, s3, s4) = c[2:4], c[8:]
    xy = 2 * (x * y)
    u = x * factor + p1 * xy + p2 * (r2 + 2 * x * x)
    v = y * factor + p1 * (r2 + 2 * y * y) + p2 * xy
    if c[8:].any():
        return u + r2 * (s1 + r2 * s2), v + r2 * (s3 + r2 * s4)
    return u, v


def _jacobian(
    x: np.ndarray, y: np.ndarray, r2: np.ndarray, factor: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns du/dx, du/dy, dv/dx and dv/dy of `_distorted`."""
    (p1, p2), (s1, s2, s3, s4), slope = c[2:4], c[8:], 2 * _slope(r2, factor, c)
    mixed = x * y * slope + 2 * p1 * x + 2 * p2 * y
    u_x = factor + x * x * slope + 2 * p1 * y + 6 * p2 * x
    v_y = factor + y * y * slope + 6 * p1 * y + 2 * p2 * x
    if not c[8:].any():
        return u_x, mixed, mixed, v_y
    prism_u, prism_v = 2 * (s1 + 2 * r2 * s2), 2 * (s3 + 2 * r2 * s4)
    return u_x + x * prism_u, mixed + y * prism_u, mixed + x * prism_v, v_y + y * prism_v


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
            seen = ray * _radial(ray * ray, _padded(lens))
    falls = np.flatnonzero(~(np.diff(seen) > 0))
    end = falls[0] + 1 if len(falls) else _SAMPLES
    return seen[:end], ray[:end]


def _undistort(
    distorted: np.ndarray, c: np.ndarray, curve: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Inverts the distortion by Newton's method, initialized by the radial part.

    Two steps do for nearly all points; the others go on alone.
    """
    seen, along = curve
    u, v = distorted[:, 0], distorted[:, 1]
    distance = np.sqrt(u * u + v * v)
    start = np.interp(distance, seen, along) / np.where(distance > 1e-12, distance, np.inf)
    start = np.where(distance > 1e-12, start, along[1] / seen[1])
    rays = np.stack([u * start, v * start])
    for _ in range(2):
        _newton(rays, u, v, c)
    left, unsure = _left(rays, u, v, c), np.empty(0, int)
    for _ in range(_STEPS - 2):
        unsure = np.flatnonzero(left > _CLOSE)  # not NaN: such a point is lost
        if not unsure.size:
            break
        some = rays[:, unsure]
        _newton(some, u[unsure], v[unsure], c)
        rays[:, unsure], left[unsure] = some, _left(some, u[unsure], v[unsure], c)
    x, y = rays
    r2 = x * x + y * y
    u_x, u_y, v_x, v_y = _jacobian(x, y, r2, _radial(r2, c), c)
    held = (left <= _CLOSE) & (u_x * v_y > u_y * v_x) & (r2 <= along[-1] ** 2)
    return np.where(held, rays, np.nan).T


def _newton(rays: np.ndarray, u: np.ndarray, v: np.ndarray, c: np.ndarray) -> None:
    """Takes a step of Newton's method, in place: rays (2, N) towards those seen at u, v."""
    x, y = rays
    r2 = x * x + y * y
    factor = _radial(r2, c)
    found_u, found_v = _distorted(x, y, r2, factor, c)
    u_x, u_y, v_x, v_y = _jacobian(x, y, r2, factor, c)
    off_u, off_v = u - found_u, v - found_v
    size = u_x * v_y - u_y * v_x
    rays[0] += (v_y * off_u - u_y * off_v) / size
    rays[1] += (u_x * off_v - v_x * off_u) / size


def _left(rays: np.ndarray, u: np.ndarray, v: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Returns how far rays (2, N) are from being seen at u, v, in focal lengths."""
    x, y = rays
    r2 = x * x + y * y
    found_u, found_v = _distorted(x, y, r2, _radial(r2, c), c)
    return np.asarray(np.maximum(np.abs(u - found_u), np.abs(v - found_v)))


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
