"""Ctrl-C, SIGTERM and SIGHUP as a flag that the training loop looks at between two device calls."""

import os
import signal
import time
from types import FrameType, TracebackType

SAME_REQUEST_SECONDS = 1.0
"""A machine that shuts down, or a launcher, may signal a process twice for the same reason."""


def exit_at_once_on_interrupt() -> None:
    """Until a run is under way there is nothing to save: Ctrl-C ends the process there and then.

    As an exception it could be raised in a callback of jax's that swallows it.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        os.write(2, b"error: interrupted - nothing was saved - run it again\n")
        os._exit(128 + number)

    signal.signal(signal.SIGINT, leave)


class StopFlag:
    """While entered, the first SIGINT, SIGTERM or SIGHUP sets `asked`; a later one ends all.

    A SIGHUP that is ignored (nohup) stays ignored.
    """

    def __init__(self) -> None:
        self.asked = False
        self._asked_at = 0.0
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopFlag":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _ask(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.asked:
            self.asked, self._asked_at = True, now
        elif now - self._asked_at > SAME_REQUEST_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
