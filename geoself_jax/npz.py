"""Reads and writes .npz files of plain arrays: no pickles, sizes checked before memory is asked for."""

import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from geoself_jax.errors import INPUT_OUTPUT, GeoselfError, data_error, missing_error

MAX_BYTES = 16 * 2**30
"""Default cap on the unpacked size of one file: 30 times Human3.6M's 2D joints."""


def read_arrays(path: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """All arrays of an .npz file.

    Args:
        path: The file.
        max_bytes: Refuse a file that unpacks to more than this.

    Raises:
        GeoselfError: No such file (66); not an .npz, cut short, with object arrays, with a header
            that contradicts its size, or too large (65).
    """
    if not path.is_file():
        raise missing_error(str(path), "no such file", "check the path")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > max_bytes:
                raise data_error(
                    str(path), f"unpacks to {size} bytes, over {max_bytes}", "split the recording"
                )
            return {
                member.filename.removesuffix(".npy"): _read_member(path, archive, member)
                for member in members
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise data_error(str(path), f"not a whole .npz file ({error})", "copy it again") from error
    except OSError as error:
        raise GeoselfError(str(path), str(error), "check the disk", INPUT_OUTPUT) from error


def _read_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    where = f"{path}[{member.filename}]"
    with archive.open(member) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, _, dtype = read(stream)
        except (ValueError, KeyError) as error:
            raise data_error(where, "not a plain array", "write it with numpy.savez") from error
        if dtype.hasobject:
            raise data_error(where, "holds Python objects, not numbers", "save plain arrays")
        wanted = stream.tell() + int(np.prod(shape, dtype=object)) * dtype.itemsize
        if wanted != member.file_size:
            raise data_error(
                where,
                f"its header asks for {wanted} bytes, the file has {member.file_size}",
                "copy it again",
            )
    with archive.open(member) as stream:
        try:
            return np.lib.format.read_array(stream, allow_pickle=False)
        except ValueError as error:
            raise data_error(where, str(error), "copy it again") from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays to an .npz file; a file already there is replaced only once all is written.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            np.savez_compressed(stream, **arrays)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise GeoselfError(str(path), str(error), "check the disk", INPUT_OUTPUT) from error
