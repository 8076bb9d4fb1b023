"""Reads one camera from a calibration, or assumes a pinhole of a given focal length."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import (
    GeoselfError,
    data_error,
    missing_error,
    nearest_name,
    usage_error,
)
from geoself_jax.core.notices import silent
from geoself_jax.lift.camera_view import View, view_of
from geoself_jax.prepare.calibrations import (
    broken_calibration,
    opencv,
    read_calibration,
    recognize_calibration,
)
from geoself_jax.prepare.calibrations.camera_table import FileCamera
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig
from geoself_jax.prepare.rig_options import check_size

HUMAN36M = "human36m:"


def read_view(
    camera: str,
    *,
    format: str = "auto",
    rig: str | None = None,
    unit: str | None = None,
    up: str | None = None,
    image_size: tuple[int, int] | None = None,
    notice: Callable[[str], None] = silent,
) -> View:
    """Reads one camera of a calibration.

    Args:
        camera: `CALIBRATION:NAME`, a file or folder that `read_calibration` reads, or
            `human36m:SUBJECT:NAME`. The name is optional where there is one camera. Intrinsics of
            OpenCV or ROS without a rotation give a camera without extrinsics.
        format, rig, unit, up: See `read_calibration`; `rig` is its `name`.
        image_size: Width and height, px, where the calibration has none.
        notice: Receives one line per value that is assumed or left out.

    Raises:
        GeoselfError: Missing file (66); no calibration, or no such camera (65); no camera named,
            flags that do not apply, or another image size than the calibration's (64).
    """
    if camera.startswith(HUMAN36M):
        subject, _, name = camera.removeprefix(HUMAN36M).partition(":")
        published = human36m_rig(subject)
        view = view_of(published, _chosen(camera, name, published.camera_names))
        return _sized(view, image_size)
    path, name = split_camera(camera)
    if path.is_file() and format in ("auto", "opencv") and not recognize_calibration(path):
        view = _unplaced(camera, path, name)
    else:
        found = read_calibration(
            path,
            format=format,
            unit=unit,
            up=up,
            name=rig,
            image_size={"": image_size} if image_size else {},
            notice=notice,
        )
        view = view_of(found, _chosen(camera, name, found.camera_names))
    return _sized(view, image_size)


def _sized(view: View, image_size: tuple[int, int] | None) -> View:
    if image_size is None:
        return view
    check_size(view.name, view.image_size, image_size)
    return dataclasses.replace(view, image_size=image_size)


def guessed_view(
    image_size: tuple[int, int], *, fov: float | None = None, focal: float | None = None
) -> View:
    """Returns a pinhole with the principal point at the image centre, without extrinsics.

    Args:
        image_size: Width and height, px.
        fov: Horizontal field of view, degrees.
        focal: Focal length, pixels; this or `fov`.

    Raises:
        GeoselfError: Neither or both, or no such angle or length (64).
    """
    if (fov is None) == (focal is None):
        raise usage_error("--fov, --focal", "one is required", "pass --fov=DEGREES")
    width, height = image_size
    if fov is not None:
        if not 1 <= fov <= 170:
            raise usage_error(
                f"--fov={fov:g}", "must be in [1, 170] degrees across the image", "e.g. --fov=60"
            )
        focal = width / 2 / math.tan(math.radians(fov) / 2)
    assert focal is not None
    if not (math.isfinite(focal) and focal > 0):
        raise usage_error(f"--focal={focal:g}", "must be above 0 pixels", "e.g. --focal=1200")
    K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return View("", K, image_size=image_size, lens_known=False)


def split_camera(camera: str) -> tuple[Path, str]:
    """Splits `CALIBRATION[:NAME]` into path and camera name; the path may contain colons.

    Raises:
        GeoselfError: No such file (66).
    """
    ends = [len(camera)] + [at for at in reversed(range(len(camera))) if camera[at] == ":"]
    for end in ends:
        path = Path(camera[:end])
        if end and _exists(path):
            return path, camera[end + 1 :]
    raise missing_error(
        f"--camera={camera}",
        "no such file or folder",
        "check the path: --camera=CALIBRATION:NAME, or human36m:S1:54138969",
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False


def _chosen(camera: str, name: str, names: Sequence[str]) -> str:
    """Returns the requested camera, or the only one."""
    if name in names:
        return name
    if not name and len(names) == 1:
        return names[0]
    if name:
        raise data_error(f"--camera={camera}: no camera {name!r}", nearest_name(name, names), "")
    listed = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    raise usage_error(
        f"--camera={camera}",
        f"a camera is required; it has {len(names)}: {listed}",
        f"name one: --camera={camera}:{names[0]}",
    )


def _unplaced(camera: str, path: Path, name: str) -> View:
    """Reads a camera without extrinsics."""
    found: list[FileCamera] = []
    if path.suffix.lower() in opencv.suffixes:
        found = opencv.read_lenses(path)
    if not found:
        raise broken_calibration(path) or _no_calibration(path)
    chosen = _chosen(camera, name, [each.name for each in found])
    one = next(each for each in found if each.name == chosen)
    return View(name=one.name, K=one.K, lens=one.lens, image_size=one.size)


def _no_calibration(path: Path) -> GeoselfError:
    return data_error(
        str(path),
        "no calibration of a known format",
        "give one that `prepare` reads, or assume a pinhole: --fov=60 --image-size=1920x1080",
    )
