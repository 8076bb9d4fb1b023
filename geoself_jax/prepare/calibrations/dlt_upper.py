"""DLT coefficients of pixels counted downwards from the upper left corner, `*dltCoefs.csv`.

Of DLTdv8, whose images are shown with `ydir` reversed, of its DLTcal8 and of what its menu flips;
MATLAB's first pixel is 1.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from geoself_jax.core.notices import silent
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.dlt_coefficients import dlt_rig, is_table, of_argus


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if is_table(path) and not of_argus(path):
        return "11 rows of numbers, from DLTdv8, DLTcal8 or easyWand6"
    return None


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    image_size: Mapping[str, tuple[int, int]] | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig.

    Args:
        path: The file.
        unit: Of its world, that of the wand or frame; required, as the file does not say it.
        up: Of its world; None takes the images', with a notice.
        image_size: Width and height by camera; under "" of all.
        notice: Receives one line for each of what is assumed.

    Raises:
        GeoselfError: Not such a file, a camera that is none, no unit (65).
    """
    return dlt_rig(path, lower=False, unit=unit, up=up, image_size=image_size or {}, notice=notice)
