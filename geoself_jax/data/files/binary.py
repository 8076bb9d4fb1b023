"""Binary files from outside: each is parsed by a child process (`sandbox.ask`), never here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.data.files import npz
from geoself_jax.data.files.limits import MAX_BINARY
from geoself_jax.data.files.sandbox import ask
from geoself_jax.data.files.wire_format import Tree


def load_pickle(path: Path, *, max_bytes: int = MAX_BINARY) -> Tree:
    """What a pickle of any protocol holds: numbers, text, lists, mappings, numpy arrays.

    Nothing in it is run and nothing is imported: stand-ins take numpy's place. Arrays of objects
    become nested lists (without dimensions: the object), sets become lists, bytes latin-1 text.

    Raises:
        GeoselfError: No such file (66); damaged, too large, asks for anything else (65).
    """
    return ask("pickle", path, {}, max_bytes)


def load_npy(path: Path, *, max_bytes: int = MAX_BINARY) -> np.ndarray:
    """The array of a .npy file; it is read here: no objects, and a header of the file's size.

    Raises:
        GeoselfError: No such file (66); damaged, too large, holds objects (65).
    """
    return npz.read_array(Path(path), max_bytes=max_bytes)


def load_npy_entry(path: Path, at: int, *, max_bytes: int = MAX_BINARY) -> np.ndarray:
    """One entry of the first axis of a .npy file's array: no more than it is read.

    Raises:
        GeoselfError: As `load_npy`; no such entry (65).
    """
    return npz.read_entry(Path(path), at, max_bytes=max_bytes)


def load_npz(path: Path, *, max_bytes: int = MAX_BINARY, objects: bool = False) -> dict[str, Any]:
    """The arrays of an .npz file by name.

    Args:
        path: The file.
        max_bytes: Refuse a file that unpacks to more than this.
        objects: Arrays of objects become nested lists (see `load_pickle`) instead of a refusal.

    Raises:
        GeoselfError: No such file (66); damaged, too large, asks for anything else (65).
    """
    if not objects:
        return dict(npz.read_arrays(Path(path), max_bytes=max_bytes))
    return ask("npz", path, {}, max_bytes)


def load_hdf5(
    path: Path,
    *,
    names: Sequence[str] | None = None,
    pickled_attributes: Sequence[str] = (),
    max_bytes: int = MAX_BINARY,
) -> dict[str, Any]:
    """Groups of an HDF5 file as nested mappings, datasets as arrays.

    Text datasets are arrays of text (variable-length: nested lists), those without dimensions are
    plain values, tables (compounds) are mappings of their fields. Attributes are there as `@name`
    in a group's mapping; those of a dataset `x` are siblings of it, `x@name`.

    Args:
        path: The file.
        names: Read only these groups and datasets (`tracks`, `df/table`); absent ones are left
            out of the answer. None: everything.
        pickled_attributes: Attributes that hold a pickle (PyTables writes names of columns so);
            read like `load_pickle`.
        max_bytes: Refuse more than this, according to the headers.

    Raises:
        GeoselfError: No such file (66); damaged, too large; links, external or virtual storage,
            filters that HDF5 itself does not bring, references (65).
    """
    options = {
        "names": None if names is None else list(names),
        "pickled": list(pickled_attributes),
    }
    return ask("hdf5", path, options, max_bytes)


def load_matlab(
    path: Path, *, names: Sequence[str] | None = None, max_bytes: int = MAX_BINARY
) -> dict[str, Any]:
    """Variables of a MATLAB file (up to v7) by name.

    Numbers are arrays of two or more dimensions, as in MATLAB; a cell array is a list (nested, if
    neither rows nor columns are one), a struct a mapping (several: a list of them), text a str.

    Args:
        path: The file.
        names: Read only these variables; absent ones are left out of the answer. None: all.
        max_bytes: Refuse more than this.

    Raises:
        GeoselfError: No such file (66); damaged, too large, v7.3 (an HDF5 file), holds functions
            or objects (65).
    """
    return ask("matlab", path, {"names": None if names is None else list(names)}, max_bytes)
