"""C3D, as motion capture programs exchange points: millimetres, 32 bit floating point, Intel.

Written by the package `c3d` (py-c3d, MIT, pure Python): of the two that are alive it alone writes
over 65,535 frames so that others read them.
"""

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.labels import said_words
from geoself_jax.data.poses.orientation import NEAR_AN_AXIS
from geoself_jax.data.poses.resample import even
from geoself_jax.data.poses.sequence import PoseSequence

MOST_JOINTS = 255  # POINT:LABELS counts them in a byte
_MILLIMETRES = 1000
_SEEN, _MISSING = 0, -1  # residuals: -1 says that a point is not valid
_BLOCK = 512  # bytes
_NO_ANALOG = np.zeros((0, 0))


def require() -> None:
    """Makes sure that the package is there.

    Raises:
        GeoselfError: It is not (64).
    """
    if importlib.util.find_spec("c3d") is None:
        raise usage_error(".c3d", "the package c3d is not installed", "pip install 'c3d>=0.6'")


def write(poses: PoseSequence, path: Path, notice: Callable[[str], None]) -> None:
    """Writes every frame from the first to the last, frame numbers from 1.

    A missing joint is (0, 0, 0) with residual -1; POINT:X_SCREEN and Y_SCREEN say where up is.

    Raises:
        GeoselfError: No package c3d (64), over 255 joints (65), the disk refuses (74).
    """
    require()
    import c3d

    if poses.skeleton.joints > MOST_JOINTS:
        raise data_error(
            f"{poses.name}: {poses.skeleton.joints} joints",
            f"C3D holds {MOST_JOINTS}",
            "write .csv or .npz",
        )
    full = even(poses)
    file = c3d.Writer(point_rate=full.rate, point_scale=-1.0, point_units="mm")
    file.set_point_labels(said_words(path, "C3D", poses.skeleton.joint_names, notice))
    file.set_start_frame(int(full.frame_id[0]) // full.step + 1)
    right, upwards = _screen(poses.up)
    if np.abs(poses.up).max() < NEAR_AN_AXIS:
        up = ", ".join(f"{value + 0.0:.3f}" for value in np.round(poses.up, 3))
        notice(
            f"{path}: C3D says up by an axis, {upwards}; here it is ({up}): --up=z turns it there"
        )
    file.set_screen_axis(right, upwards)
    points = _points(full.pose)
    file.add_frames([(frame, _NO_ANALOG) for frame in points])
    with whole_file(path, "wb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are no analog channels
        file.write(stream)
        # The package leaves the place of the frame before in points that are not valid.
        stream.seek(_BLOCK * (file.header.data_block - 1))
        stream.write(points[..., :4].astype("<f4").tobytes())


def _points(pose: np.ndarray) -> np.ndarray:
    """(N, J, 5) float32: millimetres, residual, bits of the cameras that saw it."""
    seen = np.isfinite(pose).all(-1)
    points = np.zeros((*pose.shape[:2], 5), np.float32)
    points[..., :3] = np.where(seen[..., None], _MILLIMETRES * pose, 0)
    points[..., 3] = np.where(seen, _SEEN, _MISSING)
    return points


def _screen(up: np.ndarray) -> tuple[str, str]:
    """The axes that point to the right and upwards of a screen, as `+X` and `+Z`."""
    axis = int(np.abs(up).argmax())
    upwards = f"{'+' if up[axis] > 0 else '-'}{'XYZ'[axis]}"
    return ("+Y" if axis == 0 else "+X"), upwards
