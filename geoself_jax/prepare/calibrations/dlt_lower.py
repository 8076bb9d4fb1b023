"""DLT coefficients of pixels counted upwards from the lower left corner, `*DLTcoefs.csv`.

Of DLTdv5 to DLTdv7, DLTcal5, easyWand5 and Argus (`*-dlt-coefficients.csv`). In MATLAB the first
pixel is 1, and images are turned upside down before they are shown with `axis xy`: of a pixel
(u, v) as detectors count them the file's are (u + 1, height - v).
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from geoself_jax.core.notices import silent
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.dlt_coefficients import (
    dlt_rig,
    exported,
    is_called_so,
    is_table,
)


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if not exported(path) and is_table(path):
        return "11 rows of numbers, from DLTdv5 to 7, easyWand5 or Argus"
    broken = is_called_so(path) and path.is_file() and not is_table(path)
    return "called DLT coefficients" if broken else None


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
        image_size: Width and height by camera; under "" of all; required.
        notice: Receives one line for each of what is assumed.

    Raises:
        GeoselfError: Not such a file, a camera that is none, no unit or image size (65).
    """
    return dlt_rig(path, lower=True, unit=unit, up=up, image_size=image_size or {}, notice=notice)
