"""The lock of a run's folder: one process at a time, which says where it runs and since when."""

import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from geoself_jax.core import disk
from geoself_jax.core.errors import INPUT_OUTPUT, WORKDIR, GeoselfError, one_line, usage_error
from geoself_jax.core.notices import silent
from geoself_jax.core.partial import is_running
from geoself_jax.runtime import run_log

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = ".lock"
_ELSE = "choose another --workdir"
_LONGEST = 2**12


class Holder(NamedTuple):
    """A process that holds, or has held, a folder.

    Attributes:
        host: Its machine; empty where that is not known.
        process: Its number; 0 where that is not known.
        since: When it took the folder; empty where that is not known.
    """

    host: str
    process: int
    since: str

    def __str__(self) -> str:
        number = str(self.process or "?")
        host = f" on {self.host}" if self.host else ""
        return f"process {number}{host}" + (f" since {self.since}" if self.since else "")

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, one of this machine; older locks do not say."""
        return self.host in ("", socket.gethostname())


@contextlib.contextmanager
def lock(workdir: Path, notice: Callable[[str], Any] = silent) -> Iterator[None]:
    """Makes the folder and holds it for this process, within.

    Args:
        workdir: The folder.
        notice: Receives a line where another process has left it without an end.

    Raises:
        GeoselfError: Its name is no text (64); another process trains in it, or the disk has no
            locks (73); it cannot be made (74).
    """
    _check_name(workdir)
    if os.path.exists(workdir) and not workdir.is_dir():
        raise GeoselfError(str(workdir), "is a file, not a folder", _ELSE, INPUT_OUTPUT)
    with _taken(workdir) as file:
        left = _read(file)
        if fcntl is None:
            notice(_unlocked(workdir, left))
        elif left is not None and left.since:
            notice(_taken_over(workdir, left))
        _write(file, Holder(socket.gethostname(), os.getpid(), time.strftime("%Y-%m-%d %H:%M:%S")))
        try:
            yield
        finally:
            _write(file, None)


def _taken(workdir: Path) -> IO[bytes]:
    """Opens the file of a folder, which is made, and locks it where the system can."""
    while True:
        try:
            workdir.mkdir(parents=True, exist_ok=True)
            file = (workdir / NAME).open("ab+", buffering=0)
        except OSError as error:
            do = f"run the same command again, or {_ELSE}"
            raise disk.refused(workdir, error, do=do) from error
        if fcntl is None:
            return file
        try:
            _take(file, workdir)
            if _is_there(file, workdir / NAME):
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _is_there(file: IO[bytes], path: Path) -> bool:
    """Whether a file has not been removed since it was opened, by a training that was refused."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False


def _check_name(workdir: Path) -> None:
    """Refuses a name in another encoding than the system's: checkpoints cannot be written there."""
    try:
        str(workdir.absolute()).encode()
    except UnicodeEncodeError:
        why = "its name is not UTF-8, and no checkpoint can be written there"
        raise usage_error(repr(str(workdir)), why, "rename the folder, or " + _ELSE) from None


def missing_folders(workdir: Path) -> list[Path]:
    """Returns the folder and those above it that are not there yet, the innermost first.

    Those that end in `..` are left out: they are another name of one that is there, as the run's
    folder may be. None where it is there already.
    """
    whole = workdir.absolute()
    if os.path.exists(whole.resolve()):  # as `new/../mine` is, which without `new` has no such name
        return []
    names = (path for path in (whole, *whole.parents) if path.name != "..")
    return [path for path in names if not os.path.exists(path.resolve())]


@contextlib.contextmanager
def removed_if_refused(made: Sequence[Path]) -> Iterator[None]:
    """Within the lock of a new folder: an error that the user can fix leaves none behind.

    Args:
        made: Folders that were made for it, the run's first; none where it was there. One that
            holds anything but the lock and a log stays.
    """
    try:
        yield
    except GeoselfError:
        if made and {path.name for path in made[0].glob("*")} <= {NAME, run_log.NAME}:
            with contextlib.suppress(OSError):
                for name in (run_log.NAME, NAME):
                    (made[0] / name).unlink(missing_ok=True)
                for folder in made:
                    folder.rmdir()
        raise


def _take(file: IO[bytes], workdir: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise _in_use(workdir, _read(file)) from None
        why = f"no file can be locked there ({error.strerror or error})"
        do = "mount the disk with locks (flock), or choose another --workdir"
        raise GeoselfError(str(workdir), why, do, WORKDIR) from error


def _in_use(workdir: Path, holder: Holder | None) -> GeoselfError:
    holder = holder or Holder("", 0, "")
    do = "wait for its end"
    if holder.process == os.getpid() and holder.is_here:
        do = "wait for the training in this process"
    elif holder.process:
        do += ", stop it (" + ("" if holder.is_here else f"on {holder.host}: ")
        do += f"kill {holder.process})"
    why = "two runs in one folder would overwrite each other"
    return GeoselfError(f"{workdir}: in use by {holder}", why, f"{do}, or {_ELSE}", WORKDIR)


def _unlocked(workdir: Path, left: Holder | None) -> str:
    """Where nothing says whether who is named in it still trains: Windows."""
    do = "start no second run in it"
    if left is not None and left.since:
        do = f"{left} may still train in it: stop this run, or that one"
    return one_line(f"{workdir} is not locked on this system: {do}")


def _taken_over(workdir: Path, left: Holder) -> str:
    if left.is_here and not is_running(left.process):
        why = "which is gone"
    elif left.is_here:
        why = "which no longer holds it"
    else:
        why = f"which no longer holds it; if it still trains, stop it on {left.host}"
    return one_line(f"{workdir} was left locked by {left}, {why}: taken over")


def _read(file: IO[bytes]) -> Holder | None:
    """Who holds the folder, or has left it without an end; None where nobody has."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        file.seek(0)
        text = file.read(_LONGEST).decode(errors="replace").strip()
        if text.isdecimal():  # as older versions wrote it, also at the end
            return Holder("", int(text), "")
        facts = json.loads(text)
        return Holder(str(facts["host"]), int(facts["process"]), str(facts["since"]))
    return None


def _write(file: IO[bytes], holder: Holder | None) -> None:
    """Without space it says nothing: it is held all the same."""
    with contextlib.suppress(OSError):
        file.truncate(0)
        if holder is not None:
            file.write(json.dumps(holder._asdict()).encode() + b"\n")
