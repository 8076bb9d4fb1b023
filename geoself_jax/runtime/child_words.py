"""What another program says on its standard error: kept in memory, as disks can be full."""

import threading
from typing import IO

_MOST = 2**13
_SECONDS = 5.0


class ChildWords:
    """The beginning and the end of what a program writes to a pipe of this process.

    Args:
        pipe: The end to read from; it is closed once the program has closed its own.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._first = self._last = b""
        self._reader = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._reader.start()

    def text(self) -> str:
        """All of it, or the two ends of what is longer; waits for the program's end, but briefly.

        What the program has started may still hold the pipe.
        """
        self._reader.join(_SECONDS)
        return (self._first + self._last).decode(errors="replace").strip()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while data := pipe.read1(_MOST):  # type: ignore[attr-defined]
                room = _MOST - len(self._first)
                self._first += data[:room]
                self._last = (self._last + data[room:])[-_MOST:]
