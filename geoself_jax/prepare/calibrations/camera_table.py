"""One camera as a file gives it, its numbers checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.geometry.lenses import Lens

TURNED = 1e-2
"""R R^T may differ from the identity by so much: more is no rotation."""

_EXACT = 1e-12  # R R^T off the identity by rounding alone: left as it is
_TURN = 2 * np.pi + 1e-3  # radians; OpenCV writes at most half of it
_LARGEST = 1e12  # of any number of a camera
_COUNTS = (0, 4, 5, 8, 12, 14)


@dataclass(frozen=True)
class FileCamera:
    """x_cam = R x_world + t in the file's unit.

    Attributes:
        name: Of the camera.
        K: (3, 3).
        lens: Its distortion.
        R: (3, 3) world to camera, the nearest rotation.
        t: (3,).
        size: Width and height of the image, px; zeros where the file has none.
        rotation_error: Largest entry of R R^T - 1 as read.
    """

    name: str
    K: np.ndarray
    lens: Lens
    R: np.ndarray
    t: np.ndarray
    size: tuple[int, int]
    rotation_error: float


def checked_camera(
    source: object,
    name: str,
    *,
    K: Any,
    distortion: Any,
    rotation: Any,
    translation: Any,
    size: Any = None,
    fisheye: bool = False,
) -> FileCamera:
    """A camera from the values of a file.

    Args:
        source: The file, for messages.
        name: Of the camera.
        K: 3x3.
        distortion: Coefficients in OpenCV's order, or None.
        rotation: World to camera, 3x3 or OpenCV's vector of 3 (axis times angle).
        translation: 3 values.
        size: Width and height, or None.
        fisheye: The lens's model.

    Raises:
        GeoselfError: A value is missing or no camera's (65); the line names file and camera.
    """
    where = f"{source}, camera {name}"
    R, rotation_error = _rotation(rotation, where)
    return FileCamera(
        name=name,
        K=_intrinsics(K, where),
        lens=_lens(distortion, where, fisheye),
        R=R,
        t=numbers(translation, f"{where}: translation", (3,)),
        size=_size(size, where),
        rotation_error=rotation_error,
    )


def placed(camera: FileCamera, center: np.ndarray) -> FileCamera:
    """The camera, turned as it is, at a centre (3,) in the file's world and unit."""
    return replace(camera, t=-camera.R @ center)


def numbers(value: Any, what: str, shape: Sequence[int]) -> np.ndarray:
    """Finite float64 of `shape` (-1: any) from nested lists; rows and columns of 1 do not matter.

    Raises:
        GeoselfError: Missing, no numbers, too many or few, not finite (65).
    """
    wanted = "x".join("n" if size < 0 else str(size) for size in shape) + " numbers are wanted"
    if value is None:
        raise data_error(what, f"not there; {wanted}", "check the file's format")
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "iuf":
        raise data_error(f"{what}: {_shown(value)}", wanted, "fix the file")
    count = int(np.prod([size for size in shape if size >= 0]))
    if -1 not in shape and array.size != count:
        raise data_error(f"{what}: {array.size} numbers", wanted, "fix the file")
    if len(shape) > 1 and array.shape != tuple(shape) and array.ndim != 1:
        raise data_error(f"{what}: shape {array.shape}", wanted, "fix the file")
    array = array.astype(np.float64).reshape(shape)
    if not np.isfinite(array).all():
        raise data_error(f"{what}: {_shown(value)}", "not finite", "calibrate again")
    if (np.abs(array) > _LARGEST).any():
        raise data_error(f"{what}: {_shown(value)}", "no camera's figure", "calibrate again")
    return array


def mapping(value: Any, what: str) -> dict[str, Any]:
    """The value, a table of names.

    Raises:
        GeoselfError: It is something else (65).
    """
    if not isinstance(value, dict):
        raise data_error(f"{what}: {_shown(value)}", "a table is wanted", "check the file's format")
    return value


def fisheye_flag(value: Any, what: str) -> bool:
    """True or false as the formats write it.

    Raises:
        GeoselfError: It is something else (65).
    """
    if value in (None, False, True, 0, 1):
        return bool(value)
    raise data_error(f"{what}: {_shown(value)}", "true or false is wanted", "fix the file")


def _intrinsics(value: Any, where: str) -> np.ndarray:
    what = f"{where}: camera matrix"
    K = numbers(value, what, (3, 3))
    if not np.allclose(K[2], (0, 0, 1), rtol=0, atol=1e-6):
        if np.allclose(K[:, 2], (0, 0, 1), rtol=0, atol=1e-6):
            raise data_error(
                what,
                "its last column is 0 0 1: transposed, as of MATLAB",
                "transpose it, and the rotation, too, if that is MATLAB's",
            )
        raise data_error(f"{what}: last row {_shown(K[2])}", "0 0 1 is wanted", "fix the file")
    if not (K[0, 0] > 0 and K[1, 1] > 0):
        raise data_error(
            f"{what}: focal lengths {K[0, 0]:g} and {K[1, 1]:g}",
            "pixels above 0 are wanted",
            "fix the file",
        )
    if abs(K[1, 0]) > 1e-6:
        raise data_error(f"{what}: second row {_shown(K[1])}", "0 f c is wanted", "fix the file")
    return K


def _rotation(value: Any, where: str) -> tuple[np.ndarray, float]:
    """The nearest rotation, and how far the value was from being one."""
    what = f"{where}: rotation"
    flat = value if value is None else _size_of(value)
    if flat == 3:
        vector = numbers(value, what, (3,))
        if np.linalg.norm(vector) > _TURN:
            raise data_error(
                f"{what}: {_shown(value)}",
                "a vector of axis times angle in radians is wanted, at most a whole turn long: "
                "are these degrees, or Euler angles?",
                "write it as 3x3, world to camera",
            )
        from scipy.spatial.transform import Rotation  # slow to import, and few files need it

        return Rotation.from_rotvec(vector).as_matrix(), 0.0
    if flat == 4:
        raise data_error(
            f"{what}: 4 numbers, a quaternion",
            "files differ in its order and direction",
            "write it as 3x3, world to camera",
        )
    R = numbers(value, what, (3, 3))
    off = float(np.abs(R @ R.T - np.eye(3)).max())
    if off > TURNED:
        raise data_error(
            f"{what}: R R^T is {off:.2g} off the identity", "not a rotation", "calibrate again"
        )
    if np.linalg.det(R) < 0:
        raise data_error(
            f"{what}: determinant -1",
            "mirrored camera: axes are x right, y down, z forward",
            "flip one axis of R and t, or export with right-handed axes",
        )
    if off < _EXACT:
        return R, off
    left, _, right = np.linalg.svd(R)
    return left @ right, off


def _size_of(value: Any) -> int:
    try:
        return np.asarray(value).size
    except (ValueError, OverflowError):
        return 0


def _lens(value: Any, where: str, fisheye: bool) -> Lens:
    what = f"{where}: distortion"
    coefficients = numbers([] if value is None else _flat(value), what, (-1,))
    count = len(coefficients)
    if fisheye:
        if count not in (0, 4):
            raise data_error(
                f"{what}: {count} coefficients", "a fisheye's are k1 k2 k3 k4", "fix the file"
            )
        return Lens(tuple(coefficients.tolist()), fisheye=True)
    if count == 14 and not coefficients[12:].any():
        coefficients = coefficients[:12]
    elif count not in _COUNTS:
        raise data_error(
            f"{what}: {count} coefficients",
            "OpenCV has 0, 4, 5, 8, 12 or 14: k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4 taux tauy",
            "fix the file",
        )
    return Lens(tuple(coefficients.tolist()))


def _flat(value: Any) -> Any:
    """Rows of a column or row vector in one list."""
    if isinstance(value, list) and any(isinstance(each, list) for each in value):
        return [x for each in value for x in (each if isinstance(each, list) else [each])]
    return value if isinstance(value, list | tuple | np.ndarray) else [value]


def _size(value: Any, where: str) -> tuple[int, int]:
    if value is None:
        return 0, 0
    what = f"{where}: image size"
    size = numbers(value, what, (2,))
    if (size != np.round(size)).any() or (size < 0).any() or (size > 1e6).any():
        raise data_error(
            f"{what}: {_shown(value)}", "width and height in pixels are wanted", "fix the file"
        )
    return int(size[0]), int(size[1])


def _shown(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def odd_camera(source: object, name: object) -> GeoselfError:
    """An entry that is no camera (65)."""
    return data_error(
        f"{source}: {_shown(name)}", "not a camera's table", "check the file's format"
    )


def camera_name(path: Path, table: dict[str, Any]) -> str:
    """`name` of a camera's table, which may be a number.

    Raises:
        GeoselfError: It is neither text nor a whole number (65).
    """
    name = table.get("name")
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    if not isinstance(name, str):
        raise odd_camera(f"{path}: name of a camera", name)
    return name
