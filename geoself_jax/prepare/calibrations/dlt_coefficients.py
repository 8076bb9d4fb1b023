"""Direct linear transforms of 11 coefficients: a table of numbers, a column a camera.

u = (L1 X + L2 Y + L3 Z + L4) / (L9 X + L10 Y + L11 Z + 1), v = (L5 X + ... + L8) / (the same); no
names, no unit, no lens, no image size. Which corner pixels are counted from is not in it either:
`dlt_lower` and `dlt_upper` are the two kinds.

Sources: DLTcal5.m, DLTcal8.m, dlt_inverse.m and DLTdv8a of github.com/tlhedrick/dltdv; tools.py,
sbaDriver.py and DLCclicker.py of github.com/kilmoretrout/argus_gui; dlc2dlt.py of
github.com/backyardbiomech/DLCconverterDLT; of easyWand6's corner only what others say. A file of
easyWand in github.com/thejasvibr/projectushichka is read as one of `dlt_lower`: its focal lengths
and principal points are those of the profile next to it, and upwards in its images is z.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_text
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import FileCamera, checked_camera, numbers
from geoself_jax.prepare.calibrations.units_and_axes import UNUSED, rig_of
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.missing_flag import MissingFlag

ENDS = ("dltcoefs.csv", "dlt-coefficients.csv")
"""Of the names that DLTcal, easyWand and Argus give."""

COUNT = 11
"""Coefficients of a camera."""

_ARGUS, _EXPORTED = "dlt-coefficients.csv", "exported_dltcoefs.csv"
_NAMED = re.compile(r"dlt[-_ ]?coef", re.IGNORECASE)
_LARGEST = 1 << 20  # bytes
_CROSSING = 0.03  # of lines: least eigenvalue of mean(1 - d d^T), of two that are 20 degrees apart
_ROUNDED = 1e-12  # of fx: no skew, but what a decomposition leaves of none
_SINGULAR = 1e-12  # determinant of rows of length 1
_SKEW, _ASPECT, _OFF = 0.02, 0.05, 0.2  # of fx; of fx / fy - 1; of the image, from its middle
_MIRROR = np.diag([-1.0, 1, 1])

Sizes = Mapping[str, tuple[int, int]]
"""Width and height by camera; under "" of all."""


class _Seen(NamedTuple):
    """The cameras' matrices.

    Attributes:
        P: (V, 3, 4), pixels as the package counts them; a point that is seen has a positive depth.
        mirrored: Whether the file's world is left-handed.
        behind: Indices of cameras that have the world's origin behind them.
    """

    P: np.ndarray
    mirrored: bool
    behind: np.ndarray


def of_argus(path: Path) -> bool:
    """Whether the file is called as Argus's: lower left corner, columns counted from 0."""
    return path.name.lower().endswith(_ARGUS)


def exported(path: Path) -> bool:
    """Whether the file is called as the export of DLTdv8, whose pixels are of the upper corner."""
    return path.name.lower() == _EXPORTED


def is_called_so(path: Path) -> bool:
    """Whether the file's name is that of coefficients."""
    return path.suffix.lower() in (".csv", ".txt") and bool(_NAMED.search(path.name))


def is_table(path: Path) -> bool:
    """Whether a file that is called so holds 11 rows of numbers: others may, of other things."""
    if not is_called_so(path):
        return False
    rows = [_words(line) for line in head(path).splitlines() if line.strip()]
    fits = len(rows) == COUNT and {len(row) for row in rows} == {len(rows[0])}
    return fits and all(_is_number(word) for row in rows for word in row)


def dlt_rig(
    path: Path,
    *,
    lower: bool,
    unit: str | None,
    up: str | None,
    image_size: Sizes,
    notice: Callable[[str], None],
) -> Rig:
    """The rig of a table, its cameras called cam1, cam2, ... by their columns.

    Args:
        path: The file.
        lower: Whether v is counted from the lower edge: needs the images' heights.
        unit, up: Of its world.
        image_size: Of the cameras.
        notice: Receives a line for what is assumed.

    Raises:
        GeoselfError: Not such a table, a camera that is none, no height or unit (65).
    """
    table = _table(path)
    names = [f"cam{i + 1}" for i in range(table.shape[1])]
    sizes = [image_size.get(name, image_size.get("", (0, 0))) for name in names]
    how = "0, as in Argus's, by its name" if of_argus(path) else "1, as in MATLAB's programs"
    notice(
        f"{path}: has no names and no lens: its columns are taken for {names[0]} to {names[-1]}, "
        f"the detections for those of undistorted images, and its pixels to count from {how}"
    )
    seen = _facing(path, _downwards(path, table, sizes, lower), names)
    if unit != UNUSED:
        _say(path, seen, names, notice)
    cameras = [_camera(path, *each) for each in zip(names, seen.P, sizes, strict=True)]
    for camera in cameras:
        _say_odd(path, camera, notice)
    return rig_of(
        path,
        path.stem,
        cameras,
        unit=unit,
        up=up,
        own_unit=None,
        own_up=None,
        notice=notice,
        counted=True,
    )


def _words(line: str) -> list[str]:
    return re.split(r"\s*[,\t]\s*|\s+", line.strip())


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _table(path: Path) -> np.ndarray:
    """(11, V) coefficients."""
    lines = load_text(path, max_bytes=_LARGEST).split("\n")
    rows = [(number, _words(line)) for number, line in enumerate(lines, 1) if line.strip()]
    for number, row in rows:
        wrong = next((word for word in row if not _is_number(word)), None)
        if wrong is not None:
            raise data_error(
                f"{path}, line {number}: {wrong[:40]!r}",
                "DLT coefficients are numbers alone, 11 rows, a column a camera",
                "take out what is no number",
            )
        if len(row) != len(rows[0][1]):
            raise data_error(
                f"{path}, line {number}: {len(row)} numbers",
                f"{len(rows[0][1])} are wanted as in the first row, one a camera",
                "fix the file",
            )
    _check_rows(path, len(rows), len(rows[0][1]) if rows else 0)
    columns = zip(*(map(float, row) for _, row in rows), strict=True)
    cameras = (
        numbers(list(column), f"{path}, camera cam{i}: coefficients", (COUNT,))
        for i, column in enumerate(columns, 1)
    )
    return np.stack(list(cameras), -1)


def _check_rows(path: Path, rows: int, columns: int) -> None:
    wanted = "DLT coefficients are 11 rows, a column a camera"
    what = f"{path}: {rows} rows of {columns} numbers"
    if rows == COUNT:
        return
    if columns == COUNT:
        raise data_error(f"{what}, a row a camera", wanted, "transpose the table")
    if rows == 8:
        raise data_error(f"{what}: of a plane", f"{wanted}; 8 have no third axis", "calibrate 3D")
    raise data_error(what, wanted, "fix the file, or calibrate again")


def _downwards(
    path: Path, table: np.ndarray, sizes: list[tuple[int, int]], lower: bool
) -> np.ndarray:
    """(V, 3, 4), in pixels that are counted from the centre of the upper left one, downwards.

    MATLAB counts the first pixel as 1; upwards, v of the last row is 1. Argus, reading what
    DeepLabCut found, leaves u and takes the height minus v.
    """
    P = np.concatenate([table, np.ones((1, table.shape[1]))]).T.reshape(-1, 3, 4)
    first = 0.0 if of_argus(path) else 1.0
    moved = np.tile(np.eye(3), (len(P), 1, 1))
    moved[:, 0, 2] = -first
    if not lower:
        moved[:, 1, 2] = -first
        return np.asarray(moved @ P)
    if any(min(size) <= 0 for size in sizes):
        raise MissingFlag(
            f"{path}: counts rows from the lower edge",
            "the images' heights are not in the file",
            "give --image-size=WIDTHxHEIGHT; prepare also takes --image-size=cam1=WIDTHxHEIGHT",
        )
    moved[:, 1, 1], moved[:, 1, 2] = -1, [size[1] for size in sizes]
    return np.asarray(moved @ P)


def _facing(path: Path, P: np.ndarray, names: list[str]) -> _Seen:
    """The matrices, their signs such that what is filmed is in front; x negated if mirrored.

    The sign says where a camera looks, and its determinant then whether the world is mirrored,
    which is one answer for all. The file has the world's origin in front of each; where the
    cameras' axes cross somewhere, that place is in front.
    """
    M = P[:, :, :3]
    turn = np.linalg.det(M / np.linalg.norm(M, axis=-1, keepdims=True).clip(1e-300))
    for name, size in zip(names, turn, strict=True):
        if abs(size) < _SINGULAR:
            raise data_error(
                f"{path}, camera {name}: coefficients of no camera",
                "L1 to L3, L5 to L7 and L9 to L11 do not span three directions",
                "calibrate this camera, or take its column out",
            )
    origin = np.ones(len(P))
    for front in (_front(P), origin):
        handed = np.sign(turn) * front
        if (handed == handed[0]).all():
            break
    else:
        apart = ", ".join(n for n, s in zip(names, handed, strict=True) if s != handed[0])
        raise data_error(
            f"{path}: the world of camera {apart} is mirrored to that of {names[0]}",
            "one calibration has one world: are they of two, or of pixels of two corners, or is "
            "the origin behind a camera?",
            "calibrate all at once, with the origin in what they film",
        )
    P = P * front[:, None, None]
    if handed[0] < 0:
        P = P @ np.diag([-1.0, 1, 1, 1])
    return _Seen(P, bool(handed[0] < 0), np.flatnonzero(front < 0))


def _front(P: np.ndarray) -> np.ndarray:
    """(V,) signs by which the place where the cameras' axes cross is in front; 1 if they do not."""
    M, p = P[:, :, :3], P[:, :, 3]
    center = -np.linalg.solve(M, p[..., None])[..., 0]
    axis = M[:, 2] / np.linalg.norm(M[:, 2], axis=-1, keepdims=True)
    across = np.eye(3) - axis[:, :, None] * axis[:, None]
    total = across.mean(0)
    if np.linalg.eigvalsh(total)[0] < _CROSSING:
        return np.ones(len(P))
    place = np.linalg.solve(total, np.einsum("vij,vj->vi", across, center).mean(0))
    return np.where(M[:, 2] @ place + p[:, 2] < 0, -1.0, 1.0)


def _say(path: Path, seen: _Seen, names: list[str], notice: Callable[[str], None]) -> None:
    if seen.mirrored:
        notice(
            f"warning: {path}: its world is mirrored (left-handed), or its pixels are of the other "
            "corner; x is negated, so that bodies are not mirrored; --up is of the world with x "
            "negated"
        )
    if seen.behind.size:
        listed = ", ".join(names[i] for i in seen.behind)
        notice(
            f"warning: {path}: the world's origin is behind {listed}: taken to look where the "
            "cameras' axes cross"
        )


def _camera(path: Path, name: str, P: np.ndarray, size: tuple[int, int]) -> FileCamera:
    """The camera of a (3, 4) matrix whose 3x3 part has a positive determinant."""
    # M = K R: of the rows in reverse, R^T and K come by an orthogonal decomposition.
    Q, upper = np.linalg.qr(P[::-1, :3].T)
    K, R = upper.T[::-1, ::-1], Q.T[::-1]
    signs = np.sign(np.diag(K))
    K, R = K * signs, signs[:, None] * R
    t = np.linalg.solve(K, P[:, 3])
    K = np.where(np.abs(K) < _ROUNDED * K[0, 0], 0, K / K[2, 2])
    return checked_camera(
        path,
        name,
        K=K,
        distortion=None,
        rotation=R,
        translation=t,
        size=size,
    )


def _say_odd(path: Path, camera: FileCamera, notice: Callable[[str], None]) -> None:
    """Warns of what a camera's sensor and lens are not: a sign of bad coefficients."""
    (fx, skew, cx), (_, fy, cy) = camera.K[:2]
    odd = []
    if abs(skew) > _SKEW * fx:
        odd.append(f"skew {skew:.3g} px")
    if abs(fx / fy - 1) > _ASPECT:
        odd.append(f"focal lengths {fx:.5g} and {fy:.5g} px")
    sides = np.array(camera.size, float)
    if sides.all() and (np.abs(np.array([cx, cy]) / sides - 0.5) > _OFF).any():
        odd.append(f"principal point {cx:.4g}, {cy:.4g} of {sides[0]:.0f}x{sides[1]:.0f} px")
    if odd:
        notice(
            f"warning: {path}, camera {camera.name}: {', '.join(odd)}: another corner of the "
            "pixels, another image size, or too few points to calibrate from"
        )
