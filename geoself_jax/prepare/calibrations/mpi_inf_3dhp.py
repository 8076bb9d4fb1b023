"""MPI-INF-3DHP's camera.calibration: text, 7 lines a camera, millimetres, y up, no distortion.

A line of heading, then for each camera: name, sensor, size, animated, intrinsic (4x4, row after
row), extrinsic (4x4, x_cam = R x + t), radial. Source: the layout as mmpose's converter reads it.
"""

from collections.abc import Callable
from pathlib import Path

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_text
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import FileCamera, checked_camera
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import head

_KEYS = ("name", "sensor", "size", "animated", "intrinsic", "extrinsic", "radial")


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    starts = [line.split()[0] for line in head(path).splitlines()[1:8] if line.split()]
    return "text with 7 lines a camera, intrinsic and extrinsic" if starts == list(_KEYS) else None


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig of a sequence, its cameras named "0" to "13".

    Args:
        path: The file.
        unit, up: Of its world; None for millimetres and y.
        notice: Receives one line for each correction or oddity.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65); the line is named.
    """
    lines = [
        (number, line.split())
        for number, line in enumerate(load_text(path).splitlines(), 1)
        if line.strip()
    ][1:]
    cameras = [
        _camera(path, lines[start : start + len(_KEYS)])
        for start in range(0, len(lines), len(_KEYS))
    ]
    name = path.stem
    return rig_of(path, name, cameras, unit=unit, up=up, own_unit="mm", own_up="y", notice=notice)


def _camera(path: Path, lines: list[tuple[int, list[str]]]) -> FileCamera:
    for (number, words), key in zip(lines, _KEYS, strict=False):
        if words[0] != key or len(words) < 2:
            raise data_error(
                f"{path}, line {number}: {' '.join(words)[:40]}",
                f"the line of {key} is wanted here",
                "take the file as it was published",
            )
    if len(lines) < len(_KEYS):
        raise data_error(
            f"{path}: ends in the middle of a camera",
            f"{', '.join(_KEYS)} are wanted",
            "take the file as it was published",
        )
    name = lines[0][1][1]
    if any(radial != 0 for radial in _floats(path, *lines[6])):
        raise data_error(
            f"{path}, camera {name}: radial {' '.join(lines[6][1][1:])}",
            "the published cameras have 0 and this lens model is not known",
            "take the file as it was published",
        )
    intrinsic, extrinsic = (_matrix(path, *line) for line in lines[4:6])
    return checked_camera(
        path,
        name,
        K=[row[:3] for row in intrinsic[:3]],
        distortion=None,
        rotation=[row[:3] for row in extrinsic[:3]],
        translation=[row[3] for row in extrinsic[:3]],
        size=_floats(path, *lines[2]),
    )


def _matrix(path: Path, number: int, words: list[str]) -> list[list[float]]:
    values = _floats(path, number, words)
    if len(values) != 16:
        raise data_error(
            f"{path}, line {number}: {words[0]} has {len(values)} numbers",
            "a 4x4 matrix is wanted",
            "take the file as it was published",
        )
    return [values[row : row + 4] for row in range(0, 16, 4)]


def _floats(path: Path, number: int, words: list[str]) -> list[float]:
    try:
        return [float(word) for word in words[1:]]
    except ValueError as error:
        raise data_error(
            f"{path}, line {number}: {' '.join(words)[:40]}", "numbers are wanted", "fix the line"
        ) from error
