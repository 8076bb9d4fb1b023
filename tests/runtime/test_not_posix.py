"""Without what only POSIX has (Windows): imports, lifting, training, scores and an export."""

import json
import signal

import pytest
from processes import run_python

# Other libraries come first: they have their own ways on such a system.
EMULATION = """
import importlib, os, runpy, signal, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty", "uvloop"):
    sys.modules[name] = None
for name in ("fork", "forkpty", "fchmod", "fchown", "geteuid", "getuid", "getpgid", "killpg",
             "mkfifo", "pread", "pwrite", "set_blocking", "setsid", "sync", "wait3"):
    vars(os).pop(name, None)
for name in ("SIGHUP", "SIGALRM", "SIGKILL", "SIGPIPE", "SIGUSR1", "SIGXCPU", "alarm", "pause",
             "pthread_kill", "pthread_sigmask", "setitimer", "sigwait"):
    vars(signal).pop(name, None)
sys.argv = sys.argv[2:]
"""
LIBRARIES = ("jax", "jax.export", "flax", "optax", "orbax.checkpoint", "scipy.optimize", "h5py",
             "matplotlib.pyplot", "tensorboardX", "subprocess", "tempfile", "asyncio", "tqdm",
             "multiprocessing.pool", "concurrent.futures.process", "tensorstore")  # fmt: skip


def without_posix(program, *words, libraries=LIBRARIES, **how):
    code = f"import json{EMULATION}{program}"
    return run_python("-c", code, json.dumps(libraries), "program", *map(str, words), **how)


def test_the_emulation_takes_something_away():
    done = without_posix("import fcntl", libraries=())
    assert done.returncode == 1 and "fcntl" in done.stderr


def test_every_module_imports():
    done = without_posix(
        "import pkgutil, geoself_jax\n"
        "names = [m.name for m in pkgutil.walk_packages(geoself_jax.__path__, 'geoself_jax.')]\n"
        "for name in names:\n"
        "    if not name.endswith('__main__') and '.configs' not in name:\n"
        "        importlib.import_module(name)\n"
        "print(len(names))\n"
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 150


COMMAND = "runpy.run_module('geoself_jax.' + sys.argv[0], run_name='__main__', alter_sys=True)"


def command(verb, *words, **how):
    program = f"sys.argv[0] = {verb!r}\n{COMMAND}"
    return without_posix(program, *words, **how)


def test_it_lifts(tiny_export, tiny_file, tmp_path):
    given = (f"--model={tiny_export}", f"--keypoints={tiny_file}", "--camera=cam0")
    done = command("lift", *given, "--clip=clip0", "--out=poses.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run_python("-m", "geoself_jax.lift", *map(str, given), "--clip=clip0", "--out=here.csv",
               cwd=tmp_path)  # fmt: skip
    assert (tmp_path / "poses.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


TWICE = """
import time
from geoself_jax.core.unfinished import unfinished
from geoself_jax.runtime.signals import SAME_REQUEST_SECONDS, StopFlag, end_at_once
end_at_once()
with unfinished(lambda: print("removed", flush=True)), StopFlag() as stop:
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.asked
    time.sleep(SAME_REQUEST_SECONDS + 0.1)
    os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_second_signal_ends_a_command_with_its_line_and_leaves_nothing_unfinished():
    done = without_posix(TWICE, libraries=())
    assert done.returncode == 128 + signal.SIGTERM and done.stdout == "removed\n"
    assert done.stderr == "error: interrupted - no unfinished file is left - run it again\n"


RECIPE = """
from geoself_jax.core.config import *

def get_config():
    return {config!r}
"""


def test_it_trains_and_says_that_no_lock_is_held(tiny_config, tiny_run, tmp_path):
    (tmp_path / "recipe.py").write_text(RECIPE.format(config=tiny_config))
    done = command("train", "--config=recipe.py", "--workdir=run", cwd=tmp_path, quick_compile=True)
    assert done.returncode == 0, done.stderr
    assert "run is not locked on this system: start no second run in it" in done.stderr
    there, here = (
        json.loads((run / "run.json").read_text())["model"] for run in (tmp_path / "run", tiny_run)
    )
    assert there.pop("length_unit") == pytest.approx(here.pop("length_unit"), rel=1e-5)
    assert there == here
