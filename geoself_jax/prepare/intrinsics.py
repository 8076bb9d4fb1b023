"""Intrinsics of cameras that stand nobody knows where: of a calibration, or by a focal length."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from geoself_jax.core.errors import (
    DATA,
    GeoselfError,
    data_error,
    missing_error,
    nearest_name,
    usage_error,
)
from geoself_jax.data.rig import Rig
from geoself_jax.geometry.lenses import Lens
from geoself_jax.prepare.calibrations import SeveralCalibrations, read_calibration
from geoself_jax.prepare.calibrations.lens_files import read_lens_files
from geoself_jax.prepare.calibrations.units_and_axes import UNUSED, rig_of
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig
from geoself_jax.prepare.merge_rigs import PLAIN
from geoself_jax.prepare.missing_flag import MissingFlag
from geoself_jax.prepare.rig_options import HUMAN36M, RigOptions, check_size

_LEAST_FOCAL, _MOST_FOCAL = 0.2, 100.0  # of the longer side: 136 degrees wide, half a degree
Sizes = Mapping[str, tuple[int, int]]


def read_intrinsics(own: RigOptions, notice: Callable[[str], None]) -> Rig | None:
    """The cameras of the calibration that is named; where they stand means nothing.

    Args:
        own: About the recording.
        notice: Receives one line where extrinsics are left out, and what reading has to say.

    Returns:
        None where no calibration is named.

    Raises:
        GeoselfError: It is missing (66) or holds no intrinsics (65).
    """
    path = own.calibration
    if path is None:
        return None
    if str(path).startswith(HUMAN36M):
        rig = human36m_rig(str(path).removeprefix(HUMAN36M))
    elif not path.exists():
        raise missing_error(f"--calibration={path}", "no such file or folder", "check the path")
    else:
        try:
            rig = read_calibration(
                path,
                format=own.calibration_format,
                unit=UNUSED,
                up="unknown",
                name=own.rig,
                image_size=own.image_size,
                notice=notice,
            )
        except SeveralCalibrations:
            raise
        except GeoselfError as error:
            cameras = read_lens_files(path) if error.code == DATA else []
            if not cameras:
                raise
            known = {"unit": UNUSED, "up": "unknown", "own_unit": None, "own_up": None}
            rig = rig_of(path, path.stem, cameras, notice=notice, **known)  # type: ignore[arg-type]
            _say_lenses(rig, notice)
            return rig
    notice(f"{path}: its intrinsics are taken; where its cameras stand is left out")
    _say_lenses(rig, notice)
    return rig


def _say_lenses(rig: Rig, notice: Callable[[str], None]) -> None:
    """Says which lenses the file cannot hold: pixels are written as without them."""
    names = [
        name
        for name, lens in zip(rig.camera_names, rig.lenses, strict=True)
        if lens.fisheye or len(lens.coefficients) > PLAIN
    ]
    if names:
        notice(
            f"the lenses of {', '.join(names)} are taken out of the pixels: what calibrate --toml "
            "writes has no lens, and is not for the detector's own files"
        )


def unplaced_rig(
    name: str, cameras: Sequence[str], given: Rig | None, own: RigOptions, held: Sizes
) -> Rig:
    """The cameras in a row, in the place of where they stand: each its own, for checks alone.

    Args:
        name: Of the rig.
        cameras: Their names; those of `given` where it is there.
        given: Their intrinsics; None takes the focal lengths of `own`, else any.
        own: About the recording.
        held: Image sizes that the detections hold, by camera that has some; 0 where they do not.

    Raises:
        GeoselfError: A flag names no camera, or not all (64); an image size is unknown (65).
    """
    _check_named("--image-size", own.image_size, cameras)
    _check_named("--focal-length", own.focal_px, cameras)
    size = _sizes(cameras, given, own, held)
    if given is None:
        K, lenses = _pinholes(cameras, own, size), (Lens(),) * len(cameras)
    else:
        K, lenses = given.K, given.lenses
        for name, focal, longer in zip(cameras, K[:, 0, 0], size.max(1), strict=True):
            if longer and not _LEAST_FOCAL * longer < focal < _MOST_FOCAL * longer:
                raise data_error(
                    f"{own.calibration}, camera {name}: focal length {focal:g}",
                    f"wanted pixels, some {round(0.8 * longer)} for images of {longer:g}",
                    "give intrinsics in pixels, of images of this size",
                )
    row = np.arange(len(cameras), dtype=np.float64)[:, None] * np.array([1.0, 0, 0])
    return Rig(
        name=name,
        camera_names=tuple(cameras),
        K=K,
        lenses=lenses,
        R=np.tile(np.eye(3), (len(cameras), 1, 1)),
        center=row,
        image_size=size,
        world_up=None,
    )


def _check_named(flag: str, by_camera: Mapping[str, object], cameras: Sequence[str]) -> None:
    for name in filter(None, by_camera):
        if name not in cameras:
            raise usage_error(f"{flag}={name}=...", "no such camera", nearest_name(name, cameras))


def _sizes(cameras: Sequence[str], given: Rig | None, own: RigOptions, held: Sizes) -> np.ndarray:
    """(V, 2): the calibration's, the user's, or the detector's."""
    sizes = np.zeros((len(cameras), 2), np.int32)
    for view, name in enumerate(cameras):
        known = given.image_size[view].tolist() if given is not None else [0, 0]
        asked = own.image_size.get(name, own.image_size.get(""))
        if asked is not None:
            check_size(name, known, asked)
        sizes[view] = asked or (known if min(known) > 0 else held.get(name, (0, 0)))
    places = zip(cameras, sizes, strict=True)
    unknown = [name for name, size in places if name in held and min(size) <= 0]
    if unknown:
        raise MissingFlag(
            f"the image size of {', '.join(unknown[:6])} is in no file",
            "wanted width and height in pixels",
            f"give --image-size=WIDTHxHEIGHT for all, or --image-size={unknown[0]}=WIDTHxHEIGHT",
        )
    return sizes


def _pinholes(cameras: Sequence[str], own: RigOptions, size: np.ndarray) -> np.ndarray:
    """(V, 3, 3) of the focal lengths, the principal point in the middle of the image."""
    K = np.zeros((len(cameras), 3, 3))
    K[:, :2, 2], K[:, 2, 2] = (size - 1) / 2, 1
    for view, name in enumerate(cameras):
        focal = own.focal_px.get(name, own.focal_px.get(""))
        if focal is None and own.focal_px:
            raise usage_error(
                f"--focal-length: none of camera {name}",
                "all have one, or none",
                f"add --focal-length={name}=PIXELS",
            )
        longer = float(size[view].max())
        if focal is not None and not _LEAST_FOCAL * longer < focal < _MOST_FOCAL * longer:
            raise usage_error(
                f"--focal-length={focal:g} of camera {name}",
                f"wanted pixels, some {round(0.8 * longer)} for images of {longer:.0f}",
                "of millimetres: pixels are those of the longer side, times mm / 36 (35 mm format)",
            )
        K[view, 0, 0] = K[view, 1, 1] = focal or longer
    return K
