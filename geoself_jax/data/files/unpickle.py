"""Pickles without running them: inert stand-ins for numpy's classes, nothing else is known.

numpy's own classes are not safe to be handed a mutated pickle (they crash), so that arrays are
rebuilt from their dtype, shape and bytes, each checked (`wire_format.Writer.array`).
"""

import math
import pickle
import struct
from collections.abc import Callable
from typing import Any, BinaryIO, NoReturn

from geoself_jax.data.files.wire_format import NotPlain, Writer, plain_dtype, plain_shape

NUMBERS = {"f2": "e", "f4": "f", "f8": "d"}


class StandIn:
    """What a pickle gets when it asks for a class or function; only callable."""

    __slots__ = ("_call",)
    _call: Callable[..., Any]

    def __init__(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "_call", call)

    def __call__(self, *arguments: Any) -> Any:
        """What the class or function would have made, without it."""
        return self._call(*arguments)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise NotPlain("changes a function")

    def __setstate__(self, state: Any) -> NoReturn:
        raise NotPlain("changes a function")


class Dtype:
    """numpy's dtype as pickled: `f8`, then a state with its byte order."""

    __slots__ = ("order", "text")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, text: Any, *_: Any) -> None:
        if isinstance(text, bytes):
            text = text.decode("latin-1")
        if not isinstance(text, str) or not text or len(text) > 8:
            raise NotPlain("arrays of an unknown type")
        self.text, self.order = text.lstrip("<>|="), "|"

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) < 5:
            raise NotPlain("arrays of an unknown type")
        order, subtype, names = state[1], state[2], state[3]
        if isinstance(order, bytes):
            order = order.decode("latin-1")
        if order not in ("<", ">", "|", "="):
            raise NotPlain("arrays of an unknown byte order")
        if subtype is not None or names is not None:
            raise NotPlain("tables (arrays of records)")
        self.order = order

    @property
    def holds_objects(self) -> bool:
        """Items are Python objects."""
        return self.text[:1] == "O"

    def plain(self) -> str:
        """As `<f8`, checked."""
        return plain_dtype(f"{'<' if self.order == '=' else self.order}{self.text}")


class Array:
    """numpy's array as pickled: an empty one, then a state with shape, dtype, order and bytes."""

    __slots__ = ("content", "dtype", "fortran", "shape")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.content: Any = None

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise NotPlain("an array without content")
        shape, dtype, fortran, content = state[-4:]
        if isinstance(content, str):  # Python 2
            content = content.encode("latin-1")
        wanted = list if isinstance(dtype, Dtype) and dtype.holds_objects else (bytes, bytearray)
        if not isinstance(dtype, Dtype) or not isinstance(content, wanted):
            raise NotPlain("an array without content")
        self.shape, self.dtype, self.content = plain_shape(shape), dtype, content
        self.fortran = bool(fortran)

    def write_to(self, writer: Writer, depth: int) -> Any:
        """Its JSON: an array, or nested lists of objects."""
        if self.content is None:
            raise NotPlain("an array without content")
        if not self.dtype.holds_objects:
            return writer.array(self.dtype.plain(), self.shape, self.fortran, self.content)
        if math.prod(self.shape) != len(self.content):
            raise NotPlain(f"an array of shape {self.shape} with {len(self.content)} objects")
        nested: list[Any] = self.content
        for count in reversed(self.shape[1:]):
            nested = [nested[i : i + count] for i in range(0, len(nested), count)] if count else []
        return writer.node(nested if self.shape else nested[0], depth)


def _reconstruct(*_: Any) -> Array:
    return Array()


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> Array:
    array = Array()
    array.__setstate__((shape, dtype, order == "F", content))
    return array


def _scalar(dtype: Any, content: Any = b"") -> Any:
    """A number or text of numpy as Python's own."""
    if isinstance(content, str):
        content = content.encode("latin-1")
    if not isinstance(dtype, Dtype) or not isinstance(content, bytes):
        raise NotPlain("a number of an unknown type")
    plain = dtype.plain()
    order, kind, size = plain[0], plain[1], int(plain[2:])
    if kind == "S":
        return content.rstrip(b"\0").decode("latin-1")
    if kind == "U":
        return content.decode("utf-32-be" if order == ">" else "utf-32-le").rstrip("\0")
    if len(content) != size or kind == "c":
        raise NotPlain("a number of an unknown type")
    if kind == "f":
        return struct.unpack(f"{'>' if order == '>' else '<'}{NUMBERS[plain[1:]]}", content)[0]
    number = int.from_bytes(content, "big" if order == ">" else "little", signed=kind == "i")
    return bool(number) if kind == "b" else number


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise NotPlain("text in another code")
    return text.encode("latin-1")


def _bytes(content: Any = b"", encoding: Any = "latin-1") -> bytes:
    return content if isinstance(content, bytes) else _encode(content, encoding)


def _mapping(pairs: Any = ()) -> dict[Any, Any]:
    if not isinstance(pairs, list | tuple | dict):
        raise NotPlain("a mapping of something else")
    return dict(pairs)


def _default_mapping(_: Any = None, pairs: Any = ()) -> dict[Any, Any]:
    return _mapping(pairs)


def _items(items: Any = ()) -> list[Any]:
    if not isinstance(items, list | tuple):
        raise NotPlain("a set of something else")
    return list(items)


def _uncallable(*_: Any) -> NoReturn:
    raise NotPlain("calls a class")


_NUMPY: dict[tuple[str, str], Callable[..., Any]] = {
    ("multiarray", "_reconstruct"): _reconstruct,
    ("multiarray", "scalar"): _scalar,
    ("numeric", "_frombuffer"): _from_buffer,
}
_BUILTINS: dict[str, Callable[..., Any]] = {
    **{"bytes": _bytes, "bytearray": _bytes, "set": _items, "frozenset": _items},
    **dict.fromkeys(("dict", "float", "int", "list"), _uncallable),  # of a defaultdict
}
KNOWN: dict[tuple[str, str], StandIn] = {
    ("numpy", "ndarray"): StandIn(_uncallable),
    ("numpy", "dtype"): StandIn(Dtype),
    ("_codecs", "encode"): StandIn(_encode),
    ("collections", "OrderedDict"): StandIn(_mapping),
    ("collections", "defaultdict"): StandIn(_default_mapping),
    **{
        (module, name): StandIn(call)
        for module in ("builtins", "__builtin__")
        for name, call in _BUILTINS.items()
    },
    **{
        (f"numpy.{core}.{module}", name): StandIn(call)
        for core in ("core", "_core")
        for (module, name), call in _NUMPY.items()
    },
}
"""Exact (module, name) pairs; all else is refused."""


class Unpickler(pickle.Unpickler):
    """Knows nothing but `KNOWN`; the answer holds `Array`s, which `wire_format.Writer` checks."""

    def find_class(self, module: str, name: str) -> StandIn:
        """The stand-in of an exact pair."""
        known = KNOWN.get((module, name))
        if known is None:
            raise NotPlain(f"wants to run {module[:80]}.{name[:80]}: refused")
        return known

    def persistent_load(self, name: Any) -> NoReturn:
        """Objects kept elsewhere are refused."""
        raise NotPlain("wants an object that is kept elsewhere: refused")


def unpickle(stream: BinaryIO) -> Any:
    """What a pickle holds, with `Array` in place of numpy's.

    Raises:
        NotPlain: Damaged, or it asks for anything else.
        MemoryError: It asks for more than there is.
    """
    try:
        return Unpickler(stream, encoding="latin1").load()
    except (NotPlain, MemoryError):
        raise
    except Exception as error:  # the C code of pickle raises whatever it stumbles over
        raise NotPlain(f"not a whole pickle ({type(error).__name__}: {error})") from error
