"""Anipose's calibration.toml: one table a camera, the unit of the calibration board, no known up.

As Pose2Sim's (`pose2sim.py`) with 5 distortions, or 4 with `fisheye = true`; there is no other
`fisheye`. Its own loader sorts the tables' names as text, so that cam_10 comes before cam_2: that
is the order of the cameras here, and their names (the field `name`) are what counts.

FreeMoCap writes the same tables, named cam_0 ... or after the cameras. Where its [metadata] names
the board's square, the unit is that of the square, by its definition millimetres (FreeMoCap 1.8.2);
the square's default of 1 says that nobody measured it.
"""

from collections.abc import Callable
from pathlib import Path

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_toml
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.pose2sim import BOARD, is_pose2sim
from geoself_jax.prepare.calibrations.toml_tables import looks_so, toml_rig
from geoself_jax.prepare.calibrations.units_and_axes import silent
from geoself_jax.prepare.first_bytes import head

SQUARES = 10.0, 500.0
"""Millimetres of a board's square that people are calibrated with."""


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    text = head(path)
    if looks_so(path, text) and not is_pose2sim(text):
        return "toml with tables of matrix, rotation, translation, and no fisheye = false"
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
        unit: Of its world; None for that of FreeMoCap's board.
        up: Of its world; None takes the images', with a notice.
        notice: Receives one line for each of these.

    Raises:
        GeoselfError: Not such a file, a camera that is none, no known unit or up (65).
    """
    own = None if unit else _board_unit(path, notice)
    return toml_rig(path, unit=unit, up=up, own_unit=own, own_up=None, notice=notice, by_table=True)


def _board_unit(path: Path, notice: Callable[[str], None]) -> str | None:
    """Unit mm where FreeMoCap's metadata have a measured square; None without them."""
    metadata = load_toml(path).get("metadata")
    square = metadata.get(BOARD) if isinstance(metadata, dict) else None
    if square is None:
        return None
    least, most = SQUARES
    if isinstance(square, int | float) and least <= square <= most:
        notice(f"{path}: {BOARD} is {square:g}, FreeMoCap's millimetres")
        return "mm"
    raise data_error(
        f"{path}: {BOARD} {square!r}",
        f"FreeMoCap's unit is mm if the square has {least:g} to {most:g} of them; 1 is a board "
        "that was not measured",
        "give --unit=m, cm or mm; an unmeasured board has none: calibrate again with its square",
    )
