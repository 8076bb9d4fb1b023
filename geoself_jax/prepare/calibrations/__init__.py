"""Calibrations as the programs write them, each read into a `Rig`; one module a format.

Each module has `recognize(path) -> str | None`, the reason why a file looks like its format, and
`read(path, *, unit, up, notice) -> Rig`. In a folder, files of `SUFFIXES` are looked at.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from geoself_jax.core.errors import (
    DATA,
    GeoselfError,
    data_error,
    missing_error,
    nearest_name,
    usage_error,
)
from geoself_jax.core.notices import silent
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations import dannce, opencv
from geoself_jax.prepare.calibrations.dlt_coefficients import ENDS
from geoself_jax.prepare.calibrations.jarvis import half
from geoself_jax.prepare.calibrations.units_and_axes import UNUSED
from geoself_jax.prepare.calibrations.unreadable import broken, names_in, refusal
from geoself_jax.prepare.first_bytes import FRAMES

CALIBRATIONS = {
    name: f"{__name__}.{name}"
    for name in (
        *("native", "pose2sim", "anipose", "caliscope", "panoptic", "aist", "karfly"),
        *("mpi_inf_3dhp", "qualisys", "vicon", "fit3d", "voxelpose", "opencap", "biocv"),
        *("jarvis", "dannce", "dlt_lower", "dlt_upper", "opencv"),
    )
}
"""Module of each format."""

SIZED = ("dlt_lower", "dlt_upper")
"""Formats that are read by the images' sizes."""

FOLDERS = ("opencv", "fit3d", "opencap", "biocv", "jarvis", "dannce")
"""Formats of which a folder can be one calibration: a file for each camera."""

_Candidate = tuple[Path, str, str]  # a file or folder, its format, why it is of that
_PAIR = "folder with "  # how the reason of EasyMocap's intri.yml and extri.yml starts
_ANY = {"": (1000, 1000)}  # a size by which cameras have their names
_SHOWN = 6  # calibrations that an error names

SUFFIXES = (
    *(".toml", ".json", ".yml", ".yaml", ".xml", ".calibration", ".qca.txt", ".qca", ".xcp"),
    *(".pickle", ".pkl", ".calib", ".mat", *ENDS),
)
"""Of calibration files: ends of their names."""

_MOST = 200  # files of a folder that are read


def read_calibration(
    path: Path,
    *,
    format: str = "auto",
    unit: str | None = None,
    up: str | None = None,
    name: str | None = None,
    image_size: Mapping[str, tuple[int, int]] | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig in a file, or in a folder that holds one calibration.

    Args:
        path: A file; or a folder, searched first itself and then its folders.
        format: One of `CALIBRATIONS`, or `auto`.
        unit: m, cm or mm; None for the format's own, or the file's.
        up: An axis (`z`, `-y`), three numbers (`0.1,0.2,0.97`) or `unknown`; None for the format's
            own, or the images' with a notice.
        name: Which rig, where a file holds several (`karfly`: one a subject).
        image_size: Width and height by camera, under "" of all: of formats of `SIZED`, which are
            read by them; the rigs of others are as their files say.
        notice: Receives one line for the unit, and for each thing left out, corrected or guessed.

    Raises:
        GeoselfError: No such format, unit or axis (64); nothing there (66); no or several
            calibrations, a camera that is none, or an unknown unit (65).
    """
    path = Path(path)
    if format != "auto" and format not in CALIBRATIONS:
        raise usage_error(
            f"calibration format {format!r}", "no such format", nearest_name(format, CALIBRATIONS)
        )
    if not path.exists():
        raise missing_error(str(path), "no such file or folder", "check the path")
    known = list(CALIBRATIONS) if format == "auto" else [format]
    if path.is_file() and format != "auto":
        found = path
    else:
        found, format = _found(path, known)
    if name is None:
        sized: dict[str, Any] = {}
        if format in SIZED:
            _check_sized(found, format, image_size or {})
            sized = {"image_size": image_size}
        return _module(format).read(found, unit=unit, up=up, notice=notice, **sized)
    if format != "karfly":
        raise usage_error(f"name {name!r}", f"{found} ({format}) holds one rig", "leave it out")
    return _module(format).read(found, unit=unit, up=up, notice=notice, name=name)


def _check_sized(path: Path, format: str, sizes: Mapping[str, tuple[int, int]]) -> None:
    """Refuses sizes of no camera: else those of its cameras would be asked for."""
    if any(sizes):
        read = _module(format).read
        check_named(sizes, read(path, unit=UNUSED, up="unknown", image_size=_ANY).camera_names)


def check_named(sizes: Mapping[str, tuple[int, int]], cameras: Sequence[str]) -> None:
    """Refuses an image size (64) under a name that no camera has.

    Args:
        sizes: By camera; under "" of all.
        cameras: Names in the calibration.
    """
    for name in filter(None, sizes):
        if name not in cameras:
            raise usage_error(
                f"--image-size={name}=...", "no such camera", nearest_name(name, cameras)
            )


def recognize_calibration(
    path: Path, formats: Sequence[str] = tuple(CALIBRATIONS)
) -> dict[str, str]:
    """Those of the formats that a file or folder looks like, and why.

    OpenCV's names for matrices are everyone's: they count where no other format is recognized.
    """
    reasons: dict[str, str] = {}
    for each in formats:
        if each == "opencv" and reasons:
            break
        reason = _module(each).recognize(path)
        if reason is not None:
            reasons[each] = reason
    return reasons


def _module(format: str) -> ModuleType:
    return importlib.import_module(CALIBRATIONS[format])


def _found(path: Path, known: Sequence[str]) -> tuple[Path, str]:
    """The one calibration at a path, and its format."""
    candidates = _candidates(path, known)
    if not candidates and path.is_dir():
        folders = sorted(each for each in path.iterdir() if each.is_dir())[:_MOST]
        candidates = [each for folder in folders for each in _candidates(folder, known)]
    if not candidates:
        raise _none(path, known)
    places = {file for file, _, _ in candidates}
    if len(places) == 1 < len(candidates) and candidates[0][0].is_file():
        raise data_error(
            f"{candidates[0][0]}: may be of {len(candidates)} formats",
            "; ".join(f"{format} ({why})" for _, format, why in candidates),
            "say which: "
            + " or ".join(f"--calibration-format={format}" for _, format, _ in candidates),
        )
    if len(candidates) > 1:
        raise SeveralCalibrations(path, candidates)
    file, format, _ = candidates[0]
    return file, format


class SeveralCalibrations(GeoselfError):
    """A folder holds several calibrations (65): each with its place, and what names it alone.

    Args:
        path: The folder.
        candidates: Files or folders, their formats and why they are of these.
    """

    def __init__(self, path: Path, candidates: Sequence[_Candidate]) -> None:
        shown, ways = candidates[:_SHOWN], []
        for file, format, _ in shown:
            near = [other for other, _, _ in candidates if file in (other, other.parent)]
            only = f" with --calibration-format={format}" if len(near) > 1 else ""
            ways.append(f"{file}{only}")
        super().__init__(
            f"{path}: {len(candidates)} calibrations",
            "; ".join(f"{file} is {format} ({why})" for file, format, why in shown),
            f"choose: name {' or '.join(ways)}, or keep one of them alone here",
            DATA,
        )


class NoCalibration(GeoselfError):
    """Nothing there is a calibration of a known format (65).

    Args:
        what: What there is, and what is wanted.
        do: As of `GeoselfError`.
    """

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what, "", do, DATA)


def _none(path: Path, known: Sequence[str]) -> GeoselfError:
    """The error where no calibration is: a file that is closed or broken, or what is there."""
    cause = refusal(path) or broken_calibration(path) or half(path)
    if cause is not None and path.is_file():
        return cause
    if cause is not None:
        return data_error(f"{path}: no calibration of a known format in it", str(cause), "")
    held = names_in(path) if path.is_file() else ""
    return NoCalibration(
        f"{path}{held} - no calibration of a known format ({', '.join(known)})",
        "name its file, and its format: --calibration-format=NAME",
    )


def broken_calibration(path: Path) -> GeoselfError | None:
    """The error (65) of a file that is not valid TOML, YAML, XML or JSON; None if there is none.

    Args:
        path: A file, or a folder, searched as `read_calibration` does.
    """
    if path.is_file():
        return broken([path])
    folders = [path, *sorted(each for each in path.iterdir() if each.is_dir())[:_MOST]]
    return broken([file for folder in folders for file in _files(folder)][:_MOST])


def _files(path: Path) -> list[Path]:
    """Files of a folder that have the end of a calibration's name."""
    return sorted(
        each
        for each in path.iterdir()
        if each.name.lower().endswith(SUFFIXES) and not each.name.endswith(FRAMES)
    )[:_MOST]


def _candidates(path: Path, known: Sequence[str]) -> list[_Candidate]:
    """Files, formats and reasons; a folder of one file a camera stands for its files."""
    if path.is_file():
        return _recognized(path, known)
    found = [one for file in _files(path) for one in _recognized(file, known)]
    sets = _sets(path, known, found)
    formats = {format for _, format, _ in sets}
    whole = [one for one in found if one[1] not in formats and _is_whole(one, found)]
    if sets or whole:
        return [*sets, *whole]
    return _recognized(path, [each for each in known if each in FOLDERS]) or found


def _sets(path: Path, known: Sequence[str], found: Sequence[_Candidate]) -> list[_Candidate]:
    """The folder as one calibration, by each format of which it holds more than one file.

    OpenCap's lie in folders of their own; OpenCV's count where they are of no other format.
    """
    sets = []
    for format in (each for each in known if each in FOLDERS):
        why = _module(format).recognize(path)
        files = sum(of == format for _, of, _ in found)
        several = files > 1 or (not files and (format != "opencv" or _PAIR in (why or "")))
        if why is not None and several:
            sets.append((path, format, why))
    return sets


def _is_whole(one: _Candidate, found: Sequence[_Candidate]) -> bool:
    """Whether a file is a calibration by itself, and not one of a camera among others."""
    file, format, _ = one
    if format == "dannce":  # a rig's file, or one of its cameras' next to it
        return any(of == format and dannce.is_rig(each) for each, of, _ in found)
    if format != "opencv":
        return format not in FOLDERS
    try:
        return opencv.read(file, unit="m", up="unknown").views > 1
    except GeoselfError:
        return False


def _recognized(path: Path, known: Sequence[str]) -> list[_Candidate]:
    return [(path, format, why) for format, why in recognize_calibration(path, known).items()]
