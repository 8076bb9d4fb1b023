"""Text files: plain, JSON, TOML. The line and column of a fault are in the message."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.files.limits import MAX_DEPTH, MAX_MARKED, MAX_TEXT, file_size, unreadable

_NAME = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DEEP_KEY = re.compile(rf"(?<![\w.-]){_NAME}(?:[ \t]*+\.[ \t]*+{_NAME}){{{MAX_DEPTH}}}")
"""A TOML key a.b.c...: the standard library takes gigabytes for some thousand names."""


def load_text(path: Path, *, max_bytes: int = MAX_TEXT) -> str:
    """The text of a UTF-8 file, line ends as line feeds, without a byte order mark.

    Raises:
        GeoselfError: No such file (66), too large or not UTF-8 (65), cannot be opened (74).
    """
    path = Path(path)
    file_size(path, max_bytes)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise data_error(
            f"{path}, line {line}: byte 0x{content[error.start]:02x}",
            "not UTF-8 text",
            "save it as UTF-8",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load_json(path: Path, *, max_bytes: int = MAX_TEXT) -> Any:
    """What a JSON file holds; of a key that is there twice the last value; NaN is a number.

    Raises:
        GeoselfError: As `load_text`; not JSON (65).
    """
    return _parsed(path, load_text(path, max_bytes=max_bytes))


def load_json_lines(path: Path, *, max_bytes: int = MAX_TEXT) -> Iterator[tuple[int, Any]]:
    """The number of each line, from 1, and what it holds; empty lines are none.

    Raises:
        GeoselfError: As `load_text`; a line that is not JSON (65).
    """
    for number, line in enumerate(load_text(path, max_bytes=max_bytes).split("\n"), 1):
        if line.strip():
            yield number, _parsed(path, line, number)


def _parsed(path: Path, text: str, first: int = 1) -> Any:
    """What a JSON text holds, which starts in line `first` of its file."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{path}, line {first + error.lineno - 1}, column {error.colno}"
        ends = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        why = f"not JSON: {'it is cut here: ' if ends and text.strip() else ''}{error.msg}"
        raise data_error(where, why, "fix it, or copy or write it again") from error
    except (RecursionError, ValueError, MemoryError) as error:
        raise too_odd(path, "JSON", error) from error


def load_toml(path: Path, *, max_bytes: int = MAX_MARKED) -> dict[str, Any]:
    """What a TOML file holds.

    Raises:
        GeoselfError: As `load_text`; not TOML, or a key within keys over `MAX_DEPTH` deep (65).
    """
    text = load_text(path, max_bytes=max_bytes)
    deep = _DEEP_KEY.search(text)
    if deep:
        where = f"{path}, line {text.count(chr(10), 0, deep.start()) + 1}"
        raise data_error(where, f"a key of over {MAX_DEPTH} names", "write it again")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise data_error(str(path), f"not TOML: {error}", "fix it or write it again") from error
    except (RecursionError, ValueError, MemoryError) as error:
        raise too_odd(path, "TOML", error) from error


def too_odd(path: Path, kind: str, error: BaseException) -> GeoselfError:
    """The grammar is right, but no program writes such a file (65)."""
    deep = isinstance(error, RecursionError)
    why = "lists within lists without end" if deep else str(error) or type(error).__name__
    return data_error(str(path), f"{kind} that cannot be held: {why}", "write it again")
