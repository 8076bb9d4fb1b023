"""Reads and writes .npz files of plain arrays: no pickles, sizes checked before allocating."""

import math
import os
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO

import numpy as np

from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError, data_error, missing_error
from geoself_jax.core.partial import writing
from geoself_jax.data.files.limits import file_size, unreadable

MAX_BYTES = 16 * 2**30
"""Default cap on the unpacked size of one file: 30 times Human3.6M's 2D joints."""

MAX_SMALL = 2**28
"""Bytes of an array that does not grow with the frames: cameras, names."""

DEFLATE_LIMIT = 1032
"""Deflate cannot shrink bytes more than this (zlib, Technical Details); who claims so lies."""

SAMPLE = 2**18
"""Bytes of an array that are packed to see whether it pays."""

WORTH = 0.7
"""An array is packed if it shrinks to less than this."""

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What zipfile lets through of a damaged table of contents.
_ARCHIVE_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OverflowError,
)
# A header is a Python literal: a hostile one fails in any of these ways.
HEADER_FAULTS = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    SyntaxError,
    OverflowError,
    RecursionError,
    MemoryError,
    tokenize.TokenError,
)


def read_arrays(
    path: Path, *, max_bytes: int = MAX_BYTES, large: Collection[str] | None = None
) -> dict[str, np.ndarray]:
    """All arrays of an .npz file.

    Args:
        path: The file.
        max_bytes: Refuse a file that unpacks to more than this.
        large: Names of the arrays that may unpack to more than `MAX_SMALL`; None: all may.

    Raises:
        GeoselfError: No such file (66); not an .npz, cut short, with object arrays, with a header
            that contradicts its size, or too large (65); it cannot be opened (74).
    """
    try:
        if not path.is_file():
            found = "a folder, not a file" if path.is_dir() else "no such file"
            raise missing_error(str(path), found, "check the path")
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            check_members(path, members, max_bytes)
            _check_small(path, members, large)
            return {array_name(member): _read_member(path, archive, member) for member in members}
    except _ARCHIVE_FAULTS as error:
        raise data_error(str(path), f"not a whole .npz file ({error})", "copy it again") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise GeoselfError(
            str(path), why, "check the file's permissions and the disk", INPUT_OUTPUT
        ) from error


def read_array(path: Path, *, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """The array of a .npy file.

    Args:
        path: The file.
        max_bytes: Refuse a larger file.

    Raises:
        GeoselfError: No such file (66); too large, no array of numbers or text, or with a header
            that contradicts its size (65); it cannot be opened (74).
    """
    size = file_size(path, max_bytes)
    try:
        with path.open("rb") as stream:
            _check_header(str(path), stream, size)
            stream.seek(0)
            array = np.lib.format.read_array(stream, allow_pickle=False)
    except HEADER_FAULTS as error:
        raise data_error(str(path), str(error), "copy it again") from error
    except OSError as error:
        raise unreadable(path, error) from error
    return _with_legal_text(str(path), array)


def read_entry(path: Path, at: int, *, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """Entry `at` of the first axis of a .npy file's array; the others are not read.

    Args:
        path: The file.
        at: Index of the entry, from 0.
        max_bytes: Refuse a larger file.

    Raises:
        GeoselfError: As `read_array`; there is no such entry (65).
    """
    size = file_size(path, max_bytes)
    try:
        with path.open("rb") as stream:
            _check_header(str(path), stream, size)
            stream.seek(0)
            shape, fortran, dtype = read_header(stream)
            if not 0 <= at < (shape or (0,))[0]:
                raise data_error(str(path), f"has shape {shape}, no entry {at}", "copy it again")
            if not fortran and dtype.kind != "U":
                length = math.prod(shape[1:]) * dtype.itemsize
                stream.seek(at * length, os.SEEK_CUR)
                return np.frombuffer(stream.read(length), dtype).reshape(shape[1:])
    except HEADER_FAULTS as error:
        raise data_error(str(path), str(error), "copy it again") from error
    except OSError as error:
        raise unreadable(path, error) from error
    return np.asarray(read_array(path, max_bytes=max_bytes)[at])


def array_shape(path: Path) -> tuple[int, ...]:
    """The shape that a .npy file's header says; () if it is no such file."""
    try:
        if not path.is_file():  # a pipe is waited for without end
            return ()
        with path.open("rb") as stream:
            return read_header(stream)[0]
    except (*HEADER_FAULTS, OSError):
        return ()


def member_names(path: Path) -> set[str]:
    """Names of the arrays in an .npz file, from its table of contents; none if it is no .npz."""
    try:
        if not path.is_file():
            return set()
        with zipfile.ZipFile(path) as archive:
            return {array_name(member) for member in archive.infolist()}
    except (*_ARCHIVE_FAULTS, OSError):
        return set()


def array_name(member: zipfile.ZipInfo) -> str:
    """The name numpy gives an array of an archive."""
    return member.filename.removesuffix(".npy")


def check_members(path: Path, members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    """The table of contents is possible, before anything is unpacked."""
    size = sum(member.file_size for member in members)
    if size > max_bytes:
        raise data_error(
            str(path), f"unpacks to {size} bytes, over {max_bytes}", "split the recording"
        )
    there = path.stat().st_size
    seen = set()
    for member in members:
        where = f"{path}[{member.filename}]"
        plain = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if not plain or member.flag_bits & 1:
            raise data_error(
                where, "packed or locked in a way numpy does not use", "write it with numpy.savez"
            )
        if not 0 <= member.header_offset < there:
            raise data_error(where, "lies outside the file", "copy it again")
        if member.file_size > DEFLATE_LIMIT * min(member.compress_size, there):
            raise data_error(
                where,
                f"claims {member.file_size} bytes in a file of {there}",
                "copy it again",
            )
        if array_name(member) in seen:
            raise data_error(where, "is there twice", "write the file again")
        seen.add(array_name(member))


def _check_small(path: Path, members: list[zipfile.ZipInfo], large: Collection[str] | None) -> None:
    """A few megabytes can unpack to gigabytes: only arrays of frames may."""
    for member in members:
        if large is None or array_name(member) in large or member.file_size <= MAX_SMALL:
            continue
        raise data_error(
            f"{path}[{member.filename}]",
            f"unpacks to {member.file_size} bytes, over {MAX_SMALL}: it holds no frames",
            "copy it again, or leave the array out",
        )


def _read_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    where = f"{path}[{member.filename}]"
    with archive.open(member) as stream:
        _check_header(where, stream, member.file_size)
    with archive.open(member) as stream:
        try:
            array = np.lib.format.read_array(stream, allow_pickle=False)
        except HEADER_FAULTS as error:
            raise data_error(where, str(error), "copy it again") from error
    return _with_legal_text(where, array)


def _with_legal_text(where: str, array: np.ndarray) -> np.ndarray:
    """The array: numpy reads characters that Python has not, and fails where one is used."""
    if array.dtype.kind == "U":
        codes = np.ascontiguousarray(array).view(array.dtype.str[0] + "u4")
        if (codes > sys.maxunicode).any():
            raise data_error(where, "its text has characters that do not exist", "copy it again")
    return array


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran order and dtype of a .npy stream, which then stands at the content.

    Raises:
        Exception: Any of `HEADER_FAULTS`.
    """
    return _HEADERS[np.lib.format.read_magic(stream)](stream)


def _check_header(where: str, stream: IO[bytes], size: int) -> None:
    """An array of numbers or text whose header asks for exactly the bytes that are there."""
    try:
        shape, _, dtype = read_header(stream)
    except HEADER_FAULTS as error:
        raise data_error(where, "not a plain array", "write it with numpy.savez") from error
    if dtype.hasobject:
        raise data_error(where, "holds Python objects, not numbers", "save plain arrays")
    if dtype.kind not in "biufU" or dtype.itemsize == 0:
        raise data_error(where, f"has type {dtype}, not numbers or text", "save plain arrays")
    if any(n < 0 for n in shape):
        raise data_error(where, f"has shape {shape}", "write the file again")
    wanted = stream.tell() + int(np.prod(shape, dtype=object)) * dtype.itemsize
    if wanted != size:
        raise data_error(
            where, f"its header asks for {wanted} bytes, the file has {size}", "copy it again"
        )


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays to an .npz file; a file already there is replaced only once all is written.

    Arrays that shrink are packed; noise in the last digits does not, and packing it takes most of
    the time.

    Raises:
        GeoselfError: The disk refuses (74).
        ValueError: An array holds Python objects.
    """
    with writing(path) as place, place.open("wb") as stream:
        _write_members(stream, arrays)


def _write_members(stream: IO[bytes], arrays: Mapping[str, np.ndarray]) -> None:
    with zipfile.ZipFile(stream, "w") as archive:
        for name, value in arrays.items():
            array = np.asarray(value)
            member = zipfile.ZipInfo(f"{name}.npy")
            if array.dtype.hasobject or _shrinks(array):
                member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _shrinks(array: np.ndarray) -> bool:
    """Whether a piece from the middle packs to under `WORTH` of its size."""
    flat = array.reshape(-1)
    middle = len(flat) // 2
    piece = flat[middle : middle + SAMPLE // max(array.itemsize, 1)].tobytes()
    return len(zlib.compress(piece, 1)) < WORTH * len(piece)
