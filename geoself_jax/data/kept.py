"""Arrays that a recording determines, kept in the user's cache until something changes them."""

import contextlib
import functools
import hashlib
import os
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import jax
import numpy as np

import geoself_jax
from geoself_jax.core.cache_folder import cache_folder
from geoself_jax.core.unfinished import unfinished
from geoself_jax.data.recording import Recording

MOST_BYTES = 2 * 1024**3
"""Of all that is kept; what was not read for the longest time is removed first."""

_UNREADABLE = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile)


def kept(kind: str, key: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What `make` returns, computed once for a key, this package's code, its libraries and device.

    Args:
        kind: What it is, a name for the file.
        key: What it is computed from, e.g. `recording_key`.
        make: Computes it: a pure function of what the key names.
    """
    folder = cache_folder("arrays")
    if folder is None:
        return make()
    device = f"{jax.default_backend()} {jax.config.jax_enable_x64}"  # type: ignore[attr-defined]
    digest = hashlib.sha256(f"{key} {device} {_code()}".encode()).hexdigest()
    path = folder / f"{kind}-{digest[:32]}.npz"
    with contextlib.suppress(*_UNREADABLE), np.load(path, allow_pickle=False) as stored:
        found = {name: stored[name] for name in stored.files}
        with contextlib.suppress(OSError):  # a disk that is read only
            os.utime(path)
        return found
    made = make()
    _keep(path, made)
    return made


def recording_key(recording: Recording) -> str:
    """Digest of detections, cameras, names and rate: of all but the ground truth."""
    who = (recording.clip_names, recording.clip_actions, recording.subject_names)
    cameras = (recording.rig_names, recording.camera_names)
    facts = (recording.fps, recording.skeleton, who, cameras)
    total = hashlib.sha256(repr(facts).encode())
    ids = (recording.clip_id, recording.frame_id, recording.subject_id, recording.rig_id)
    seen = (recording.keypoints_2d, recording.confidence, recording.image_size, recording.world_up)
    lens = () if recording.dist is None else (recording.dist,)
    for array in (*seen, *ids, *recording.camera, *lens):
        total.update(f"{array.dtype} {array.shape}".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def _keep(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes a file, where it fits and the disk has room, and removes the oldest ones."""
    size = sum(array.nbytes for array in arrays.values())
    if size > MOST_BYTES // 4:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError), unfinished(lambda: temporary.unlink(missing_ok=True)):
        with temporary.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)
        _make_room(path.parent)


def _make_room(folder: Path) -> None:
    """Removes the files that were not read for the longest time, down to `MOST_BYTES`."""
    facts = [(file.stat(), file) for file in folder.glob("*.npz")]
    left = sum(stat.st_size for stat, _ in facts)
    for stat, file in sorted(facts, key=lambda pair: pair[0].st_mtime):
        if left <= MOST_BYTES:
            return
        file.unlink(missing_ok=True)
        left -= stat.st_size


@functools.cache
def _code() -> str:
    """Digest of what computes: this package's code and the versions of its libraries."""
    total = hashlib.sha256()
    for name in ("jax", "jaxlib", "numpy", "scipy"):
        total.update(f"{name} {version(name)}".encode())
    package = Path(geoself_jax.__file__).parent
    for path in sorted(package.rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()
