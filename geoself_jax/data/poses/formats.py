"""Poses written to and read from files, by extension (docs/pose_files.md)."""

from collections.abc import Callable, Collection
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import DATA, GeoselfError, data_error, usage_error
from geoself_jax.core.notices import silent
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses import bvh_file, c3d_file, csv_file, json_file, npz_file, trc_file
from geoself_jax.data.poses.orientation import AS_IS, turned
from geoself_jax.data.poses.sequence import PoseSequence


class Format(NamedTuple):
    """A file format.

    Attributes:
        module: Has `write(poses, path)`, and `read(path)` where it is read.
        up: How poses are turned on writing unless said otherwise (`orientation.turned`).
        read: Whether it is read.
        bare: Its files name neither bones nor axes: `read` takes `skeleton` and `up`.
        notices: `write` takes `notice`, for what the format cannot hold.
    """

    module: ModuleType
    up: str
    read: bool = True
    bare: bool = False
    notices: bool = False


FORMATS = {
    ".npz": Format(npz_file, AS_IS),
    ".csv": Format(csv_file, AS_IS, bare=True),
    ".json": Format(json_file, AS_IS),
    ".trc": Format(trc_file, "y", bare=True),
    ".c3d": Format(c3d_file, "z", read=False),
    ".bvh": Format(bvh_file, "y", read=False, notices=True),
}
"""By the end of a file's name; the longest that fits counts."""

USUAL_UP = {ending: format.up for ending, format in FORMATS.items()}
READ = tuple(ending for ending, format in FORMATS.items() if format.read)


def check_writable(path: Path | str) -> None:
    """Makes sure that a file of that name can be written, before the work is done.

    Raises:
        GeoselfError: Another extension, or a package is not installed (64).
    """
    if _extension(path, FORMATS) == ".c3d":
        c3d_file.require()


def write_poses(
    poses: PoseSequence,
    path: Path | str,
    *,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> None:
    """Writes a sequence in the format of the file's extension, or not at all.

    Args:
        poses: One person in one video.
        path: .npz, .csv, .json, .trc (OpenSim), .c3d or .bvh.
        up: `y`, `z` or `as-is` (`orientation.turned`); None for the format's usual (`FORMATS`).
        notice: Receives a message for whatever the format cannot hold.

    Raises:
        GeoselfError: Another extension or `up`, or a package is not installed (64); no sequence, or
            one that the format cannot hold (65); the disk refuses (74).
    """
    if not isinstance(poses, PoseSequence):
        what = f"poses of type {type(poses).__name__}"
        raise data_error(what, "wanted one PoseSequence", "write each sequence to its own file")
    check_writable(path)
    format = FORMATS[_extension(path, FORMATS)]
    missing = np.isnan(poses.pose).any(-1, keepdims=True)
    whole = poses.replace(pose=np.where(missing, np.float32(np.nan), poses.pose))
    options = {"notice": notice} if format.notices else {}
    format.module.write(turned(whole, up or format.up), Path(path), **options)


def read_poses(
    path: Path | str,
    *,
    skeleton: Skeleton | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> PoseSequence:
    """Reads a sequence in the format of the file's extension.

    Args:
        path: .npz, .csv, .json or .trc.
        skeleton: Of a .csv or .trc, whose files name joints and no bones; None to infer it.
        up: Signed axis such as `z` or `-y` of a .csv or .trc; None for y in a .trc, and to guess it
            from the body in a .csv.
        notice: Receives a message where a .trc's header and rows contradict each other.

    Raises:
        GeoselfError: Another extension (64), missing (66), damaged (65).
    """
    format = FORMATS[_extension(path, READ)]
    path = Path(path)
    if not format.bare:
        poses: PoseSequence = format.module.read(path)
        return poses
    try:
        options = {"notice": notice} if format.module is trc_file else {}
        poses = format.module.read(path, skeleton=skeleton, up=up, **options)
    except GeoselfError as error:
        if str(path) in str(error) or error.code != DATA:
            raise
        raise data_error(f"{path}: {error}", "", "") from error
    return poses


def _extension(path: Path | str, known: Collection[str]) -> str:
    name = Path(path).name.lower()
    fitting = [ending for ending in FORMATS if name.endswith(ending)]
    extension = max(fitting, key=len) if fitting else Path(name).suffix
    if extension not in known:
        written = f"{extension} is written, not read" if fitting else "no such format"
        raise usage_error(str(path), written, f"known: {', '.join(known)}")
    return extension
