"""Why a path is no known detector's: empty, not valid JSON, decimal commas, other keys."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.files import load_json
from geoself_jax.data.files.npz import array_shape
from geoself_jax.prepare.detections.caliscope_xy import board, is_board
from geoself_jax.prepare.detections.freemocap import is_spatial, spatial
from geoself_jax.prepare.first_bytes import head

TABLES, HDF5 = (".csv", ".tsv"), (".h5", ".hdf5", ".hdf", ".slp")
SUFFIXES = (".json", *TABLES, *HDF5, ".npy")
"""Of files that detectors write."""

_MAGIC = "HDF\r\n\x1a\n"
_COMMA = re.compile(r'[;\t"] *-?\d+,\d+ *(?=[;\t"]|$)|^ *-?\d+,\d+ *(?=[;\t])')
_OF_ALL = re.compile(r"\"?(.*_)?cam_?\d+_[XY]\"?", re.IGNORECASE)  # xypts.csv of DLTdv and Argus
_OF_IMAGE = {"keypoints", "bbox", "score", "category_id"}  # of OpenPifPaf's people
_MOST = 8  # names that are listed
_NAME = "if it is one of these, name it: --detections=NAME"
_AGAIN = "run the detector again, or copy it"


def unknown(path: Path, known: Iterable[str], max_bytes: int = 1 << 32) -> GeoselfError:
    """The error (65) for a file or folder that no reader recognizes, with the mistake in it.

    Args:
        path: A file or folder that is there.
        known: Names of the formats.
        max_bytes: Of a JSON file: a larger one is not looked into.
    """
    found = written_next(path) or broken(path, max_bytes)
    if found is not None:
        return found
    what, do = f"{path}: detections of no known format", _NAME
    if path.is_dir():
        names = sorted(each.name for each in path.iterdir() if each.is_dir())
        more = ", ..." if len(names) > 4 else ""
        do = f"it holds folders, {', '.join(names[:4])}{more}: give one camera's" if names else do
    elif path.suffix.lower() == ".json" and path.stat().st_size <= max_bytes:
        content = load_json(path, max_bytes=max_bytes)
        if isinstance(content, dict) and isinstance(content.get("people"), list):
            return data_error(
                f"{path}: one frame of OpenPose", "wanted a camera's folder", f"give {path.parent}"
            )
        if _is_one_image(content):
            return data_error(
                f"{path}: people of one image, as OpenPifPaf writes them",
                "wanted a camera's folder, with a file IMAGE.predictions.json an image",
                "name a folder that is there as its json-output: by any other name each image "
                "replaces the one before",
            )
        seen = _seen(content)
        what = f"{path}: JSON, but of no known detector: {seen}"
    elif path.suffix.lower() in TABLES:
        cells = (head(path).splitlines() or [""])[0].split(",")
        names = [cell.strip()[:40] for cell in cells[:_MOST]]
        what = f"{path}: a table of no known detector: columns {', '.join(names)}"
    elif path.suffix.lower() == ".npy":
        what += f", an array of shape {array_shape(path)}"
    return data_error(what, f"known: {', '.join(known)}", do)


def written_next(path: Path) -> GeoselfError | None:
    """The error (65) for what programs write next to detections."""
    if is_spatial(path):
        return spatial(path)
    return board(path) if is_board(path) else None


def broken(path: Path, max_bytes: int = 1 << 32) -> GeoselfError | None:
    """The error (65) for a file or folder that no program can have meant; None for any other.

    Args:
        path, max_bytes: As of `unknown`.
    """
    if path.is_dir():
        return _folder(path, max_bytes)
    suffix = path.suffix.lower()
    if not path.stat().st_size:
        return data_error(f"{path}: an empty file", "0 bytes", _AGAIN)
    if suffix == ".json" and path.stat().st_size <= max_bytes:
        return _json(path, max_bytes)
    if suffix in TABLES:
        return _table(path)
    if suffix in HDF5 and _MAGIC not in head(path):
        return data_error(f"{path}: no HDF5 file", "whatever its name says", "copy it again")
    return None


def _folder(path: Path, max_bytes: int) -> GeoselfError | None:
    """By the first JSON in it."""
    entries = sorted(each for each in path.iterdir() if not each.name.startswith("."))
    if not entries:
        return data_error(f"{path}: an empty folder", "no file in it", _AGAIN)
    first = next((f for f in entries if f.suffix.lower() == ".json" and f.is_file()), None)
    return None if first is None else broken(first, max_bytes)


def _json(path: Path, max_bytes: int) -> GeoselfError | None:
    try:
        content = load_json(path, max_bytes=max_bytes)
    except GeoselfError as error:
        return error
    if content in ([], {}):
        do = "check whether the detector ran on this video"
        return data_error(f"{path}: empty JSON ({content})", "nobody is in it", do)
    return None


def _is_one_image(content: Any) -> bool:
    """Whether it is a list of people with flat keypoints that says no image."""
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and set(first) - {"id_"} == _OF_IMAGE


def _seen(content: Any) -> str:
    """The keys of a JSON value, at its first level that has some."""
    if isinstance(content, dict):
        keys = [str(key)[:40] for key in list(content)[:_MOST]]
        return f"keys {', '.join(keys)}{', ...' if len(content) > _MOST else ''}"
    if isinstance(content, list) and content:
        return f"a list, its first entry {_seen(content[0])}"
    return f"{type(content).__name__} {str(content)[:40]!r}"


def _table(path: Path) -> GeoselfError | None:
    lines = head(path).splitlines() or [""]
    if all(_OF_ALL.fullmatch(cell.strip()) for cell in lines[0].split(",")):
        return data_error(
            f"{path}: points of all cameras in one table, as DLTdv and Argus write them",
            "detections are read of a file a camera, in pixels counted downwards from 0",
            "give the detector's own files, or write a DeepLabCut csv for each camera",
        )
    between = next((each for each in (";", "\t") if each in lines[0]), "")
    cells = {";": "semicolons", "\t": "tabs"}.get(between)
    number = next((n for n, line in enumerate(lines, 1) if _COMMA.search(line)), None)
    if number is not None:
        more = f", and {cells} between its cells" if cells else ""
        do = "write points (0.5), and commas between cells"
        return data_error(f"{path}, line {number}: has decimal commas{more}", "", do)
    if cells:
        return data_error(f"{path}: {cells} between its cells", "wanted commas", "write it so")
    return None
