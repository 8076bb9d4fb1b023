"""Why files are no calibrations: known and closed, not valid TOML or the like, of other keys."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.files import load_json, load_toml, load_xml, load_yaml, matlab_head
from geoself_jax.prepare.calibrations.opencv_storage import TAGS

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
_LOADERS: dict[tuple[str, ...], tuple[str, Callable[[Path], Any]]] = {
    (".toml",): ("TOML", load_toml),
    (".yml", ".yaml"): ("YAML", functools.partial(load_yaml, tags=TAGS)),
    (".xml", ".xcp", ".qca", ".qca.txt"): ("XML", load_xml),
    (".json",): ("JSON", load_json),
}
"""Grammar by the ends of calibrations; JSON comes last, as detections are mostly JSON."""

_LARGEST = 1 << 22  # bytes of a file that is parsed for a message
_MOST = 8  # names that are listed


def refusal(path: Path) -> GeoselfError | None:
    """The error for such a file, or for a folder that holds one; None for any other (65)."""
    files = [path] if path.is_file() else sorted(path.iterdir())[:1000]
    for file in files:
        known = ENDS.get(file.suffix.lower())
        if known is not None:
            do = "name that in its place" if file.suffix.lower() == ".x2d" else _DO
            return data_error(f"{file}: {known[0]}", known[1], do)
    head = matlab_head(path)
    if head is not None and head.hdf5:
        return data_error(f"{path}: MATLAB v7.3 (HDF5 inside)", "v7 is read", "save it with -v7")
    return None


def broken(files: Sequence[Path]) -> GeoselfError | None:
    """The error (65) of the first file whose own grammar is not kept; None if all are right.

    Args:
        files: With the ends of calibrations; large ones, of detections, are passed over.
    """
    for ends, (_, load) in _LOADERS.items():
        for file in files:
            if not (file.name.lower().endswith(ends) and file.is_file()):
                continue
            try:
                if 0 < file.stat().st_size <= _LARGEST:
                    load(file)
            except GeoselfError as error:
                return error
    return None


def names_in(file: Path) -> str:
    """`, TOML with a, b`: what a file of text holds at its first level, if it is sound."""
    ends = next((ends for ends in _LOADERS if file.name.lower().endswith(ends)), None)
    if ends is None or not 0 < file.stat().st_size <= _LARGEST:
        return ""
    kind, load = _LOADERS[ends]
    found: Any = load(file)
    names = list(found) if isinstance(found, dict) else [found.tag] if kind == "XML" else []
    more = ", ..." if len(names) > _MOST else ""
    return f", {kind} with {', '.join(str(n)[:40] for n in names[:_MOST])}{more}" if names else ""
