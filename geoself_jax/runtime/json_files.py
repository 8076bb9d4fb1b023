"""The one reader of the JSON that this package wrote: bounded in size, depth and numbers.

What is read may be damaged, or anybody's. A file with a key `sha256` says what its values were.
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError, data_error, missing_error

MOST_BYTES = 2**23
"""Of a file. The largest known, scores of some thousand joints and actions, are a tenth of it."""

MOST_DEPTH = 32
"""Lists and tables within each other."""

LARGEST_INTEGER = 2**63

DIGEST = "sha256"
"""The key of a file's own digest."""

_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""Texts as a whole, so that brackets within them do not count, and brackets.

One that never ends goes up to the end: else each of its quotes would be looked at as a beginning.
"""


def values_sha256(values: dict[str, Any], left_out: str = "") -> str:
    """SHA-256 of values without their key `sha256`: sorted keys, no spaces, ASCII.

    Args:
        values: A table.
        left_out: Another key that does not count.
    """
    rest = {key: value for key, value in values.items() if key not in (DIGEST, left_out)}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def signed(values: dict[str, Any], left_out: str = "") -> dict[str, Any]:
    """Returns the values with their digest, the last key, as they will be read back.

    Args:
        values: JSON values; tuples become lists. A digest that is there is replaced.
        left_out: As of `values_sha256`.
    """
    plain = {k: v for k, v in json.loads(json.dumps(values)).items() if k != DIGEST}
    return plain | {DIGEST: values_sha256(plain, left_out)}


def parse(content: bytes, *, not_finite: bool = False) -> Any:
    """Parses JSON that this package wrote.

    Args:
        content: UTF-8 text.
        not_finite: Whether NaN and Infinity, which JSON lacks, are numbers.

    Returns:
        Dictionaries, lists, texts, numbers, None.

    Raises:
        ValueError: Over `MOST_BYTES` or `MOST_DEPTH`, no JSON, a key that is there twice, a number
            beyond 64 bits; in a line.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"{len(content)} bytes, over {MOST_BYTES}")
    _check_depth(content)
    constant = float if not_finite else _refuse_constant
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_table,
            parse_constant=constant,
            parse_int=_integer,
            parse_float=float if not_finite else _finite,
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is no UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error


def read_json(path: Path, do: str) -> Any:
    """Reads a JSON file that this package wrote, as `parse`; `check_digest` is the caller's.

    Args:
        path: The file.
        do: What to do about a damaged one.

    Raises:
        GeoselfError: No such file (66), damaged (65), cannot be opened (74).
    """
    try:
        return parse(_content(path))
    except ValueError as error:
        raise data_error(str(path), f"damaged: {str(error)[:200]}", do) from error


def check_digest(
    path: Path, values: Any, do: str, *, left_out: str = "", must_be_signed: bool = False
) -> None:
    """Checks values against their own digest; those of older versions have none.

    Args:
        path: The file that they are of.
        values: All of it; what is no table has no digest.
        do: What to do about a damaged one.
        left_out: As of `values_sha256`.
        must_be_signed: Whether values without a digest are damaged.

    Raises:
        GeoselfError: They do not match, or have none though they must (65).
    """
    found = values.get(DIGEST) if isinstance(values, dict) else None
    if found is None and must_be_signed:
        raise data_error(str(path), f"damaged: its {DIGEST} is missing", do)
    if found is not None and found != values_sha256(values, left_out):
        raise data_error(str(path), f"its values do not match its own {DIGEST}", do)


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise missing_error(str(path), "no such file", "check the path")
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        do = "check its permissions and the disk"
        raise GeoselfError(str(path), why, do, INPUT_OUTPUT) from error


def _check_depth(content: bytes) -> None:
    """Refuses lists within lists before the parser, which recurses, meets them."""
    depth = 0
    for found in _BRACKETS.finditer(content):
        letter = found[0][:1]
        depth += (letter in b"[{") - (letter in b"]}")
        if depth > MOST_DEPTH:
            raise ValueError(f"lists within lists, over {MOST_DEPTH} deep")


def _table(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {twice[:40]!r} is there twice")
    return table


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > LARGEST_INTEGER:
        raise ValueError(f"{text[:24]}... is beyond 64 bits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:24]} is beyond what a number holds")
    return number
