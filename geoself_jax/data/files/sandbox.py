"""Parses a file in a child process with limits, and validates its answer again.

The answer is one file without a name: the bytes of all arrays, the JSON tree, and the length of
the tree (8 bytes, little-endian).
"""

import json
import mmap
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from geoself_jax.core import disk
from geoself_jax.core.errors import DATA, GeoselfError, data_error
from geoself_jax.core.unfinished import unfinished
from geoself_jax.data.files.child import NO_ROOM
from geoself_jax.data.files.limits import file_size
from geoself_jax.data.files.wire_format import Reader

PACKAGE_ROOT = Path(__file__).parents[3]
FIRST_MINUTE, FIRST_WORK, BYTES_PER_SECOND = 60, 10, 2**21
"""Seconds that are waited for, processor seconds in them, and the slowest reading after those.

Lists of single numbers take 0.3 s a MB; damaged HDF5 files can keep the library busy for ever.
"""
_HANDED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")


def ask(
    kind: str, path: Path, options: dict[str, Any], max_bytes: int, *, seconds: float | None = None
) -> Any:
    """What a child process read from a file.

    Args:
        kind: `pickle`, `npz`, `hdf5` or `matlab`.
        path: The file.
        options: What the parser of that kind takes.
        max_bytes: Bytes of the file and of what is in it.
        seconds: How long to wait; None: by the file's size.

    Raises:
        GeoselfError: The child's refusal, or that it crashed, hung or ran out of memory (65); no
            room for what it read (74).
    """
    path = Path(path)
    size = file_size(path, max_bytes)
    wait = seconds if seconds is not None else FIRST_MINUTE + size / BYTES_PER_SECOND
    asked = {"kind": kind, "path": str(path), "max_bytes": max_bytes, **options}
    asked["seconds"] = FIRST_WORK + size / BYTES_PER_SECOND
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as complaints:
        try:
            code = _run(json.dumps(asked).encode(), answer, complaints, wait)
        except subprocess.TimeoutExpired as error:
            raise _refused(path, f"reading it took over {wait:g} s") from error
        if code == 0:
            return _value(path, answer, max_bytes)
        if code in NO_ROOM:
            raise _no_room(path, code)
        raise _failure(path, code, complaints)


def _run(asked: bytes, answer: IO[bytes], complaints: IO[bytes], seconds: float) -> int:
    """Runs the child; it ends with this process."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "geoself_jax.data.files.child"],
        stdin=subprocess.PIPE,
        stdout=answer,
        stderr=complaints,
        env=_environment(),
    )
    with child, unfinished(child.kill):
        child.communicate(asked, timeout=seconds)
        return child.returncode


def _environment() -> dict[str, str]:
    """No credentials, no plugin paths, one thread: little memory is taken at the start."""
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    roots = [str(PACKAGE_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return {**kept, **single, "PYTHONPATH": os.pathsep.join(roots), "PYTHONDONTWRITEBYTECODE": "1"}


def _refused(path: Path, why: str) -> GeoselfError:
    return data_error(str(path), why, "it looks damaged: copy or write it again")


def _no_room(path: Path, number: int) -> GeoselfError:
    """The disk of temporary files, where what was read is unpacked, has no room for it."""
    safe = f"{path} is unpacked there to be read"
    do = "run the same command again, or set TMPDIR to a folder of another disk"
    error = OSError(number, os.strerror(number))
    return disk.refused(tempfile.gettempdir(), error, safe=safe, do=do)


def _failure(path: Path, code: int, complaints: IO[bytes]) -> GeoselfError:
    """A child that ended without an answer, in one line."""
    if code < 0:
        if -code == getattr(signal, "SIGXCPU", None):
            return _refused(path, "reading it took too long")
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return _refused(path, f"reading it crashed ({name})")
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - 2000))
    last = complaints.read().decode(errors="replace").strip().splitlines()[-1:]
    return _refused(path, f"reading it failed ({' '.join(last)[:200]})")


def _value(path: Path, answer: IO[bytes], max_bytes: int) -> Any:
    size = answer.seek(0, os.SEEK_END)
    if size < 8:
        raise _refused(path, "reading it gave no answer")
    # Never closed by hand: a fault's frames may still look into it.
    content = mmap.mmap(answer.fileno(), 0, access=mmap.ACCESS_READ)
    end = size - 8 - int.from_bytes(content[-8:], "little")
    if end < 0:
        raise _refused(path, "reading it gave half an answer")
    try:
        said = json.loads(content[end:-8])
        if "refused" in said:
            raise GeoselfError(str(said["refused"]), "", "", DATA)
        return Reader(memoryview(content)[:end], max_bytes).value(said["tree"])
    except (ValueError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise _refused(path, f"reading it gave an odd answer ({error})") from error
