"""Asks for the flags that all calibrations of the inputs need, before detections are looked for."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.notices import silent
from geoself_jax.prepare.calibration_above import calibration_above
from geoself_jax.prepare.find_recordings import DEPTH, calibrations_in, entries
from geoself_jax.prepare.merge_rigs import check_image_sizes
from geoself_jax.prepare.missing_flag import MissingFlag
from geoself_jax.prepare.rig_options import RigOptions, read_rig


def ask_first(inputs: Sequence[Path], own: RigOptions) -> None:
    """Asks for a unit or an image size, if no calibration has it that may be a recording's.

    Looking for detections takes half a second for each HDF5 file.

    Args:
        inputs: Folders, or trees of them.
        own: About the recordings; a calibration that it names is that of all.

    Raises:
        MissingFlag: One is needed (65).
        GeoselfError: The calibration that is named cannot be read (64, 65, 66).
    """
    if own.calibration is not None:
        _check(own, None)
        return
    missing = None
    for folder in (place for root in inputs for place in _places(root)):
        try:
            _check(own, folder)
        except MissingFlag as error:
            missing = missing or error
        except GeoselfError:
            continue  # said where the recording is read
        else:
            return
    if missing is not None:
        raise missing


def _check(own: RigOptions, folder: Path | None) -> None:
    rig = read_rig(own, folder, silent)
    if (rig.image_size <= 0).any(-1).all():
        check_image_sizes(rig)


def _places(root: Path) -> Iterator[Path]:
    """Folders with a calibration in an input; else the one above it."""
    below = _below(root) if root.is_dir() else iter(())
    nearest = next(below, None)
    if nearest is not None:
        yield nearest
        yield from below
        return
    try:
        above = calibration_above(root)
    except GeoselfError:
        return  # several: said where the recording is read
    if above is not None:
        yield above


def _below(folder: Path) -> Iterator[Path]:
    """Folders with a calibration, the upper ones first."""
    level = [folder]
    for _ in range(DEPTH + 1):
        yield from (each for each in level if any(calibrations_in(each)))
        level = [path for each in level for path in entries(each) if path.is_dir()]
