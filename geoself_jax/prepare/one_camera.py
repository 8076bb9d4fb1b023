"""Refuses what one camera's detector wrote where a recording, with all cameras, is wanted."""

from collections.abc import Sequence
from pathlib import Path

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.prepare.detections import formats_of
from geoself_jax.prepare.detections.all_cameras import split


def one_camera(inputs: Sequence[Path], kind: str = "auto") -> GeoselfError | None:
    """The error (65) where an input is one camera's file or folder; None where none is.

    Args:
        inputs: As the user named them.
        kind: Format of the detections, or `auto`.
    """
    for path in inputs:
        formats = formats_of(path, kind)
        if formats and split(path) == [path]:
            what = "folder" if path.is_dir() else "file"
            where = (
                path.parent if path.is_absolute() or len(path.parts) > 1 else path.absolute().parent
            )
            return data_error(
                f"{path}: one camera's {what} ({' or '.join(formats)})",
                "a recording is the folder above, with every camera's",
                f"give that: --input {where}, or each camera's: --camera=NAME={path} ...",
            )
    return None
