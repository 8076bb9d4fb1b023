"""log.txt of a run: what it printed, with the time, and what XLA had to say."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from geoself_jax.runtime import messages
from geoself_jax.runtime.standard_streams import Around

NAME = "log.txt"
LONGEST = 2**16
"""Characters kept of a line that has not ended: of bars that only go back (`\\r`), the last."""

_LOGS: "list[_Log]" = []
"""Open ones; programs may train several runs at once, each in its thread."""


class _Log:
    """The log of one run, of the thread that opens it.

    Args:
        folder: Of the run; it is there. A log that cannot be written is given up.
    """

    def __init__(self, folder: Path) -> None:
        self._lock, self._thread = threading.RLock(), threading.get_ident()
        self._file: TextIO | None = None
        with contextlib.suppress(OSError):
            self._file = (folder / NAME).open("a", encoding="utf-8", errors="backslashreplace")

    @property
    def is_for_this_thread(self) -> bool:
        """Whether lines of this thread belong here; those of a thread without a run do to all."""
        own = [log for log in _LOGS if log._thread == threading.get_ident()]
        return self in (own[-1:] or _LOGS)

    def write(self, line: str) -> None:
        """Adds a line with the time."""
        with self._lock:
            if self._file is None:
                return
            try:
                self._file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
                self._file.flush()
            except (OSError, ValueError):
                self.close()

    def close(self) -> None:
        """Gives the file up."""
        with self._lock, contextlib.suppress(OSError):
            file, self._file = self._file, None
            if file is not None:
                file.close()


@contextlib.contextmanager
def logged(folder: Path) -> Iterator[None]:
    """Within, each whole line of standard output and error is added to `folder/log.txt` too.

    A log that cannot be written, of a full disk, is given up: the run goes on.

    Args:
        folder: Of the run; it is there.
    """
    here, before = _Log(folder), (sys.stdout, sys.stderr)
    copied = tuple(_Copied(stream, here) for stream in before)
    sys.stdout, sys.stderr = copied  # type: ignore[assignment]
    _LOGS.append(here)
    messages.forward(log)
    try:
        yield
    except Exception as error:  # who catches it prints it, later than here
        here.write(f"error: {error}")
        raise
    finally:
        if [here] == _LOGS:
            messages.forward(None)
        _LOGS.remove(here)
        for name, ours, stream in zip(("stdout", "stderr"), copied, before, strict=True):
            if getattr(sys, name) is ours:
                setattr(sys, name, stream)
        here.close()


def log(line: str) -> None:
    """Adds a line to the log alone, with the time; nothing where no run is logged."""
    for one in list(_LOGS):
        if one.is_for_this_thread:
            one.write(line)


def is_open() -> bool:
    """Whether a run is logged."""
    return bool(_LOGS)


class _Copied(Around):
    """A text stream whose lines are logged.

    Args:
        stream: To write to.
        log: Of the run.
    """

    def __init__(self, stream: TextIO, log: _Log) -> None:
        super().__init__(stream)
        self._log, self._begun = log, threading.local()

    def write(self, text: str) -> int:
        """Writes text; a line that it ends is logged."""
        if self._log.is_for_this_thread:
            *lines, rest = (getattr(self._begun, "line", "") + text).split("\n")
            self._begun.line = rest[-LONGEST:]
            for line in lines:
                self._log.write(line)
        return self._stream.write(text)
