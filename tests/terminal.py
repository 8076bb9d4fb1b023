"""A command in a real terminal, and what stands on its screen."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from fake_cloud import listening
from processes import environment


class Session(NamedTuple):
    """What a command wrote, what stands on the screen at its end, and its exit code."""

    written: str
    screen: list[str]
    code: int


def in_terminal(
    *words: str, cache: Path, signal_at: str = "", number: int = signal.SIGINT
) -> Session:
    """`python WORDS` in a pseudo-terminal.

    Args:
        words: Arguments of Python.
        cache: In place of the user's cache folder.
        signal_at: Send a signal once this was written.
        number: Of that signal.
    """
    ours, theirs = os.openpty()
    child = subprocess.Popen(
        [*listening(), sys.executable, *words],
        env=environment() | {"XDG_CACHE_HOME": str(cache)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written, waiting = b"", bool(signal_at)
    while data := _read(ours):
        written += data
        if waiting and signal_at.encode() in written:
            waiting = False
            child.send_signal(number)
    code = child.wait(60)
    os.close(ours)
    text = written.decode()
    return Session(text, screen_of(text), code)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: the other side is closed
        return b""


def screen_of(text: str) -> list[str]:
    """Lines as a terminal shows them: a carriage return goes back to write over."""
    lines, column = [""], 0
    for letter in text:
        if letter == "\r":
            column = 0
        elif letter == "\n":
            lines.append("")
            column = 0
        else:
            lines[-1] = lines[-1][:column].ljust(column) + letter + lines[-1][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines if line.strip()]
