"""What libraries in C++ write to standard error: XLA's alarms are kept in a file, not shown."""

import contextlib
import faulthandler
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from geoself_jax.core.cache_folder import cache_folder
from geoself_jax.core.unfinished import unfinished
from geoself_jax.runtime.last_words import Watcher, put_away, put_away_of_the_dead

_HIDDEN = re.compile(
    rb"[IWE]\d{4} [\d:.]+ |\d{4}-\d\d-\d\d [\d:.]+: [IWE] |WARNING: All log messages before absl"
    rb"|Additional GRPC error information from remote target coordination_service|:UNKNOWN:Error "
    rb"|:UNAVAILABLE:|\. This is only expected if one of the tasks is unhealthy"
    rb"|=== Source Location Trace: ===|external/xla\+/"
    rb"|\*{20,}\s*$|\[Compiling module |Very slow compile|\s*$"
)
"""How lines of absl's and TSL's logs begin, and what alarms of several lines consist of: of a slow
compilation, and of a lost host.

Never those of a fatal error, `F`.
"""
_HOSTS_LOST = re.compile(
    rb"Terminating process because the JAX distributed service|Use error polling to propagate"
)
"""How jax begins to abort a process that has lost another host."""
_LOOK_SECONDS = 1.0
_MOST = 2**24
"""Bytes of a file that are looked through."""


class _Kept:
    """A file in the place of standard error's number 2.

    Args:
        path: Of the file, which is appended to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._shown = os.fstat(self.file).st_size
        self.watcher = Watcher(path, self._shown, error_number(), is_shown)
        os.dup2(self.file, 2)

    def show(self) -> None:
        """Shows whole lines written since; the messages of known logs are forwarded alone."""
        with self._lock:
            if self.file < 0:
                return
            written = os.pread(self.file, _MOST, self._shown)
            whole = written[: written.rfind(b"\n") + 1]
            lost = _HOSTS_LOST.search(whole)
            if lost:  # shown by the watcher, unless the command has words of its own for it
                whole = whole[: whole.rfind(b"\n", 0, lost.start()) + 1]
            self._pass(whole)

    def keep_last_words(self) -> bool:
        """Whether jax has lost a host; its words about it are then kept, not shown."""
        self.show()
        with self._lock:
            written = os.pread(self.file, _MOST, self._shown) if self.file >= 0 else b""
            if not _HOSTS_LOST.search(written):
                return False
            self.watcher.dismiss()
            for line in written.splitlines():
                if _forward is not None:
                    _forward(line.decode(errors="replace"))
            self._shown += len(written)
            return True

    def add(self, text: str) -> None:
        """Adds lines of the command's own, which are not shown; waits for no terminal."""
        locked = self._lock.acquire(timeout=1.0)
        try:
            if self.file < 0:
                return
            before = os.fstat(self.file).st_size
            added = os.write(self.file, text.encode(errors="replace"))
            if locked and before == self._shown:
                self._shown += added
                self.watcher.shown(self._shown)
        finally:
            if locked:
                self._lock.release()

    def _pass(self, whole: bytes) -> None:
        self._shown += len(whole)
        self.watcher.shown(self._shown)
        for line in whole.splitlines():
            text = line.decode(errors="replace")
            if is_shown(line):
                print(text, file=sys.stderr, flush=True)
            elif _forward is not None:
                _forward(text)

    def close(self) -> None:
        """Shows nothing more."""
        with self._lock:
            os.close(self.file)
            self.file = -1
        self.watcher.close()


_is_apart = False
_kept: _Kept | None = None
_forward: Callable[[str], None] | None = None
_ended = threading.Event()


def is_shown(line: bytes) -> bool:
    """Whether a line is for the terminal, not an alarm or a note of a known log."""
    return not _HIDDEN.match(line)


@contextlib.contextmanager
def own_standard_error() -> Iterator[None]:
    """Within, Python's `stderr` is apart from number 2, which `keep` may then give to a file."""
    before = sys.stderr
    if error_number() != 2:  # a program's that runs the command in its own process
        yield
        return
    global _is_apart
    apart = open(  # noqa: SIM115
        os.dup(2), "w", buffering=1, encoding=before.encoding, errors="backslashreplace"
    )
    _is_apart, sys.stderr = True, apart
    _ended.clear()
    with unfinished(_put_away):
        try:
            yield
        finally:
            _ended.set()
            if _kept is not None:
                _kept.show()
            _give_back(apart, before)


def _give_back(apart: TextIO, before: TextIO) -> None:
    global _is_apart
    _is_apart = False
    os.dup2(apart.fileno(), 2)
    if _kept is not None:
        faulthandler.enable(2, all_threads=False)
        _kept.close()
    if sys.stderr is apart:
        sys.stderr = before
    with contextlib.suppress(OSError):  # nobody reads it any more
        apart.close()


def error_number() -> int:
    """The number of the file that Python's `stderr` writes to; -1 where it is none."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, ValueError, OSError):
        return -1


def keep(verb: str) -> None:
    """From here on messages go to a file of the user's cache folder, where there is one.

    Args:
        verb: Names the file.
    """
    global _kept
    folder = cache_folder("messages")
    if folder is None or not _is_apart or not hasattr(os, "pread"):  # Windows: on the terminal
        return
    with contextlib.suppress(OSError):
        put_away_of_the_dead(folder, is_shown)
        _kept = _Kept(folder / f"{verb}-{os.getpid()}.txt")
        threading.Thread(target=_show_now_and_then, args=(_ended,), daemon=True).start()
        faulthandler.enable(error_number(), all_threads=False)


def forward(write: Callable[[str], None] | None) -> None:
    """From here on messages of known logs are passed on too, a second later at most.

    Args:
        write: Receives one line each; None for nobody.
    """
    global _forward
    if _kept is not None:
        _kept.show()
    _forward = write


def keep_last_words() -> bool:
    """Whether jax aborts this process as it has lost another host; its words about it are kept.

    Where messages are not kept they are on the terminal already, and True is a guess.
    """
    return _kept is None or _kept.keep_last_words()


def add(text: str) -> str:
    """Adds whole lines to the command's messages, which are not shown.

    Args:
        text: Of the lines.

    Returns:
        The file that they will be in when the command has ended; "" where none is kept, or its
        disk is full.
    """
    if _kept is None:
        return ""
    try:
        _kept.add(text)
    except OSError:
        return ""
    return str(_kept.path.with_name(f"{_kept.path.stem.split('-')[0]}.txt"))


def _show_now_and_then(ended: threading.Event) -> None:
    while not ended.wait(_LOOK_SECONDS):
        if _kept is not None:
            _kept.show()


def _put_away() -> None:
    """A file of the cache folder is left as the command's last one, or not at all."""
    global _kept
    kept, _kept = _kept, None
    if kept is None:
        return
    kept.watcher.dismiss()
    if kept.path.parent == cache_folder("messages"):
        put_away(kept.path)
