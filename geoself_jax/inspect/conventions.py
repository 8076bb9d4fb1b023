"""What cameras that disagree could be: each usual mistake is undone, and the best is named."""

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from geoself_jax.data.recording import HostCamera
from geoself_jax.inspect.sample import Sample, one, projected, triangulated

Change = Callable[[HostCamera], HostCamera]

_AXES = np.array([1.0, -1.0, -1.0])[:, None]
_SCALES = (0.25, 1 / 3, 0.4, 0.5, 2 / 3, 0.75, 0.8, 0.9, 1.1, 1.25, 4 / 3, 1.5, 2.0, 2.5, 3.0, 4.0)


def _by_transpose(R: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.einsum("...ji,...j->...i", R, v)


def _transposed(R: np.ndarray) -> np.ndarray:
    return np.swapaxes(R, -1, -2)


EXTRINSICS: dict[str, Change] = {
    "center holds t of x_cam = R x_world + t": lambda c: c._replace(
        center=-_by_transpose(c.R, c.center)
    ),
    "R is camera to world (its transpose)": lambda c: c._replace(R=_transposed(c.R)),
    "the extrinsics are inverted (R is camera to world and center holds t)": lambda c: c._replace(
        R=_transposed(c.R), center=-_by_transpose(_transposed(c.R), c.center)
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


def residual_by_view(sample: Sample, keypoints_2d: np.ndarray, cameras: HostCamera) -> np.ndarray:
    """(views,) median pixels of detections to their triangulated joints, other data put in."""
    points = triangulated(keypoints_2d, sample.recording.confidence, cameras)
    return _residual(sample, points, keypoints_2d, cameras)


def _residual(
    sample: Sample, points: np.ndarray, keypoints_2d: np.ndarray, cameras: HostCamera
) -> np.ndarray:
    medians = []
    for view in range(sample.views):
        pixels, depth = projected(points, one(cameras, view))
        error = np.linalg.norm(pixels - keypoints_2d[:, view], axis=-1)
        error = np.where(depth > 0, error, np.inf)
        medians.append(_median(error[sample.seen[:, view] & np.isfinite(depth)]))
    return np.array(medians)


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if values.size else float("nan")


def explained_for_all(sample: Sample, worst: float) -> tuple[str, float] | None:
    """The mistake made in all cameras whose undoing brings the residual down most.

    Args:
        sample: Of one rig; some hundred instants do.
        worst: Pixels of the worst camera as the file has it.

    Returns:
        What is wrong, and the worst camera's median residual in pixels without it; None where
        nothing brings it under 0.4 of that.
    """
    found = [
        (_worst(residual_by_view(sample, pixels, cameras)) / shrunk, name)
        for name, pixels, cameras, shrunk in _for_all(sample)
    ]
    best, name = min(found)
    return (name, best) if best < worst / 2.5 else None


def _worst(residuals: np.ndarray) -> float:
    return float(np.nanmax(residuals)) if np.isfinite(residuals).any() else float("inf")


def _for_all(sample: Sample) -> Iterator[tuple[str, np.ndarray, HostCamera, float]]:
    """What to call it, detections and cameras, and by how much they were enlarged."""
    pixels, cameras = sample.recording.keypoints_2d, sample.cameras
    names = sample.whole.camera_names
    for name, change in EXTRINSICS.items():
        yield f"{name}, in all cameras", pixels, change(cameras), 1
    for a, b in combinations(range(sample.views), 2):
        order = list(range(sample.views))
        order[a], order[b] = b, a
        yield f"the views of {names[a]} and {names[b]} are exchanged", pixels[:, order], cameras, 1
    for scale in _SCALES:
        what = f"all detections are {1 / scale:.2g} times the size that K is for"
        yield what, pixels * scale, cameras, scale
    for axis, what in ((0, "u runs to the left"), (1, "v runs upward")):
        yield f"{what} in all cameras", _flipped(sample, pixels, axis), cameras, 1
    yield "u and v are exchanged in all cameras", pixels[..., ::-1], cameras, 1


def _flipped(sample: Sample, pixels: np.ndarray, axis: int) -> np.ndarray:
    size = sample.whole.image_size[sample.rig, :, axis].astype(np.float32)
    flipped = pixels.copy()
    flipped[..., axis] = size[:, None] - pixels[..., axis]
    return flipped


def others_fit(sample: Sample, view: int) -> float:
    """Worst median residual in pixels of the other cameras, when a view is left out; NaN for 2."""
    if sample.views < 3:
        return float("nan")
    pixels, confidence = sample.recording.keypoints_2d, sample.recording.confidence.copy()
    confidence[:, view] = 0
    points = triangulated(pixels, confidence, sample.cameras)
    found = _residual(sample, points, pixels, sample.cameras)
    return _worst(np.delete(found, view))


def explained_for_one(sample: Sample, view: int) -> tuple[str, float] | None:
    """The mistake in one camera whose undoing makes it fit the others best, as for all."""
    now = _median(_seen(sample, view, sample.error_of(view)))
    found = []
    for name, keypoints_2d, camera, shrunk in _for_one(sample, view):
        error = sample.error_of(view, keypoints_2d=keypoints_2d, camera=camera)
        found.append((_median(_seen(sample, view, error)) / shrunk, name))
    best, name = min(found)
    return (name, best) if best < now / 2.5 else None


def _seen(sample: Sample, view: int, error: np.ndarray) -> np.ndarray:
    return error[sample.seen[:, view] & ~np.isnan(error)]


def _for_one(sample: Sample, view: int) -> Iterator[tuple[str, np.ndarray, HostCamera, float]]:
    pixels, camera = sample.recording.keypoints_2d[:, view], one(sample.cameras, view)
    mirror = list(sample.whole.skeleton.mirror)
    for name, change in (EXTRINSICS | _UNITS).items():
        yield name, pixels, change(camera), 1
    flipped = _flipped(sample, sample.recording.keypoints_2d, 0)[:, view]
    yield "left and right are exchanged", pixels[:, mirror], camera, 1
    yield "the image is mirrored (u runs to the left)", flipped, camera, 1
    yield "the image is mirrored (left and right too)", flipped[:, mirror], camera, 1
    upward = _flipped(sample, sample.recording.keypoints_2d, 1)[:, view]
    yield "v runs upward", upward, camera, 1
    yield "the image is upside down", _both(flipped, upward), camera, 1
    yield "u and v are exchanged", pixels[..., ::-1], camera, 1
    for scale in _SCALES:
        what = f"the detections are {1 / scale:.2g} times the size that K is for"
        yield what, pixels * scale, camera, scale
        K = camera.K.copy()
        K[(0, 1), (0, 1)] *= scale
        yield (
            f"the focal length should be {scale:.2g} times as long",
            pixels,
            camera._replace(K=K),
            scale,
        )
    if sample.views > 2:
        off = pixels - sample.expected[view][0]
        off = np.nanmedian(np.where(sample.seen[:, view, :, None], off, np.nan), axis=(0, 1))
        what = f"its detections are moved by {off[0]:.0f}, {off[1]:.0f} px (the images were "
        yield f"{what}cropped, cx and cy are wrong, or it was turned)", pixels - off, camera, 1
    width, height = sample.whole.image_size[sample.rig, view]
    K = camera.K.copy()
    K[:2, 2] = width / 2, height / 2
    yield "the principal point should be near the image center", pixels, camera._replace(K=K), 1


def _both(flipped: np.ndarray, upward: np.ndarray) -> np.ndarray:
    return np.stack([flipped[..., 0], upward[..., 1]], -1)
