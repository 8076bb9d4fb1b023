"""What is said where temporary files, or what another program writes, have no room."""

import logging
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from filmed import write_video
from processes import ROOT, environment
from small_disks import run_with_small_disk

from geoself_jax.core.errors import INPUT_OUTPUT
from geoself_jax.runtime import library_errors
from geoself_jax.runtime.child_words import ChildWords
from geoself_jax.runtime.library_errors import kept_from_the_terminal
from geoself_jax.train.backup.keeper import pack

FILM = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from geoself_jax.runtime import cli
from geoself_jax.view.video_file import write_mp4
noise = np.random.default_rng(0).integers(0, 255, (20, 64, 64, 4), np.uint8)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop()),) * 2)
cli.run(lambda argv: write_mp4(Path(argv[0]), noise, (64, 64), 25.0))
"""
READ = """
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from geoself_jax.data import files
from geoself_jax.runtime import cli
cli.run(lambda argv: print(files.load_pickle(argv[0])["a"].sum()))
"""
NO_TEMPORARY = """
import resource, sys, tempfile
from geoself_jax.runtime import cli, messages, phases, stacks
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # as on a full disk, no byte can be written
print(repr(stacks.keep_stacks("a test")))
cli.run(lambda argv: tempfile.TemporaryFile())
"""


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def the_line(done):
    """The only line of a command that the disk has refused."""
    assert done.returncode == INPUT_OUTPUT, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def test_a_film_larger_than_files_may_be_is_said_as_that(tmp_path):
    pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is not installed")
    path = tmp_path / "a.mp4"
    path.write_text("old")
    line = the_line(run(FILM, path, 10_000))
    assert str(path) in line and "files up to 10.0 kB; what is there stays as it was" in line
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_a_film_on_a_full_disk_that_has_the_temporary_files_too_is_said_as_that(tmp_path):
    pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is not installed")
    small = tmp_path / "small"
    line = the_line(run_with_small_disk(FILM, small, 8192, small / "a.mp4", TMPDIR=small))
    assert f"{small / 'a.mp4'} - the disk is full: more than 8.2 kB are needed, 8.2 kB" in line


def test_a_file_is_not_called_damaged_where_what_it_holds_has_no_room(tmp_path):
    path, small = tmp_path / "data.pkl", tmp_path / "small"
    path.write_bytes(pickle.dumps({"a": np.ones(5000)}))
    assert run(READ, path).stdout == "5000.0\n"
    line = the_line(run_with_small_disk(READ, small, 8192, path, TMPDIR=small))
    assert f"{small} - the disk is full: " in line and "damaged" not in line
    assert f"free; {path} is unpacked there to be read - free space on " in line


def test_a_machine_without_room_for_temporary_files_says_so_and_stacks_are_given_up(tmp_path):
    done = run(NO_TEMPORARY)
    assert "no folder takes them: " in the_line(done) and "set TMPDIR" in the_line(done)
    assert done.stdout == "''\n"


def test_a_detector_may_print_where_temporary_files_have_no_room(tmp_path):
    pytest.importorskip("av", reason="av is not installed")
    video, small = write_video(tmp_path / "walk.mp4"), tmp_path / "small"
    (tmp_path / "own.py").write_text(
        "import numpy as np\n"
        "def people(image):\n"
        "    print('x' * 50_000, flush=True)\n"
        "    return [np.ones((17, 3))]\n"
    )
    code = "from geoself_jax.detect.__main__ import main; import sys; sys.exit(main(sys.argv[1:]))"
    words = (video, f"--out={tmp_path}/joints", f"--detector={tmp_path}/own.py")
    done = run_with_small_disk(code, small, 8192, *words, TMPDIR=small)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "joints/walk.json").exists()


def test_both_ends_of_what_a_program_says_are_kept():
    code = "import sys; sys.stderr.write('first\\n' + 'x' * 500_000 + '\\nlast\\n')"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as process:
        text = ChildWords(process.stderr).text()
    assert text.startswith("first\nx") and text.endswith("x\nlast") and len(text) < 20_000


SWEEP = """
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import jax.numpy as jnp, numpy as np
from geoself_jax.core.errors import GeoselfError
from geoself_jax.runtime import checkpoints
folder = Path(sys.argv[1])
items = {name: {"a": jnp.asarray(np.random.default_rng(0).normal(size=999))} for name in "xyz"}
for number in range(60):
    ballast = folder / "ballast"
    with ballast.open("wb") as stream:
        stream.write(bytes(1_000_000 - 4096 * number))
    try:
        checkpoints.save(folder / "last", number, items, keep=1, facts={"step": number})
    except GeoselfError as error:
        print(error.code, [path.name for path in folder.glob("last/*tmp*")])
    else:
        break
"""


def test_a_save_that_fails_anywhere_leaves_nothing_and_writes_no_traceback(tmp_path):
    small = tmp_path / "small"
    done = run_with_small_disk(SWEEP, small, 1_000_000, small)
    assert done.returncode == 0 and done.stderr == ""
    assert len(done.stdout.splitlines()) > 20
    assert set(done.stdout.splitlines()) == {f"{INPUT_OUTPUT} []"}


KEEP = """
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from geoself_jax.runtime import cli
from geoself_jax.train.backup.keeper import Keeper
from geoself_jax.train.backup.stores import FolderStore
store, run = map(Path, sys.argv[1:])
(run.parent / "ballast").write_bytes(bytes(8192 if len(list(store.iterdir())) == 0 else 4096))
cli.run(lambda argv: print(Keeper(FolderStore(store), run).restore()))
"""


@pytest.mark.parametrize("has_copy", [False, True])
def test_a_run_that_has_no_room_here_is_not_brought_and_said_to_be_that(tmp_path, has_copy):
    store, small = tmp_path / "store", tmp_path / "small"
    store.mkdir()
    if has_copy:
        (tmp_path / "run").mkdir()
        (tmp_path / "run/log.txt").write_text("x" * 50_000)
        pack(tmp_path / "run", store / "run.tar")
    before = {path.name: path.read_bytes() for path in store.iterdir()}
    line = the_line(run_with_small_disk(KEEP, small, 8192, store, small / "run"))
    assert f"{small / 'run'} - the disk is full: " in line and "in the store stays as it" in line
    after = {path.name: path.read_bytes() for path in store.iterdir() if path.suffix == ".tar"}
    assert after == before


def test_a_save_that_fails_waits_for_what_a_pool_of_its_own_still_writes(tmp_path):
    def write_late():
        time.sleep(0.3)
        (tmp_path / "late").write_text("late")

    with ThreadPoolExecutor(1, "asyncio") as pool:
        with pytest.raises(OSError, match="full"), kept_from_the_terminal():
            pool.submit(write_late)
            raise OSError("full")
        assert (tmp_path / "late").exists()


def test_many_failures_leave_one_thread_and_then_the_loggers_as_they_were(monkeypatch):
    monkeypatch.setattr(library_errors, "_LATE_SECONDS", 5.0)

    def are_ours():
        return [type(h).__name__ for h in logging.getLogger("absl").handlers] == ["_ToLog"]

    for timer in [*library_errors._LATER]:  # of an earlier test, before absl made its handlers
        timer.cancel()
        timer.function()
    earlier = {*threading.enumerate()}
    for _ in range(6):
        with pytest.raises(ValueError, match="damaged"), kept_from_the_terminal():
            raise ValueError("damaged")
    timers = {t for t in threading.enumerate() if isinstance(t, threading.Timer)} - earlier
    (later,) = (timer for timer in timers if not timer.finished.is_set())  # the others end
    assert are_ours()
    later.join()
    assert not are_ours()
