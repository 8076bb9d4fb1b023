"""HDF5 files as the child process reads them: only what lies in the file itself."""

import io
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from geoself_jax.data.files.npz import DEFLATE_LIMIT
from geoself_jax.data.files.unpickle import unpickle
from geoself_jax.data.files.wire_format import ITEM_SIZES, NotPlain, Writer

FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}
NEVER_WRITTEN = 2**24
"""Bytes of a dataset that may be there without storage (PyTables makes such)."""
_MAX_DEPTH, _MAX_LINKS = 16, 100_000


class Contents:
    """Walks one open file; sizes are checked as headers are met, before anything is read.

    Args:
        file: The open file.
        size: Its bytes.
        max_bytes: Refuse datasets of more than this in all.
        pickled: Names of attributes that hold pickles.
    """

    def __init__(self, file: h5py.File, size: int, max_bytes: int, pickled: list[str]) -> None:
        self._file, self._size, self._pickled = file, size, pickled
        self._left, self._max_bytes, self._links = max_bytes, max_bytes, _MAX_LINKS
        self._groups: set[int] = set()
        self.largest = 0

    def walk(self, names: list[str] | None) -> dict[str, Any]:
        """Groups as mappings, datasets still unread.

        Raises:
            NotPlain: A link, storage outside, an unknown filter or type, a cycle, too much.
        """
        if names is None:
            return self._group(self._file, 0)
        tree: dict[str, Any] = {}
        for name in names:
            self._add(tree, name.strip("/").split("/"))
        if any(name.startswith("@") for name in names):
            self._attributes(tree, self._file, "", "")
        return tree

    def _add(self, tree: dict[str, Any], parts: list[str]) -> None:
        """Puts one group or dataset, named by its path, into the tree; if it is there."""
        group, where = self._file, ""
        for part in parts[:-1]:
            if part not in group:
                return
            group, where = self._member(group, part, where), f"{where}/{part}"
            if not isinstance(group, h5py.Group):
                return
        if parts[-1] not in group:
            return
        for part in parts[:-1]:
            tree = tree.setdefault(part, {})
        self._put(tree, group, parts[-1], where, len(parts))

    def _group(self, group: h5py.Group, depth: int, where: str = "") -> dict[str, Any]:
        if depth > _MAX_DEPTH:
            raise NotPlain(f"{where}: groups within groups, over {_MAX_DEPTH} deep")
        address = h5py.h5o.get_info(group.id).addr
        if address in self._groups:
            raise NotPlain(f"{where}: a group that is there twice")
        self._groups.add(address)
        tree: dict[str, Any] = {}
        for name in group:
            self._put(tree, group, name, where, depth + 1)
        self._attributes(tree, group, "", where)
        return tree

    def _put(
        self, tree: dict[str, Any], group: h5py.Group, name: str, where: str, depth: int
    ) -> None:
        member = self._member(group, name, where)
        if isinstance(member, h5py.Group):
            tree[name] = self._group(member, depth, f"{where}/{name}")
        else:
            self._check(member, f"{where}/{name}")
            tree[name] = member
            self._attributes(tree, member, name, f"{where}/{name}")

    def _member(self, group: h5py.Group, name: str, where: str) -> Any:
        """A group or dataset by a hard link."""
        self._links -= 1
        if self._links < 0:
            raise NotPlain(f"over {_MAX_LINKS} groups and datasets")
        link = group.get(name, getlink=True)
        if type(link) is not h5py.HardLink:
            raise NotPlain(f"{where}/{name}: a link to elsewhere")
        member = group[name]
        if not isinstance(member, h5py.Group | h5py.Dataset):
            raise NotPlain(f"{where}/{name}: neither a group nor a dataset")
        return member

    def _check(self, dataset: h5py.Dataset, where: str) -> None:
        created = dataset.id.get_create_plist()
        if created.get_layout() == h5py.h5d.VIRTUAL or created.get_external_count():
            raise NotPlain(f"{where}: its numbers lie in another file")
        for number in range(created.get_nfilters()):
            code = created.get_filter(number)[0]
            if code not in FILTERS:
                known = ", ".join(FILTERS.values())
                raise NotPlain(f"{where}: packed by filter {code}, not {known}")
        if dataset.shape is None:
            return
        _check_type(dataset.dtype, where)
        size = math.prod(dataset.shape) * dataset.dtype.itemsize
        stored = min(dataset.id.get_storage_size(), self._size)
        if size > DEFLATE_LIMIT * stored + NEVER_WRITTEN:
            raise NotPlain(f"{where}: claims {size} bytes in {stored}")
        self._left -= size
        if self._left < 0:
            raise NotPlain(f"{where}: over {self._max_bytes} bytes with it")
        self.largest = max(self.largest, size)

    def _attributes(self, tree: dict[str, Any], thing: Any, name: str, where: str) -> None:
        """Attributes of numbers and text; others (references) are no data and left out."""
        for number in range(h5py.h5a.get_num_attrs(thing.id)):
            attribute = h5py.h5a.open(thing.id, index=number)
            key = attribute.name.decode(errors="replace")
            try:
                dtype = attribute.dtype
                _check_type(dtype, f"{where}@{key}")
            except (NotPlain, TypeError, ValueError):
                continue
            if math.prod(attribute.shape or ()) * dtype.itemsize > self._size:
                raise NotPlain(f"{where}@{key}: claims more than the file has")
            value = thing.attrs[key]
            if key in self._pickled:
                value = _unpickled(value, f"{where}@{key}")
            tree[f"{name}@{key}"] = None if isinstance(value, h5py.Empty) else value


def _unpickled(value: Any, where: str) -> Any:
    if isinstance(value, str):
        value = value.encode("latin-1", "replace")
    if not isinstance(value, bytes):  # numpy's bytes are Python's too
        raise NotPlain(f"{where}: not a pickle")
    try:
        return unpickle(io.BytesIO(value))
    except NotPlain as error:
        raise NotPlain(f"{where}: {error}") from error


def _check_type(dtype: np.dtype, where: str) -> None:
    """Numbers, text, or a table of them."""
    if dtype.names is not None:
        for field in dtype.names:
            _check_type(dtype[field].base, f"{where}[{field}]")
        return
    kind = dtype.kind
    text = h5py.check_string_dtype(dtype)
    if kind == "O" and text is None:
        raise NotPlain(f"{where}: references or lists of varying length")
    if not (text is not None or dtype.itemsize in ITEM_SIZES.get(kind, ())):
        raise NotPlain(f"{where}: of type {str(dtype)[:80]}")


def write_tree(tree: dict[str, Any], writer: Writer) -> Any:
    """The JSON tree; datasets are read here, one at a time."""
    nodes: list[Any] = ["d"]
    for key, value in tree.items():
        nodes += [key, _node(value, key, writer)]
    return nodes


def _node(value: Any, where: str, writer: Writer) -> Any:
    if isinstance(value, dict) and not where.rpartition("@")[1]:
        return write_tree(value, writer)
    if isinstance(value, h5py.Dataset):
        try:
            value = value[()]
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise NotPlain(f"{value.name}: cannot be read ({error})") from error
        if isinstance(value, h5py.Empty):
            return None
    return _plain(value, writer)


def _plain(value: Any, writer: Writer) -> Any:
    """An array, a text, a number or a table as JSON."""
    if isinstance(value, np.void | np.ndarray) and value.dtype.names is not None:
        nodes: list[Any] = ["d"]
        for field in value.dtype.names:
            nodes += [field, _plain(value[field], writer)]
        return nodes
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return writer.node(_texts(value.tolist()))
    if isinstance(value, np.ndarray):
        return writer.numpy(value)
    if isinstance(value, np.generic):
        value = value.item()
    return writer.node(_texts(value))


def _texts(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return [_texts(each) for each in value] if isinstance(value, list) else value


def open_file(path: Path) -> h5py.File:
    """The file, opened for reading.

    Raises:
        NotPlain: Not an HDF5 file.
    """
    try:
        return h5py.File(path, "r", locking=False)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise NotPlain(f"not a whole HDF5 file ({str(error)[:120]})") from error
