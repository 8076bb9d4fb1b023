"""Hosts that are late, killed, frozen: what the others say, and how they end."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import environment, free_port

from geoself_jax.core import errors
from geoself_jax.core.config import Config, DistributedConfig
from geoself_jax.runtime import devices, probes
from geoself_jax.runtime.patience import Patience
from geoself_jax.runtime.probes import Life

HERE = Path(__file__).parents[1]
PIPED = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


@contextlib.contextmanager
def two_hosts(tmp_path):
    """Two hosts that have joined."""
    script, address = str(HERE / "hosts_apart.py"), f"127.0.0.1:{free_port()}"
    variables = environment() | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    words = [sys.executable, script, address]
    pair = [
        subprocess.Popen([*words, str(host)], env=variables, cwd=HERE, text=True, **PIPED)
        for host in (0, 1)
    ]
    try:
        for process in pair:
            assert process.stdout.readline() == "joined\n", process.communicate()[1]
        yield pair
    finally:
        for process in pair:
            process.kill()
            process.wait()


def one_line(process):
    """The line that a host ends with, and nothing of a library's before it."""
    _, error = process.communicate(timeout=60)
    assert process.returncode == errors.UNAVAILABLE, error
    *before, last = error.splitlines()
    assert not any("error" in line or "Traceback" in line for line in before), error
    return last


def test_a_late_host_is_waited_for_and_a_killed_one_ends_the_other(tmp_path):
    with two_hosts(tmp_path) as (first, second):
        time.sleep(5)
        second.stdin.write("\n")
        second.stdin.flush()
        assert first.stdout.readline() == "agreed\n"
        assert second.stdout.readline() == "agreed\n"
        second.kill()
        _, error = first.communicate(timeout=60)
    said = error.splitlines()
    assert first.returncode == errors.UNAVAILABLE, error
    assert [line.split(" took ")[0] for line in said[:2]] == ["trying", "waiting for host 1"]
    assert len(said) == 3 and said[2].startswith("error: host 1 - lost: "), error
    assert "the same command on every host continues" in said[2]


def test_the_loss_of_the_first_host_ends_the_others_in_one_line_without_an_abort(tmp_path):
    with two_hosts(tmp_path) as (first, second):
        second.stdin.write("\n")
        second.stdin.flush()
        assert second.stdout.readline() == "agreed\n"
        first.kill()
        assert one_line(second).startswith("error: host 0 - lost: ")


@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        ("interrupted", 130, "interrupted - no unfinished file is left"),
        ("module", errors.UNAVAILABLE, "no_such_module is not installed in "),
        ("part", 1, "ModuleNotFoundError: No module named 'geoself_jax.no_such_part'"),
    ],
)
def test_whatever_ends_one_host_is_what_the_others_end_with(tmp_path, end, code, words):
    """At once, not when a call finds that it is gone."""
    with two_hosts(tmp_path) as (first, second):
        second.stdin.write(f"{end}\n")
        second.stdin.flush()
        own, heard = (process.communicate(timeout=60)[1] for process in (second, first))
    assert second.returncode == first.returncode == code, own + heard
    assert words in own.strip().splitlines()[-1]
    assert heard.splitlines()[-1].startswith(f"error: host 1: {words}"), heard


def answers_in_the_end(place):
    """Whether a process lives, on a machine that may be too busy for it to answer at once."""
    return any(probes.call(place) is Life.LIVES for _ in range(20))


def test_a_call_tells_a_live_process_from_a_frozen_and_an_ended_one(monkeypatch):
    monkeypatch.setattr(probes, "CALL_SECONDS", 2.0)
    code = "import time; from geoself_jax.runtime import probes\n"
    code += "print(probes.answer('127.0.0.1:9'), flush=True); time.sleep(60)"
    words = [sys.executable, "-c", code]
    host = subprocess.Popen(words, env=environment(), text=True, stdout=subprocess.PIPE)
    with contextlib.closing(host.stdout), contextlib.ExitStack() as ended:
        ended.callback(host.wait)
        ended.callback(host.kill)
        place = host.stdout.readline().strip()
        assert place.startswith("127.0.0.1:")  # the one address that leads there
        assert answers_in_the_end(place)
        host.send_signal(signal.SIGSTOP)
        os.waitpid(host.pid, os.WUNTRACED)  # until it has stopped
        assert probes.call(place) is Life.FROZEN
        host.send_signal(signal.SIGCONT)
        assert answers_in_the_end(place)
        host.kill()
        host.wait()
        assert probes.call(place) is Life.ENDED


def test_a_host_without_a_file_to_spare_rests_and_answers_when_it_has_one():
    host, _, port = probes.answer("127.0.0.1:1").rpartition(":")
    with socket.socket() as caller:
        before, last = resource.getrlimit(resource.RLIMIT_NOFILE), os.dup(0)
        os.close(last)  # the next number, which may not be given
        resource.setrlimit(resource.RLIMIT_NOFILE, (last, before[1]))
        try:
            caller.connect((host, int(port)))
            busy = time.process_time()
            time.sleep(1.0)
            busy = time.process_time() - busy
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        caller.settimeout(10)
        assert caller.recv(1) == probes.ANSWER
    assert busy < 0.1, f"{busy:.2f} s of CPU in a second"


def test_a_host_is_as_patient_as_it_worked_long_itself(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("geoself_jax.runtime.patience.time.monotonic", lambda: clock[0])
    patience = Patience(least=600)
    clock[0] += 90  # of triangulation
    with patience.waiting():
        clock[0] += 1799
        assert not patience.is_over
        with patience.waiting():  # a part of the same
            clock[0] += 2
            assert patience.is_over
        assert patience.is_over
    with patience.waiting():
        assert patience.limit == 600
    for steps in (1, 50, 50):  # a first call of one step, 40 s
        patience.next_steps(steps)
        with patience.waiting():
            clock[0] += 40 * steps
    with patience.waiting():
        assert patience.limit == 20 * 50 * 40


def test_a_wait_that_ends_as_another_thread_asks_for_it_is_not_one_since_the_start(monkeypatch):
    patience = Patience()
    with patience.waiting():

        def ends_meanwhile():
            patience._waits_since = 0.0
            return 10.0**7

        monkeypatch.setattr("geoself_jax.runtime.patience.time.monotonic", ends_meanwhile)
        patience._waits_since = 10.0**7 - 3
        assert patience.waited == 3


def test_the_first_host_listens_at_its_own_address_alone(monkeypatch):
    monkeypatch.delenv("JAX_COORDINATOR_BIND_ADDRESS", raising=False)
    assert devices.own_address("127.0.0.1:1234") == "127.0.0.1:1234"
    assert devices.own_address("192.0.2.1:1234") is None  # no machine's
    assert devices.own_address("localhost:1234") is None  # a name
    monkeypatch.setenv("JAX_COORDINATOR_BIND_ADDRESS", "127.0.0.1:1")
    assert devices.own_address("127.0.0.1:1234") is None


@pytest.mark.skipif(not devices.is_too_old_for_mtls(), reason="this JAX encrypts")
def test_certificates_that_this_jax_does_not_use_are_refused(monkeypatch):
    monkeypatch.setenv("JAX_MTLS_CERT_FILE", os.devnull)
    hosts = DistributedConfig("127.0.0.1:1", processes=2)
    with pytest.raises(errors.GeoselfError, match="plain text") as refused:
        devices.start(Config(distributed=hosts))
    assert refused.value.code == errors.UNAVAILABLE
