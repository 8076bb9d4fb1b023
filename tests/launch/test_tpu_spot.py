"""launch/tpu_spot.sh against a fake gcloud: states, retries, exit codes; nothing is left."""

import shlex
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
    QUEUE,
    SLEEP,
    Cloud,
    assert_dry_run_is_what_is_called,
    assert_golden,
    fake_cloud,
    one_line_error,
    signal_script,
)

NAMED = shlex.split(
    "--name=my-tpu --zone=us-west4-a --type=v5litepod-8 --version=v2-alpha-tpuv5-lite "
    "--store=gs://lab-runs/first"
)
DRY_RUNS = [
    shlex.join(NAMED) + " --source=/home/ada/geoself --out=/home/ada/runs/first "
    "-- --config=configs/synthetic.py '--config.data.train=/data/my cameras.npz'",
    "--name=my-pod --zone=us-east5-b --type=v6e-16 --version=v2-alpha-tpuv6e --project=lab "
    "--store=gs://lab-runs/pod/ --minutes=2.5 --retries=3 --workdir=/data/first "
    "'--data=/home/ada/my cameras.npz' --source=/home/ada/geoself --out=/home/ada/runs/first "
    "-- --config=configs/synthetic.py",
]
CREATE, ASK, DELETE = (f"queued-resources-{verb}" for verb in ("create", "describe", "delete"))
TRAIN = ["scp", "ssh", "ssh"]
LIFE = [CREATE, ASK, *TRAIN]
FETCH = "storage-cp"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """A machine with a fake gcloud and a `sleep` that takes no time, and a run in the store."""
    with fake_cloud(tmp_path, "tpu_spot.sh", *NAMED) as cloud:
        cloud.write("sleep", SLEEP)
        store = tmp_path / "buckets/lab-runs/first"
        store.mkdir(parents=True)
        with tarfile.open(store / "run.tar", "w") as archive:
            archive.add(cloud.source / "requirements.txt", "metrics.jsonl")
        yield cloud


def trains(cloud: Cloud, *codes: int) -> None:
    """The exit codes of the training in this life and the next ones; installing succeeds."""
    cloud.plays("ssh", *(code for pair in codes for code in (0, pair)))


def states(cloud: Cloud, *names: str) -> None:
    """What the queued resource is said to be, asked again and again; then ACTIVE."""
    (cloud.folder / "states").write_text(" ".join(names) + "\n")


def test_help_tells_every_option_and_exit_code(cloud: Cloud) -> None:
    finished = cloud.run("--help", options=[])
    assert finished.returncode == 0 and finished.stderr == ""
    options = "name zone type version store minutes retries project workdir data source out dry-run"
    wanted = [f"--{option}" for option in options.split()]
    wanted += shlex.split("64 65 66 69 70 73 74 75 129 130 143 255")
    words = finished.stdout.replace("=", " ").replace(",", " ").replace(";", " ").split()
    assert not [word for word in wanted if word not in words]


def test_it_creates_waits_trains_deletes_and_fetches(cloud: Cloud) -> None:
    states(cloud, "WAITING_FOR_RESOURCES", "WAITING_FOR_RESOURCES", "PROVISIONING", "ACTIVE")
    finished = cloud.run("--", "--config=configs/x.py")
    assert finished.returncode == 0
    waiting = [ASK, "sleep-30"] * 3
    assert cloud.verbs() == [CREATE, *waiting, ASK, *TRAIN, DELETE, FETCH]
    notes = finished.stderr.splitlines()
    assert notes == ["note: my-tpu: WAITING_FOR_RESOURCES", "note: my-tpu: PROVISIONING"]
    create, ask, *_ = (call for call in cloud.calls() if call[0] == "gcloud")
    kind = ["--accelerator-type=v5litepod-8", "--runtime-version=v2-alpha-tpuv5-lite", "--spot"]
    zone = "--zone=us-west4-a"
    assert create == [*QUEUE, "create", "my-tpu", "--node-id=my-tpu", *kind, zone]
    assert ask == [*QUEUE, "describe", "my-tpu", "--format=value(state.state)", zone]
    assert cloud.calls()[-2] == [*QUEUE, "delete", "my-tpu", "--force", "--quiet", zone]
    assert (cloud.out / "metrics.jsonl").exists() and not (cloud.out / "run.tar").exists()


def test_data_are_sent_to_each_tpu(cloud: Cloud) -> None:
    (cloud.home / "recording.npz").touch()
    trains(cloud, 75)
    assert cloud.run("--data=recording.npz").returncode == 0
    sent = [call[6] for call in cloud.calls() if call[4:5] == ["scp"]]
    assert sent == ["my-tpu:geoself_source.tar.gz", "my-tpu:geoself_data.npz"] * 2


def test_the_training_keeps_its_folder_in_the_store(cloud: Cloud) -> None:
    cloud.run("--minutes=2.5", "--", "--config=configs/x.py", "--seed=1")
    assert shlex.split(cloud.training_command()) == [
        *["cd", "geoself_source", "&&", "JAX_PLATFORMS=tpu,cpu", "JAX_COORDINATOR_PORT=8476"],
        *PRIVATE_ADDRESS,
        *["flock", "-w", "600", "-E", "255", "../geoself.lock", "../geoself_venv/bin/python3"],
        *["-m", "geoself_jax.keep", "--store=gs://lab-runs/first", "--workdir=../geoself_run"],
        *["--minutes=2.5", "--", CLUSTER, "--config=configs/x.py", "--seed=1"],
    ]


@pytest.mark.parametrize("code", [75, 255])
def test_taken_back_or_cut_off_the_next_tpu_continues(cloud: Cloud, code: int) -> None:
    trains(cloud, code, code)
    finished = cloud.run()
    assert finished.returncode == 0
    first, second = ([*LIFE, DELETE, f"sleep-{pause}"] for pause in (30, 60))
    assert cloud.verbs() == [*first, *second, *LIFE, DELETE, FETCH]
    assert f"my-tpu ended with exit code {code}; another in 30 s, retry 1 of 20" in finished.stderr


@pytest.mark.parametrize("code", [64, 66, 70, 73])  # the list itself: test_launch_files.py
def test_what_another_tpu_would_not_fix_is_not_retried(cloud: Cloud, code: int) -> None:
    states(cloud, "ACTIVE", "SUSPENDED")
    trains(cloud, code)
    finished = cloud.run()
    assert finished.returncode == code
    assert cloud.verbs() == [*LIFE, DELETE, FETCH]


@pytest.mark.parametrize("code", [1, 69])
def test_another_failure_is_tried_again_only_if_the_tpu_is_gone(cloud: Cloud, code: int) -> None:
    trains(cloud, code)
    assert cloud.run().returncode == code  # the TPU is there, asked twice
    assert cloud.verbs() == [*LIFE, ASK, "sleep-60", ASK, DELETE, FETCH]
    for said in (["ACTIVE", "SUSPENDING"], ["ACTIVE", "ACTIVE", "SUSPENDED"]):
        (cloud.folder / "calls").unlink()
        states(cloud, *said)
        trains(cloud, code)
        assert cloud.run().returncode == 0
        assert cloud.verbs()[-len(LIFE) - 2 :] == [*LIFE, DELETE, FETCH]
        assert cloud.verbs().count(CREATE) == 2


@pytest.mark.parametrize("state", ["FAILED", "SUSPENDED"])
def test_a_queued_resource_that_ends_without_a_tpu_is_deleted_and_made_again(
    cloud: Cloud, state: str
) -> None:
    states(cloud, "WAITING_FOR_RESOURCES", state)
    finished = cloud.run()
    assert finished.returncode == 0
    assert cloud.verbs()[:6] == [CREATE, ASK, "sleep-30", ASK, DELETE, "sleep-30"]
    assert f"error: my-tpu: {state} - the queued resource ended without a TPU" in finished.stderr


def test_retries_are_counted_and_their_pauses_double_up_to_16_minutes(cloud: Cloud) -> None:
    trains(cloud, *[75] * 10)
    finished = cloud.run("--retries=7")
    assert finished.returncode == 75
    assert "error: my-tpu - exit code 75, and 7 retries are used up - " in finished.stderr
    pauses = [name for name in cloud.verbs() if name.startswith("sleep")]
    assert pauses == [f"sleep-{pause}" for pause in (30, 60, 120, 240, 480, 960, 960)]
    assert cloud.verbs().count(CREATE) == cloud.verbs().count(DELETE) == 8


def test_without_retries_it_ends_with_the_first_tpu(cloud: Cloud) -> None:
    trains(cloud, 75)
    assert cloud.run("--retries=0").returncode == 75
    assert cloud.verbs() == [*LIFE, DELETE, FETCH]


@pytest.mark.parametrize(
    ("verb", "codes", "verbs"),
    [
        ("scp", [4], [CREATE, ASK, "scp", ASK, "sleep-60", ASK, DELETE, FETCH]),
        ("ssh", [9], [CREATE, ASK, "scp", "ssh", ASK, "sleep-60", ASK, DELETE, FETCH]),
        (DELETE, [3, 3, 3], [*LIFE, *[DELETE, "sleep-30"] * 2, DELETE, FETCH]),
        (FETCH, [5], [*LIFE, DELETE, FETCH]),
    ],
)
def test_a_failing_call_gives_its_exit_code_and_the_tpu_goes(
    cloud: Cloud, verb: str, codes: list[int], verbs: list[str]
) -> None:
    cloud.plays(verb, *codes)
    finished = cloud.run()
    assert finished.returncode == codes[-1]
    assert cloud.verbs() == verbs
    assert f" - exit code {codes[-1]} - " in finished.stderr


def test_what_was_not_created_is_not_deleted_nor_tried_again(cloud: Cloud) -> None:
    cloud.plays(CREATE, 1)  # as when the name is taken: that one is somebody's
    finished = cloud.run()
    assert finished.returncode == 1 and cloud.verbs() == [CREATE]
    assert "my-tpu was not created" in finished.stderr


def test_a_later_create_that_fails_is_tried_again(cloud: Cloud) -> None:
    trains(cloud, 75)
    cloud.plays(CREATE, 0, 1)
    cloud.plays(ASK, 0, 1)  # there is nothing to describe
    assert cloud.run().returncode == 0
    again = [CREATE, ASK, DELETE, "sleep-60"]
    assert cloud.verbs() == [*LIFE, DELETE, "sleep-30", *again, *LIFE, DELETE, FETCH]


def test_a_moment_without_a_network_does_not_end_the_waiting(cloud: Cloud) -> None:
    cloud.plays(ASK, 1, 1, 0)
    assert cloud.run().returncode == 0
    assert cloud.verbs() == [CREATE, *[ASK, "sleep-30"] * 2, ASK, *TRAIN, DELETE, FETCH]


def test_a_delete_is_tried_three_times_and_its_failure_reported(cloud: Cloud) -> None:
    trains(cloud, 75)
    cloud.plays(DELETE, *[1] * 6)
    finished = cloud.run()
    assert finished.returncode == 75  # no second TPU where one may exist
    assert cloud.verbs().count(CREATE) == 1 and cloud.verbs().count(DELETE) == 6
    assert "my-tpu may still exist and bill - delete failed with exit code 1" in finished.stderr


@pytest.mark.parametrize(
    ("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_stop_signal_deletes_the_tpu_and_makes_no_other(
    cloud: Cloud, stop: signal.Signals, code: int
) -> None:
    (cloud.folder / "ssh.hangs").touch()
    process = cloud.start()
    cloud.wait_for("ssh.started")
    signal_script(process, stop, whole_group=stop == signal.SIGINT)
    assert process.wait(timeout=10) == code
    assert cloud.verbs() == [CREATE, ASK, "scp", "ssh", DELETE]


def test_a_second_ctrl_c_does_not_stop_the_delete(cloud: Cloud) -> None:
    (cloud.folder / "ssh.hangs").touch()
    (cloud.folder / f"{DELETE}.slow").touch()
    cloud.plays(DELETE, 3, 3, 3)
    process = cloud.start()
    for name in ("ssh.started", f"{DELETE}.started"):
        cloud.wait_for(name)
        signal_script(process, signal.SIGINT, whole_group=True)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130 and cloud.verbs().count(DELETE) == 3
    assert "delete failed with exit code 3" in err  # its own code: it ran to its end


def test_a_stop_signal_while_waiting_for_resources_deletes_the_queued_resource(
    cloud: Cloud,
) -> None:
    states(cloud, "WAITING_FOR_RESOURCES")
    cloud.write("sleep", '#!/usr/bin/env bash\ntouch "$CLOUD/slept"\nexec wait_long 60\n')
    process = cloud.start()
    cloud.wait_for("slept")
    signal_script(process, signal.SIGTERM, whole_group=False)
    assert process.wait(timeout=10) == 143
    assert cloud.verbs() == [CREATE, ASK, DELETE]


def test_a_ctrl_c_during_create_waits_for_it_and_deletes(cloud: Cloud) -> None:
    (cloud.folder / f"{CREATE}.slow").touch()
    process = cloud.start()
    cloud.wait_for(f"{CREATE}.started")
    signal_script(process, signal.SIGINT, whole_group=True)
    assert process.wait(timeout=10) == 130
    assert cloud.verbs() == [CREATE, DELETE]


@pytest.mark.parametrize(
    "value", ['it\'s "two" words', "`touch canary`$(touch canary)", "~/$HOME;"]
)
def test_hostile_option_values_stay_one_word_everywhere(cloud: Cloud, value: str) -> None:
    options = [f"--{name}={value}" for name in ("name", "zone", "type", "version", "project")]
    options += [f"--workdir=/runs/{value}", f"--store=gs://lab/{value}", f"--source={cloud.source}"]
    options += [f"--out={cloud.folder / 'out'}"]
    cloud.run(options=options)
    create, ask, send, install, train, delete, fetch = cloud.calls()
    ends = [f"--zone={value}", f"--project={value}"]
    assert create[4:6] == ["create", value] and create[-2:] == ends
    assert create[6:9] == [
        f"--node-id={value}",
        f"--accelerator-type={value}",
        f"--runtime-version={value}",
    ]
    assert ask[5] == install[5] == train[5] == value and send[6] == f"{value}:geoself_source.tar.gz"
    assert delete == [*QUEUE, "delete", value, "--force", "--quiet", *ends]
    assert fetch[3] == f"gs://lab/{value}/run.tar"
    words = shlex.split(cloud.training_command())
    assert f"--store=gs://lab/{value}" in words and f"--workdir=/runs/{value}" in words


def test_training_arguments_reach_python_exactly_whatever_they_hold(cloud: Cloud) -> None:
    cloud.run("--", *HOSTILE, *HOSTILE_TO_SHLEX)
    cloud.python_there_notes()
    assert cloud.on_the_tpu(cloud.training_command(), REMOTE_CODE="75") == 75
    (words,) = cloud.calls("remote")
    assert words[words.index(CLUSTER) + 1 :] == [*HOSTILE, *HOSTILE_TO_SHLEX]


def test_a_dry_run_is_the_golden_file_and_runs_nothing(cloud: Cloud) -> None:
    assert_golden(cloud, DRY_RUNS, "tpu_spot_dry_run.txt")


def test_a_dry_run_prints_exactly_what_a_run_calls(cloud: Cloud) -> None:
    words = ["--workdir=/runs/a b; touch canary", "--", *HOSTILE, *HOSTILE_TO_SHLEX]
    assert_dry_run_is_what_is_called(cloud, words)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["run"], "run"),
        (["--nme=x"], "--nme=x"),
        (["--name=x", "--seed=1"], "--seed=1"),
        ([*NAMED[1:]], "--name"),
        ([*NAMED[:4]], "--store"),
        ([*NAMED, "--zone"], "--zone"),
        ([*NAMED, "--zone type=x"], "--zone type=x"),
        ([*NAMED, "--name=--help"], "--name=--help"),
        ([*NAMED, "--store=/disk/run"], "--store=/disk/run"),
        ([*NAMED, "--store=gs://bucket"], "--store=gs://bucket"),
        ([*NAMED, "--store=gs://bucket/run*"], "--store=gs://bucket/run*"),
        ([*NAMED, "--workdir=gs://bucket/run"], "--workdir=gs://bucket/run"),
        ([*NAMED, "--retries=many"], "--retries=many"),
        ([*NAMED, "--minutes=-1"], "--minutes=-1"),
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
    finished = cloud.run()
    assert finished.returncode == 69
    assert one_line_error(finished).startswith("error: gcloud - not on PATH - install ")
