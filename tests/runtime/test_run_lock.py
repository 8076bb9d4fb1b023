"""One process trains in a folder; the lock says who, where and since when."""

import json
import os
import signal
import subprocess
import sys

import pytest

from geoself_jax.core.errors import USAGE, WORKDIR, GeoselfError
from geoself_jax.runtime import run_lock
from geoself_jax.runtime.run_lock import (
    NAME,
    Holder,
    lock,
    missing_folders,
    removed_if_refused,
)

HOLD = """
import sys, time
from pathlib import Path
from geoself_jax.runtime.run_lock import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def held_by_another(folder):
    """A process that holds the folder until its input ends."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdin=pipe, stdout=pipe)
    assert process.stdout.readline() == b"held\n"
    return process


def test_who_holds_a_folder_is_named_and_a_lost_one_is_replaced_with_a_notice(tmp_path):
    process, notices = held_by_another(tmp_path), []
    host = os.uname().nodename
    with pytest.raises(GeoselfError) as refused, lock(tmp_path):
        pass
    line = str(refused.value)
    assert refused.value.code == WORKDIR
    assert f"in use by process {process.pid} on {host} since 20" in line
    assert f"stop it (kill {process.pid}), or choose another --workdir" in line
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with lock(tmp_path, notices.append):
        assert len(notices) == 1 and "which is gone: taken over" in notices[0]
        assert f"left locked by process {process.pid} on {host} since 20" in notices[0]
        with pytest.raises(GeoselfError, match="the training in this process"), lock(tmp_path):
            pass
    with lock(tmp_path, notices.append):
        assert len(notices) == 1  # it has ended as it should


def test_another_machines_process_is_to_be_stopped_there(tmp_path):
    notices = []
    left = Holder("tpu-7", 41, "2026-01-31 12:00:00")
    (tmp_path / NAME).write_text(json.dumps(left._asdict()))
    with lock(tmp_path, notices.append):
        (tmp_path / NAME).write_text(json.dumps(left._asdict()))  # as of a lock across machines
        with pytest.raises(GeoselfError, match=r"stop it \(on tpu-7: kill 41\)"), lock(tmp_path):
            pass
    assert "if it still trains, stop it on tpu-7: taken over" in notices[0]


@pytest.mark.parametrize("text", ["17", "", "no json", '{"host": 1}', "[]", "\x00\xff"])
def test_what_older_versions_or_anything_else_left_is_no_hindrance(tmp_path, text):
    notices = []
    (tmp_path / NAME).write_text(text)
    with lock(tmp_path, notices.append):
        assert not notices and json.loads((tmp_path / NAME).read_text())["process"] == os.getpid()
    assert (tmp_path / NAME).read_text() == ""


def test_a_folder_where_no_checkpoint_could_be_written_is_refused_first(tmp_path):
    named = tmp_path / os.fsdecode(b"run\xff")
    with pytest.raises(GeoselfError, match="its name is not UTF-8") as refused, lock(named):
        pass
    assert refused.value.code == USAGE and not named.exists()


def test_where_a_system_has_no_locks_who_may_still_train_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("geoself_jax.runtime.run_lock.fcntl", None)
    notices = []
    with lock(tmp_path, notices.append):
        assert notices == [f"{tmp_path} is not locked on this system: start no second run in it"]
        with lock(tmp_path, notices.append):
            assert f"process {os.getpid()} on " in notices[1] and "taken over" not in notices[1]
            assert notices[1].endswith(" may still train in it: stop this run, or that one")
    assert len(notices) == 2 and (tmp_path / NAME).read_text() == ""


@pytest.mark.parametrize(
    ("there", "written", "error", "left"),
    [
        ([], "log.txt", GeoselfError("no data", "", "", WORKDIR), []),
        ([], "notes.txt", GeoselfError("no data", "", "", WORKDIR), [NAME, "notes.txt"]),
        ([], "log.txt", ZeroDivisionError(), [NAME, "log.txt"]),
        (["runs", "runs/first"], "log.txt", GeoselfError("no", "", "", WORKDIR), [NAME, "log.txt"]),
    ],
)
def test_a_refused_run_leaves_no_folder_that_it_made_itself(tmp_path, there, written, error, left):
    for name in there:
        (tmp_path / name).mkdir()
    folder = tmp_path / "runs/first"
    made = missing_folders(folder)
    with pytest.raises(type(error)), lock(folder), removed_if_refused(made):
        (folder / written).write_text("x")
        raise error
    assert sorted(path.name for path in folder.glob("*")) == left
    assert (tmp_path / "runs").exists() == bool(left)


@pytest.mark.parametrize("name", ["new/../mine", "mine", "link", "new/.."])
def test_a_refused_run_removes_no_folder_that_was_there_by_another_name(tmp_path, name):
    """`new` is made by the way there, and `new/../mine` has no such name before that."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "log.txt").write_text("of earlier")
    (tmp_path / "link").symlink_to(mine)
    made = missing_folders(tmp_path / name)
    with pytest.raises(GeoselfError), lock(tmp_path / name), removed_if_refused(made):
        raise GeoselfError("no data", "", "", WORKDIR)
    assert (mine / "log.txt").read_text() == "of earlier"


def test_folders_on_the_way_to_a_refused_run_are_removed_too(tmp_path):
    folder = tmp_path / "a/b/../c"
    made = missing_folders(folder)
    with pytest.raises(GeoselfError), lock(folder), removed_if_refused(made):
        raise GeoselfError("no data", "", "", WORKDIR)
    assert not list(tmp_path.iterdir())


def test_a_folder_whose_name_is_too_long_is_one_line(tmp_path):
    folder = tmp_path / ("n" * 300)
    assert missing_folders(folder)
    with pytest.raises(GeoselfError, match="could not be written"), lock(folder):
        pass


def test_a_lock_that_a_refused_run_removes_meanwhile_is_taken_again(tmp_path, monkeypatch):
    folder, held = tmp_path / "run", []

    def remove_first(file, how):
        if not held:
            (folder / NAME).unlink()
            folder.rmdir()
        held.append(file)
        real(file, how)

    real = run_lock.fcntl.flock
    monkeypatch.setattr(run_lock.fcntl, "flock", remove_first)
    with lock(folder):
        assert len(held) == 2 and held[0].closed
        with pytest.raises(GeoselfError) as refused, lock(folder):
            pass
    assert refused.value.code == WORKDIR
