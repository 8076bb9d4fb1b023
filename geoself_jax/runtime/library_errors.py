"""Tracebacks that libraries write of an error which is reported anyway: they go to the run's log.

Without one, of a command that only reads a run, they go to the command's messages.

Orbax logs one for each of its threads, and asyncio and TensorStore for what comes after.
"""

import contextlib
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Set
from types import FrameType, TracebackType
from typing import Any

from geoself_jax.runtime import messages
from geoself_jax.runtime.run_log import is_open, log

_NAMES = ("absl", "asyncio", "concurrent.futures")
_SECONDS, _QUIET_SECONDS, _LATE_SECONDS = 5.0, 0.1, 60.0
_LOOP_CLOSED = "Event loop is closed"


class _ToLog(logging.Handler):
    """Writes records, with their tracebacks, to the run's log."""

    def emit(self, record: logging.LogRecord) -> None:
        _keep(self.format(record))


_LOCK = threading.Lock()
_WITHIN: list[object] = []
"""One entry a thread that is within, or has failed not long ago; the first one in and the last one
out change the loggers."""
_BEFORE: dict[str, tuple[list[logging.Handler], bool]] = {}
_LATER: list[threading.Timer] = []
"""Of the last failure: its entry in `_WITHIN` leaves then."""


@contextlib.contextmanager
def kept_from_the_terminal() -> Iterator[None]:
    """Within, what libraries log of their errors goes to the run's log, or to the messages.

    Where the block fails, Orbax still works: it has given up at the first error of several threads.
    The end of those is waited for, as they write until then, and what they and the ones that they
    start log in the next minute goes to the log too.
    """
    _late_errors_to_the_log()
    before = set(threading.enumerate())
    _enter()
    try:
        yield
    except Exception:
        _wait_for_orbax(before)
        _leave_later()
        raise
    except BaseException:
        _leave()
        raise
    _leave()


def _enter() -> None:
    with _LOCK:
        _WITHIN.append(None)
        if len(_WITHIN) == 1:
            for name in _NAMES:
                logger = logging.getLogger(name)
                _BEFORE[name] = logger.handlers, logger.propagate
                logger.handlers, logger.propagate = [_ToLog()], False


def _leave() -> None:
    with _LOCK:
        _pop()


def _leave_later() -> None:
    """Leaves in a minute; an earlier failure leaves now, so that one thread waits, not hundreds."""

    def leave() -> None:
        with _LOCK:
            if [later] == _LATER:  # no later failure has taken its place
                _LATER.clear()
                _pop()

    later = threading.Timer(_LATE_SECONDS, leave)
    later.daemon = True
    with _LOCK:
        if _LATER:
            _LATER.pop().cancel()
            _pop()
        _LATER.append(later)
    later.start()


def _pop() -> None:
    _WITHIN.pop()
    for name, (handlers, propagate) in () if _WITHIN else _BEFORE.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = handlers, propagate


def _wait_for_orbax(before: Set[threading.Thread]) -> None:
    """Waits until no thread of Orbax is at work that was not there before, but not for ever."""
    now = quiet = time.monotonic()
    until = now + _SECONDS
    while now < until and now - quiet < _QUIET_SECONDS:
        time.sleep(0.01)
        now, frames = time.monotonic(), sys._current_frames()
        if any(_is_at_work(t, frames.get(t.ident or 0)) for t in {*threading.enumerate()} - before):
            quiet = now


def _is_at_work(thread: threading.Thread, frame: FrameType | None) -> bool:
    """Whether it is a thread of Orbax's own, or of a pool and not waiting for something to do."""
    if type(thread).__module__.startswith("orbax."):
        return True
    waits = frame is None or frame.f_code.co_name == "_worker"
    return thread.name.startswith(("asyncio_", "ThreadPoolExecutor")) and not waits


def _late_errors_to_the_log() -> None:
    """An error of a library's thread may come after the block: that its loop has ended."""
    if not getattr(sys.unraisablehook, "is_ours", False):
        sys.unraisablehook = _apart(sys.unraisablehook)
    if not getattr(sys.excepthook, "is_ours", False):
        sys.excepthook = _main_apart(sys.excepthook)


def _apart(before: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def hook(found: Any) -> None:
        if not _is_late(found.exc_value):
            before(found)

    hook.is_ours = True  # type: ignore[attr-defined]
    return hook


def _main_apart(before: Callable[..., Any]) -> Callable[..., Any]:
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not _is_late(error):
            before(kind, error, trace)

    hook.is_ours = True  # type: ignore[attr-defined]
    return hook


def _is_late(error: BaseException | None) -> bool:
    """Whether it is a result that came after the loop that had waited for it; it is logged."""
    if not isinstance(error, RuntimeError) or str(error) != _LOOP_CLOSED:
        return False
    _keep("".join(traceback.format_exception(error)))
    return True


def _keep(text: str) -> None:
    if not is_open():
        messages.add(f"{text.rstrip()}\n")
    for line in text.splitlines():
        log(line)
