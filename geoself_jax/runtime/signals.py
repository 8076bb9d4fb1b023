"""Ctrl-C, SIGTERM and SIGHUP: they end a command at once, and ask a training to stop."""

import atexit
import contextlib
import math
import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType

from geoself_jax.core.unfinished import remove_unfinished

SAME_REQUEST_SECONDS = 1.0
"""A machine that shuts down, or a launcher, may signal a process twice for the same reason."""
IS_POSIX = hasattr(signal, "SIGHUP")
SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if IS_POSIX else []))
_ALWAYS = SIGNALS[:2]
_LINE = b"error: interrupted - no unfinished file is left - run it again\n"


def end_at_once() -> None:
    """From here on a signal ends the process there and then, with 128 + its number and one line.

    What is not finished is removed first (`core.unfinished`). As an exception it could be raised in
    a callback of jax's that swallows it, and threads of jax's crash an interpreter that they
    outlive. A signal that is ignored (nohup) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        if signal.getsignal(number) not in (signal.SIG_IGN, _leave):
            signal.signal(number, _leave)
            atexit.register(signal.signal, number, signal.SIG_IGN)  # all is written by then


def is_command() -> bool:
    """Whether this process is one of this package's commands, not a program that imports it."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is not None:
        return spec.name.split(".")[0] == "geoself_jax"
    return os.path.basename(sys.argv[0] if sys.argv else "") in ("geoself", "geoself.exe")


def _leave(number: int, frame: FrameType | None) -> None:
    for other in SIGNALS:  # the same request may come as several
        signal.signal(other, signal.SIG_IGN)
    _leave_several(number)
    remove_unfinished()
    with contextlib.suppress(Exception):  # the signal may have come within a write to it
        sys.stdout.flush()
    _end(number)


def _leave_several(number: int) -> None:
    """Of several hosts, where there is nothing to save yet, all end as if they had: with 75."""
    hosts = sys.modules.get("geoself_jax.runtime.lost_hosts")
    if hosts is not None and hosts.is_watching():
        hosts.leave_at_signal(signal.Signals(number).name)


def _end(number: int) -> None:
    """Ends the process by a signal's number; in any thread."""
    stream = 2
    with contextlib.suppress(Exception):
        stream = sys.stderr.fileno()  # apart from 2 where messages of libraries are kept
    remove_unfinished()
    with contextlib.suppress(Exception):
        phases = sys.modules.get("geoself_jax.runtime.phases")
        if phases is not None:
            phases.leave()
    with contextlib.suppress(OSError):
        os.write(stream, _LINE)
    os._exit(128 + number)


def _show_stopping(stopping: bool) -> None:
    phases = sys.modules.get("geoself_jax.runtime.phases")  # this module is imported first
    if phases is not None:
        phases.set_stopping(stopping)


class StopFlag:
    """While entered, the first SIGINT, SIGTERM or SIGHUP sets `asked`; a later one ends all.

    A command ends by it as by a first one elsewhere, even while XLA compiles: a thread sees the
    later ones, as Python's handlers wait until the main thread is back from it.

    A SIGHUP that is ignored (nohup) stays ignored. Signals reach the main thread alone: in another
    one `asked` stays False.
    """

    def __init__(self) -> None:
        self.asked = False
        self._asked_at = 0.0
        self._before: dict[int, object] = {}
        self._pipe: tuple[int, int] | None = None  # of a command
        self._wakeup = -1

    def __enter__(self) -> "StopFlag":
        if not self.listens:
            return self
        for number in SIGNALS:
            if number in _ALWAYS or signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._ask)
        if IS_POSIX and _leave in self._before.values():
            self._pipe = os.pipe()
            os.set_blocking(self._pipe[1], False)
            self._wakeup = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
            threading.Thread(target=self._watch, args=self._pipe[:1], daemon=True).start()
        return self

    @property
    def listens(self) -> bool:
        """Whether this is the main thread, which signals reach."""
        return threading.current_thread() is threading.main_thread()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _show_stopping(False)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if self._pipe:
            signal.set_wakeup_fd(self._wakeup)
            os.close(self._pipe[1])

    def _watch(self, reader: int) -> None:
        first = math.inf
        while data := os.read(reader, 1):
            number, now = data[0], time.monotonic()
            if number in self._before:
                first = min(first, now)
                if now - first > SAME_REQUEST_SECONDS:
                    _end(number)
        os.close(reader)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.asked:
            self.asked, self._asked_at = True, now
            _show_stopping(True)
        elif not self._pipe and now - self._asked_at > SAME_REQUEST_SECONDS:
            if self._before.get(number) is _leave:  # a command where no thread sees it: Windows
                _end(number)
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
