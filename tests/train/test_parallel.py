import contextlib
import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from older_runs import rewritten
from processes import environment, free_port, run_python

from geoself_jax.core import errors
from geoself_jax.runtime import devices
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.run import train

HERE = Path(__file__).parents[1]


def weights(folder):
    return load_trained(folder, "last").variables


def same(a, b):
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def apart(a, b):
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(np.abs(np.asarray(x) - np.asarray(y)).max()) for x, y in pairs)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ("", "one run"),
        (
            "versions.jax",
            "error: host 1: versions.jax is other - 0.10.2 on host 0, and all train one run - "
            "install the same versions on every host",
        ),
        (
            "arrays_sha256.K",
            "error: host 1: arrays_sha256.K is other - 34 on host 0, and all train one run - "
            "copy the same files to every host",
        ),
        (
            "start.device",
            "error: host 1: start.device is other - cpu on host 0, and all train one run - "
            "start the same command, with the same configuration file, on equal hosts",
        ),
    ],
)
def test_hosts_that_differ_say_in_what_and_what_to_do(changed, line, tmp_path):
    words = [sys.executable, str(HERE / "hosts_agree.py"), f"127.0.0.1:{free_port()}"]
    variables = environment() | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    pair = [
        subprocess.Popen(
            [*words, str(host), changed],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for host in (0, 1)
    ]
    ends = [(process.communicate(timeout=90), process.returncode) for process in pair]
    for (output, error), code in ends:
        assert line in (output + error).splitlines(), error
        assert code == (errors.DATA if changed else 0)


def test_batches_fed_by_the_host_are_the_resident_ones_bit_for_bit(
    tiny_config, tiny_recording, tmp_path, optimized
):
    data = dataclasses.replace(tiny_config.data, device_bytes=0)
    train(tiny_config, tmp_path / "resident", tiny_recording)
    train(dataclasses.replace(tiny_config, data=data), tmp_path / "fed", tiny_recording)
    assert same(weights(tmp_path / "fed"), weights(tmp_path / "resident"))


def test_pmap_trains_and_the_way_of_running_is_no_part_of_a_run(
    tiny_run, tiny_config, tiny_recording, tmp_path
):
    mapped = dataclasses.replace(tiny_config, parallel="pmap")
    train(mapped, tmp_path / "pmap", tiny_recording)
    assert apart(weights(tmp_path / "pmap"), weights(tiny_run)) < 1e-4
    outcome = train(tiny_config, tmp_path / "pmap", tiny_recording)
    assert outcome.message.startswith("already done")


def test_interrupted_on_four_devices_a_run_ends_on_one_two_and_eight(
    tiny_run, tiny_config, tiny_file, tmp_path
):
    config = tmp_path / "config.py"
    config.write_text(
        f"from geoself_jax.core.config import *\ndef get_config():\n    return {tiny_config!r}\n"
    )
    flags = [f"--config={config}"]
    script, first = str(HERE / "interrupted.py"), f"--workdir={tmp_path / 'four'}"
    stopped = run_python(script, *flags, first, devices=4, quick_compile=True)
    assert stopped.returncode == errors.INTERRUPTED, stopped.stderr
    for count in (1, 2, 8):
        folder = tmp_path / f"then{count}"
        shutil.copytree(tmp_path / "four", folder)
        command = ["-m", "geoself_jax.train", *flags, f"--workdir={folder}"]
        ended = run_python(*command, devices=count, quick_compile=True)
        assert ended.returncode == 0, ended.stderr
        assert "continuing" in ended.stdout and f"{count} x cpu" in ended.stdout
        assert apart(weights(folder), weights(tiny_run)) < 1e-3


@contextlib.contextmanager
def two_processes(arguments, quick_compile=False, devices=(1, 1)):
    """Two running processes, of N devices each, ended on the way out."""
    running = [
        subprocess.Popen(
            [sys.executable, *arguments(i)],
            env=environment(devices[i], quick_compile) | {"PYTHONWARNINGS": "ignore"},
            cwd=HERE.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(2)
    ]
    try:
        yield running
    finally:
        for process in running:
            process.kill()


def both(arguments, timeout=300):
    """Two processes to their good end; the first one's output."""
    with two_processes(arguments, quick_compile=True) as running:
        outputs = [process.communicate(timeout=timeout) for process in running]
    for process, (_, error) in zip(running, outputs, strict=True):
        assert process.returncode == 0, error[-3000:]
    return outputs[0][0]


def hosts_flags(port, process):
    return [
        f"--config.distributed.coordinator=127.0.0.1:{port}",
        "--config.distributed.processes=2",
        f"--config.distributed.process={process}",
    ]


def test_two_processes_give_one_devices_gradient_and_batch_statistics(tiny_file):
    address = f"127.0.0.1:{free_port()}"
    script = str(HERE / "two_processes.py")
    out = both(lambda i: [script, str(tiny_file), address, str(i)])
    rows = json.loads(out.splitlines()[-1])
    assert [(row["parallel"], row["fed"]) for row in rows] == [
        ("jit", False),
        ("jit", True),
        ("pmap", True),
    ]
    for row in rows:
        assert row["largest_gradient"] > 0, row
        assert row["gradient_off"] < 1e-10 and row["statistics_off"] < 1e-10, row


LATE = """
import sys
from geoself_jax.core.config import Config, DistributedConfig
from geoself_jax.runtime import devices, phases
phases.REMINDER_SECONDS = 0.1, 0.1
process = int(sys.argv[2])
with phases.command():
    phases.begin("try", "trying", leading=process == 0)
    with phases.phase("starting the devices"):
        devices.start(Config(distributed=DistributedConfig(sys.argv[1], 2, process)))
    phases.say("started")
"""


def test_a_host_that_waits_for_another_says_so_and_is_not_aborted():
    words = [sys.executable, "-c", LATE, f"127.0.0.1:{free_port()}"]
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    first = subprocess.Popen([*words, "0"], env=environment(), **piped)
    try:
        said = [first.stderr.readline() for _ in range(40)]  # most of them while it waits
        assert all("starting the devices: " in line for line in said[1:]), said
        second = subprocess.run([*words, "1"], env=environment(), timeout=120, **piped)
        _, rest = first.communicate(timeout=120)
    finally:
        first.kill()
    assert first.returncode == 0 and rest.endswith("started\n"), rest
    assert second.returncode == 0 and second.stderr == ""


def test_two_processes_train_one_run_and_only_the_first_writes(tiny_run, tiny_config, tmp_path):
    config = tmp_path / "config.py"
    config.write_text(
        f"from geoself_jax.core.config import *\ndef get_config():\n    return {tiny_config!r}\n"
    )
    port = free_port()

    def arguments(process):
        return [
            *("-m", "geoself_jax.train", f"--config={config}"),
            f"--workdir={tmp_path / f'run{process}'}",
            *hosts_flags(port, process),
        ]

    out = both(arguments)
    assert "2 x cpu (cpu) on 2 hosts" in out
    assert not (tmp_path / "run1").exists()
    # Adam makes much of rounding where a gradient is near zero; another batch would be far off.
    assert apart(weights(tmp_path / "run0"), weights(tiny_run)) < 5e-3


def test_a_leader_that_is_refused_says_why_and_no_host_hangs(tiny_run, tiny_config, tmp_path):
    config = tmp_path / "config.py"
    other = dataclasses.replace(tiny_config, seed=9)
    config.write_text(
        f"from geoself_jax.core.config import *\ndef get_config():\n    return {other!r}\n"
    )
    shutil.copytree(tiny_run, tmp_path / "run")
    port = free_port()

    def arguments(process):
        return [
            *("-m", "geoself_jax.train", f"--config={config}", f"--workdir={tmp_path / 'run'}"),
            *hosts_flags(port, process),
        ]

    with two_processes(arguments) as running:
        _, error = running[0].communicate(timeout=120)
        assert running[0].returncode == errors.WORKDIR, error
        assert "config.seed=0, not 9" in error
        _, error = running[1].communicate(timeout=60)
        assert running[1].returncode == errors.WORKDIR, error
        assert error.startswith("error: host 0: ") and "config.seed=0, not 9" in error


def test_hosts_with_unequal_devices_are_refused_by_each(tmp_path):
    port = free_port()
    command = ["-m", "geoself_jax.train", f"--config={HERE.parent / 'configs/synthetic.py'}"]
    command += [f"--workdir={tmp_path / 'run'}"]
    with two_processes(lambda i: [*command, *hosts_flags(port, i)], devices=(1, 2)) as running:
        for process in running:
            _, error = process.communicate(timeout=120)
            assert process.returncode == errors.UNAVAILABLE, error
            assert "devices: 1 on host 0, 2 on host 1" in error


def test_a_sigterm_that_comes_before_training_ends_a_host():
    code = (
        "import os, signal, time\n"
        "from geoself_jax.runtime import devices\n"
        "from geoself_jax.core.config import Config, DistributedConfig\n"
        f"address = '127.0.0.1:{free_port()}'\n"
        "devices.start(Config(distributed=DistributedConfig(address, processes=1)))\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "time.sleep(5)\n"
    )
    assert run_python("-c", code).returncode == -signal.SIGTERM


def test_a_run_keeps_where_each_start_was_and_tells_of_another_compute_type(
    tiny_run, tiny_config, tiny_recording, tmp_path, capsys
):
    shutil.copytree(tiny_run, tmp_path / "run")
    train(tiny_config, tmp_path / "run", tiny_recording)
    assert "computing in" not in capsys.readouterr().out
    record = tmp_path / "run/run.json"
    as_then = lambda saved: saved.update(started=saved.pop("starts")[0])  # noqa: E731
    rewritten(tmp_path / "run", as_then)
    other = dataclasses.replace(tiny_config, compute="bfloat16")
    train(other, tmp_path / "run", tiny_recording)
    assert "computing in bfloat16, before in float32" in capsys.readouterr().out
    starts = json.loads(record.read_text())["starts"]
    assert [start["compute_type"] for start in starts] == ["float32", "bfloat16"]


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, None),
        ({"SLURM_STEP_TASKS_PER_NODE": "1(x2)", "SLURM_GPUS_ON_NODE": "8"}, list(range(8))),
        ({"SLURM_STEP_TASKS_PER_NODE": "1", "SLURM_GPUS_ON_NODE": "2"}, [0, 1]),
        ({"SLURM_STEP_TASKS_PER_NODE": "8(x2)", "SLURM_GPUS_ON_NODE": "8"}, None),
        ({"SLURM_STEP_TASKS_PER_NODE": "1(x2)"}, None),
    ],
)
def test_a_task_that_is_alone_on_its_node_has_all_its_gpus(monkeypatch, variables, found):
    for name in ("SLURM_STEP_TASKS_PER_NODE", "SLURM_GPUS_ON_NODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert devices.local_device_ids() == found


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, ""),
        ({"SLURM_JOB_ID": "1", "SLURM_NTASKS": "4"}, ""),  # salloc without srun: one process
        ({"SLURM_STEP_NUM_TASKS": "1"}, ""),
        ({"SLURM_STEP_NUM_TASKS": "4"}, "slurm"),
        ({"TPU_WORKER_HOSTNAMES": "localhost"}, ""),
        ({"TPU_WORKER_HOSTNAMES": "a,b"}, "tpu"),
    ],
)
def test_a_cluster_is_found_only_where_this_is_one_process_of_several(
    monkeypatch, variables, found
):
    for name in ("SLURM_STEP_NUM_TASKS", "TPU_WORKER_HOSTNAMES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert devices.cluster() == found


def test_compiled_programs_are_kept_where_only_the_user_may_enter(tmp_path):
    code = "from geoself_jax.runtime import devices; import jax; devices.use_compilation_cache(); "
    code += "print(jax.config.jax_compilation_cache_dir)"
    env = environment() | {"XDG_CACHE_HOME": str(tmp_path)}
    env.pop("JAX_COMPILATION_CACHE_DIR", None)

    def traced():
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    folder = Path(traced())
    assert folder.parent == tmp_path / "geoself_jax"
    assert {p.stat().st_mode & 0o777 for p in (folder, folder.parent)} == {0o700}
    folder.chmod(0o777)  # others could put programs there
    assert traced() == "None"
