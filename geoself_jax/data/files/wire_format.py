"""Plain data, and how a child process hands them over: JSON for the tree, one blob for arrays.

In JSON every list has a tag first: `["l", ...]` list, `["t", ...]` tuple, `["d", key, value, ...]`
mapping; and in the blob `["a", offset, dtype, shape, fortran]` an array, `["f", offset, count]` a
list of floats.
"""

import math
import mmap
import struct
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np

from geoself_jax.data.files.limits import MAX_DEPTH, MAX_NODES

Tree = dict[Any, "Tree"] | list["Tree"] | tuple["Tree", ...] | str | int | float | None | np.ndarray
"""Numbers, text (bytes are read as latin-1), lists, mappings and arrays of numbers or text.

Arrays are native-endian, writable, of kinds b, i, u, f, c or U.
"""

ITEM_SIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8), "c": (8, 16)}
"""Bytes per number of each kind of array that is read; text (S, U) has any length."""

Shape = tuple[int, ...]
Content = bytes | bytearray | memoryview | mmap.mmap | np.ndarray


_ALONE = frozenset((float, bool, type(None)))
_FLOATS = {float}
_INNER = frozenset((list, dict))


class NotPlain(ValueError):
    """Something that is not numbers, text, lists, mappings or arrays of them."""


def plain_dtype(text: str) -> str:
    """An array's dtype as `<f8`, checked against what is read.

    Raises:
        NotPlain: Any other dtype.
    """
    order, kind, digits = text[:1], text[1:2], text[2:]
    if order not in ("<", ">", "|", "="):
        order, kind, digits = "<", text[:1], text[1:]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 8):
        raise NotPlain(f"arrays of type {text[:40]!r}")
    size = int(digits)
    if not (size in ITEM_SIZES.get(kind, ()) or (kind in ("S", "U") and size)):
        raise NotPlain(f"arrays of type {text[:40]!r}")
    return f"{order if order != '=' else '<'}{kind}{size}"


def item_size(dtype: str) -> int:
    """Bytes of one item of a dtype from `plain_dtype`."""
    return int(dtype[2:]) * (4 if dtype[1] == "U" else 1)


def plain_shape(shape: Any) -> Shape:
    """A shape as a tuple of counts.

    Raises:
        NotPlain: Not that.
    """
    if not isinstance(shape, tuple | list) or len(shape) > 32:
        raise NotPlain(f"an array of shape {str(shape)[:80]}")
    if any(type(n) is not int or not 0 <= n < 2**48 for n in shape):
        raise NotPlain(f"an array of shape {str(shape)[:80]}")
    return tuple(shape)


class Writer:
    """Turns values into the JSON tree and appends arrays to the blob.

    Args:
        blob: Where the bytes of arrays go.
        max_bytes: Refuse more than this, arrays and text together.
    """

    def __init__(self, blob: BinaryIO, max_bytes: int) -> None:
        self._blob = blob
        self._left = max_bytes
        self._max_bytes = max_bytes
        self._nodes = self._max_nodes = MAX_NODES
        self._offset = 0

    def expect(self, size: int) -> None:
        """Limits the number of values to what references within `size` bytes can plausibly make."""
        self._nodes = self._max_nodes = min(MAX_NODES, 1000 + 16 * size)

    def node(self, value: Any, depth: int = 0) -> Any:
        """The JSON of one value.

        Raises:
            NotPlain: Something else than plain data, nested too deeply, or too much of it.
        """
        if depth > MAX_DEPTH:
            raise NotPlain(f"lists within lists, over {MAX_DEPTH} deep")
        kind = type(value)
        if kind is str or kind is bytes or kind is bytearray:
            self.take(len(value) + 8)
            return value if kind is str else value.decode("latin-1")
        if kind is float or kind is bool or value is None:
            self._take_nodes(1)
            return value
        if kind is int:
            self._take_nodes(1)
            if value.bit_length() > 64:
                raise NotPlain("a whole number of over 64 bits")
            return value
        if kind is dict:
            self._take_nodes(2 * len(value))
            pairs = (self.node(x, depth + 1) for pair in value.items() for x in pair)
            return ["d", *pairs]
        if kind in (list, tuple, set, frozenset):
            self._take_nodes(len(value))
            tag = "t" if kind is tuple else "l"
            kinds = set(map(type, value))
            if kinds == _FLOATS and kind is list:
                return self._floats(value)
            if _ALONE.issuperset(kinds):
                return [tag, *value]
            return [tag, *[self.node(x, depth + 1) for x in value]]
        if hasattr(value, "write_to"):
            return value.write_to(self, depth)
        if isinstance(value, np.ndarray | np.generic):
            return self.numpy(value)
        raise NotPlain(f"an object of type {kind.__name__}")

    def _floats(self, value: list[float]) -> Any:
        content = struct.pack(f"<{len(value)}d", *value)
        self.take(len(content))
        self._blob.write(content)
        self._offset += len(content)
        return ["f", self._offset - len(content), len(value)]

    def numpy(self, value: "np.ndarray | np.generic") -> Any:
        """The JSON of an array of numbers or text, its bytes appended to the blob."""
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        return self.array(array.dtype.str, array.shape, False, array.reshape(-1).view(np.uint8))

    def array(self, dtype: str, shape: Sequence[int], fortran: bool, content: Content) -> Any:
        """The JSON of an array, its bytes appended to the blob."""
        dtype, shape = plain_dtype(dtype), plain_shape(shape)
        wanted, size = math.prod(shape) * item_size(dtype), memoryview(content).nbytes
        if wanted != size:
            raise NotPlain(f"an array that asks for {wanted} bytes and has {size}")
        self.take(size + 64)
        self._blob.write(content)
        self._offset += size
        return ["a", self._offset - size, dtype, list(shape), bool(fortran)]

    def room(self, size: int) -> None:
        """Refuses what is over the limit, before it is read."""
        if size > self._left:
            raise NotPlain(f"over {self._max_bytes} bytes")

    def take(self, size: int) -> None:
        """Counts bytes before they are read or written."""
        self._left -= size
        if self._left < 0:
            raise NotPlain(f"over {self._max_bytes} bytes")

    def _take_nodes(self, count: int) -> None:
        self._nodes -= count
        if self._nodes < 0:
            raise NotPlain(f"over {self._max_nodes} values outside arrays")


class Reader:
    """Builds values from the JSON tree and the blob, and validates both again.

    Args:
        blob: The bytes of all arrays.
        max_bytes: Refuse arrays of more than this in all.
    """

    def __init__(self, blob: Content, max_bytes: int) -> None:
        self._blob = memoryview(blob)
        self._left = max_bytes

    def value(self, node: Any) -> Any:
        """The value of one JSON node.

        Raises:
            NotPlain: The tree contradicts itself or the blob.
        """
        if not isinstance(node, list):
            if isinstance(node, dict):
                raise NotPlain("an untagged mapping")
            return node
        tag = node[0] if node else None
        if tag == "a" and len(node) == 5:
            return self._array(*node[1:])
        if tag == "f" and len(node) == 3:
            return self._floats(*node[1:])
        inner = node[1:]
        if not _INNER.isdisjoint(map(type, inner)):
            inner = [self.value(x) if type(x) in _INNER else x for x in inner]
        if tag == "l":
            return inner
        if tag == "t":
            return tuple(inner)
        if tag == "d" and len(inner) % 2 == 0:
            return _mapping(inner)
        raise NotPlain("an unknown tag")

    def _floats(self, offset: Any, count: Any) -> list[float]:
        if type(offset) is not int or type(count) is not int or offset < 0 or count < 0:
            raise NotPlain("an odd list of numbers")
        self._left -= 8 * count
        if offset + 8 * count > len(self._blob) or self._left < 0:
            raise NotPlain("numbers outside the blob")
        return list(struct.unpack_from(f"<{count}d", self._blob, offset))

    def _array(self, offset: Any, dtype: Any, shape: Any, fortran: Any) -> np.ndarray:
        if type(offset) is not int or type(dtype) is not str or type(fortran) is not bool:
            raise NotPlain("an odd array")
        dtype, shape = plain_dtype(dtype), plain_shape(shape)
        count = math.prod(shape)
        size = count * item_size(dtype)
        self._left -= size
        if offset < 0 or offset + size > len(self._blob) or self._left < 0:
            raise NotPlain("an array outside the blob")
        if size == 0:
            return np.zeros(shape, _native(dtype))
        flat = np.frombuffer(self._blob, np.uint8, size, offset)
        array = _checked(flat, dtype).reshape(shape, order="F" if fortran else "C")
        return array if array.flags.owndata and array.flags.writeable else array.copy()


def _mapping(pairs: list[Any]) -> dict[Any, Any]:
    try:
        return dict(zip(pairs[::2], pairs[1::2], strict=True))
    except TypeError as error:
        raise NotPlain("a key that is neither a number nor text") from error


def _native(dtype: str) -> np.dtype:
    plain = np.dtype(dtype).newbyteorder("=")
    return np.dtype("U1") if plain.kind == "S" else plain


def _checked(flat: np.ndarray, dtype: str) -> np.ndarray:
    """Items of a dtype from their bytes, native-endian; text is whole."""
    kind = dtype[1]
    if kind == "b":
        return flat != 0
    if kind == "U":
        letters = flat.view(f"{dtype[0].replace('|', '<')}u4").astype(np.uint32)
        if letters.max() > 0x10FFFF:
            raise NotPlain("text of letters that do not exist")
        return letters.view(_native(dtype))
    if kind == "S":
        text = flat.view(dtype)
        try:
            return np.char.decode(text, "utf-8")
        except UnicodeDecodeError:
            return np.char.decode(text, "latin-1")
    return flat.view(dtype).astype(_native(dtype), copy=False)
