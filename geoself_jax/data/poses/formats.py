"""Poses written to and read from files, by extension (docs/pose_files.md)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import DATA, GeoselfError, data_error, usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses import bvh_file, c3d_file, csv_file, json_file, npz_file, trc_file
from geoself_jax.data.poses.orientation import AS_IS, turned
from geoself_jax.data.poses.sequence import PoseSequence

USUAL_UP = {".npz": AS_IS, ".csv": AS_IS, ".json": AS_IS, ".trc": "y", ".c3d": "z", ".bvh": "y"}
"""The files that are written, and how they are turned unless said otherwise."""

READ = (".npz", ".csv", ".json", ".trc")


def silent(_: str) -> None:
    """Drops a notice."""


def check_writable(path: Path | str) -> None:
    """Makes sure that a file of that name can be written, before the work is done.

    Raises:
        GeoselfError: Another extension, or a package is not installed (64).
    """
    if _extension(path, USUAL_UP) == ".c3d":
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
        up: `y`, `z` or `as-is` (`upright.turned`); None for the format's usual (`USUAL_UP`).
        notice: Receives a message for whatever the format cannot hold.

    Raises:
        GeoselfError: Another extension or `up`, or a package is not installed (64); the format
            cannot hold the sequence (65); the disk refuses (74).
    """
    check_writable(path)
    path = Path(path)
    extension = path.suffix.lower()
    missing = np.isnan(poses.pose).any(-1, keepdims=True)
    whole = poses.replace(pose=np.where(missing, np.float32(np.nan), poses.pose))
    poses = turned(whole, up or USUAL_UP[extension])
    if extension == ".bvh":
        bvh_file.write(poses, path, notice)
    else:
        modules = {".npz": npz_file, ".csv": csv_file, ".json": json_file, ".trc": trc_file}
        {**modules, ".c3d": c3d_file}[extension].write(poses, path)


def read_poses(
    path: Path | str, *, skeleton: Skeleton | None = None, up: str | None = None
) -> PoseSequence:
    """Reads a sequence in the format of the file's extension.

    Args:
        path: .npz, .csv, .json or .trc.
        skeleton: Of a .csv or .trc, whose files name joints and no bones; None to infer it.
        up: Signed axis such as `z` or `-y` of a .csv or .trc; None for y in a .trc, and to guess it
            from the body in a .csv.

    Raises:
        GeoselfError: Another extension (64), missing (66), damaged (65).
    """
    extension = _extension(path, READ)
    path = Path(path)
    if extension == ".npz":
        return npz_file.read(path)
    if extension == ".json":
        return json_file.read(path)
    try:
        return (csv_file if extension == ".csv" else trc_file).read(path, skeleton=skeleton, up=up)
    except GeoselfError as error:
        if str(path) in str(error) or error.code != DATA:
            raise
        raise data_error(f"{path}: {error}", "", "") from error


def _extension(path: Path | str, known: "dict[str, str] | tuple[str, ...]") -> str:
    extension = Path(path).suffix.lower()
    if extension not in known:
        written = f"{extension} is written, not read" if extension in USUAL_UP else "no such format"
        raise usage_error(str(path), written, f"known: {', '.join(known)}")
    return extension
