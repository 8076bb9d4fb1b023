"""The same command in several processes, ended together."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

PATIENCE_SECONDS = 120.0
"""For a process that was asked to stop: a row's call, and saving it."""


def run_in_parallel(argv: Sequence[str], jobs: int, *, together: bool) -> None:
    """Starts the same command once a core; each takes the rows that no other is at.

    Ctrl-C, SIGTERM and SIGHUP stop all of them, the second time at once. Each is a session of its
    own, so that a terminal's Ctrl-C reaches it through this process, and once.

    Raises:
        SystemExit: A process failed; it has said why.
        KeyboardInterrupt: Stopped.
    """
    command = [sys.executable, "-m", "benchmarks.ablation", *argv]
    share = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} if together else {}  # of a GPU's memory
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, signal.default_int_handler)
    started: list[subprocess.Popen[bytes]] = []
    try:
        for core in range(jobs):
            one = [*command, f"--core={core}"]
            started.append(subprocess.Popen(one, env=os.environ | share, start_new_session=True))
        failed = [process.wait() for process in started]
    except KeyboardInterrupt:
        for process in started:
            process.send_signal(signal.SIGINT)
        for process in started:
            process.wait(PATIENCE_SECONDS)
        raise
    finally:
        for process in started:
            process.kill()  # nothing, where it has ended
    for code in failed:
        if code < 0:
            print(f"a process was ended by signal {-code}", file=sys.stderr)
    if any(failed):
        raise SystemExit(max(code if code > 0 else 128 - code for code in failed if code))


class Parent:
    """In such a process: whether the one that started it is still there.

    SIGINT is Ctrl-C, however the command was started: a shell's `&` has it ignored.
    """

    def __init__(self) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._number = os.getppid()

    def is_there(self) -> bool:
        """False once it was killed, when another process is our parent."""
        return os.getppid() == self._number
