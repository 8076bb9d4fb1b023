"""Who wrote a MATLAB file and what its variables are called, from headers alone."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEAD = 128
_MATRIX, _COMPRESSED = 14, 15  # MAT-File Format, table 1-1
_NUMBERS, _LETTERS = 5, 1  # types of the sizes and of the name, table 1-1
_MOST = 1000  # variables that are looked at
_PACKED, _UNPACKED = 4096, 512  # bytes of a variable that are looked at


@dataclass(frozen=True)
class MatlabHead:
    """The beginning of a MATLAB file.

    Attributes:
        written: Its first line: the program that wrote it.
        names: Of its variables; none of an HDF5 file, or after a damaged one.
        hdf5: It is v7.3, an HDF5 file.
    """

    written: str
    names: tuple[str, ...]
    hdf5: bool


def matlab_head(path: Path) -> MatlabHead | None:
    """What a MATLAB file says before its numbers; None for any other file.

    Nothing is unpacked except the first bytes of each variable.

    Args:
        path: A file or folder, there or not.
    """
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
            written = head[:116].decode("ascii", "replace").rstrip(" \0")
            called_so = path.suffix.lower() == ".mat"  # or it is a detector's HDF5
            if head[:19] == b"MATLAB 7.3 MAT-file" or (called_so and head[:4] == b"\x89HDF"):
                return MatlabHead(written, (), True)
            order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
            return None if order is None else MatlabHead(written, _names(stream, order), False)
    except (OSError, ValueError):
        return None


def _names(stream: BinaryIO, order: str) -> tuple[str, ...]:
    names: list[str] = []
    try:
        while len(names) < _MOST and len(tag := stream.read(8)) == 8:
            kind, length = struct.unpack(f"{order}II", tag)
            after = stream.tell() + length
            if kind == _COMPRESSED:
                packed = stream.read(min(length, _PACKED))
                content = zlib.decompressobj().decompress(packed, _UNPACKED)
                kind, content = struct.unpack_from(f"{order}I", content)[0], content[8:]
            else:
                content = stream.read(min(length, _UNPACKED))
            if kind != _MATRIX:
                break
            names.append(_name(content, order))
            stream.seek(after)
    except (struct.error, zlib.error):
        pass  # damaged: said where the file is read
    return tuple(names)


def _name(content: bytes, order: str) -> str:
    """The name in an array's header: flags, sizes (an object has none), name."""
    kind, data, at = _element(content, 16, order)
    if kind == _NUMBERS:
        kind, data, at = _element(content, at, order)
    return data.decode("ascii", "replace") if kind == _LETTERS else ""


def _element(content: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """Type, bytes and end of a data element, which may be of the short form."""
    kind, size = struct.unpack_from(f"{order}II", content, at)
    start, end = at + 8, at + 8 + size + -size % 8
    if kind >> 16:
        kind, size, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    return kind, struct.unpack_from(f"{size}s", content, start)[0], end
