"""Joint angles written to and read from files, by extension (docs/angles.md)."""

from collections.abc import Callable
from pathlib import Path

from geoself_jax.core.errors import usage_error
from geoself_jax.core.notices import silent
from geoself_jax.data.angles import angle_csv, mot_file
from geoself_jax.data.angles.angle_sequence import AngleSequence

ENDINGS = (".csv", ".mot")


def check_ending(path: Path | str) -> str:
    """Returns the ending of a file of angles.

    Raises:
        GeoselfError: Another one (64).
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise usage_error(f"{path}: angles", f"wanted {' or '.join(ENDINGS)}", "end its name so")
    return ending


def write_angles(
    angles: AngleSequence, path: Path | str, *, notice: Callable[[str], None] = silent
) -> None:
    """Writes angles in the format of the file's extension, or not at all.

    Args:
        angles: Of one person in one video.
        path: .csv, or OpenSim's .mot.
        notice: Receives a line on whatever the format cannot hold.

    Raises:
        GeoselfError: Another extension (64), no angle (65), the disk refuses (74).
    """
    if check_ending(path) == ".mot":
        mot_file.write(angles, Path(path), notice)
    else:
        angle_csv.write(angles, Path(path))


def read_angles(path: Path | str) -> AngleSequence:
    """Reads angles that `write_angles` or OpenSim's inverse kinematics wrote.

    Args:
        path: .csv or .mot, degrees.

    Raises:
        GeoselfError: Another extension (64), missing (66), damaged (65).
    """
    module = mot_file if check_ending(path) == ".mot" else angle_csv
    return module.read(Path(path))
