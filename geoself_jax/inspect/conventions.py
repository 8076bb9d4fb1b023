"""What cameras that disagree could be: each usual mistake is undone, and the proved one is named.

A mistake is a cause only if undoing it brings the residual of the same joints to what a sound rig
has, in every camera that it concerns, and no other mistake does nearly as well.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from geoself_jax.data.recording import HostCamera
from geoself_jax.geometry.lenses import Lens, distort_pixels, undistort_pixels
from geoself_jax.inspect.sample import Sample, one, projected, triangulated

Change = Callable[[HostCamera], HostCamera]
Seen = tuple[np.ndarray, np.ndarray]
"""Pixels, NaN where unseen, and confidence: (n, views, joints[, 2]), or of one view."""

SOUND_PX = 8.0
"""Times `Sample.noise_scale`: the largest median residual of a sound rig's worst camera."""

_GAIN = 2.5  # times less than it was
_NEARLY, _NEARLY_PX = 1.5, 0.5  # of the best, and more: a rival that close leaves it open
_AXES = np.array([1.0, -1.0, -1.0])[:, None]
_SCALES = (0.25, 1 / 3, 0.4, 0.5, 2 / 3, 0.75, 0.8, 0.9, 1.1, 1.25, 4 / 3, 1.5, 2.0, 2.5, 3.0, 4.0)


@dataclass(frozen=True)
class Hypothesis:
    """A mistake, undone.

    Attributes:
        what: The mistake in words.
        pixels, confidence: Detections without it.
        cameras: Calibration without it.
        enlarged: By how much pixels are larger than in the file.
    """

    what: str
    pixels: np.ndarray
    confidence: np.ndarray
    cameras: HostCamera
    enlarged: float = 1.0


@dataclass(frozen=True)
class Cause:
    """A mistake whose undoing proves it.

    Attributes:
        what: In words.
        px: Median residual of the worst camera without it, pixels of the file.
        do: What to do about it.
    """

    what: str
    px: float
    do: str = "fix that camera"


def _by_transpose(R: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.einsum("...ji,...j->...i", R, v)


def _times(R: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.einsum("...ij,...j->...i", R, v)


def _transposed(R: np.ndarray) -> np.ndarray:
    return np.swapaxes(R, -1, -2)


EXTRINSICS: dict[str, Change] = {
    "center holds t of x_cam = R x_world + t": lambda c: c._replace(
        center=-_by_transpose(c.R, c.center)
    ),
    "R is camera to world (its transpose)": lambda c: c._replace(R=_transposed(c.R)),
    "the extrinsics are inverted (R is camera to world and center holds t)": lambda c: c._replace(
        R=_transposed(c.R), center=-_times(c.R, c.center)
    ),
    "the translation was the camera's centre already (center is -R^T of it)": lambda c: c._replace(
        center=-_times(c.R, c.center)
    ),
    "center has the other sign": lambda c: c._replace(center=-c.center),
    "center holds -t of x_cam = R x_world + t": lambda c: c._replace(
        center=_by_transpose(c.R, c.center)
    ),
    "the camera's axes are y up, z backward": lambda c: c._replace(R=_AXES * c.R),
}
_UNITS: dict[str, Change] = {
    f"center is in {name}": lambda c, scale=scale: c._replace(center=c.center * scale)  # type: ignore[misc]
    for name, scale in (("millimetres", 1e-3), ("centimetres", 1e-2), ("kilometres", 1e3))
}


def of_all(sample: Sample, worst: float) -> Cause | None:
    """The mistake made in all cameras, or between two of them.

    Args:
        sample: Of one rig; some hundred instants do.
        worst: Pixels of the worst camera as the file has it.
    """
    found = [(_worst(sample, each), each.what) for each in _hypotheses(sample)]
    return _proved(found, worst, SOUND_PX * _scale(sample))


def of_one(sample: Sample, view: int, rest: float) -> Cause | None:
    """The mistake in one camera, of its calibration or its detections.

    Args:
        sample: Of one rig; some hundred instants do.
        view: The camera.
        rest: Pixels of the other cameras' worst median residual; NaN for two cameras.
    """
    now = _median(sample.error_of(view))
    found = []
    for each in _of_view(sample, view):
        error = sample.error_of(view, keypoints_2d=each.pixels, camera=each.cameras)
        found.append((_of_same_joints(sample, view, error) / each.enlarged, each.what))
    return _proved(found, now, limit_of_one(sample, view, rest))


def moved(sample: Sample, view: int, rest: float) -> Cause | None:
    """A shift of a view's detections, if without it they are where the others see them.

    That has several causes, which a file cannot tell apart: it is described, and all are named.
    """
    if sample.views < 3:
        return None
    off = sample.pixels[:, view] - sample.expected[view][0]
    if not np.isfinite(off).any():
        return None
    right, down = np.nanmedian(off, axis=(0, 1))
    error = sample.error_of(view, keypoints_2d=sample.pixels[:, view] - (right, down))
    what = f"its detections are moved by {right:.0f}, {down:.0f} px"
    now = _median(sample.error_of(view))
    found = _proved([(_median(error), what)], now, limit_of_one(sample, view, rest))
    do = "check whether its images were cropped, cx and cy are wrong, or it was turned or moved"
    return found and dataclasses.replace(found, do=do)


def limit_of_one(sample: Sample, view: int, rest: float) -> float:
    """Pixels within which a camera fits the others; `rest` is their own worst median residual.

    Against joints of the others alone a sound camera is up to some times farther off than these.
    """
    scale = sample.noise_scale(view)
    limit = SOUND_PX * scale if np.isnan(rest) else max(3 * rest, 6 * scale)
    return min(limit, 1.5 * SOUND_PX * scale)


def clearly(best: float, other: float) -> bool:
    """Whether no rival comes near the best."""
    return other > _NEARLY * best + _NEARLY_PX


def others_fit(sample: Sample, view: int) -> float:
    """Worst median residual in pixels of the other cameras, when a view is left out; NaN for 2."""
    if sample.views < 3:
        return float("nan")
    confidence = sample.recording.confidence.copy()
    confidence[:, view] = 0
    medians = _residuals(sample, sample.pixels, confidence, sample.cameras)
    return _largest(np.delete(medians, view))


def worst_residual(sample: Sample) -> float:
    """The worst camera's median residual, pixels, as the detections are."""
    trust = sample.recording.confidence
    return _largest(_residuals(sample, sample.pixels, trust, sample.cameras))


def _proved(found: list[tuple[float, str]], now: float, limit: float) -> Cause | None:
    """The best of the hypotheses if it explains all and none comes near it."""
    (best, what), *others = sorted(found)
    if not (best <= limit and best * _GAIN <= now):
        return None
    return None if others and not clearly(best, others[0][0]) else Cause(what, best)


def _scale(sample: Sample) -> float:
    return max(sample.noise_scale(view) for view in range(sample.views))


def _worst(sample: Sample, each: Hypothesis) -> float:
    """The worst camera's median residual, pixels of the file."""
    medians = _residuals(sample, each.pixels, each.confidence, each.cameras)
    return _largest(medians) / each.enlarged


def _largest(medians: np.ndarray) -> float:
    return float(np.nanmax(medians)) if np.isfinite(medians).any() else float("inf")


def _residuals(
    sample: Sample, pixels: np.ndarray, confidence: np.ndarray, cameras: HostCamera
) -> np.ndarray:
    """(views,) median pixels of detections to their triangulated joints; behind is infinite.

    A joint that is seen by two or more counts; one that comes out nowhere counts as infinite.
    """
    points = triangulated(pixels, confidence, cameras)
    seen = confidence > 0
    counts = seen & (seen.sum(1, keepdims=True) > 1)
    medians = []
    for view in range(sample.views):
        there, depth = projected(points, one(cameras, view))
        error = np.linalg.norm(there - pixels[:, view], axis=-1)
        error = np.where(depth > 0, error, np.inf)
        medians.append(_median(np.where(np.isnan(error), np.inf, error)[counts[:, view]]))
    return np.array(medians)


def _median(values: np.ndarray) -> float:
    values = values[~np.isnan(values)]
    return float(np.median(values)) if values.size else float("nan")


def _of_same_joints(sample: Sample, view: int, error: np.ndarray) -> float:
    """Median over the joints that the view's own detections are compared on."""
    now = ~np.isnan(sample.error_of(view))
    return _median(np.where(np.isnan(error), np.inf, error)[now]) if now.any() else float("inf")


def _hypotheses(sample: Sample) -> Iterator[Hypothesis]:
    pixels, trust, cameras = sample.pixels, sample.recording.confidence, sample.cameras
    names = sample.whole.camera_names
    for name, change in EXTRINSICS.items():
        yield Hypothesis(f"{name}, in all cameras", pixels, trust, change(cameras))
    for a, b in combinations(range(sample.views), 2):
        order = list(range(sample.views))
        order[a], order[b] = b, a
        what = f"the views of {names[a]} and {names[b]} are exchanged"
        yield Hypothesis(what, pixels[:, order], trust[:, order], cameras)
    for scale in _SCALES:
        what = f"all detections are {1 / scale:.2g} times the size that K is for"
        sized = np.stack([_resized(sample, v, scale) for v in _all(sample)], 1)
        yield Hypothesis(what, sized, trust, cameras, scale)
    for what, change_pixels in IMAGES.items():
        moved = np.stack([change_pixels(pixels[:, v], _size(sample, v)) for v in _all(sample)], 1)
        yield Hypothesis(f"{what} in all cameras", moved, trust, cameras)


def _resized(sample: Sample, view: int, scale: float) -> np.ndarray:
    """A view's pixels as they are if its image was `scale` times as large before its lens."""
    pixels, dist = sample.pixels[:, view], sample.whole.dist
    if dist is None:
        return pixels * np.float32(scale)
    K, lens = one(sample.cameras, view).K, Lens(tuple(dist[sample.rig, view].tolist()))
    return undistort_pixels(distort_pixels(pixels, K, lens) * scale, K, lens)


def _all(sample: Sample) -> range:
    return range(sample.views)


def _size(sample: Sample, view: int) -> np.ndarray:
    return sample.whole.image_size[sample.rig, view].astype(np.float32)


def _uv(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.stack([u, v], -1)


IMAGES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "the image is mirrored (u runs to the left)": lambda p, s: _uv(s[0] - p[..., 0], p[..., 1]),
    "v runs upward": lambda p, s: _uv(p[..., 0], s[1] - p[..., 1]),
    "the image is upside down (turned by 180 degrees)": lambda p, s: s - p,
    "the image is turned by 90 degrees clockwise": lambda p, s: _uv(p[..., 1], s[1] - p[..., 0]),
    "the image is turned by 90 degrees counter-clockwise": lambda p, s: _uv(
        s[0] - p[..., 1], p[..., 0]
    ),
    "u and v are exchanged": lambda p, s: p[..., ::-1],
}
"""Detections (n, joints, 2) brought back into the image (width, height) that K is for."""


def _of_view(sample: Sample, view: int) -> Iterator[Hypothesis]:
    """As `_hypotheses`, with the arrays and the camera of one view."""
    pixels, camera = sample.pixels[:, view], one(sample.cameras, view)
    trust = sample.recording.confidence[:, view]
    mirror, size = list(sample.whole.skeleton.mirror), _size(sample, view)
    for name, change in (EXTRINSICS | _UNITS).items():
        yield Hypothesis(name, pixels, trust, change(camera))
    sided = mirror != list(range(len(mirror)))
    for name, change_pixels in IMAGES.items():
        yield Hypothesis(name, change_pixels(pixels, size), trust, camera)
    if sided:
        yield Hypothesis("left and right are exchanged", pixels[:, mirror], trust, camera)
        mirrored = IMAGES["the image is mirrored (u runs to the left)"](pixels, size)
        what = "the image is mirrored (left and right too)"
        yield Hypothesis(what, mirrored[:, mirror], trust, camera)
    for scale in _SCALES:
        what = f"the detections are {1 / scale:.2g} times the size that K is for"
        yield Hypothesis(what, _resized(sample, view, scale), trust, camera, scale)
        K = camera.K.copy()
        K[(0, 1), (0, 1)] *= scale
        what = f"the focal length should be {scale:.2g} times as long"
        yield Hypothesis(what, pixels, trust, camera._replace(K=K), scale)
    K = camera.K.copy()
    K[:2, 2] = size / 2
    what = "the principal point should be near the image center"
    yield Hypothesis(what, pixels, trust, camera._replace(K=K))
