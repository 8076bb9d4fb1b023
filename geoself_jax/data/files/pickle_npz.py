"""Pickles and .npz files with arrays of objects, as the child process reads them."""

import io
import math
import zipfile
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from geoself_jax.data.files import npz
from geoself_jax.data.files.unpickle import Array, unpickle
from geoself_jax.data.files.wire_format import NotPlain, Writer, item_size, plain_dtype

CHUNK = 2**24


def write_pickle(path: Path, writer: Writer) -> Any:
    """The JSON tree of a pickle file."""
    with path.open("rb") as stream:
        return writer.node(unpickle(stream))


def unpacked_size(path: Path, max_bytes: int) -> int:
    """Bytes an .npz file unpacks to, from its table of contents, which is checked."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        npz.check_members(path, members, max_bytes)
        return sum(member.file_size for member in members)


def write_npz(path: Path, writer: Writer, max_bytes: int) -> Any:
    """The JSON tree of an .npz file: its arrays by name."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        npz.check_members(path, members, max_bytes)
        tree: list[Any] = ["d"]
        for member in members:
            try:
                with archive.open(member) as stream:
                    tree += [npz.array_name(member), _write_member(stream, member, writer)]
            except NotPlain as error:
                raise NotPlain(f"[{member.filename}] {error}") from error
        return tree


def _write_member(stream: IO[bytes], member: zipfile.ZipInfo, writer: Writer) -> Any:
    try:
        shape, fortran, dtype = npz.read_header(stream)
    except npz.HEADER_FAULTS as error:
        raise NotPlain("is not an array of numpy") from error
    if dtype.hasobject:
        if dtype != np.dtype(object):
            raise NotPlain("tables (arrays of records) with objects")
        return _write_objects(stream, shape, writer)
    plain = plain_dtype(dtype.str)
    wanted = math.prod(shape) * item_size(plain)
    there = member.file_size - stream.tell()
    if wanted != there or any(n < 0 for n in shape):
        raise NotPlain(f"its header asks for {wanted} bytes, the file has {there}")
    writer.room(wanted)
    return writer.array(plain, shape, fortran, stream.read(wanted))


def _write_objects(stream: IO[bytes], shape: tuple[int, ...], writer: Writer) -> Any:
    buffered = io.BufferedReader(cast(Any, stream), CHUNK)
    array = unpickle(cast(Any, buffered))
    if not isinstance(array, Array) or array.content is None or array.shape != shape:
        raise NotPlain("its header and its content differ")
    return array.write_to(writer, 0)
