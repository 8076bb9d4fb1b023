"""Tracebacks that libraries write of an error which is reported anyway: they go to the run's log.

Without one, of a command that only reads a run, they go to the command's messages.

Orbax logs one for each of its threads, and asyncio and TensorStore for what comes after.
"""

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from geoself_jax.runtime import messages
from geoself_jax.runtime.run_log import is_open, log

_NAMES = ("absl", "asyncio", "concurrent.futures")
_LOOP_CLOSED = "Event loop is closed"


class _ToLog(logging.Handler):
    """Writes records, with their tracebacks, to the run's log."""

    def emit(self, record: logging.LogRecord) -> None:
        _keep(self.format(record))


_LOCK = threading.Lock()
_WITHIN: list[object] = []
"""One entry a thread that is within; the first one in and the last one out change the loggers."""
_BEFORE: dict[str, tuple[list[logging.Handler], bool]] = {}


@contextlib.contextmanager
def kept_from_the_terminal() -> Iterator[None]:
    """Within, what libraries log of their errors goes to the log, or to the messages."""
    _late_errors_to_the_log()
    with _LOCK:
        _WITHIN.append(None)
        if len(_WITHIN) == 1:
            for name in _NAMES:
                logger = logging.getLogger(name)
                _BEFORE[name] = logger.handlers, logger.propagate
                logger.handlers, logger.propagate = [_ToLog()], False
    try:
        yield
    finally:
        with _LOCK:
            _WITHIN.pop()
            for name, (handlers, propagate) in () if _WITHIN else _BEFORE.items():
                logger = logging.getLogger(name)
                logger.handlers, logger.propagate = handlers, propagate


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
