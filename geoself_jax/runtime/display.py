"""The last line of a terminal, which says what goes on now, and all that is printed above it."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from geoself_jax.runtime.standard_streams import Around

REDRAW_SECONDS = 0.5

LOCK = threading.RLock()
"""Held while anything is written; a signal's handler may hold it twice."""


class Display:
    """One line that is drawn again twice a second, by a thread, while there is something to show.

    While it is shown, standard output and standard error take the line away before they write: what
    is printed stands on lines of its own.

    Args:
        text: What to show now, given the columns; nothing where "".
    """

    def __init__(self, text: Callable[[int], str]) -> None:
        self._text = text
        self._drawn = 0  # characters
        self._open = False  # what was printed last has not ended its line
        self._ended = threading.Event()
        self._stream: TextIO | None = None
        self._before: tuple[Any, Any] = (None, None)

    @property
    def shown(self) -> bool:
        """Whether it is drawn."""
        return self._stream is not None

    def start(self) -> None:
        """Shows the line from here on, on standard error."""
        self._stream, self._ended = sys.stderr, threading.Event()
        self._before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (  # type: ignore[assignment]
            _Above(stream, self) if is_terminal(stream) else stream for stream in self._before
        )
        threading.Thread(target=self._redraw, args=(self._ended,), daemon=True).start()

    def stop(self) -> None:
        """Takes the line away; the streams are as before, unless somebody replaced them."""
        with LOCK:
            self._ended.set()
            self.clear()
            for name, before in zip(("stdout", "stderr"), self._before, strict=True):
                if isinstance(getattr(sys, name), _Above):
                    setattr(sys, name, before)
            self._stream = None

    def draw(self) -> None:
        """Draws the line, over the one before."""
        with LOCK:
            if self._stream is None or self._open or self._ended.is_set():
                return
            text = self._text(_columns(self._stream) - 1)
            if text or self._drawn:
                self._put("\r" + text.ljust(self._drawn))
                self._drawn = len(text)

    def clear(self) -> None:
        """Takes the line away, for something else to be written there."""
        with LOCK:
            if self._drawn:
                self._put("\r" + " " * self._drawn + "\r")
                self._drawn = 0

    def above(self, stream: TextIO, text: str) -> int:
        """Writes text where the line was."""
        with LOCK:
            self.clear()
            self._open = not text.endswith("\n") if text else self._open
            return stream.write(text)

    def _put(self, text: str) -> None:
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):  # the terminal is gone
                self._stream.write(text)
                self._stream.flush()

    def _redraw(self, ended: threading.Event) -> None:
        while not ended.wait(REDRAW_SECONDS):
            self.draw()


class _Above(Around):
    """A stream that writes above the line."""

    def __init__(self, stream: TextIO, display: Display) -> None:
        super().__init__(stream)
        self._display = display

    def write(self, text: str) -> int:
        """Writes text above the line."""
        return self._display.above(self._stream, text)


def is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal; a closed one and a notebook's are not.

    Args:
        stream: Of text, or None.
    """
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError, OSError):
        return False


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
