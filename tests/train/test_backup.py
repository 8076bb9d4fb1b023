"""A run's folder outlives its machine: what is copied and brought back, and what is said if not."""

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_cloud import SLEEP, Cloud, fake_cloud, listening
from processes import ROOT, environment

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.train.backup import backup_command
from geoself_jax.train.backup import keeper as keeping
from geoself_jax.train.backup.keeper import Keeper
from geoself_jax.train.backup.stores import FolderStore, open_store

STORE = "gs://lab-runs/first"
LASTING = {"run.json": "{}", "checkpoints/last/10/d/data": "ten", "metrics.jsonl": "{}\n"}
PASSING = {
    ".lock": "7",
    "checkpoints/last/15.orbax-checkpoint-tmp/d/data": "fift",
    ".run.json.7.tmp": "{",
    ".metrics.jsonl.lab3-7.partial": "{",
}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """A machine with a fake gcloud whose buckets are folders."""
    with fake_cloud(tmp_path, "tpu_spot.sh", f"--store={STORE}") as cloud:
        yield cloud


@pytest.fixture(params=["folder", "bucket"])
def store(request, cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    """Each kind of store, empty."""
    monkeypatch.setenv("PATH", str(cloud.bin))
    monkeypatch.setenv("CLOUD", str(cloud.folder))
    return open_store(STORE if request.param == "bucket" else str(cloud.folder / "disk"))


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def read(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def kept(store, folder: Path, files: dict[str, str]) -> str:
    """What is said when a training has written these files."""
    keeper = Keeper(store, folder)
    keeper.restore()
    write(folder, files)
    return keeper.keep()


def test_what_one_machine_kept_another_brings_back(store, tmp_path: Path) -> None:
    assert kept(store, tmp_path / "one/run", LASTING | PASSING) == "step 10 is in the store"
    assert Keeper(store, tmp_path / "two/run").restore().endswith("from the store, step 10")
    assert read(tmp_path / "two/run") == LASTING
    assert sorted(store.names()) == ["machine.txt", "run.tar"]
    assert os.listdir(tmp_path / "one") == os.listdir(tmp_path / "two") == ["run"]


def test_a_later_copy_replaces_the_one_before(store, tmp_path: Path) -> None:
    keeper = Keeper(store, tmp_path / "one")
    assert keeper.restore() == "starting: the store has no run yet"
    write(tmp_path / "one", LASTING)
    keeper.keep()
    write(tmp_path / "one", {"checkpoints/last/20/d/data": "twenty"})
    assert keeper.keep() == "step 20 is in the store"
    Keeper(store, tmp_path / "two").restore()
    assert read(tmp_path / "two") == LASTING | {"checkpoints/last/20/d/data": "twenty"}


def test_a_host_that_does_not_write_the_folder_copies_nothing_over_the_one_that_does(
    store, tmp_path: Path
) -> None:
    kept(store, tmp_path / "before", LASTING)
    leader, other = (Keeper(store, tmp_path / name / "run") for name in ("leader", "other"))
    for keeper in (leader, other):
        keeper.restore()
    write(tmp_path / "leader/run", {"checkpoints/last/20/d/data": "twenty"})
    write(tmp_path / "other/run", {".lock": "8"})
    assert leader.keep() == "step 20 is in the store"
    assert other.keep() == "" and leader.keep() == ""
    Keeper(store, tmp_path / "after").restore()
    assert (tmp_path / "after/checkpoints/last/20").exists()


def test_a_folder_here_that_is_as_far_is_left_and_one_behind_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    store = FolderStore(tmp_path / "disk")
    kept(store, tmp_path / "one", LASTING)
    for step, message in ((10, "it is left as it is"), (25, "it is left as it is"), (5, "brought")):
        files = {"mine": str(step), f"checkpoints/last/{step}/d/data": ""}
        folder = write(tmp_path / str(step) / "run", files)
        assert message in Keeper(store, folder).restore()
        if step >= 10:
            assert read(folder) == files
        else:
            assert read(folder) == LASTING and read(tmp_path / "5/run.before-1") == files


def member(name: str, **facts) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    for key, value in facts.items():
        setattr(found, key, value)
    return found


def archive_of(*members: tarfile.TarInfo) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for each in members:
            archive.addfile(each, io.BytesIO(bytes(each.size)))
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        archive_of(member("../secret")),
        archive_of(member("a", type=tarfile.SYMTYPE, linkname="../..")),
        archive_of(member("a", type=tarfile.LNKTYPE, linkname="/etc/hostname")),
        archive_of(member("run.json", type=tarfile.FIFOTYPE)),
        archive_of(member("run.json", size=10_000))[:3000],
        archive_of(member("a" * 300), member("a" * 300 + "/b")),
        b"",
        b"hello" * 1000,
    ],
)
def test_a_copy_that_keep_did_not_write_is_refused_in_one_line_and_nothing_changes(
    content: bytes, tmp_path: Path
) -> None:
    store = FolderStore(tmp_path / "disk")
    store.folder.mkdir()
    (store.folder / "run.tar").write_bytes(content)
    here = write(tmp_path / "here/run", LASTING)
    with pytest.raises(
        GeoselfError, match=r"run\.tar is not a run that keep wrote - .*--store"
    ) as e:
        Keeper(store, here).restore()
    assert e.value.code == DATA
    assert read(tmp_path / "here") == {f"run/{name}": text for name, text in LASTING.items()}


def test_a_checkpoint_removed_while_packing_starts_the_packing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "run", LASTING | {"checkpoints/last/5/data": "five"})
    listed, times = os.listdir, []

    def stale(path):
        """What was listed is gone when it is opened, once."""
        names = listed(path)
        if str(path).endswith("last/5"):
            times.append(1)
            (Path(path) / "data").unlink()
            Path(path).rmdir()
        return names

    monkeypatch.setattr(os, "listdir", stale)
    monkeypatch.setattr(keeping.time, "sleep", lambda seconds: times.append(seconds))
    keeping.pack(folder, tmp_path / "run.tar")
    assert times == [1, 1]  # met, and waited for
    with tarfile.open(tmp_path / "run.tar") as archive:
        names = archive.getnames()
    assert "./checkpoints/last/10/d/data" in names and "./checkpoints/last/5" not in names


def run_keep(cloud: Cloud, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m geoself_jax.keep` on the machine of the fake gcloud."""
    return subprocess.run(
        [sys.executable, "-m", "geoself_jax.keep", *words],
        cwd=cloud.home,
        env=cloud.environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("verb", "codes", "message"),
    [
        ("storage-cp", [1], "gcloud storage cp "),  # the marker: may not write
        ("storage-ls", [1], "gcloud storage ls "),  # is there a run? not known: not begun again
        ("storage-cp", [0, 1], "gcloud storage cp gs://lab-runs/first/run.tar "),
    ],
)
def test_a_store_that_does_not_answer_ends_it_before_training(
    cloud: Cloud, verb: str, codes: list[int], message: str
) -> None:
    write(cloud.folder / "buckets/lab-runs/first", {"run.tar": "kept"})
    cloud.plays(verb, *codes)
    done = run_keep(cloud, f"--store={STORE}", "--workdir=run", "--", "--config=none.py")
    assert done.returncode == 74
    begun, line = done.stderr.splitlines()
    assert begun == f"training in run, kept in {STORE}"
    assert line.startswith(f"error: {message}") and "403" in line
    assert read(cloud.folder / "buckets/lab-runs/first")["run.tar"] == "kept"


def test_without_gcloud_a_bucket_ends_with_69_and_a_disk_that_is_not_there_with_74(
    cloud: Cloud,
) -> None:
    (cloud.bin / "gcloud").unlink()
    done = run_keep(cloud, f"--store={STORE}", "--workdir=run", "--", "--config=none.py")
    assert done.returncode == 69 and "gcloud - not on PATH" in done.stderr
    disk = cloud.folder / "not_mounted/run"
    done = run_keep(cloud, f"--store={disk}", "--workdir=run", "--", "--config=none.py")
    assert done.returncode == 74 and str(disk) in done.stderr


def test_the_trainings_own_error_and_exit_code_come_through(cloud: Cloud) -> None:
    done = run_keep(cloud, f"--store={STORE}", "--workdir=run", "--", "--config=none.py")
    assert done.returncode == 66
    assert "error: --config=none.py - no such file" in done.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--workdir=run", "--", "--config=x"], "--store"),
        (["--store=gs://bucket", "--workdir=run"], "--store=gs://bucket"),
        (["--store=gs://bucket/r?n", "--workdir=run"], "--store=gs://bucket/r?n"),
        (["--store=s3://bucket/run", "--workdir=run"], "--store=s3://bucket/run"),
        (["--store=a", "--workdir=gs://b/c"], "--workdir=gs://b/c"),
        (["--store=a", "--workdir=run", "--config=x"], "--config=x"),
        (["--store=a", "--workdir=run", "--config.seed=1"], "--config.seed"),
        (["--store=a", "--workdir=run", "--minutes=0"], "--minutes=0"),
        (["--store=a", "--workdir=run", "--", "--workdir=b"], "--workdir"),
    ],
)
def test_a_usage_error_has_exit_code_64(
    words: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GeoselfError) as error:
        backup_command.main(words)
    assert error.value.code == 64 and named in str(error.value)
    assert not list(tmp_path.iterdir())


# A training that counts the requests to stop; the second argument says how it ends.
CHILD = """
import signal, sys, time
from pathlib import Path
folder, code = Path(sys.argv[1]), int(sys.argv[2])
asked = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda n, frame: asked.append(n))
folder.mkdir(exist_ok=True)
(folder / "started").touch()
while code == 75 and not asked:
    time.sleep(0.01)
(folder / "noted").touch()
time.sleep(0.3)
(folder / "asked").write_text(str(asked))
sys.exit(code)
"""
PARENT = """
import sys
from pathlib import Path
from geoself_jax.train.backup.keeper import Keeper, train_and_keep
from geoself_jax.train.backup.stores import FolderStore
child, folder, store, code = sys.argv[1:]
keeper = Keeper(FolderStore(Path(store)), Path(folder))
print(keeper.restore(), file=sys.stderr)
sys.exit(train_and_keep([sys.executable, "-c", child, folder, code], keeper, 0.05))
"""


def start_keeping(tmp_path: Path, code: int) -> subprocess.Popen:
    (tmp_path / "store").mkdir()
    words = [CHILD, str(tmp_path / "run"), str(tmp_path / "store"), str(code)]
    return subprocess.Popen(
        [*listening(), sys.executable, "-c", PARENT, *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_reaches_the_training_once_and_what_it_saves_is_kept(
    tmp_path: Path, stop: signal.Signals
) -> None:
    process = start_keeping(tmp_path, 75)
    wait_until((tmp_path / "run/started").exists)
    os.killpg(process.pid, stop)  # as Ctrl-C does
    wait_until((tmp_path / "run/noted").exists)
    os.killpg(process.pid, stop)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 75, err
    with tarfile.open(tmp_path / "store/run.tar") as archive:
        assert archive.extractfile("./asked").read() == b"[15]"  # SIGTERM


@pytest.mark.parametrize(("code", "wanted"), [(0, 74), (65, 65)])
def test_an_end_that_cannot_be_kept_is_an_error_and_hides_no_other(
    tmp_path: Path, code: int, wanted: int
) -> None:
    process = start_keeping(tmp_path, code)
    wait_until((tmp_path / "run/started").exists)
    (tmp_path / "store").rename(tmp_path / "gone")
    _, err = process.communicate(timeout=20)
    assert process.returncode == wanted
    assert "error: not kept - " in err and "Traceback" not in err


def wait_until(true, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def steps_kept(path: Path) -> set[str]:
    """The steps of the checkpoints that a packed run holds."""
    if not path.exists():
        return set()
    with tarfile.open(path) as archive:
        names = [name.split("/") for name in archive.getnames()]
    return {parts[3] for parts in names if parts[1:3] == ["checkpoints", "last"] and parts[3:]}


def rent_a_machine(cloud: Cloud) -> None:
    """A TPU VM that the fake `ssh` runs commands on, with a python3 of its own."""
    shell = "#!/usr/bin/env bash\n"
    starts = f'{shell}exec {sys.executable} {ROOT}/tests/on_a_machine.py "$@"\n'
    venv = write(cloud.folder / "venv", {"bin/pip": shell, "bin/python3": starts})
    for program in (venv / "bin").iterdir():
        program.chmod(0o755)
    cloud.write("python3", f'{shell}[[ $2 == pip ]] || cp -r "$CLOUD/venv" "${{@: -1}}"\n')
    (cloud.folder / "machine").mkdir()
    compiled = environment(quick_compile=True).items()  # as the tiny run was
    cloud.environment |= {k: v for k, v in compiled if k.startswith(("JAX_", "XLA_", "PYTHONPATH"))}


def digests(run: Path) -> dict[str, str]:
    return json.loads((run / "checkpoints/last/20/meta/metadata").read_text())["sha256"]


def test_a_run_whose_tpu_vanishes_is_ended_by_the_next_one_in_the_unbroken_runs_weights(
    cloud: Cloud, tiny_run, tiny_config
) -> None:
    schedule = dataclasses.replace(tiny_config.schedule, save_minutes=0.0)
    config = dataclasses.replace(tiny_config, schedule=schedule)
    (cloud.home / "config.py").write_text(
        f"from geoself_jax.core.config import *\ndef get_config():\n    return {config!r}\n"
    )
    cloud.write("sleep", SLEEP)
    rent_a_machine(cloud)
    (cloud.folder / "stalls").touch()
    made = ["--name=tpu", "--zone=z", "--type=t", "--version=v", "--minutes=0.01"]
    training = [f"--config={cloud.home}/config.py", "--config.distributed.coordinator=none"]
    process = cloud.start(*made, "--", *training)
    in_store = cloud.folder / "buckets/lab-runs/first/run.tar"
    wait_until(lambda: "10" in steps_kept(in_store) or process.poll() is not None)
    (cloud.folder / "stalls").unlink()
    (cloud.folder / "states").write_text("SUSPENDED ACTIVE\n")
    for pid in (cloud.folder / "pids").read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert cloud.verbs().count("queued-resources-create") == 2
    assert "from the store, step 10" in err
    assert digests(cloud.out) == digests(tiny_run)
