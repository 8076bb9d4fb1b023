"""Standard input, output and error: closed, not read by anyone, or in a narrow encoding."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO


def open_standard_streams() -> None:
    """Opens what is closed (`>&-`) on nothing, and lets no character end a command.

    Else the next file opened would be standard output, and a library's message part of it.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest number that is free
        os.set_inheritable(spare, True)
    os.close(spare)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # a test's or a notebook's may have none
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")  # as Python has standard error


@contextlib.contextmanager
def unread_streams_are_dropped(*, output: bool) -> Iterator[None]:
    """Within, what nobody reads any more (`2>&1 | head -1`, a full disk) is dropped.

    Args:
        output: Standard output too, not only standard error; a line on standard error says so.
    """
    before = sys.stdout, sys.stderr
    if output:
        sys.stdout = _Dropping(sys.stdout, "standard output")  # type: ignore[assignment]
    sys.stderr = _Dropping(sys.stderr)  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class Around:
    """A text stream around another; all that is written passes its own `write`.

    Args:
        stream: The one within.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes text; returns the number of characters."""
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes texts one after the other."""
        for line in lines:
            self.write(line)


class _Dropping(Around):
    """A text stream whose failed writes do no harm: the next ones go nowhere."""

    def __init__(self, stream: TextIO, name: str = "") -> None:
        super().__init__(stream)
        self._name = name

    def write(self, text: str) -> int:
        """Writes, or drops; returns the number of characters."""
        try:
            if not self._stream.closed:  # a log's handler may keep it longer than it is open
                return self._stream.write(text)
        except OSError as error:
            self._drop(error)
        return len(text)

    def flush(self) -> None:
        """Flushes, or drops."""
        try:
            if not self._stream.closed:
                self._stream.flush()
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        """Puts nothing in the place of what is not read, for whoever writes to it."""
        with contextlib.suppress(OSError, ValueError):  # one without a number
            drop(self._stream)
        if self._name:
            why = error.strerror or str(error)
            print(f"warning: {self._name}: {why} - what follows is dropped", file=sys.stderr)


def drop(stream: TextIO) -> None:
    """Lets all that is still written to a stream go nowhere."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)
