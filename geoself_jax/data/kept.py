"""Arrays that a recording determines, kept in the user's cache until something changes them."""

import contextlib
import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jaxlib
import numpy as np

import geoself_jax
from geoself_jax.core.cache_folder import cache_folder, machine
from geoself_jax.core.unfinished import unfinished
from geoself_jax.data.recording import Recording

MOST_BYTES = 2 * 1024**3
"""Of all that is kept; what was not read for the longest time is removed first."""

_NAMES = "names of the other arrays"
_TRUTH = {"pose_world", "pose_skeleton", "fingerprint", "fingerprints"}
_SETTINGS = ("jax_enable_x64", "jax_default_matmul_precision", "jax_disable_most_optimizations")


def kept(
    kind: str, key: str, make: Callable[[], dict[str, np.ndarray]], *, by_jax: bool = True
) -> dict[str, np.ndarray]:
    """What `make` returns, computed once for a key, this package's code and what it runs on.

    Args:
        kind: What it is, a name for the file.
        key: What it is computed from, e.g. `recording_key`.
        make: Computes it: a pure function of what the key names.
        by_jax: Whether jax computes it, so that its last digits depend on device and settings.
    """
    folder = cache_folder("arrays")
    if folder is None:
        return make()
    facts = f"{key} {_CODE} {np.__version__} {_computing() if by_jax else ''}"
    path = folder / f"{kind}-{hashlib.sha256(facts.encode()).hexdigest()[:32]}.npz"
    found = _read(path)
    if found is not None:
        return found
    made = make()
    _keep(path, made)
    return made


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file; None where it is not there, or is not as it was written."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
        names = found.pop(_NAMES).tolist()
    except Exception:  # damage makes zipfile and numpy raise a dozen kinds
        return None
    if names != sorted(found):
        return None
    with contextlib.suppress(OSError):  # a disk that is read only
        os.utime(path)
    return found


def recording_key(recording: Recording) -> str:
    """Digest of all of a recording but its ground truth."""
    total = hashlib.sha256()
    for field in dataclasses.fields(recording):
        if field.name not in _TRUTH:
            total.update(field.name.encode())
            _add(total, getattr(recording, field.name))
    return total.hexdigest()


def _add(total: Any, value: Any) -> None:
    """Adds an array, arrays, or anything that is what it is written as, to a digest."""
    if isinstance(value, np.ndarray):
        total.update(f"{value.dtype} {value.shape}".encode())
        total.update(np.ascontiguousarray(value).data)
    elif isinstance(value, tuple) and value and isinstance(value[0], np.ndarray):
        for array in value:
            _add(total, array)
    else:
        total.update(repr(value).encode())


def code_digest(package: Path) -> str:
    """Digest of a package's source files.

    Args:
        package: Its folder.
    """
    total = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        total.update(path.relative_to(package).as_posix().encode())
        total.update(path.read_bytes())
    return total.hexdigest()


_CODE = code_digest(Path(geoself_jax.__file__).parent)
"""Read with the code itself: what is installed while a process runs is not what it runs."""


def _computing() -> str:
    """What the last digits of what jax computes depend on."""
    settings = [getattr(jax.config, name, None) for name in _SETTINGS]
    versions = (jax.__version__, jaxlib.__version__, os.environ.get("XLA_FLAGS", ""))
    return repr((versions, jax.default_backend(), machine(), settings))


def _keep(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes a file, where it fits and the disk has room, and removes the oldest ones."""
    if sum(array.nbytes for array in arrays.values()) > MOST_BYTES // 4:
        return
    with contextlib.suppress(OSError):
        number, name = tempfile.mkstemp(suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        with unfinished(lambda: temporary.unlink(missing_ok=True)):
            with os.fdopen(number, "wb") as stream:
                names = {_NAMES: np.array(sorted(arrays))}
                np.savez(stream, **arrays, **names)  # type: ignore[arg-type]
            temporary.replace(path)
        _make_room(path.parent)


def _make_room(folder: Path) -> None:
    """Removes the files that were not read for the longest time, down to `MOST_BYTES`."""
    facts = [(file.stat(), file) for file in folder.iterdir()]
    left = sum(stat.st_size for stat, _ in facts)
    for stat, file in sorted(facts, key=lambda pair: pair[0].st_mtime):
        if left <= MOST_BYTES:
            return
        file.unlink(missing_ok=True)
        left -= stat.st_size
