"""One camera from a calibration of any kind, or from a guess at its focal length."""

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
from geoself_jax.lift.camera_view import View, view_of
from geoself_jax.prepare.calibrations import opencv, read_calibration, recognize_calibration
from geoself_jax.prepare.calibrations.camera_table import Camera
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig

HUMAN36M = "human36m:"


def _silent(_: str) -> None:
    pass


def read_view(
    camera: str,
    *,
    format: str = "auto",
    rig: str | None = None,
    unit: str | None = None,
    up: str | None = None,
    image_size: tuple[int, int] | None = None,
    notice: Callable[[str], None] = _silent,
) -> View:
    """One camera of a calibration.

    Args:
        camera: `CALIBRATION:NAME`, the first a file or folder that `read_calibration` reads, or
            `human36m:SUBJECT:NAME`. The name may be left out where there is one camera. A file
            of OpenCV's or ROS's matrices without a rotation gives a camera whose place is unknown.
        format, rig, unit, up: See `read_calibration`; `rig` is its `name`.
        image_size: Width and height, where the calibration does not tell.
        notice: Is told, in one line each, what is guessed or left out.

    Raises:
        GeoselfError: Nothing there (66); no calibration, or no or several cameras of that name
            (65); flags that say nothing about it (64).
    """
    if camera.startswith(HUMAN36M):
        subject, _, name = camera.removeprefix(HUMAN36M).partition(":")
        published = human36m_rig(subject)
        return view_of(published, _chosen(camera, name, published.camera_names))
    path, name = split_camera(camera)
    if path.is_file() and format in ("auto", "opencv") and not recognize_calibration(path):
        view = _unplaced(camera, path, name)
    else:
        found = read_calibration(path, format=format, unit=unit, up=up, name=rig, notice=notice)
        view = view_of(found, _chosen(camera, name, found.camera_names))
    return view if image_size is None else dataclasses.replace(view, image_size=image_size)


def guessed_view(
    image_size: tuple[int, int], *, fov: float | None = None, focal: float | None = None
) -> View:
    """A pinhole whose axis meets the middle of the picture; its place is unknown.

    Args:
        image_size: Width and height in pixels.
        fov: Horizontal field of view, degrees.
        focal: Focal length, pixels; this or `fov`.

    Raises:
        GeoselfError: Neither or both, or no such angle or length (64).
    """
    if (fov is None) == (focal is None):
        raise usage_error("--fov, --focal", "wanted one of the two", "give --fov=DEGREES")
    width, height = image_size
    if fov is not None:
        if not 1 <= fov <= 170:
            raise usage_error(
                f"--fov={fov:g}", "wanted 1 to 170 degrees across the picture", "e.g. --fov=60"
            )
        focal = width / 2 / math.tan(math.radians(fov) / 2)
    assert focal is not None
    if not (math.isfinite(focal) and focal > 0):
        raise usage_error(f"--focal={focal:g}", "wanted pixels above 0", "e.g. --focal=1200")
    K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return View("", K, image_size=image_size)


def split_camera(camera: str) -> tuple[Path, str]:
    """Path and camera's name of `CALIBRATION[:NAME]`; a path may hold colons itself.

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
    """The camera that is meant."""
    if name in names:
        return name
    if not name and len(names) == 1:
        return names[0]
    if name:
        raise data_error(f"--camera={camera}: no camera {name!r}", nearest_name(name, names), "")
    told = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    raise usage_error(
        f"--camera={camera}",
        f"which of its {len(names)} cameras? {told}",
        f"name one: --camera={camera}:{names[0]}",
    )


def _unplaced(camera: str, path: Path, name: str) -> View:
    """A camera of a file that says nothing of where it stands."""
    found: list[Camera] = []
    if path.suffix.lower() in opencv.suffixes:
        found = opencv.read_lenses(path)
    if not found:
        raise _no_calibration(path)
    chosen = _chosen(camera, name, [each.name for each in found])
    one = next(each for each in found if each.name == chosen)
    return View(name=one.name, K=one.K, lens=one.lens, image_size=one.size)


def _no_calibration(path: Path) -> GeoselfError:
    return data_error(
        str(path),
        "no calibration of a known format",
        "see docs/data.md for those that are, or guess: --fov=60 --image-size=1920x1080",
    )
