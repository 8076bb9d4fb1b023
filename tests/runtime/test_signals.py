"""Which signals ask a training to stop, and which end it."""

import os
import signal
import subprocess
import sys

import pytest
from fake_cloud import listening
from processes import ROOT

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


def test_under_nohup_a_hang_up_is_no_request() -> None:
    done = stopped_by(signal.SIGHUP, nohup=True)
    assert (done.returncode, done.stdout) == (0, "not asked\n")
