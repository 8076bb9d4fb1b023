"""Anipose's calibration.toml: one table a camera, the unit of the calibration board, no known up.

As Pose2Sim's (`pose2sim.py`) with 5 distortions, or 4 with `fisheye = true`; there is no other
`fisheye`. Its own loader sorts the tables' names as text, so that cam_10 comes before cam_2: that
is the order of the cameras here, and their names (the field `name`) are what counts.

FreeMoCap writes the same tables, named cam_0 ... or after the cameras. Where its [metadata] names
the board's square, the unit is that of the square: by FreeMoCap's definition millimetres (1.8.2),
but the file does not say whether anybody measured it, so that the unit is asked for.
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
        unit: Of its world, which the file does not say.
        up: Of its world; None takes the images', with a notice.
        notice: Receives one line for each of these.

    Raises:
        GeoselfError: Not such a file, a camera that is none, no known unit or up (65).
    """
    if not unit:
        _refuse_board(path)
    return toml_rig(
        path, unit=unit, up=up, own_unit=None, own_up=None, notice=notice, by_table=True
    )


def _refuse_board(path: Path) -> None:
    """Asks for the unit of the square that FreeMoCap's metadata name, if they do."""
    metadata = load_toml(path).get("metadata")
    square = metadata.get(BOARD) if isinstance(metadata, dict) else None
    if square is None:
        return
    raise data_error(
        f"{path}: its unit is that of the board, whose {BOARD} is {square!r}",
        "FreeMoCap asks for millimetres and takes 1 for a square that nobody measured",
        f"give --unit=mm if the square was measured as {square!r} mm, else --unit=m, cm or mm; an "
        "unmeasured board has none: calibrate again with its square",
    )
