"""Commands as processes of their own, which can be killed, and faults planted within them.

A process is forked from one that has imported the package and touched no device: a real process,
without the seconds that importing takes. `fresh=True` starts `python -m` as a user does.
"""

import importlib.util
import multiprocessing
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from benchmarks.reliability.lab import ROOT

PATIENCE = 900.0
"""Seconds after which a process is said to hang."""
QUICKLY = "RELIABILITY_COMPILES_QUICKLY"
"""Variable: 1 where processes compile without XLA's optimizations."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["benchmarks.reliability.preload"])


class Planted(Protocol):
    """A fault within a process."""

    def arm(self) -> None:
        """Plants it in this process."""


class At(NamedTuple):
    """A fault within a process: at the n-th call of a function.

    Attributes:
        place: Dotted name of the function, as its caller finds it.
        number: Of the call, from 1.
        do: Name of a signal for the process itself, `sleep` (for 600 s) or `raise`.
        later: Seconds after the call began, from another thread; None: once it has returned; 0:
            before it is called.
        again: Seconds after which the signal comes a second time; 0: never.
    """

    place: str
    number: int
    do: str
    later: float | None = 0
    again: float = 0

    def arm(self) -> None:
        """Plants it in this process."""
        owner, _, name = self.place.rpartition(".")
        there = pkgutil.resolve_name(owner)
        original = getattr(there, name)
        count = [0]

        def planted(*values: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] != self.number:
                return original(*values, **options)
            if self.later is None:
                found = original(*values, **options)
                self.act()
                return found
            if self.later > 0:
                threading.Timer(self.later, self.act).start()
            else:
                self.act()
            return original(*values, **options)

        setattr(there, name, planted)

    def act(self) -> None:
        """The fault itself."""
        if self.do == "sleep":
            time.sleep(600)
        elif self.do == "raise":
            raise RuntimeError("a planted fault")
        else:
            number = getattr(signal, self.do)
            if self.again:
                again = threading.Timer(self.again, os.kill, (os.getpid(), number))
                again.daemon = True
                again.start()
            os.kill(os.getpid(), number)


class Ended(NamedTuple):
    """How a process ended.

    Attributes:
        code: Its exit code; minus the signal that killed it; None: it hung and was killed.
        output: All that it wrote.
        seconds: It took.
    """

    code: int | None
    output: str
    seconds: float

    @property
    def line(self) -> str:
        """Its error, or the last line of its output."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("error: ")]
        return (errors or lines or [""])[-1]

    @property
    def has_traceback(self) -> bool:
        """Whether a traceback was written."""
        return "Traceback (most recent call last)" in self.output


class Life:
    """A running command.

    Args:
        verb: Of the command.
        words: Its arguments.
        log: File for all that it writes.
        devices: CPU devices that jax sees.
        faults: Planted within it.
        cwd: Its working directory.
        variables: Of its environment, more than this process's.
    """

    def __init__(
        self,
        verb: str,
        words: Sequence[str],
        log: Path,
        *,
        devices: int = 1,
        faults: Sequence[Planted] = (),
        cwd: Path | None = None,
        variables: dict[str, str] | None = None,
    ) -> None:
        quickly = os.environ.get(QUICKLY, "0")
        more = {"XLA_FLAGS": flags_of(devices), QUICKLY: quickly} | (variables or {})
        given = (verb, [str(word) for word in words], str(log), more, devices, list(faults))
        self._log, self._started = log, time.monotonic()
        log.write_bytes(b"")
        self._process = _CONTEXT.Process(target=live, args=(*given, str(cwd or log.parent)))
        self._process.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        return int(self._process.pid or 0)

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends it a signal, if it is still there."""
        if self.is_alive():
            os.kill(self.pid, number)

    def output(self) -> str:
        """What it has written by now."""
        return self._log.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = PATIENCE) -> bool:
        """Waits until it has written something; whether it has."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text in self.output():
                return True
            if not self.is_alive():
                return text in self.output()
            time.sleep(0.01)
        return False

    def wait(self, seconds: float = PATIENCE) -> Ended:
        """Waits for its end; one that takes longer is killed."""
        self._process.join(seconds)
        hung = self._process.is_alive()
        if hung:
            os.kill(self.pid, signal.SIGKILL)
            self._process.join()
        code = None if hung else self._process.exitcode
        return Ended(code, self.output(), time.monotonic() - self._started)


def live(
    verb: str,
    words: list[str],
    log: str,
    variables: dict[str, str],
    devices: int,
    faults: list[Planted],
    cwd: str,
) -> None:
    """The process itself."""
    stream = os.open(log, os.O_WRONLY | os.O_APPEND)
    for number in (1, 2):
        os.dup2(stream, number)
    os.environ |= variables
    os.chdir(cwd)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background jobs ignore it
    import jax

    from geoself_jax.runtime import cli

    # With few cores, asynchronous calls on several devices can wait for each other for ever.
    jax.config.update("jax_cpu_enable_async_dispatch", devices == 1)
    jax.config.update("jax_disable_most_optimizations", os.environ[QUICKLY] == "1")
    spec = importlib.util.find_spec(f"geoself_jax.{verb}")
    assert spec is not None
    sys.modules["__main__"].__spec__ = spec  # as `python -m` has it
    sys.argv = [str(spec.origin), *words]
    main = cli.main_of(verb)
    for fault in faults:
        fault.arm()
    cli.run(main)


def flags_of(devices: int) -> str:
    """XLA's flags for a number of CPU devices."""
    return f"--xla_force_host_platform_device_count={devices}" if devices > 1 else ""


def run(verb: str, *words: str | Path, log: Path, seconds: float = PATIENCE, **how: Any) -> Ended:
    """A command to its end, as `Life`."""
    return Life(verb, [str(word) for word in words], log, **how).wait(seconds)


def run_fresh(
    *words: str | Path,
    cwd: Path,
    variables: dict[str, str] | None = None,
    seconds: float = PATIENCE,
) -> Ended:
    """`python -m geoself_jax.WORD WORD...` as a user starts it."""
    verb, *rest = (str(word) for word in words)
    started = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(variables or {})}
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"geoself_jax.{verb}", *rest],
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return Ended(None, (late.stdout or b"").decode(errors="replace"), seconds)
    return Ended(done.returncode, done.stdout.decode(errors="replace"), time.monotonic() - started)
