"""`python -m geoself_jax.data.files.child`: one file parsed with limits, plain data back."""

import errno
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.files.wire_format import NotPlain, Writer

NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EROFS)
"""Why an answer cannot be written, which is not the file's fault: exit codes of the child."""

BASE_MEMORY = 3 * 2**27
"""Bytes of address space beyond what the interpreter and its libraries have taken."""


def main() -> None:
    """Reads what is asked from the standard input, writes the answer to the standard output."""
    gc.disable()  # nothing here makes garbage in circles, and looking for it takes half the time
    asked = json.loads(sys.stdin.buffer.read())
    try:
        with os.fdopen(os.dup(1), "wb", buffering=2**20) as blob:
            os.dup2(2, 1)  # what a library prints is not the answer
            set_limits(asked["max_bytes"], asked["seconds"])
            said = parse(asked, blob)
            tree = json.dumps(said, separators=(",", ":")).encode()
            blob.write(tree)
            blob.write(len(tree).to_bytes(8, "little"))
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        os._exit(error.errno or 1)
    os._exit(0)


def parse(asked: dict[str, Any], blob: BinaryIO) -> dict[str, Any]:
    """`{"tree": ...}`, or `{"refused": one line}`; the bytes of arrays go to `blob`.

    Raises:
        OSError: The disk has no room for them.
    """
    path = Path(asked["path"])
    try:
        return {"tree": _read(asked, path, Writer(blob, asked["max_bytes"]))}
    except NotPlain as error:
        refusal = data_error(str(path), str(error), "copy it again, or write it as plain arrays")
    except MemoryError:
        why = "reading it needs more memory than such a file should"
        refusal = data_error(str(path), why, "it looks damaged: copy it again")
    except GeoselfError as error:
        refusal = error
    except Exception as error:  # zipfile, h5py and SciPy raise whatever they stumble over
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        why = f"cannot be read whole ({type(error).__name__}: {str(error)[:120]})"
        refusal = data_error(str(path), why, "copy it again")
    return {"refused": str(refusal)}


def _read(asked: dict[str, Any], path: Path, writer: Writer) -> Any:
    kind, max_bytes, size = asked["kind"], asked["max_bytes"], path.stat().st_size
    if kind == "pickle":
        from geoself_jax.data.files.pickle_npz import write_pickle

        set_memory(12 * size)
        writer.expect(size)
        return write_pickle(path, writer)
    if kind == "npz":
        from geoself_jax.data.files.pickle_npz import unpacked_size, write_npz

        unpacked = unpacked_size(path, max_bytes)
        set_memory(4 * unpacked + size)
        writer.expect(unpacked)
        return write_npz(path, writer, max_bytes)
    if kind == "hdf5":
        from geoself_jax.data.files.hdf5 import Contents, open_file, write_tree

        set_memory(4 * size)
        with open_file(path) as file:
            contents = Contents(file, size, max_bytes, asked["pickled"])
            tree = contents.walk(asked["names"])
            set_memory(4 * size + 4 * contents.largest)
            return write_tree(tree, writer)
    from geoself_jax.data.files.matlab import claimed_size, write_matlab

    claimed = claimed_size(path, max_bytes)
    import scipy.io  # noqa: F401 - its libraries are not the file's memory

    set_memory(4 * claimed + 4 * size)
    return write_matlab(path, writer, asked["names"])


def set_limits(max_bytes: int, seconds: float) -> None:
    """Processor time, size of the answer, no core file; where the system knows such limits."""
    try:
        import resource
    except ImportError:  # Windows
        return
    cpu = int(seconds) + 1
    _limit(resource.RLIMIT_CPU, cpu)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 2 * max_bytes + 2**28)


def set_memory(extra: int) -> None:
    """Address space: what is taken now, the base, and what the file may need."""
    try:
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):  # not Linux: no such limit
        return
    _limit(resource.RLIMIT_AS, taken + BASE_MEMORY + extra)


def _limit(which: int, amount: int) -> None:
    import resource

    _, most = resource.getrlimit(which)
    soft = amount if most == resource.RLIM_INFINITY else min(amount, most)
    resource.setrlimit(which, (soft, most))


if __name__ == "__main__":
    main()
