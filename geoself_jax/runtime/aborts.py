"""jax aborts a process whose hosts are lost; here it may end in its own words before.

Python's own handlers would run only after the abort, so the handler is one that C calls.
"""

import contextlib
import ctypes
import os
import signal
from collections.abc import Callable

from geoself_jax.runtime import messages

_SECONDS = 30
"""The handler has as long: an alarm ends a process whose memory is too damaged to run it."""
_KEPT: list[object] = []
"""What C calls must not be collected."""


def on_abort(end: Callable[[], bool]) -> None:
    """From here on jax's abort for lost hosts calls `end` first; any other abort is as before.

    Args:
        end: Ends the process; returns where it must not.
    """
    if os.name != "posix":
        return
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int)

    def handle(number: int) -> None:
        signal.alarm(_SECONDS)
        with contextlib.suppress(Exception):
            if messages.keep_last_words():
                end()
        signal.alarm(0)
        libc.signal(signal.SIGABRT, before)

    libc = ctypes.CDLL(None)
    libc.signal.restype, libc.signal.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p]
    handler = kind(handle)
    before = libc.signal(signal.SIGABRT, ctypes.cast(handler, ctypes.c_void_p))
    _KEPT.append(handler)
