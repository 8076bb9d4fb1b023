"""Why a path is no known detector's: not valid JSON, other keys, decimal commas, other columns."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.files import load_json
from geoself_jax.data.files.npz import array_shape
from geoself_jax.prepare.detections.rows import head

SUFFIXES = (".json", ".csv", ".tsv", ".h5", ".hdf5", ".hdf", ".slp", ".npy")
"""Of files that detectors write."""

_MAGIC = "HDF\r\n\x1a\n"
_COMMA = re.compile(r'[;\t"] *-?\d+,\d+ *(?=[;\t"]|$)|^ *-?\d+,\d+ *(?=[;\t])')
_MOST = 8  # names that are listed
_NAME = "if it is one of these, name it: --detections=NAME"


def unknown(path: Path, known: Iterable[str], max_bytes: int = 1 << 32) -> GeoselfError:
    """The error (65) for a file or folder that no reader recognizes, with the mistake in it.

    Args:
        path: A file or folder that is there.
        known: Names of the formats.
        max_bytes: Of a JSON file: a larger one is not looked into.
    """
    listed = f"known: {', '.join(known)}"
    if path.is_dir():
        return _folder(path, listed, max_bytes)
    if not path.stat().st_size:
        return data_error(f"{path}: an empty file", "0 bytes", "run the detector again, or copy it")
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _json(path, listed, max_bytes)
    if suffix in (".csv", ".tsv"):
        return _table(path, listed)
    if suffix in SUFFIXES[3:7] and _MAGIC not in head(path):
        return data_error(f"{path}: no HDF5 file", "whatever its name says", "copy it again")
    what = f"{path}: detections of no known format"
    if suffix == ".npy":
        what += f", an array of shape {array_shape(path)}"
    return data_error(what, listed, _NAME)


def _folder(path: Path, listed: str, max_bytes: int) -> GeoselfError:
    """By the first JSON in it, or the folders in it: it may hold one for each camera."""
    entries = sorted(each for each in path.iterdir() if not each.name.startswith("."))
    frames = (each for each in entries if each.suffix.lower() == ".json" and each.is_file())
    first = next(frames, None)
    if first is not None:
        return unknown(first, listed.removeprefix("known: ").split(", "), max_bytes)
    names = [each.name for each in entries if each.is_dir()]
    more = ", ..." if len(names) > 4 else ""
    do = f"it holds folders, {', '.join(names[:4])}{more}: give one camera's" if names else _NAME
    return data_error(f"{path}: detections of no known format", listed, do)


def _json(path: Path, listed: str, max_bytes: int) -> GeoselfError:
    try:
        content = load_json(path, max_bytes=max_bytes)
    except GeoselfError as error:
        return error
    if content in ([], {}):
        do = "check whether the detector ran on this video"
        return data_error(f"{path}: empty JSON ({content})", "nobody is in it", do)
    return data_error(f"{path}: JSON, but of no known detector: {_seen(content)}", listed, _NAME)


def _seen(content: Any) -> str:
    """The keys of a JSON value, at its first level that has some."""
    if isinstance(content, dict):
        keys = [str(key)[:40] for key in list(content)[:_MOST]]
        return f"keys {', '.join(keys)}{', ...' if len(content) > _MOST else ''}"
    if isinstance(content, list) and content:
        return f"a list, its first entry {_seen(content[0])}"
    return f"{type(content).__name__} {str(content)[:40]!r}"


def _table(path: Path, listed: str) -> GeoselfError:
    lines = head(path).splitlines()
    between = next((each for each in (";", "\t") if each in lines[0]), ",") if lines else ","
    number = next((n for n, line in enumerate(lines, 1) if _COMMA.search(line)), None)
    cells = {";": "semicolons", "\t": "tabs"}.get(between)
    if number is not None:
        more = f", and {cells} between its cells" if cells else ""
        do = "write points (0.5), and commas between cells"
        return data_error(f"{path}, line {number}: has decimal commas{more}", "", do)
    if cells:
        return data_error(f"{path}: {cells} between its cells", "wanted commas", "write it so")
    names = ", ".join(cell.strip()[:40] for cell in (lines or [""])[0].split(",")[:_MOST])
    return data_error(f"{path}: a table of no known detector: columns {names}", listed, _NAME)
