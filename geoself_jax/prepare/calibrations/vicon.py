"""Vicon's .xcp: XML, a <Camera> each, millimetres, z up.

`DEVICEID` names the camera (its videos are called after it), `SENSOR_SIZE`, `PIXEL_ASPECT_RATIO`;
in its one `KeyFrame`, `FOCAL_LENGTH` and `PRINCIPAL_POINT` in pixels, `POSITION` of the camera, and
`ORIENTATION`, the quaternion (x, y, z, w) of the rotation from the world to the camera.

The lens is a correction in pixels: a detection at distance r from the principal point belongs
(1 + w0 r^2 + w1 r^4 + w2 r^6) times as far. It becomes OpenCV's polynomial, which bends the
other way, by least squares over the image. VICON_RADIAL2 is `ViconRadial2 x y w0 w1 w2`,
VICON_RADIAL `w0 w1`.

Source: the readers of Pose2Sim 0.10.49 and OpenCap for what the attributes hold. Which way the
radial terms correct was confirmed by no source and no file of a real system: a notice says so.
"""

import math
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_xml
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import FileCamera, checked_camera, placed
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import head

CLOSE_PX = 0.1
"""Pixels by which the converted lens may miss Vicon's, anywhere in the image."""

MOST_SKEW_PX = 0.5
"""Pixels by which a skew that is left out may move one: no source says its unit."""

_SAMPLES = 500


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    text = head(path)
    if path.suffix.lower() == ".xcp" and "<Camera" in text and "DEVICEID" in text:
        return "xcp with cameras by DEVICEID"
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
        GeoselfError: Not such a file, a camera that is none or moves, or a lens that no polynomial
            of OpenCV's describes (65).
    """
    found = load_xml(path).findall("Camera")
    calibrated = [each for each in found if each.find("KeyFrames/KeyFrame") is not None]
    video = [each for each in calibrated if _films(each)] or calibrated
    left = [f"{each.get('DEVICEID')} ({_kind(each)})" for each in found if each not in video]
    if left:
        notice(f"{path}: took the calibrated video cameras, left out {', '.join(left)}")
    cameras = [_camera(path, each) for each in video]
    if any(camera.lens.coefficients for camera in cameras):
        notice(
            f"{path}: Vicon's lenses, corrections in pixels, are converted to OpenCV's; no real "
            "file has confirmed how: look at inspect's residuals near the image's border"
        )
    return rig_of(
        path, path.stem, cameras, unit=unit, up=up, own_unit="mm", own_up="z", notice=notice
    )


def _kind(camera: ElementTree.Element) -> str:
    return camera.get("DISPLAY_TYPE", "") or camera.get("TYPE", "")


def _films(camera: ElementTree.Element) -> bool:
    kind = f"{camera.get('TYPE', '')} {camera.get('DISPLAY_TYPE', '')}".lower()
    return "video" in kind or "vue" in kind


def _camera(path: Path, camera: ElementTree.Element) -> FileCamera:
    name = camera.get("DEVICEID", "")
    where = f"{path}, camera {name}"
    frames = camera.findall("KeyFrames/KeyFrame")
    if len(frames) > 1:
        raise data_error(
            f"{where}: {len(frames)} key frames", "a camera that moves has no rig", "leave it out"
        )
    (focal,) = _numbers(frames[0], "FOCAL_LENGTH", 1, where)
    middle = _numbers(frames[0], "PRINCIPAL_POINT", 2, where)
    size = _numbers(camera, "SENSOR_SIZE", 2, where)
    (aspect,) = _numbers(camera, "PIXEL_ASPECT_RATIO", 1, where)
    (skew,) = _numbers(camera, "SKEW", 1, where) if "SKEW" in camera.attrib else (0.0,)
    if aspect <= 0 or focal <= 0:
        raise data_error(
            f"{where}: focal length {focal:g}, aspect ratio {aspect:g}",
            "above 0 is wanted",
            "calibrate again",
        )
    if abs(skew) * max(1.0, *size) > MOST_SKEW_PX:
        raise data_error(
            f"{where}: skew {skew:g}",
            f"its unit is unknown, and only where it moves no pixel by {MOST_SKEW_PX} px in any is "
            "it left out",
            "calibrate again",
        )
    from scipy.spatial.transform import Rotation  # slow to import, and few files need it

    turn = _numbers(frames[0], "ORIENTATION", 4, where)
    if not 0.99 < math.hypot(*turn) < 1.01:
        raise data_error(f"{where}: ORIENTATION {turn}", "no unit quaternion", "calibrate again")
    reach = math.hypot(*(max(m, s - m) for m, s in zip(middle, size, strict=True)))
    one = checked_camera(
        path,
        name,
        K=[[focal, 0.0, middle[0]], [0.0, focal / aspect, middle[1]], [0.0, 0.0, 1.0]],
        distortion=_opencv(_radial(frames[0], middle, where), focal, reach, where),
        rotation=Rotation.from_quat(turn).as_matrix().tolist(),
        translation=[0.0, 0.0, 0.0],
        size=size,
    )
    return placed(one, np.array(_numbers(frames[0], "POSITION", 3, where)))


def _radial(frame: ElementTree.Element, middle: list[float], where: str) -> list[float]:
    """The correction w0 w1 w2 about the principal point."""
    text = frame.get("VICON_RADIAL2")
    if text is None:
        return [*_numbers(frame, "VICON_RADIAL", 2, where), 0.0]
    words = text.split()
    values = _parsed(" ".join(words[1:]), 5)
    if values is None or words[0] != "ViconRadial2":
        raise data_error(
            f"{where}: VICON_RADIAL2 {text[:60]}", "ViconRadial2 x y w0 w1 w2 is wanted", "fix it"
        )
    if any(values[2:]) and math.dist(values[:2], middle) > CLOSE_PX:
        raise data_error(
            f"{where}: a lens about {values[0]:g} {values[1]:g}",
            f"not about the principal point {middle[0]:g} {middle[1]:g}",
            "calibrate again, or undistort the videos and set the three radial numbers to 0",
        )
    return values[2:]


def _opencv(radial: list[float], focal: float, reach: float, where: str) -> list[float]:
    """OpenCV's k1 k2 p1 p2 k3 of a correction in pixels, up to `reach` pixels off the middle."""
    if not any(radial):
        return []
    seen = np.linspace(0, reach, _SAMPLES + 1)[1:]
    ray = seen * (1 + np.polynomial.polynomial.polyval(seen**2, [0.0, *radial])) / focal
    if (np.diff(ray, prepend=0) > 0).all() and np.isfinite(ray).all():
        powers = ray[:, None] ** [2, 4, 6] * ray[:, None] * focal
        k1, k2, k3 = np.linalg.lstsq(powers, seen - ray * focal, rcond=None)[0].tolist()
        if np.abs(powers @ [k1, k2, k3] - (seen - ray * focal)).max() < CLOSE_PX:
            return [k1, k2, 0.0, 0.0, k3]
    raise data_error(
        f"{where}: radial {radial}",
        f"no lens of OpenCV's is within {CLOSE_PX} px of it in the whole image",
        "undistort the videos and set the three radial numbers to 0",
    )


def _numbers(element: ElementTree.Element, key: str, count: int, where: str) -> list[float]:
    text = element.get(key, "")
    values = _parsed(text, count)
    if values is None:
        raise data_error(
            f"{where}: {key} {text[:60]!r}", f"numbers are wanted, {count}", "export it again"
        )
    return values


def _parsed(text: str, count: int) -> list[float] | None:
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        return None
    return values if len(values) == count and all(map(math.isfinite, values)) else None
