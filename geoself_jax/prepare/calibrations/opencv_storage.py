"""OpenCV's FileStorage as plain values: a matrix becomes its rows."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_json, load_xml, load_yaml
from geoself_jax.prepare.calibrations.camera_table import mapping

suffixes = (".yml", ".yaml", ".xml", ".json")
_DEEPEST = 8
TAGS = ("opencv-matrix", "opencv-nd-matrix")
"""Of YAML, before a plain mapping."""


def load_filestorage(path: Path) -> dict[str, Any]:
    """Names and values; matrices as lists of rows.

    Raises:
        GeoselfError: The file is damaged, or a matrix does not fit its rows and columns (65).
    """
    suffix = path.suffix.lower()
    if suffix == ".xml":
        value = _element(path, load_xml(path), 0)
    elif suffix == ".json":
        value = load_json(path)
    else:
        value = load_yaml(path, tags=TAGS)
    content = mapping(value, str(path))
    return {str(key): _plain(path, str(key), each, 0) for key, each in content.items()}


def _plain(path: Path, name: str, value: Any, depth: int) -> Any:
    if not isinstance(value, dict) or depth > _DEEPEST:
        return value
    if {"rows", "cols", "data"} <= value.keys():
        return _rows(path, name, value["rows"], value["cols"], value["data"])
    if {"sizes", "data"} <= value.keys():  # of one dimension, as OpenCV 5 writes it
        sizes = value["sizes"] if isinstance(value["sizes"], list) else [value["sizes"]]
        if len(sizes) in (1, 2):
            return _rows(path, name, sizes[0] if len(sizes) == 2 else 1, sizes[-1], value["data"])
    return {str(key): _plain(path, str(key), each, depth + 1) for key, each in value.items()}


def _rows(path: Path, name: str, rows: Any, columns: Any, data: Any) -> list[Any]:
    sizes = isinstance(rows, int) and isinstance(columns, int)
    if not (sizes and isinstance(data, list) and rows * columns == len(data)):
        found = f"{len(data)} numbers" if isinstance(data, list) else "no list"
        raise data_error(
            f"{path}: {name}: {rows!r} rows, {columns!r} columns, {found}",
            "rows times columns is wanted",
            "fix the file",
        )
    if not data:
        return []
    return [data[start : start + columns] for start in range(0, len(data), columns)]


def _element(path: Path, element: ElementTree.Element, depth: int) -> Any:
    """An XML element as its children by name, a list of unnamed ones `_`, or its text's numbers."""
    children = list(element)
    if not children:
        return _words(element.text or "", keep=element.tag == "dt")
    if depth > _DEEPEST:
        raise data_error(f"{path}: {element.tag}", "nested too deeply", "check the file's format")
    if all(child.tag == "_" for child in children):
        return [_element(path, child, depth + 1) for child in children]
    inner = {child.tag: _element(path, child, depth + 1) for child in children}
    is_matrix = "data" in inner and (inner.keys() & {"rows", "sizes"})
    if is_matrix and not isinstance(inner["data"], list):
        inner["data"] = [inner["data"]]  # a single number
    return inner


def _words(text: str, *, keep: bool) -> Any:
    """Numbers where all words are numbers; one alone is no list; other text as it is."""
    words = text.split()
    if keep or not words:
        return text.strip()
    try:
        values = [int(word) if word.lstrip("+-").isdigit() else float(word) for word in words]
    except ValueError:
        return text.strip().strip('"')
    return values[0] if len(values) == 1 else values
