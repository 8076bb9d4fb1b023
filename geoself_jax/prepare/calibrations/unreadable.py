"""Calibrations that are known and cannot be read: each by its own name, with the way out."""

from pathlib import Path

from geoself_jax.core.errors import GeoselfError, data_error

ENDS = {
    ".cal": ("OptiTrack's calibration", "it is not published how Motive writes it"),
    ".mcal": ("OptiTrack's calibration", "it is not published how Motive writes it"),
    ".ttp": ("a project of OptiTrack's Motive", "it is not published how Motive writes it"),
    ".x2d": ("Vicon's camera data", "the cameras are in the .xcp next to it"),
}
"""What a file with this end is, and why it cannot be read."""

_DO = (
    "write the cameras as geoself-rig/1 (docs/data.md), or calibrate with a board in Pose2Sim or "
    "Caliscope"
)


def refusal(path: Path) -> GeoselfError | None:
    """The error for such a file, or for a folder that holds one; None for any other (65)."""
    files = [path] if path.is_file() else sorted(path.iterdir())[:1000]
    for file in files:
        known = ENDS.get(file.suffix.lower())
        if known is not None:
            do = "name it: --calibration=FILE.xcp" if file.suffix.lower() == ".x2d" else _DO
            return data_error(f"{file}: {known[0]}", known[1], do)
    return None
