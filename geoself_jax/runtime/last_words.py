"""What a library writes as it aborts the process: a child that outlives it shows the lines."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from geoself_jax.core.partial import is_running
from geoself_jax.runtime.signals import SIGNALS

_MOST = 2**20
"""Bytes of a file that are looked through."""
_END = b"end\n"

Shown = Callable[[bytes], bool]
"""Whether a line is for the terminal."""


class Watcher:
    """Waits in a child process for the end of this one, to show what it could not show itself.

    There is none where threads already work, which a fork could leave with a lock.

    Args:
        path: The file that takes the messages.
        size: Bytes of it that are shown, or older.
        error: Number of the file that the lines go to.
        is_shown: Which ones.
    """

    def __init__(self, path: Path, size: int, error: int, is_shown: Shown) -> None:
        self._pipe = self._child = -1
        if error < 0 or "jax" in sys.modules or threading.active_count() > 1:
            return
        if not hasattr(os, "fork"):  # Windows
            return
        reader, self._pipe = os.pipe()
        self.shown(size)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # never unblocked in the child
        self._child = os.fork()
        if self._child == 0:
            try:
                _close_all_except(reader, error)
                _watch(path, reader, error, is_shown)
            finally:
                os._exit(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(reader)

    def shown(self, size: int) -> None:
        """Says how many bytes are shown."""
        self._say(b"%d\n" % size)

    def dismiss(self) -> None:
        """The process ends as it should: nothing is left to show. Waits for nothing."""
        self._say(_END)
        number, self._pipe = self._pipe, -1
        if number >= 0:
            os.close(number)

    def close(self) -> None:
        """Dismisses the child and waits for its end, milliseconds later."""
        self.dismiss()
        if self._child > 0:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._child, 0)

    def _say(self, line: bytes) -> None:
        if self._pipe >= 0:
            with contextlib.suppress(OSError):  # the child is gone
                os.write(self._pipe, line)


def put_away(path: Path) -> None:
    """A file `VERB-PROCESS.txt` is left as `VERB.txt`, the last one, or not at all if empty."""
    if path.stat().st_size:
        path.replace(path.with_name(f"{path.stem.split('-')[0]}.txt"))
    else:
        path.unlink()


def put_away_of_the_dead(folder: Path, is_shown: Shown) -> None:
    """Puts away what ended without a word, of a lost machine; its last line is shown.

    Args:
        folder: Of the files.
        is_shown: Which lines are shown.
    """
    for path in folder.glob("*-*.txt"):
        verb, _, process = path.stem.partition("-")
        if not process.isdecimal() or is_running(int(process)):
            continue
        with contextlib.suppress(OSError):
            last = _last_lines(path, max(0, path.stat().st_size - _MOST), is_shown)[-1:]
            put_away(path)
            for line in last:
                text = line.decode(errors="replace")
                print(f"the last {verb} ended with: {text}", file=sys.stderr, flush=True)


def _watch(path: Path, reader: int, error: int, is_shown: Shown) -> None:
    heard = b""
    while data := os.read(reader, 4096):  # nothing: the process is gone
        heard = (heard + data)[-64:]
        if heard.endswith(_END):
            return
    lines = _last_lines(path, int(heard.split()[-1]), is_shown)
    if lines:
        begin = b"\n" if os.isatty(error) else b""  # a bar may stand there
        os.write(error, begin + b"".join(line + b"\n" for line in lines))
    put_away(path)


def _last_lines(path: Path, begin: int, is_shown: Shown) -> list[bytes]:
    with path.open("rb") as file:
        file.seek(begin)
        return [line for line in file.read(_MOST).splitlines() if is_shown(line)]


def _close_all_except(*kept: int) -> None:
    """A reader of a pipe that this process has inherited waits for it else."""
    first = 0
    for number in sorted(kept):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, first + 256)
