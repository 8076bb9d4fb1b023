"""Is one camera's lens what K says: focal length, principal point, distortion?"""

import numpy as np

from geoself_jax.inspect.sample import Sample, one, projected
from geoself_jax.inspect.verdicts import Verdict, note, ok, warning

CHECK = "lens"
_FEWEST = 2500  # detections: one spot of the image does not constrain its borders
_SCALE, _SHIFT_PX, _BENT_PX = 0.03, 12.0, 4.0  # pixels in an image 1000 wide
_INLIERS = 3.0  # times the median error


def check_lens(sample: Sample) -> list[Verdict]:
    """Verdicts on each camera, by how its errors depend on the position in the image."""
    rig = sample.whole.rig_names[sample.rig]
    if sample.views < 3:
        what = f"rig {rig}: focal lengths and distortion were not checked one by one"
        return [note(CHECK, what, "wanted three views")]
    fits = [_fit(sample, view) for view in range(sample.views)]
    found = [v for view, fit in enumerate(fits) if fit for v in _verdicts(sample, view, fit, fits)]
    if not any(fits):
        return [note(CHECK, f"rig {rig}: the lenses were not checked", "too few detections")]
    return found or [ok(CHECK, f"rig {rig}: errors do not depend on the position in the image")]


def _fit(sample: Sample, view: int) -> tuple[float, float, float, float] | None:
    """Scale - 1, shift, radial displacement of the outermost (px), median error; None: too few."""
    camera = one(sample.cameras, view)
    pixels, depth = projected(sample.by_others[view], camera)
    own = sample.recording.keypoints_2d[:, view]
    good = sample.seen[:, view] & np.isfinite(pixels).all(-1) & (depth > 0)
    x, y = pixels[good] - camera.K[:2, 2], own[good] - camera.K[:2, 2]
    error = np.linalg.norm(x - y, axis=-1)
    if len(x) < _FEWEST:
        return None
    inlier = error <= _INLIERS * np.median(error)
    x, y = x[inlier], y[inlier]
    radius = np.linalg.norm(x, axis=-1)
    far = max(float(np.percentile(radius, 95)), 1.0)
    bend = (x * ((radius / far) ** 2)[:, None]).reshape(-1)
    shift = np.tile(np.eye(2), (len(x), 1))
    columns = np.column_stack([x.reshape(-1), bend, shift])
    (_, bent, *moved), *_ = np.linalg.lstsq(columns, (y - x).reshape(-1), rcond=None)
    (alone, *_), *_ = np.linalg.lstsq(columns[:, [0, 2, 3]], (y - x).reshape(-1), rcond=None)
    # A linear fit explains most of a cubic: the residual is at most 0.385 of the cubic at the
    # outermost point.
    curved = abs(bent) * far * 0.385
    moved_px = float(np.hypot(*moved))
    return float(alone), moved_px, float(curved), float(np.median(error))


def _verdicts(
    sample: Sample,
    view: int,
    fit: tuple[float, float, float, float],
    fits: list[tuple[float, float, float, float] | None],
) -> list[Verdict]:
    scale, shift, curved, error = fit
    unit, found = sample.pixel_scale(view), []
    worst = max((f[3] for f in fits if f), default=0)
    if abs(scale) > _SCALE and error == worst:
        found.append(
            warning(
                CHECK,
                f"{sample.name(view)}: its image is {100 * (1 + scale):.1f} % of the size that "
                "K and its distance give",
                f"fitted over its detections, median error {error:.1f} px",
                "check fx, fy, image_size and the length of center",
            )
        )
    if shift > _SHIFT_PX * unit and error == worst:
        found.append(
            warning(
                CHECK,
                f"{sample.name(view)}: its detections are moved by {shift:.0f} px",
                f"fitted over its detections, median error {error:.1f} px",
                "check cx, cy, R, and whether the images were cropped",
            )
        )
    if curved > _BENT_PX * unit:
        found.append(
            warning(
                CHECK,
                f"{sample.name(view)}: errors grow towards the image's border",
                f"{curved:.1f} px that no scale explains",
                "give `dist`, or undistort the pixels",
            )
        )
    return found
