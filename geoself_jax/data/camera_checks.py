"""What the cameras of a recording must be: finite numbers, intrinsic matrices and rotations."""

from collections.abc import Mapping

import numpy as np

from geoself_jax.core.errors import data_error

ROTATION_ACCEPTED = 1e-5
ROTATION_PROJECTED = 1e-2

FARTHEST_ORIGIN = 1e4
"""Times the cameras' distance from their middle: there single precision rounds to 1/2000 of it."""


def check_cameras(source: str, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Checks that cameras are finite, K is an intrinsic matrix and R a rotation; returns R.

    Where R R^T is off by more than `ROTATION_ACCEPTED` (numbers printed with few digits) R becomes
    the nearest rotation. Errors above `ROTATION_PROJECTED` and mirrored axes are refused.

    Args:
        source: Name for error messages.
        arrays: As in the file, after `check_shapes`.

    Returns:
        (rigs, views, 3, 3) rotation from world axes to camera axes, float64.

    Raises:
        GeoselfError: A camera is invalid (65).
    """
    R, K = np.asarray(arrays["R"], np.float64), arrays["K"]
    for name in ("K", "R", "center", "dist", "image_size"):
        if name in arrays and not np.isfinite(arrays[name]).all():
            place = first_place(~np.isfinite(arrays[name]))
            raise data_error(
                f"{source}: {name} of {camera_at(arrays, place)} is not finite",
                "wanted numbers",
                "fix the calibration",
            )
    flat = (K[..., 0, 0] <= 0) | (K[..., 1, 1] <= 0) | (K[..., 1, 0] != 0)
    flat |= (K[..., 2, :] != [0, 0, 1]).any(-1)
    if flat.any():
        raise data_error(
            f"{source}: K of {camera_at(arrays, first_place(flat))} is "
            f"{np.round(K[first_place(flat)], 2).tolist()}",
            "wanted [[fx, s, cx], [0, fy, cy], [0, 0, 1]] in pixels with fx, fy > 0",
            "fix the calibration",
        )
    mirrored = np.linalg.det(R) < 0
    if mirrored.any():
        raise data_error(
            f"{source}: R of {camera_at(arrays, first_place(mirrored))} has determinant "
            f"{np.linalg.det(R[first_place(mirrored)]):.3f}",
            "a mirrored camera: wanted a rotation, determinant +1",
            "use x right, y down, z forward for the camera's axes",
        )
    fault = np.abs(R @ np.swapaxes(R, -1, -2) - np.eye(3)).max((-1, -2))
    if (fault > ROTATION_PROJECTED).any():
        place = first_place(fault > ROTATION_PROJECTED)
        raise data_error(
            f"{source}: R of {camera_at(arrays, place)} is not orthonormal, "
            f"off by {fault[place]:.2g}",
            "wanted R R^T = 1",
            "fix the calibration",
        )
    _check_origin(source, arrays)
    U, _, Vt = np.linalg.svd(R)
    return np.where((fault > ROTATION_ACCEPTED)[..., None, None], U @ Vt, R)


def _check_origin(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Refuses a world whose origin is so far away that single precision loses the body."""
    for rig, center in enumerate(np.asarray(arrays["center"], np.float64)):
        middle = np.median(center, axis=0)
        reach = float(np.median(np.linalg.norm(center - middle, axis=-1)))
        away = float(np.linalg.norm(middle))
        if len(center) > 1 and reach > 0 and away > FARTHEST_ORIGIN * reach:
            raise data_error(
                f"{source}: the world's origin is {away:.3g} m from the cameras of rig "
                f"{arrays['rig_names'][rig]}, which stand {reach:.3g} m apart",
                "poses are kept in single precision, which would lose the body there",
                f"subtract about {np.round(middle, 3).tolist()} from center and pose_world",
            )


def first_place(bad: np.ndarray) -> tuple[int, ...]:
    """The index of the first True.

    Args:
        bad: With at least one.
    """
    return tuple(int(i) for i in np.argwhere(bad)[0])


def camera_at(arrays: Mapping[str, np.ndarray], place: tuple[int, ...]) -> str:
    """The rig and the camera of a place in an array (rigs, views, ...), in words.

    Args:
        arrays: As in the file.
        place: Its index.
    """
    rig, view = place[:2]
    return f"rig {arrays['rig_names'][rig]}, camera {arrays['camera_names'][view]}"
