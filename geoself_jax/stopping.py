"""Ctrl-C and SIGTERM as a flag that the training loop looks at between two calls to the device."""

import os
import signal
from types import FrameType, TracebackType


def exit_at_once_on_interrupt() -> None:
    """Until a run is under way there is nothing to save: Ctrl-C ends the process there and then.

    As an exception it could be raised in a callback of jax's that swallows it.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        os.write(2, b"error: interrupted - nothing was saved - run it again\n")
        os._exit(128 + number)

    signal.signal(signal.SIGINT, leave)


class StopFlag:
    """While entered, the first SIGINT or SIGTERM sets `asked`; a second one ends the process."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopFlag":
        for number in (signal.SIGINT, signal.SIGTERM):
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
        if self.asked:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.asked = True
