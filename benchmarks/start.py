"""CPU and wall seconds until a command has done its first step, side by side with another commit.

    python -m benchmarks.start --repeats=5
    python -m benchmarks.start --only=train,inspect --base=35a56b2

`train` is timed to the end of its first step on the built-in data (a call is one step for both: the
other commit's first call was fifty), and at the lines that it prints on the way; `evaluate` of a
run, `inspect` and `lift` of one recording to their end. Each command runs in a process and with
caches of its own: cold with none, warm after one run that is not counted. Both commits alternate;
medians and the range of all repetitions, and the ratio of the medians. CPU seconds are of the
process and the processes it waited for, so that another program on the machine costs little. The
other commit is checked out into a temporary folder.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import machine
from geoself_jax.core.errors import usage_error
from geoself_jax.runtime import cli

BASE = "35a56b2"
"""The last commit before the house was rebuilt."""

HERE = Path(__file__).resolve().parent.parent
LINES = ("devices:", "training ", "first ")
"""Of `train`: after imports and reading; after labels, checks and weights; after the first step."""

JOBS = ("train", "evaluate", "inspect", "lift")
SMALL = ("--config=configs/synthetic.py", "--config.schedule.length=20", "--config.schedule.call=1")


@dataclass(frozen=True)
class Build:
    """One commit's tree and what its commands have written so far.

    Attributes:
        name: As shown.
        tree: Its checkout.
        made: A folder of its own: caches, a run, an export, a recording.
    """

    name: str
    tree: Path
    made: Path

    def command(self, job: str) -> list[str]:
        """What is timed."""
        words = {
            "train": (*SMALL, f"--workdir={self.made / 'timed'}"),
            "evaluate": (f"--workdir={self.made / 'run'}", "--data=synthetic:test"),
            "inspect": (f"--data={self.made / 'recording.npz'}",),
            "lift": (
                f"--model={self.made / 'export'}",
                f"--keypoints={self.made / 'recording.npz'}",
                f"--out={self.made / 'poses{clip}.npz'}",
                "--camera=front_left",
            ),
        }
        return [sys.executable, "-m", f"geoself_jax.{job}", *words[job]]

    def environment(self) -> dict[str, str]:
        """Its own modules and its own caches."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JAX_", "XLA_"))}
        paths = {"PYTHONPATH": str(self.tree), "XDG_CACHE_HOME": str(self.made / "cache")}
        return {**kept, **paths, "PYTHONUNBUFFERED": "1", "JAX_PLATFORMS": "cpu"}

    def prepare(self, recording: Path) -> None:
        """A short run and its export, for the jobs that need one."""
        shutil.copy(recording, self.made / "recording.npz")
        run = f"--workdir={self.made / 'run'}"
        for words in (("train", *SMALL, run), ("export", run, f"--out={self.made / 'export'}")):
            time_command(self, [sys.executable, "-m", f"geoself_jax.{words[0]}", *words[1:]])

    def forget(self, *, cold: bool) -> None:
        """Removes what a timed command left, its caches too where it is to start cold."""
        shutil.rmtree(self.made / "timed", ignore_errors=True)
        if cold:
            shutil.rmtree(self.made / "cache", ignore_errors=True)


def main(argv: Sequence[str]) -> int:
    """Command line."""
    parser = cli.Parser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="5")
    parser.add_argument("--base", default=BASE, help=f"commit to compare with; {BASE}")
    parser.add_argument("--only", default=",".join(JOBS), help="jobs, with commas")
    parser.add_argument("--caches", default="cold,warm", help="cold, warm or both")
    parser.add_argument("--json", type=Path, help="file for all figures")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    jobs = flags.only.split(",")
    if not set(jobs) <= set(JOBS):
        raise usage_error(f"--only={flags.only}", f"jobs are {', '.join(JOBS)}", "name some")
    with tempfile.TemporaryDirectory() as name, checkout(flags.base, Path(name)) as tree:
        builds = [Build("before", tree, Path(name) / "a"), Build("now", HERE, Path(name) / "b")]
        recording = write_recording(Path(name))
        for build in builds:
            build.made.mkdir()
            build.prepare(recording)
        found = {}
        for job in jobs:
            for cache in flags.caches.split(","):
                found[f"{job}, {cache}"] = measured = alternate(builds, job, cache, flags.repeats)
                show(job, cache, measured)
    if flags.json:
        flags.json.write_text(json.dumps({"machine": machine(), "seconds": found}, indent=1))
    return 0


@contextmanager
def checkout(commit: str, folder: Path) -> Iterator[Path]:
    """A commit's tree, as long as it is needed."""
    tree = folder / "tree"
    subprocess.run(
        ["git", "-C", HERE, "worktree", "add", "-q", "--detach", tree, commit], check=True
    )
    try:
        yield tree
    finally:
        subprocess.run(["git", "-C", HERE, "worktree", "remove", "--force", tree], check=True)


def write_recording(folder: Path) -> Path:
    """The built-in test data as a file, of 2000 frames."""
    import numpy as np

    from geoself_jax.data.synthetic import generate

    path = folder / "recording.npz"
    np.savez(path, **generate("test", 2000))  # type: ignore[arg-type]
    return path


def alternate(
    builds: list[Build], job: str, cache: str, repeats: int
) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """(CPU, wall) seconds at each mark, by build and mark, the builds in turn."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {b.name: {} for b in builds}
    for turn in range(repeats + (cache == "warm")):
        for build in builds:
            build.forget(cold=cache == "cold")
            marks = time_command(build, build.command(job))
            if cache == "cold" or turn:  # the first of the warm ones fills the caches
                for mark, at in marks.items():
                    found[build.name].setdefault(mark, []).append(at)
    return found


def time_command(build: Build, command: list[str]) -> dict[str, tuple[float, float]]:
    """(CPU, wall) seconds of a command when it prints one of `LINES`, and at its end.

    Raises:
        RuntimeError: It failed.
    """
    started, marks, said = time.monotonic(), {}, b""
    process = subprocess.Popen(
        command,
        cwd=build.tree,
        env=build.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        for mark in LINES:
            if line.strip().split(b"\r")[-1].strip().startswith(mark.encode()):
                marks[mark.strip(" :")] = (cpu_seconds(process.pid), time.monotonic() - started)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}:\n{said.decode()[-2000:]}")
    return {**marks, "end": (used.ru_utime + used.ru_stime, time.monotonic() - started)}


def cpu_seconds(process: int) -> float:
    """User and system seconds of a running process and of those it waited for (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def show(job: str, cache: str, found: dict[str, dict[str, list[tuple[float, float]]]]) -> None:
    """A line for each mark: medians and ranges of both builds, and the quotients."""
    before, now = found["before"], found["now"]
    for mark in [m for m in before if m in now]:
        cells, medians = [], []
        for build in (before, now):
            columns = [sorted(column) for column in zip(*build[mark], strict=True)]
            medians.append([statistics.median(column) for column in columns])
            cells += [f"{statistics.median(c):6.2f} ({c[0]:.2f}-{c[-1]:.2f})" for c in columns]
        ratio = [new / old for old, new in zip(*medians, strict=True)]
        print(
            f"{job:9}{cache:5}{mark:9} CPU s {cells[0]} -> {cells[2]} = {ratio[0]:.2f}"
            f" | wall s {cells[1]} -> {cells[3]} = {ratio[1]:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    cli.run(main)
