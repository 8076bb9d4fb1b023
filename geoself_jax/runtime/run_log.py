"""log.txt of a run: what it printed, with the time, and what XLA had to say."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from geoself_jax.runtime import messages

NAME = "log.txt"

_LOCK = threading.RLock()
_file: TextIO | None = None


@contextlib.contextmanager
def logged(folder: Path) -> Iterator[None]:
    """Within, each whole line of standard output and error is added to `folder/log.txt` too.

    A log that cannot be written, of a full disk, is given up: the run goes on.

    Args:
        folder: Of the run; it is there.
    """
    global _file
    before = sys.stdout, sys.stderr
    with contextlib.suppress(OSError):
        _file = (folder / NAME).open("a", encoding="utf-8", errors="backslashreplace")
    sys.stdout, sys.stderr = (_Copied(stream) for stream in before)  # type: ignore[assignment]
    messages.forward(log)
    try:
        yield
    except Exception as error:  # who catches it prints it, later than here
        log(f"error: {error}")
        raise
    finally:
        messages.forward(None)
        for name, stream in zip(("stdout", "stderr"), before, strict=True):
            if isinstance(getattr(sys, name), _Copied):
                setattr(sys, name, stream)
        _give_up()


def log(line: str) -> None:
    """Adds a line to the log alone, with the time; nothing where no run is logged."""
    with _LOCK:
        if _file is None:
            return
        try:
            _file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
            _file.flush()
        except (OSError, ValueError):
            _give_up()


def _give_up() -> None:
    global _file
    with _LOCK, contextlib.suppress(OSError):
        file, _file = _file, None
        if file is not None:
            file.close()


class _Copied:
    """A text stream whose lines are logged."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._line = stream, ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes text; a line that it ends is logged."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            log(line)
        return self._stream.write(text)
