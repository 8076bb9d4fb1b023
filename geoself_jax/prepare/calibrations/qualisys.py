"""Qualisys Track Manager's .qca.txt: XML, a <camera> each, millimetres, z up.

`transform` holds the camera's place x y z and, in r11 ... r33, the rows of the rotation from the
world to a camera whose y is up and z backwards. `intrinsic` counts in 1/64 px: focal lengths and
centre are divided by 64, the distortion (OpenCV's, dimensionless) is not. The centre is on the
sensor: the corner of the filmed part, `fov_video`, is subtracted. `video_resolution` is the lines
of the films: at half of the sensor's (540p of 1080) 2x2 pixels are one, and all is divided by 2.

Source: Pose2Sim 0.10.49 carries such a file and, in its recordings, the cameras that belong to it.
Its `read_qca` divides by a `binning_factor`, "2 when filming in 540p"; that of 0.10.34 divided by
1080 / video_resolution, which was wrong for sensors of 1440 lines (its issues 200 and 212). No
source defines the skew: it is read in 1/64 px, as its neighbours are, where it hardly matters.
"""

import math
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_xml
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import FileCamera, checked_camera
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import head

SUBPIXELS = 64.0
"""Of the file's lengths in a pixel."""

LINES = 1080
"""Of a sensor where the file does not say."""

MOST_SKEW_PX = 0.5
"""Largest skew that is read: its unit and sign are confirmed by no source."""

_NEAR = 0.05  # a sensor of 1088 lines films at 1080p
_FLIP = np.diag([1.0, -1.0, -1.0])  # from y up, z backwards to y down, z forward
_LENS = (
    *("radialDistortion1", "radialDistortion2", "tangentalDistortion1", "tangentalDistortion2"),
    "radialDistortion3",
)


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if not path.name.lower().endswith((".qca.txt", ".qca", ".xml")):
        return None
    text = head(path)
    if "<calibration" in text and "focalLengthU" in text and "r11=" in text:
        return "xml with focalLengthU and r11"
    return None


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig of the video cameras.

    Args:
        path: The file.
        unit, up: Of its world; None for millimetres and z.
        notice: Receives one line for each correction or oddity, and for what is left out.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65).
    """
    found = load_xml(path).findall("cameras/camera")
    video = [each for each in found if _films(each)] or found
    left = [f"{each.get('serial')} ({each.get('model')})" for each in found if each not in video]
    if left:
        notice(f"{path}: took the video cameras, left out {', '.join(left)}")
    cameras = [_camera(path, each, notice) for each in video]
    name = path.stem if path.suffix.lower() == ".txt" else path.name
    name = Path(name).stem if name.lower().endswith(".qca") else name
    return rig_of(path, name, cameras, unit=unit, up=up, own_unit="mm", own_up="z", notice=notice)


def _films(camera: ElementTree.Element) -> bool:
    """Not one that sees markers only; `none` is what converted files say."""
    model = camera.get("model", "").lower()
    return camera.get("active", "1") != "0" and ("video" in model or model in ("", "none"))


def _camera(path: Path, camera: ElementTree.Element, notice: Callable[[str], None]) -> FileCamera:
    name = camera.get("serial", "")
    where = f"{path}, camera {name}"
    if camera.get("viewrotation", "0") not in ("0", ""):
        notice(f"{where}: viewrotation {camera.get('viewrotation')}: pixels of the unturned image")
    left, top, right, bottom = _numbers(camera, "fov_video", _SIDES, where)
    binned = _binned(camera, where, notice)
    pixel = SUBPIXELS * binned
    fu, fv, cu, cv, skew = (x / pixel for x in _numbers(camera, "intrinsic", _INNER, where))
    if abs(skew) > MOST_SKEW_PX:
        raise data_error(
            f"{where}: skew {skew * pixel:g}",
            f"at most {MOST_SKEW_PX * pixel:g} ({MOST_SKEW_PX} px) is wanted",
            "calibrate again",
        )
    R = np.reshape(_numbers(camera, "transform", _ROTATION, where), (3, 3))
    center = np.array(_numbers(camera, "transform", ("x", "y", "z"), where))
    R = _FLIP @ R
    return checked_camera(
        path,
        name,
        K=[[fu, skew, cu - left / binned], [0.0, fv, cv - top / binned], [0.0, 0.0, 1.0]],
        distortion=_numbers(camera, "intrinsic", _LENS, where),
        rotation=R.tolist(),
        translation=(-R @ center).tolist(),
        size=[(right - left + 1) // binned, (bottom - top + 1) // binned],
    )


def _binned(camera: ElementTree.Element, where: str, notice: Callable[[str], None]) -> int:
    """How many pixels of the sensor are one of the films, in each direction."""
    text = camera.get("video_resolution", "").strip()
    if text.lower() in ("", "n/a", "none"):
        return 1
    lines = int(text[:-1]) if re.fullmatch(r"[1-9]\d{1,4}p", text) else 0
    sensor = _lines(camera, "fov_video_max", where) or LINES
    binned = max(round(sensor / lines), 1) if lines else 0
    if binned and abs(sensor / (binned * lines) - 1) < _NEAR:
        if binned > 1:
            notice(
                f"{where}: filmed at {text} on {sensor:g} lines: {binned}x{binned} pixels of the "
                f"sensor are one, focal lengths, centre and image size are divided by {binned}"
            )
        return binned
    if lines and abs(_lines(camera, "fov_video", where) / lines - 1) < _NEAR:
        return 1  # a part of the sensor, pixel by pixel
    raise data_error(
        f"{where}: video_resolution {text[:20]!r} on a sensor of {sensor:g} lines",
        "how many pixels of the sensor are one of the film is unknown",
        f"set it to {sensor:g}p if one, to {sensor / 2:g}p if 2x2, in this file",
    )


def _lines(camera: ElementTree.Element, tag: str, where: str) -> float:
    """The shorter side, px, of a part of the sensor; 0 where it is not there."""
    if camera.find(tag) is None:
        return 0.0
    left, top, right, bottom = _numbers(camera, tag, _SIDES, where)
    return min(right - left, bottom - top) + 1


_SIDES = ("left", "top", "right", "bottom")
_INNER = ("focalLengthU", "focalLengthV", "centerPointU", "centerPointV", "skew")
_ROTATION = tuple(f"r{row}{column}" for row in "123" for column in "123")


def _numbers(
    camera: ElementTree.Element, tag: str, names: tuple[str, ...], where: str
) -> list[float]:
    """Attributes of an element of the camera; a skew or k3 that is not there is 0."""
    element = camera.find(tag)
    if element is None:
        raise data_error(f"{where}: no <{tag}>", "a calibrated camera has one", "calibrate it")
    values = []
    for name in names:
        text = element.get(name, "0" if name in ("skew", "radialDistortion3") else "")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise data_error(
                f"{where}: {tag} {name} {text[:20]!r}", "a number is wanted", "export it again"
            )
        values.append(value)
    return values
