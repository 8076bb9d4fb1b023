"""Which signals ask a training to stop, and which end it."""

import os
import signal
import subprocess
import sys
import time

import pytest
from fake_cloud import listening
from processes import ROOT

from geoself_jax.runtime.signals import SAME_REQUEST_SECONDS

LOOP = """
import os, sys, time
from geoself_jax.runtime.signals import SAME_REQUEST_SECONDS, StopFlag
numbers, later = [int(n) for n in sys.argv[1].split(",")], sys.argv[2] == "later"
with StopFlag() as stop:
    for number in numbers:
        os.kill(os.getpid(), number)
        time.sleep(SAME_REQUEST_SECONDS + 0.1 if later else 0)
    print("asked" if stop.asked else "not asked", flush=True)
"""

COMMAND = """
import hashlib
from geoself_jax.runtime.signals import StopFlag, end_at_once
end_at_once()
with StopFlag():
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # as XLA compiles: no handler of Python runs
"""


def stopped_by(*numbers: int, later: bool = False, nohup: bool = False):
    """A loop under a stop flag that these signals come to, at once or one after the other."""
    words = [sys.executable, "-c", LOOP, ",".join(map(str, numbers)), "later" if later else ""]
    ignoring = ["bash", "-c", "trap '' HUP && exec \"$@\"", "bash"] if nohup else []
    return subprocess.run(
        [*listening(), *ignoring, *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_asks(number: signal.Signals) -> None:
    done = stopped_by(number)
    assert (done.returncode, done.stdout) == (0, "asked\n")


def test_signals_at_once_are_one_request_as_when_a_machine_shuts_down() -> None:
    done = stopped_by(signal.SIGTERM, signal.SIGHUP, signal.SIGTERM)
    assert (done.returncode, done.stdout) == (0, "asked\n")


def test_a_later_signal_ends_the_process() -> None:
    done = stopped_by(signal.SIGINT, signal.SIGTERM, later=True)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "")


def test_of_a_command_a_later_signal_ends_it_even_within_a_library() -> None:
    running = subprocess.Popen(
        [*listening(), sys.executable, "-c", COMMAND],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        try:
            assert running.stdout.readline() == "ready\n"
            running.send_signal(signal.SIGINT)
            time.sleep(SAME_REQUEST_SECONDS + 0.2)
            assert running.poll() is None
            running.send_signal(signal.SIGTERM)
            _, error = running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == 128 + signal.SIGTERM
    assert error == "error: interrupted - no unfinished file is left - run it again\n"


def test_the_line_of_a_signal_is_written_where_standard_error_was_even_if_the_bar_fails() -> None:
    code = (
        "import os, signal, sys\n"
        "from geoself_jax.runtime import phases, signals\n"
        "def leave(): raise RuntimeError\n"
        "phases.leave, apart = leave, os.dup(2)\n"
        "os.dup2(os.open(os.devnull, os.O_WRONLY), 2)\n"
        "sys.stderr = open(apart, 'w')\n"
        "signals.end_at_once()\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    done = subprocess.run(
        [*listening(), sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 128 + signal.SIGTERM and done.stderr.startswith("error: interrupted")


def test_under_nohup_a_hang_up_is_no_request() -> None:
    done = stopped_by(signal.SIGHUP, nohup=True)
    assert (done.returncode, done.stdout) == (0, "not asked\n")
