"""What a user says of an own rig, and its cameras as read with that."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from geoself_jax.core.errors import GeoselfError, data_error, usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations import NoCalibration, check_named, read_calibration
from geoself_jax.prepare.calibrations.lens_files import lens_files
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig

HUMAN36M = "human36m:"
"""What a published rig's name starts with, in place of a calibration's path."""


WAY_OUT = "without any: --uncalibrated, then geoself calibrate finds the cameras"
"""What to do where there is no calibration."""


@dataclass(frozen=True)
class RigOptions:
    """What the files of a recording do not say by themselves.

    Attributes:
        calibration: File or folder of the cameras; None looks for one in each input.
        calibration_format, detections_format: `auto`, or the name of a format.
        rig: Which rig, where the calibration holds several.
        unit, up: Of the calibration's world; None as its format has it.
        camera_paths: Detections by camera name, where file names are ambiguous.
        skeleton: Of the detections; None where the file names its joints.
        person: Which of several people, see `choose_person.choose_person`.
        fps: Frames per second.
        image_size: Width and height by camera name; under "" for all cameras. For calibrations
            that have none.
        confidence_scale: The detector's largest score.
        deviation_px: Of a good joint, px, where confidences are those of the files' variances; None
            for their scores.
        trim: Where cameras have different numbers of frames, take those that all have.
        filtered: Whether to take filtered tables of detections where there are raw ones, too; None
            as the project that they are of does, else yes.
        subject, action: Names; None takes the folders'.
        subject_from: Which folder's name is the person: `{name}`, `{parent}`, `{grandparent}`.
        uncalibrated: Whether it is unknown where the cameras stand: of a calibration only the
            intrinsics are taken then.
        focal_px: Focal lengths, px, by camera name; under "" for all. Of uncalibrated cameras.
    """

    calibration: Path | None = None
    calibration_format: str = "auto"
    detections_format: str = "auto"
    rig: str | None = None
    unit: str | None = None
    up: str | None = None
    camera_paths: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    skeleton: Skeleton | None = None
    person: str = "auto"
    fps: float | None = None
    image_size: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    confidence_scale: float = 1.0
    deviation_px: float | None = None
    trim: bool = False
    filtered: bool | None = None
    subject: str | None = None
    subject_from: str | None = None
    action: str | None = None
    uncalibrated: bool = False
    focal_px: Mapping[str, float] = dataclasses.field(default_factory=dict)


def read_rig(own: RigOptions, folder: Path | None, notice: Callable[[str], None]) -> Rig:
    """The cameras: a calibration's file, `human36m:SUBJECT`, or what lies in the input folder.

    Raises:
        GeoselfError: None is named, or an image size is not the calibration's (64); missing (66) or
            bad (65).
    """
    path = own.calibration or folder
    if path is None:
        raise usage_error(
            "--calibration", "cameras are required", f"give a file, or human36m:S1; {WAY_OUT}"
        )
    if str(path).startswith(HUMAN36M):
        if own.image_size or own.unit or own.up or own.rig:
            raise usage_error(
                f"--calibration={path}",
                "the published rig has its unit, its vertical and its image sizes",
                "leave out --unit, --up, --image-size and --rig",
            )
        return human36m_rig(str(path).removeprefix(HUMAN36M))
    try:
        rig = read_calibration(
            path,
            format=own.calibration_format,
            unit=own.unit,
            up=own.up,
            name=own.rig,
            image_size=own.image_size,
            notice=notice,
        )
    except NoCalibration as error:
        raise _no_calibration(path, own, error) from error
    check_named(own.image_size, rig.camera_names)
    sizes = rig.image_size.copy()
    for view, name in enumerate(rig.camera_names):
        given = own.image_size.get(name, own.image_size.get(""))
        if given is not None:
            check_size(name, sizes[view].tolist(), given)
            sizes[view] = given
    return dataclasses.replace(rig, image_size=sizes)


def _no_calibration(path: Path, own: RigOptions, error: NoCalibration) -> GeoselfError:
    """The error with the way out: cameras are found from the joints."""
    if own.calibration is not None and lens_files(path):
        return data_error(
            f"{path}: intrinsics alone",
            "where the cameras stand is not in it",
            "add --uncalibrated, then geoself calibrate finds them from the joints",
        )
    return error if own.calibration is not None else NoCalibration(str(error), WAY_OUT)


def check_size(name: str, own: Sequence[int], given: Sequence[int]) -> None:
    """Refuses another size than the calibration's: its focal lengths and centres would be wrong.

    Args:
        name: Of the camera.
        own: Width and height in its calibration, px; 0 where it has none.
        given: The user's.

    Raises:
        GeoselfError: They contradict each other (64).
    """
    if min(own) > 0 and tuple(own) != tuple(given):
        raise usage_error(
            f"--image-size={name}={given[0]}x{given[1]}",
            f"the calibration of {name} is in the pixels of images of {own[0]}x{own[1]}",
            "leave it out: fractions of the image are read by the calibration's size; detections "
            "in the pixels of resized images need a calibration of that size",
        )
