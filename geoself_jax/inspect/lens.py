"""Is one camera's lens what K says: focal length, principal point, distortion?"""

from dataclasses import dataclass

import numpy as np

from geoself_jax.inspect import lateness
from geoself_jax.inspect.conventions import clearly, limit_of_one, others_fit
from geoself_jax.inspect.sample import Sample, one, projected
from geoself_jax.inspect.verdicts import Verdict, note, ok, warning

CHECK = "lens"
_FEWEST = 2500  # detections: one spot of the image does not constrain its borders
_SCALE, _SHIFT_PX, _BENT_PX = 0.03, 12.0, 4.0  # pixels in an image 1000 wide
_INSTANTS = 600  # on which a lag is estimated
_INLIERS = 3.0  # times the median error


@dataclass(frozen=True)
class Fit:
    """How a camera's detections lie about where the others see the joints.

    Attributes:
        scale: Of the image about the principal point; 1 is what K says.
        moved: Shift, pixels.
        curved: Pixels of the outermost detections that no scale explains.
        error, then: Median error in pixels, as it is and without scale and shift.
    """

    scale: float
    moved: float
    curved: float
    error: float
    then: float


def check_lens(sample: Sample) -> list[Verdict]:
    """Verdicts on each camera, by how its errors depend on the position in the image."""
    rig = sample.whole.rig_names[sample.rig]
    if sample.views < 3:
        what = f"rig {rig}: focal lengths and distortion were not checked one by one"
        return [note(CHECK, what, "wanted three views")]
    fits = {view: fit for view in range(sample.views) if (fit := _fit(sample, view))}
    if not fits:
        return [note(CHECK, f"rig {rig}: the lenses were not checked", "too few detections")]
    worst = max(fits, key=lambda view: fits[view].error)
    found = _linear(sample, worst, fits[worst])
    found += [v for view, fit in fits.items() for v in _curved(sample, view, fit)]
    return found or [ok(CHECK, f"rig {rig}: errors do not depend on the position in the image")]


def _fit(sample: Sample, view: int) -> Fit | None:
    """None where too few detections are seen by others too."""
    camera = one(sample.cameras, view)
    pixels, depth = projected(sample.by_others[view], camera)
    own = sample.recording.keypoints_2d[:, view]
    good = sample.seen[:, view] & np.isfinite(pixels).all(-1) & (depth > 0)
    x, y = pixels[good] - camera.K[:2, 2], own[good] - camera.K[:2, 2]
    error = np.linalg.norm(x - y, axis=-1)
    if len(x) < _FEWEST:
        return None
    inlier = error <= _INLIERS * np.median(error)
    radius = np.linalg.norm(x[inlier], axis=-1)
    far = max(float(np.percentile(radius, 95)), 1.0)
    bend = (x[inlier] * ((radius / far) ** 2)[:, None]).reshape(-1)
    shift = np.tile(np.eye(2), (len(radius), 1))
    columns = np.column_stack([x[inlier].reshape(-1), bend, shift])
    off = (y - x)[inlier].reshape(-1)
    (_, bent, *moved), *_ = np.linalg.lstsq(columns, off, rcond=None)
    (alone, *by), *_ = np.linalg.lstsq(columns[:, [0, 2, 3]], off, rcond=None)
    then = np.linalg.norm(x * (1 + alone) + by - y, axis=-1)
    # A linear fit explains most of a cubic: the residual is at most 0.385 of the cubic at the
    # outermost point.
    curved = float(abs(bent) * far * 0.385)
    medians = (float(np.median(each)) for each in (error, then))
    return Fit(1 + float(alone), float(np.hypot(*moved)), curved, *medians)


def _linear(sample: Sample, view: int, fit: Fit) -> list[Verdict]:
    """Verdicts on scale and shift, causes only if without them the camera fits, and no lag does.

    A lens that bends scales too, and is the cause of both.
    """
    pixel = sample.pixel_scale(view)
    large = abs(fit.scale - 1) > _SCALE, fit.moved > _SHIFT_PX * pixel
    if not any(large) or fit.curved > _BENT_PX * pixel:
        return []
    falls = f"median error {fit.error:.1f} px, {fit.then:.1f} px without that"
    lag = lateness.lag_of(sample.thinned(_INSTANTS), view)
    rival = lag is not None and not clearly(fit.then, lag.best_px)
    if rival or fit.then > limit_of_one(sample, view, others_fit(sample, view)):
        what = f"{sample.name(view)}: errors depend on the position in the image"
        figures = f"as if it were {100 * fit.scale:.1f} % as large and moved by {fit.moved:.0f} px"
        falls += f", {lag.best_px:.1f} px as {lateness.words(lag, sample.whole.fps)}" if lag else ""
        do = "look at its synchronization, calibration and detections: nothing is proved"
        return [warning(CHECK, what, f"{figures}; {falls}", do)]
    size = warning(
        CHECK,
        f"{sample.name(view)}: its image is {100 * fit.scale:.1f} % of the size that "
        "K and its distance give",
        f"fitted over its detections, {falls}",
        "check fx, fy, image_size and the length of center",
    )
    place = warning(
        CHECK,
        f"{sample.name(view)}: its detections are moved by {fit.moved:.0f} px",
        f"fitted over its detections, {falls}",
        "check cx, cy, R, and whether the images were cropped",
    )
    return [verdict for verdict, due in zip((size, place), large, strict=True) if due]


def _curved(sample: Sample, view: int, fit: Fit) -> list[Verdict]:
    if fit.curved <= _BENT_PX * sample.pixel_scale(view):
        return []
    return [
        warning(
            CHECK,
            f"{sample.name(view)}: errors grow towards the image's border",
            f"{fit.curved:.1f} px that no scale explains",
            "give `dist`, or undistort the pixels",
        )
    ]
