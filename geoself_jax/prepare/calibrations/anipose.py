"""Anipose's calibration.toml: one table a camera, the unit of the calibration board, no known up.

As Pose2Sim's (`pose2sim.py`) with 5 distortions, or 4 with `fisheye = true`; FreeMoCap writes it
too. Its own loader sorts the tables' names as text, so that cam_10 comes before cam_2: that is the
order of the cameras here, and their names (the field `name`) are what counts.
"""

from collections.abc import Callable
from pathlib import Path

from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.first_bytes import head
from geoself_jax.prepare.calibrations.pose2sim import is_anipose
from geoself_jax.prepare.calibrations.toml_tables import looks_so, toml_rig
from geoself_jax.prepare.calibrations.units_and_axes import silent


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    text = head(path)
    if looks_so(path, text) and is_anipose(text):
        return "toml with tables cam_0 ... of matrix, rotation, translation"
    return None


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig, its cameras in the order of the tables' names as text.

    Args:
        path: The file.
        unit, up: Of its world; None guesses, with a notice.
        notice: Receives one line for each guess.

    Raises:
        GeoselfError: Not such a file, a camera that is none, or nothing by which to guess (65).
    """
    return toml_rig(
        path, unit=unit, up=up, own_unit=None, own_up=None, notice=notice, by_table=True
    )
