"""What a command does now: a bar or a counter on a terminal, plain lines with times elsewhere.

All of it goes to standard error, from the first of several hosts alone.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

from geoself_jax.runtime import display, messages, usual_times
from geoself_jax.runtime.bar import Phase

LONG_SECONDS = 2.0
"""A phase as long as this leaves a line with its time."""
REMINDER_SECONDS = 10.0, 60.0
"""Where no bar is drawn, a phase that goes on says so after the first, then after each second."""


_FIRST, _BETWEEN = "starting", "working"
"""What a command does where no phase says more."""

_STACK: list[Phase] = []
_quiet = _is_command = _stopping = False
_leading = True
"""Known from the launcher at first, then from `devices`: a thread that asks jax while hosts join
starts the backend and aborts the process."""


def _now(columns: int) -> str:
    """The innermost phase; the bar around one that has only begun."""
    if not _STACK:
        return ""
    around = len(_STACK) > 1 and _STACK[-2].total is not None and _STACK[-1].seconds < 1
    begin = "stopping: " if _stopping else ""
    return begin + _STACK[-2 if around else -1].text(columns - len(begin))


_DISPLAY = display.Display(_now)


@contextlib.contextmanager
def phase(
    doing: str, total: int | None = None, unit: str = "", *, initial: int = 0, lines: bool = True
) -> Iterator[Phase]:
    """Shows what goes on within: a bar with a total, else the seconds and how many are usual.

    Where it took `LONG_SECONDS` or more, a line of a command says so at the end. What goes wrong
    within leaves none.

    Args:
        doing: What it is, `compiling the training step`.
        total: How much there is to do.
        unit: Of what, plural.
        initial: How much of it was done before.
        lines: Whether to leave that line.
    """
    entered = Phase(doing, total, unit, initial)
    if total is None:
        entered.usual = usual_times.usual_seconds(doing)
    else:
        import tqdm  # noqa: F401 - not by the thread that draws
    _enter(entered)
    began, ended = time.monotonic(), threading.Event()
    if lines and _is_command and not _DISPLAY.shown:
        threading.Thread(target=_remind, args=(entered, ended), daemon=True).start()
    try:
        yield entered
        if lines and _is_command and entered.seconds >= LONG_SECONDS:
            say(entered.line)
            if total is None:
                usual_times.remember(doing, entered.seconds)
    finally:
        ended.set()
        _end(entered, time.monotonic() - began)


def _remind(entered: Phase, ended: threading.Event) -> None:
    first, each = REMINDER_SECONDS
    if ended.wait(first):
        return
    say(f"{entered.counter} so far")
    while not ended.wait(each):
        say(f"{entered.counter} so far")


def _enter(entered: Phase) -> None:
    with display.LOCK:
        _STACK.append(entered)
        if not _DISPLAY.shown and is_bar_shown():
            _DISPLAY.start()


def _end(ended: Phase, seconds: float) -> None:
    with display.LOCK:
        if ended not in _STACK:  # its command has ended before it
            return
        _STACK.remove(ended)
        if _STACK and _STACK[-1].doing in (_FIRST, _BETWEEN):
            _STACK[-1].doing = _BETWEEN
            _STACK[-1].restart_clock()
        elif _STACK:
            _STACK[-1].leave_out(seconds)
        elif _DISPLAY.shown:
            _DISPLAY.stop()


@contextlib.contextmanager
def command() -> Iterator[None]:
    """A whole command: from `begin` on the terminal always shows something.

    Outside of one, where another program uses the package, there are bars on a terminal, no lines.
    """
    global _is_command, _leading
    _is_command = True
    try:
        yield
    finally:
        _is_command, _leading = False, True
        with display.LOCK:
            _STACK.clear()
            if _DISPLAY.shown:
                _DISPLAY.stop()


def begin(verb: str, line: str, *, leading: bool = True) -> None:
    """The first line of a command, before anything slow is imported.

    Args:
        verb: Of the command.
        line: What it is about to do.
        leading: Whether this is the first of several hosts, which alone says so.
    """
    if not _is_command:
        return
    set_leading(leading)
    messages.keep(verb)
    if leading:
        say(line)
        _enter(Phase(_FIRST, None, "", 0))


def say(line: str) -> None:
    """A line on standard error, by the first of several hosts."""
    if is_leading():
        print(line, file=sys.stderr, flush=True)


def set_leading(leading: bool) -> None:
    """Whether this process is the first of its hosts, or the only one."""
    global _leading
    _leading = leading


def set_quiet(quiet: bool) -> None:
    """Whether there are plain lines, without bars, on a terminal too."""
    global _quiet
    _quiet = quiet
    with display.LOCK:
        if quiet and _DISPLAY.shown:
            _DISPLAY.stop()


def set_stopping(stopping: bool) -> None:
    """Whether what is shown says that a stop was asked for; called by a signal's handler too."""
    global _stopping
    _stopping = stopping


def is_bar_shown() -> bool:
    """Whether bars are drawn; else there are plain lines."""
    return not _quiet and is_leading() and display.is_terminal(sys.stderr)


def is_command() -> bool:
    """Whether one of this package's commands runs, which may be ended."""
    return _is_command


def is_leading() -> bool:
    """Whether this process is the first of its hosts, or the only one, as known by now."""
    return _leading


def leave() -> None:
    """Takes the line away as a signal ends the process: what is written next has its own."""
    if display.LOCK.acquire(timeout=0.2):  # never to be given back: nothing is drawn any more
        _DISPLAY.clear()
