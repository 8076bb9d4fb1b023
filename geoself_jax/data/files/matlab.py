"""MATLAB files up to v7, as the child process reads them with SciPy."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.data.files.npz import DEFLATE_LIMIT
from geoself_jax.data.files.wire_format import NotPlain, Writer

_HEAD = 128
_MATRIX, _COMPRESSED = 14, 15  # MAT-File Format, table 1-1


def claimed_size(path: Path, max_bytes: int) -> int:
    """Bytes the variables of a file unpack to, from their tags; those are checked.

    Raises:
        NotPlain: Not a MATLAB v5 file, cut short, or claims more than it can hold.
    """
    size = path.stat().st_size
    total = 0
    with path.open("rb") as stream:
        order = _byte_order(stream.read(_HEAD))
        while tag := stream.read(8):
            if len(tag) < 8:
                raise NotPlain("not a whole MATLAB file")
            kind, length = struct.unpack(f"{order}II", tag)
            after = stream.tell() + length
            if after > size:
                raise NotPlain("not a whole MATLAB file: a variable ends after the file does")
            if kind == _COMPRESSED:
                kind, claimed = _inner_tag(stream.read(min(length, 4096)), order)
                if claimed > DEFLATE_LIMIT * length:
                    raise NotPlain(f"a variable claims {claimed} bytes in {length}")
            else:
                claimed = length
            if kind != _MATRIX:
                raise NotPlain(f"not a MATLAB file: a variable of kind {kind}")
            total += claimed
            if total > max_bytes:
                raise NotPlain(f"unpacks to over {max_bytes} bytes")
            stream.seek(after)
    return total


def _byte_order(head: bytes) -> str:
    if head[:19] == b"MATLAB 7.3 MAT-file" or head[:4] == b"\x89HDF":
        raise NotPlain("MATLAB v7.3 (HDF5 inside): save it with -v7")
    order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
    if order is None:
        raise NotPlain("not a MATLAB v5 to v7 file")
    return order


def _inner_tag(packed: bytes, order: str) -> tuple[int, int]:
    try:
        tag = zlib.decompressobj().decompress(packed, 8)
        kind, length = struct.unpack(f"{order}II", tag)
    except (zlib.error, struct.error) as error:
        raise NotPlain("not a whole MATLAB file: a variable cannot be unpacked") from error
    return kind, length


def write_matlab(path: Path, writer: Writer, names: list[str] | None) -> Any:
    """The JSON tree of a file's variables by name."""
    from scipy.io import loadmat

    try:
        found = loadmat(path, variable_names=names, appendmat=False)
    except MemoryError:
        raise
    except Exception as error:  # SciPy raises whatever it stumbles over
        raise NotPlain(f"not a whole MATLAB file ({type(error).__name__}: {error})") from error
    wanted = found if names is None else [name for name in names if name in found]
    tree: list[Any] = ["d"]
    for name in wanted:
        if name in ("__header__", "__version__", "__globals__"):
            continue
        try:
            tree += [name, writer.node(_plain(found[name]))]
        except NotPlain as error:
            raise NotPlain(f"[{name}] {error}") from error
    return tree


def _plain(value: Any, depth: int = 0) -> Any:
    """Structs as mappings, cells as lists, text as text."""
    if depth > 32:
        raise NotPlain("cells within cells without end")
    if type(value) is not np.ndarray:
        raise NotPlain(f"a MATLAB value of type {type(value).__name__}")
    if value.dtype.names is not None:
        rows = [
            {name: _plain(row[name], depth + 1) for name in value.dtype.names}
            for row in value.reshape(-1)
        ]
        return rows[0] if len(rows) == 1 else rows
    if value.dtype.kind == "U":
        texts = [str(text) for text in value.reshape(-1)]
        return texts[0] if len(texts) == 1 else texts or ""
    if value.dtype.kind != "O":
        return value
    cells: list[Any] = [_plain(cell, depth + 1) for cell in value.reshape(-1)]
    shape = value.shape if min(value.shape, default=1) > 1 else (len(cells),)
    for count in reversed(shape[1:]):
        cells = [cells[i : i + count] for i in range(0, len(cells), count)]
    return cells
