"""What a disk refused, as one line: the file, the space it needed, what is free, what to do."""

import contextlib
import errno
import math
import os
import re
import shutil
from pathlib import Path

from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError

_WITHIN = re.compile(r"os_error_code='(\d+)'|\[?(?:OS error|Errno) (\d+)")
"""How other libraries name an error of the system in the text of theirs."""
_QUOTA = getattr(errno, "EDQUOT", -1)  # not on every system
OF_WRITING = tuple(n for n in (errno.ENOSPC, _QUOTA, errno.EFBIG, errno.EROFS) if n > 0)
"""The system's errors that only writing has."""
_DENIED = (errno.EACCES, errno.EPERM)


def refused(
    path: Path | str,
    error: BaseException,
    *,
    needed: int = 0,
    written: int = 0,
    safe: str = "",
    do: str = "",
) -> GeoselfError:
    """Returns the error of a file that could not be written (exit code 74).

    Args:
        path: The file or folder.
        error: What the system said, or a library in whose text the system's error is.
        needed: Bytes that it takes; 0 where that is not known.
        written: Bytes of it that were written, and removed again.
        safe: What is as it was: `an earlier file stays as it was`.
        do: What to do after the disk is in order; else to run the same command again.
    """
    number = errno_of(error)
    wants = f"{in_bytes(needed)} are needed, " if needed >= max(written, 1) else ""
    wants = wants or (f"more than {in_bytes(written)} are needed, " if written else "")
    why, first = _reason(Path(path), number, max(needed, written), wants)
    if not why:
        text = getattr(error, "strerror", None) or str(error)
        why = "could not be written: " + " ".join(str(text).split())[:200]
    what = "; ".join(filter(None, (why, safe)))
    then = f"{first}, and {do or 'run the same command again'}"
    return GeoselfError(str(path), what, then, INPUT_OUTPUT)


def no_temporary_files() -> GeoselfError:
    """Returns the error of a machine on which no temporary file can be written (exit code 74)."""
    place = Path(os.environ.get("TMPDIR") or "/tmp")  # gettempdir has just failed
    free = free_bytes(place)
    there = "" if free is None else f": {in_bytes(free)} are free in {place}"
    do = f"free space on {_disk(place)}, or set TMPDIR to a folder of another disk"
    return GeoselfError("temporary files", f"no folder takes them{there}", do, INPUT_OUTPUT)


def to_disk(path: Path) -> None:
    """Returns when a file, or all of a folder, is on the disk: a machine that is lost keeps it.

    Raises:
        OSError: The disk refuses.
    """
    if path.is_dir():
        for inner in path.iterdir():
            to_disk(inner)
        with contextlib.suppress(OSError):  # some disks, and Windows, do so for no folder
            _synced(path)
    else:
        _synced(path)


def entry_to_disk(path: Path) -> None:
    """Returns when the name of a file or folder is on the disk, where the disk can say so."""
    with contextlib.suppress(OSError):
        _synced(path.parent)


def _synced(path: Path) -> None:
    number = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def check_writable(path: Path) -> None:
    """Makes sure that a file or folder can be made, before hours go into what it is to hold.

    Raises:
        GeoselfError: The disk is read-only, or another's (74).
    """
    folder = _there(path if os.path.isdir(path) else path.parent)
    if not os.path.isdir(folder) or os.access(folder, os.W_OK | os.X_OK):
        return
    number = errno.EACCES
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: not a POSIX system
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            number = errno.EROFS
    raise refused(path, OSError(number, os.strerror(number)))


def errno_of(error: BaseException) -> int:
    """The system's number of an error, also of one that another library has wrapped; 0 for none."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    return errno_within(str(error))


def errno_within(text: str) -> int:
    """The system's number of the error that another program's words are about; 0 for none."""
    found = _WITHIN.search(text)
    if found:
        return int(found[1] or found[2])
    return next((number for number in OF_WRITING if os.strerror(number) in text), 0)


def free_bytes(path: Path | str) -> int | None:
    """Bytes that are free where a path lies or would lie; None where that is not known."""
    with contextlib.suppress(OSError, ValueError):
        usage = shutil.disk_usage(_there(Path(path)))
        return usage.free if usage.total else None  # some mounted buckets have no size at all
    return None


def taken_by(folder: Path) -> int:
    """Bytes of the disk that a folder's files take."""
    taken = 0
    with contextlib.suppress(OSError):
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file():
                    facts = path.stat()
                    taken += getattr(facts, "st_blocks", 0) * 512 or facts.st_size
    return taken


def in_bytes(count: int) -> str:
    """A number of bytes as a person reads it: `5.3 MB`."""
    if count < 1000:
        return f"{count} bytes"
    power = min(int(math.log10(count)) // 3, 4)
    return f"{count / 1000**power:.1f} {('', 'kB', 'MB', 'GB', 'TB')[power]}"


def _reason(path: Path, number: int, least: int, wants: str) -> tuple[str, str]:
    """Why, with figures, and what helps; no reason where the system's own words say it.

    Args:
        path, number: Of the file and the error.
        least: Bytes that are needed at least; 0 where that is not known.
        wants: The same in words.
    """
    if number == errno.ENOSPC:
        if _no_more_files(path):
            return "the disk takes no more files", f"remove files on {_disk(path)}"
        free = free_bytes(path)
        there = "none is left" if free is None else f"{in_bytes(free)} are free"
        if free is not None and 0 < least < free:  # some was removed since
            there += " by now"
        return f"the disk is full: {wants}{there}", f"free space on {_disk(path)}"
    if number == _QUOTA:
        why = f"your quota is used up{': ' + wants[:-2] if wants else ''}"
        return why, f"remove files of yours on {_disk(path)}, or ask for more"
    if number == errno.EFBIG:
        limit = f"up to {in_bytes(size)}" if (size := _limit()) else "no larger"
        return f"{wants}this process may write files {limit}", "raise that (ulimit -f)"
    if number == errno.EROFS:
        return "the disk is read-only", f"mount {_disk(path)} for writing, or choose another place"
    if number in _DENIED:
        return "permission denied", f"check who may write to {_there(path)}"
    return "", "check the path and the disk"


def _limit() -> int:
    """Bytes of the largest file that this process may write; 0 for no limit."""
    try:
        import resource
    except ImportError:  # not a POSIX system
        return 0
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return 0 if limit == resource.RLIM_INFINITY else limit


def _no_more_files(path: Path) -> bool:
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: not a POSIX system
        facts = os.statvfs(_there(path))
        return facts.f_files > 0 and facts.f_favail == 0
    return False


def _there(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    whole = Path(os.path.abspath(path))
    return next((place for place in (whole, *whole.parents) if os.path.lexists(place)), whole)


def _disk(path: Path) -> str:
    """Where the disk is mounted."""
    place = Path(os.path.realpath(_there(path)))
    return str(next((p for p in (place, *place.parents) if os.path.ismount(p)), place))
