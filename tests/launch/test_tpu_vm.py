"""launch/tpu_vm.sh against a fake gcloud: what it calls, quotes, returns and deletes."""

import os
import re
import shlex
import shutil
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_cloud import (
    CLUSTER,
    HOSTILE,
    HOSTILE_TO_SHLEX,
    PRIVATE_ADDRESS,
    PYTHON,
    TPU,
    Cloud,
    assert_dry_run_is_what_is_called,
    assert_golden,
    fake_cloud,
    one_line_error,
    signal_script,
)

MAKE = ["--type=v5litepod-8", "--version=v2-alpha-tpuv5-lite"]
DRY_RUNS = [
    "all --name=my-tpu --zone=us-west4-a --type=v5litepod-8 --version=v2-alpha-tpuv5-lite "
    "--source=/home/ada/geoself --out=/home/ada/runs/first "
    "-- --config=configs/synthetic.py '--config.data.train=/data/my cameras.npz'",
    "all --name=my-pod --zone=us-east5-b --type=v6e-16 --version=v2-alpha-tpuv6e --spot "
    "--project=lab --workdir=/data/first '--data=/home/ada/my cameras.npz' "
    "--source=/home/ada/geoself --out=/home/ada/runs/first -- --config=configs/synthetic.py",
]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """A machine with a fake gcloud."""
    with fake_cloud(tmp_path, "tpu_vm.sh", "--name=my-tpu", "--zone=us-west4-a") as cloud:
        yield cloud


def test_help_tells_every_command_option_and_exit_code(cloud: Cloud) -> None:
    finished = cloud.run("--help", options=[])
    assert finished.returncode == 0 and finished.stderr == ""
    options = shlex.split("name zone type version spot project workdir data source out dry-run")
    wanted = ["create", "run", "fetch", "delete", "all", *(f"--{option}" for option in options)]
    wanted += shlex.split("64 65 66 69 70 73 74 75 130 143 255 v5litepod-8 v2-alpha-tpuv5-lite")
    words = finished.stdout.replace("=", " ").replace(",", " ").replace(";", " ").split()
    assert not [word for word in wanted if word not in words]


def test_create_makes_one_call(cloud: Cloud) -> None:
    assert cloud.run("create", *MAKE).returncode == 0
    kind = ["--accelerator-type=v5litepod-8", "--version=v2-alpha-tpuv5-lite"]
    assert cloud.calls() == [[*TPU, "create", "my-tpu", *kind, "--zone=us-west4-a"]]


def test_spot_and_project_reach_gcloud_and_options_may_stand_apart(cloud: Cloud) -> None:
    options = shlex.split("--name my-tpu --zone z --type t --version v --project p --spot")
    assert cloud.run("create", options=options).returncode == 0
    kind = ["--accelerator-type=t", "--version=v", "--spot", "--zone=z", "--project=p"]
    assert cloud.calls() == [[*TPU, "create", "my-tpu", *kind]]


def test_delete_makes_one_call_that_asks_nothing(cloud: Cloud) -> None:
    assert cloud.run("delete").returncode == 0
    assert cloud.calls() == [[*TPU, "delete", "my-tpu", "--quiet", "--zone=us-west4-a"]]


def test_run_sends_installs_and_trains_on_all_workers(cloud: Cloud) -> None:
    assert cloud.run("run", "--", "--config=configs/x.py", "--seed=1").returncode == 0
    send, install, train = cloud.calls()
    archive, zone = "geoself_source.tar.gz", "--zone=us-west4-a"
    source = [f"{cloud.out}/{archive}", f"my-tpu:{archive}"]
    assert send == [*TPU, "scp", *source, "--worker=all", zone]
    ssh = [*TPU, "ssh", "my-tpu", "--worker=all"]
    assert install == [*ssh, install[7], zone] and install[7].startswith("--command=")
    assert train == [*ssh, "--ssh-flag=-oServerAliveInterval=60", train[8], zone]
    assert shlex.split(cloud.training_command()) == [
        *["cd", "geoself_source", "&&", "JAX_PLATFORMS=tpu,cpu", "JAX_COORDINATOR_PORT=8476"],
        *PRIVATE_ADDRESS,
        *["flock", "-w", "600", "-E", "73", "../geoself.lock", "../geoself_venv/bin/python3"],
        *["-m", "geoself_jax.train", "--workdir=../geoself_run", CLUSTER, "--config=configs/x.py"],
        "--seed=1",
    ]


def test_data_are_sent_and_trained_on_unless_the_user_says_otherwise(cloud: Cloud) -> None:
    for name in ("a:b; touch canary.npz", "-x.npz"):
        (cloud.home / name).touch()
        (cloud.folder / "calls").unlink(missing_ok=True)
        own = "--config.data.train=synthetic:train"
        assert cloud.run("run", f"--data={name}", "--", own).returncode == 0
        send = cloud.calls()[1]
        assert send[4:7] == ["scp", f"{cloud.home}/{name}", "my-tpu:geoself_data.npz"]
        assert "--worker=all" in send and cloud.verbs() == ["scp", "scp", "ssh", "ssh"]
        words = shlex.split(cloud.training_command())
        assert words[-3:] == [CLUSTER, "--config.data.train=../geoself_data.npz", own]


def test_data_that_are_not_there_end_before_the_tpu_is_asked(cloud: Cloud) -> None:
    finished = cloud.run("all", *MAKE, "--data=none.npz")
    assert finished.returncode == 66 and cloud.calls() == []
    assert one_line_error(finished).startswith(f"error: --data={cloud.home}/none.npz - ")


def test_the_archive_sent_is_the_last_commit_and_changes_left_out_are_named(cloud: Cloud) -> None:
    (cloud.source / "forgotten.py").touch()
    finished = cloud.run("run")
    with tarfile.open(cloud.out / "geoself_source.tar.gz") as archive:
        assert archive.getnames() == ["requirements.txt"]
    assert finished.stderr == f"note: {cloud.source} has uncommitted changes: they are not sent\n"


def test_the_install_command_unpacks_and_keeps_the_pinned_jax(cloud: Cloud) -> None:
    cloud.run("run")
    shutil.copy(cloud.out / "geoself_source.tar.gz", cloud.home)
    command = cloud.calls()[1][7].removeprefix("--command=")
    cloud.write("python3", PYTHON)
    (cloud.home / "geoself_source").mkdir()
    (cloud.home / "geoself_source" / "of_an_older_commit.py").touch()
    for _ in range(2):  # the second finds the environment and keeps it
        assert cloud.on_the_tpu(command) == 0
    assert os.listdir(cloud.home / "geoself_source") == ["requirements.txt"]
    pip = shlex.split("pip install -c requirements.txt -r requirements.txt -e . jax[tpu]")
    assert cloud.calls("remote") == [
        ["python3", "-m", "pip", "install", "--user", "uv"],
        ["python3", "-m", "uv", "venv", "--clear", "--seed", "--python", "3.11", "geoself_venv"],
        pip,
        pip,
    ]


@pytest.mark.parametrize(("failing", "code"), [("tar", 2), ("python3", 9), ("pip", 9)])
def test_a_failing_step_fails_the_install(cloud: Cloud, failing: str, code: int) -> None:
    cloud.run("run")
    command = cloud.calls()[1][7].removeprefix("--command=")
    cloud.write("python3", PYTHON)
    if failing != "tar":
        shutil.copy(cloud.out / "geoself_source.tar.gz", cloud.home)
    if failing == "pip":  # reached with the environment there
        assert cloud.on_the_tpu(command) == 0
    assert cloud.on_the_tpu(command, REMOTE_CODE="9") == code


def test_training_arguments_reach_python_exactly_whatever_they_hold(cloud: Cloud) -> None:
    cloud.run("run", "--", *HOSTILE, *HOSTILE_TO_SHLEX)
    cloud.python_there_notes()
    assert cloud.on_the_tpu(cloud.training_command(), REMOTE_CODE="75") == 75
    (words,) = cloud.calls("remote")
    ours = ["python3", "-m", "geoself_jax.train", "--workdir=../geoself_run", CLUSTER]
    assert words == [*ours, *HOSTILE, *HOSTILE_TO_SHLEX]
    port, bound = (cloud.folder / "remote_environment").read_text().splitlines()
    assert port == "tpu,cpu 8476" and re.fullmatch(r"[0-9.]*:8476", bound)


def test_the_training_command_reads_back_with_shlex(cloud: Cloud) -> None:
    cloud.run("run", "--", *HOSTILE)
    words = shlex.split(cloud.training_command())
    assert words[words.index(CLUSTER) + 1 :] == HOSTILE


@pytest.mark.parametrize(
    "value",
    ['it\'s "two" words', "a; touch canary", "`touch canary`$(touch canary)", "*~/$HOME\\ #"],
)
def test_hostile_option_values_stay_one_word_everywhere(cloud: Cloud, value: str) -> None:
    out = cloud.folder / f"out {value.replace('/', '')}"
    options = [f"--{name}={value}" for name in ("name", "zone", "type", "version", "project")]
    options += [f"--workdir=/runs/{value}", f"--out={out}", f"--source={cloud.source}"]
    assert cloud.run("all", options=options).returncode == 0
    create, send, install, train, pack, get, delete = cloud.calls()
    ends = [f"--zone={value}", f"--project={value}"]
    assert create == [
        *[*TPU, "create", value, f"--accelerator-type={value}", f"--version={value}"],
        *ends,
    ]
    assert send[5:7] == [f"{out}/geoself_source.tar.gz", f"{value}:geoself_source.tar.gz"]
    assert get[5:7] == [f"{value}:geoself_run.tar.gz", f"{out}/geoself_run.tar.gz"]
    assert delete == [*TPU, "delete", value, "--quiet", *ends]
    assert all(call[5] == value for call in (install, train, pack))
    assert shlex.split(cloud.training_command())[-2:] == [f"--workdir=/runs/{value}", CLUSTER]
    words = shlex.split(pack[7].removeprefix("--command="))
    assert words == ["tar", "-czf", "geoself_run.tar.gz", "-C", f"/runs/{value}", "."]
    assert (out / "metrics.csv").exists()


@pytest.mark.parametrize(
    ("workdir", "given"),
    [
        ("/data/run", "/data/run"),
        ("runs/first", "../runs/first"),
        ("~/runs/first", "../runs/first"),
    ],
)
def test_the_run_folder_means_the_same_to_the_training_and_to_the_user(
    cloud: Cloud, workdir: str, given: str
) -> None:
    cloud.run("run", f"--workdir={workdir}")
    assert shlex.split(cloud.training_command())[-2] == f"--workdir={given}"


def test_fetch_brings_the_run_folder_of_the_vm(cloud: Cloud) -> None:
    assert cloud.run("fetch", "--workdir=~/my runs").returncode == 0
    pack, get = cloud.calls()
    (cloud.home / "my runs").mkdir()
    (cloud.home / "my runs" / "state").touch()
    assert cloud.on_the_tpu(pack[7].removeprefix("--command=")) == 0
    with tarfile.open(cloud.home / "geoself_run.tar.gz") as archive:
        assert "./state" in archive.getnames()
    zone = "--zone=us-west4-a"
    assert pack[6] == "--worker=0" and pack[8] == zone
    archive = f"{cloud.out}/geoself_run.tar.gz"
    assert get == [*TPU, "scp", "my-tpu:geoself_run.tar.gz", archive, "--worker=0", zone]
    assert os.listdir(cloud.out) == ["metrics.csv"]


def test_a_bucket_is_refused_before_anything_is_created(cloud: Cloud) -> None:
    finished = cloud.run("all", *MAKE, "--workdir=gs://bucket/run")
    assert finished.returncode == 64 and finished.stderr.count("\n") == 1
    assert "gs://bucket/run" in finished.stderr
    assert cloud.calls() == []


def test_all_creates_runs_fetches_and_deletes_in_this_order(cloud: Cloud) -> None:
    finished = cloud.run("all", *MAKE, "--", "--seed=1")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert cloud.verbs() == ["create", "scp", "ssh", "ssh", "ssh", "scp", "delete"]
    assert (cloud.out / "metrics.csv").read_text() == "jax==0.10.2\n"


@pytest.mark.parametrize("code", [75, 255])
def test_the_exit_code_of_the_training_comes_back_and_the_tpu_goes(cloud: Cloud, code: int) -> None:
    cloud.plays("ssh", 0, code)
    assert cloud.run("run").returncode == code
    assert cloud.verbs() == ["scp", "ssh", "ssh"]  # `run` alone leaves the TPU
    cloud.plays("ssh", 0, code)
    finished = cloud.run("all", *MAKE)
    assert finished.returncode == code
    assert f"exit code {code} " in one_line_error(finished)
    # What an interrupted run had saved is brought home before the TPU goes.
    assert cloud.verbs()[3:] == ["create", "scp", "ssh", "ssh", "ssh", "scp", "delete"]


@pytest.mark.parametrize(
    ("command", "verb", "codes", "verbs"),
    [
        ("create", "create", [2], "create"),
        ("delete", "delete", [3], "delete"),
        ("run", "scp", [4], "scp"),
        ("run", "ssh", [5], "scp ssh"),
        ("fetch", "ssh", [6], "ssh"),
        ("fetch", "scp", [7], "ssh scp"),
        ("all", "scp", [8], "create scp delete"),
        ("all", "ssh", [9], "create scp ssh delete"),
        ("all", "ssh", [0, 0, 10], "create scp ssh ssh ssh delete"),
        ("all", "scp", [0, 11], "create scp ssh ssh ssh scp delete"),
        ("all", "delete", [12], "create scp ssh ssh ssh scp delete"),
    ],
)
def test_a_failing_call_gives_its_exit_code_and_stops_what_follows(
    cloud: Cloud, command: str, verb: str, codes: list[int], verbs: str
) -> None:
    cloud.plays(verb, *codes)
    finished = cloud.run(command, *(MAKE if command in ("create", "all") else []))
    assert finished.returncode == codes[-1]
    assert cloud.verbs() == verbs.split()
    first, *_ = finished.stderr.splitlines()
    assert first.startswith(f"error: {' '.join([*TPU, verb])} ")
    assert f" - exit code {codes[-1]} - " in first


def test_a_source_without_a_commit_ends_before_the_tpu_is_asked(cloud: Cloud) -> None:
    shutil.rmtree(cloud.source / ".git")
    assert cloud.run("run").returncode == 128  # of git archive
    assert cloud.calls() == []


def test_a_tpu_that_was_not_created_is_not_deleted(cloud: Cloud) -> None:
    cloud.plays("create", 1)  # as when the name is taken: that TPU is somebody's
    finished = cloud.run("all", *MAKE)
    assert finished.returncode == 1 and cloud.verbs() == ["create"]
    assert "my-tpu was not created" in finished.stderr


def test_a_failed_fetch_is_reported_and_does_not_hide_the_training(cloud: Cloud) -> None:
    cloud.plays("ssh", 0, 75, 1)
    finished = cloud.run("all", *MAKE)
    assert finished.returncode == 75
    assert f"{cloud.out} does not have the run - fetch failed with exit code 1 " in finished.stderr
    assert cloud.verbs()[-1] == "delete"


def test_a_failed_delete_is_reported_and_does_not_hide_the_training(cloud: Cloud) -> None:
    cloud.plays("ssh", 0, 75)
    cloud.plays("delete", 1)
    finished = cloud.run("all", *MAKE)
    assert finished.returncode == 75
    assert "my-tpu may still exist and bill - delete failed with exit code 1 " in finished.stderr


@pytest.mark.parametrize(
    ("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("whole_group", [True, False])
def test_a_stop_signal_during_the_run_deletes_the_tpu_at_once(
    cloud: Cloud, stop: signal.Signals, code: int, whole_group: bool
) -> None:
    (cloud.folder / "ssh.hangs").touch()
    process = cloud.start("all", *MAKE)
    cloud.wait_for("ssh.started")
    signal_script(process, stop, whole_group)
    assert process.wait(timeout=10) == code
    assert cloud.verbs() == ["create", "scp", "ssh", "delete"]


def test_a_ctrl_c_during_create_waits_for_the_tpu_and_deletes_it(cloud: Cloud) -> None:
    (cloud.folder / "create.slow").touch()
    process = cloud.start("all", *MAKE)
    cloud.wait_for("create.started")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=10) == 130
    assert cloud.verbs() == ["create", "delete"]


def test_a_second_ctrl_c_does_not_stop_the_delete(cloud: Cloud) -> None:
    (cloud.folder / "ssh.hangs").touch()
    (cloud.folder / "delete.slow").touch()
    cloud.plays("delete", 3)
    process = cloud.start("all", *MAKE)
    for name in ("ssh.started", "delete.started"):
        cloud.wait_for(name)
        os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "delete failed with exit code 3" in err  # its own code: it ran to its end


def test_ctrl_c_during_run_alone_leaves_the_tpu(cloud: Cloud) -> None:
    (cloud.folder / "ssh.hangs").touch()
    process = cloud.start("run")
    cloud.wait_for("ssh.started")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=10) == 130
    assert cloud.verbs() == ["scp", "ssh"]


def test_a_dry_run_is_the_golden_file_and_runs_nothing(cloud: Cloud) -> None:
    assert_golden(cloud, DRY_RUNS, "tpu_vm_dry_run.txt")


def test_a_dry_run_prints_exactly_what_a_run_calls(cloud: Cloud) -> None:
    words = ["all", *MAKE, "--workdir=/runs/a b; touch canary", "--", *HOSTILE, *HOSTILE_TO_SHLEX]
    assert_dry_run_is_what_is_called(cloud, words)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "no command"),
        (["launch"], "launch"),
        (["run", "delete"], "delete"),
        (["run", "--nme=x"], "--nme=x"),
        (["run", "--seed=1"], "--seed=1"),
        (["run", "--zone=z"], "--name"),
        (["run", "--name=a"], "--zone"),
        (["run", "--name=a", "--zone"], "--zone"),
        (["run", "--name=a", "--zone="], "--zone"),
        (["run", "--name=a", "--zone=z", "--workdir="], "--workdir"),
        (["run", "--name=--help", "--zone=z"], "--name=--help"),
        (["create", "--name=a", "--zone=z", "--version=v"], "--type"),
        (["all", "--name=a", "--zone=z", "--type=t"], "--version"),
        (["delete", "--name=a", "--zone=z", "--", "--seed=1"], "--"),
        (["two\nlines; touch canary"], "two lines; touch canary"),
    ],
)
def test_a_usage_error_is_one_line_with_exit_code_64(
    cloud: Cloud, words: list[str], named: str
) -> None:
    finished = cloud.run(*words, options=[])
    assert finished.returncode == 64 and finished.stdout == ""
    assert one_line_error(finished).startswith(f"error: {named} - ")
    assert cloud.calls() == []


def test_without_gcloud_the_exit_code_is_69(cloud: Cloud) -> None:
    (cloud.bin / "gcloud").unlink()
    finished = cloud.run("all", *MAKE)
    assert finished.returncode == 69
    assert one_line_error(finished).startswith("error: gcloud - not on PATH - install ")


def test_the_script_sends_its_own_repository_unless_asked_otherwise(cloud: Cloud) -> None:
    options = ["--name=my-tpu", "--zone=z", "--dry-run"]
    lines = cloud.run("run", options=options).stdout.splitlines()
    assert shlex.split(lines[1])[:3] == ["git", "-C", str(cloud.script.parents[1])]
    assert lines[0] == shlex.join(["mkdir", "-p", f"{cloud.home}/runs/my-tpu"])
