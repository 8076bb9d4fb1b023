"""A session's calibration, where the input is a part of the session: in the folders above it."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from geoself_jax.core.errors import data_error
from geoself_jax.prepare.calibrations import (
    FOLDERS,
    SUFFIXES,
    broken_calibration,
    recognize_calibration,
)
from geoself_jax.prepare.calibrations.dlt_coefficients import ENDS
from geoself_jax.prepare.person_folder import recording_of

LEVELS = 2
"""Folders above an input that are looked into: session/person/trial."""

_FOLDERS = ("calib", "calibration", "calibrations", "camera", "cameras", "intri", "extri")
_NAMED = ("calib", "camera", "intri", "extri", "dannce")
_ENDS = (".qca.txt", ".xcp", ".calibration", *ENDS)
_MOST = 1000  # entries of a folder that are looked at


def calibration_above(root: Path) -> Path | None:
    """The calibration in the nearest folder above an input; None where there is none.

    Only files and folders that are called like one are looked into: others are not the session's.

    Args:
        root: The input.

    Raises:
        GeoselfError: There are several in that folder (65).
    """
    recording = recording_of(root.absolute())
    within = root.absolute().parents[: len(root.absolute().parts) - len(recording.parts)]
    for level in (*within, *recording.parents[:LEVELS]):
        found = list(_in(level))
        if len(found) > 1 and _one_a_camera(found):
            return _as_written(root, level)
        if len(found) > 1:
            listed = ", ".join(str(_as_written(root, path)) for path in found[:6])
            raise data_error(
                f"{root}: {len(found)} calibrations above it", listed, "name one: --calibration="
            )
        if found:
            return _as_written(root, found[0])
    return None


def _in(level: Path) -> Iterator[Path]:
    for path in islice(sorted(level.iterdir()), _MOST):
        name = path.name.lower()
        if path.is_dir():
            taken = name in _FOLDERS and _holds(path)
        else:
            taken = path.is_file() and (name.endswith(_ENDS) or _called(name)) and _is(path)
        if taken:
            yield path


def _called(name: str) -> bool:
    return name.endswith(SUFFIXES) and any(word in name for word in _NAMED)


def _is(path: Path) -> bool:
    return bool(recognize_calibration(path)) or broken_calibration(path) is not None


def _holds(folder: Path) -> bool:
    files = (path for path in islice(sorted(folder.iterdir()), _MOST) if path.is_file())
    ends = (path for path in files if path.name.lower().endswith(SUFFIXES))
    return bool(recognize_calibration(folder)) or any(map(_is, ends))


def _one_a_camera(found: list[Path]) -> bool:
    return all(
        set(recognize_calibration(path)) <= set(FOLDERS) and path.is_file() for path in found
    )


def _as_written(root: Path, path: Path) -> Path:
    """The path as the user would name it, next to how the input was named."""
    if root.is_absolute():
        return path
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
