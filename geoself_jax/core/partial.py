"""Names of what is being written: whole under its own name, or named `.partial`."""

import contextlib
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from geoself_jax.core import disk
from geoself_jax.core.unfinished import unfinished

_NAME = re.compile(r"\..*\.(?P<host>[^/]+)-(?P<process>\d+)\.partial", re.DOTALL)
_LONGEST = 255
"""Bytes of a name that every usual disk takes."""
_LOST_SECONDS = 86400
"""Nothing is written for so long to what another machine has not lost."""
_FIRST_SPACE = "4026531836"
"""Linux's number of the processes' name space that is no container's."""
_SEEN: set[Path] = set()
_OPEN: list[Path] = []


@contextlib.contextmanager
def partial(path: Path) -> Iterator[Path]:
    """The place to write what is to be at `path`, which the block moves there once it is whole.

    What is left there at the end of the block, or as a signal ends the process, is removed. A lost
    process leaves it: the next one of this machine that writes into the folder removes it.

    Args:
        path: The file or folder; the folder that holds it is made where it is not there.

    Raises:
        OSError: That folder cannot be made.
    """
    place = partial_path(path)
    with unfinished(lambda: remove(place)):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leavings(path.parent)
        yield place


@contextlib.contextmanager
def writing(path: Path, needed: int = 0, *, do: str = "") -> Iterator[Path]:
    """`partial`, after which what was written there, if it is there, is moved to `path`.

    Args:
        path: Where the file or folder is to be.
        needed: Bytes of it; 0 where that is not known.
        do: What to do after the disk is in order; else to run the same command again.

    Raises:
        GeoselfError: The disk refuses (74); what is at `path` stays.
    """
    there, written = os.path.exists(path), 0
    try:
        with partial(path) as place:
            _OPEN.append(place)
            try:
                yield place
                if place.is_file():  # of a folder, whoever needs it has done so
                    disk.to_disk(place)
                if place.exists():
                    place.replace(path)
                    disk.entry_to_disk(path)
            except OSError:
                written = _size(place)
                raise
            finally:
                _OPEN.remove(place)
    except OSError as error:  # what was written so far is removed by now, and its space free
        if any(path.is_relative_to(place) for place in _OPEN):  # a part of what another one writes
            raise
        safe = "what is there stays as it was" if there else "nothing of it was kept"
        raise disk.refused(path, error, needed=needed, written=written, safe=safe, do=do) from error


def move_over(temporary: Path, out: Path) -> None:
    """Replaces an old folder by a new one; restores it where that fails or is interrupted.

    Args:
        temporary: The new one, on the same disk.
        out: The old one, if it is there, and where the new one is to be.
    """
    old = partial_path(out).with_suffix(".old")

    def end() -> None:
        if old.exists() and not out.exists():
            old.rename(out)
        shutil.rmtree(old, ignore_errors=True)

    with unfinished(end):
        if out.exists():
            out.rename(old)
        temporary.rename(out)


def partial_path(path: Path) -> Path:
    """Where this process writes what is to be at `path`: next to it, a name of its own."""
    end = f".{_host()}-{os.getpid()}.partial"
    name = path.name.encode(errors="surrogateescape")[: _LONGEST - 1 - len(end.encode())]
    return path.with_name(f".{name.decode(errors='ignore')}{end}")


def remove_leavings(folder: Path) -> None:
    """Removes what lost processes have left in a folder; looked for once a process."""
    if folder in _SEEN:
        return
    _SEEN.add(folder)
    with contextlib.suppress(OSError):
        for path in list(folder.iterdir()):
            found = _NAME.fullmatch(path.name)
            if found is None:
                continue
            is_ours = found["host"] == _host()
            if (is_ours and not is_running(int(found["process"]))) or (
                not is_ours and time.time() - path.stat().st_mtime > _LOST_SECONDS
            ):
                remove(path)


def remove(path: Path) -> None:
    """Removes a file or a folder, if it is there and can be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def is_running(process: int) -> bool:
    """Whether a process of this number is there on this machine, whoever's it is."""
    if os.name == "nt":  # where that signal ends it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True


def _size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    with contextlib.suppress(OSError):
        if path.is_dir():
            return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        return path.stat().st_size
    return 0


def _host() -> str:
    """The machine, and the container within it: containers of one name number processes apart."""
    name = re.sub(r"\W", "_", socket.gethostname()) or "host"
    space = _FIRST_SPACE
    with contextlib.suppress(OSError):  # not Linux
        space = re.sub(r"\D", "", os.readlink("/proc/self/ns/pid")) or space
    return name if space == _FIRST_SPACE else f"{name}_{space}"
