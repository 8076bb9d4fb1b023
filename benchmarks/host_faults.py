"""Two hosts train one run, and one of them is killed, frozen, late, signalled or stuck.

    python -m benchmarks.host_faults --json=host_faults.json
    python -m benchmarks.host_faults --only=kill --host=0 --moment=training

Both hosts are processes of this machine, each with a CPU device, that train with the built-in data.
A fault comes at a moment that is seen from outside, in what the run prints and writes. Of each host
the table has its exit code, the seconds from the fault to its end and how many lines it printed
after it. Then the same command runs on both, unbroken, and its weights are compared with those of
a run without a fault: every bit is to be equal.

A late host is slowed down: stopped for 0.45 s and let run for 0.05 s, again and again.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.measure import machine
from geoself_jax.core.errors import usage_error
from geoself_jax.runtime import cli
from geoself_jax.runtime.restore import load_trained

HERE = Path(__file__).resolve().parent.parent
SMALL = (
    *("--config=synthetic", "--config.data.synthetic_frames=400", "--config.data.force=True"),
    *("--config.model.width=32", "--config.model.blocks=1", "--config.model.root_width=16"),
    *("--config.model.root_blocks=1", "--config.schedule.batch=32", "--config.device=cpu"),
)
TRAINS = ("--config.schedule.length=60", "--config.schedule.call=2")
VALIDATES = (
    *("--config.schedule.length=30", "--config.schedule.call=1"),
    "--config.schedule.validate=30",
)
SAVES = (*VALIDATES[:2], "--config.schedule.save_minutes=0")
MOMENTS = {
    "preparing": TRAINS,
    "compiling": TRAINS,
    "training": (*TRAINS, "--config.schedule.save_minutes=0.02"),
    "validating": (*VALIDATES, "--config.schedule.save_minutes=0.02"),
    "saving": SAVES,
}
"""When a fault comes, and what is trained so that it can be hit."""


@dataclass(frozen=True)
class Fault:
    """What happens to one host, or to both.

    Attributes:
        kind: `none`, `kill`, `freeze`, `term`, `late` or `stuck`.
        moment: Of `MOMENTS`.
        hosts: That it happens to.
        seconds: That a host is frozen or late; 0: for ever.
        minutes: `distributed.stuck_minutes`.
        codes: Exit codes that are right, for host 0 and host 1; None: any.
    """

    kind: str
    moment: str
    hosts: tuple[int, ...]
    seconds: float = 0.0
    minutes: float = 10.0
    codes: tuple[int | None, int | None] = (0, 0)

    @property
    def name(self) -> str:
        """As in the table."""
        who = " and ".join(f"host {host}" for host in self.hosts)
        long = f" for {self.seconds:.0f} s" if self.seconds else ""
        return f"{self.kind} {who}, {self.moment}{long}"


@dataclass
class Row:
    """What one fault did.

    Attributes:
        fault: Its name.
        codes: Exit codes of host 0 and 1; -9 of one that was killed.
        seconds: From the fault to the end of each.
        lines: What each printed after the fault.
        resumed: Whether the same command ended in the weights of a run without a fault; None where
            that was not tried.
        right: Whether codes and weights are as they should be, without a traceback.
    """

    fault: str
    codes: list[int | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)
    resumed: bool | None = None
    right: bool = False


def faults() -> list[Fault]:
    """All that are tried."""
    kills = [
        Fault("kill", moment, (host,), codes=(-9, 69) if host == 0 else (69, -9))
        for moment in MOMENTS
        for host in (0, 1)
    ]
    terms = [
        Fault("term", moment, hosts, codes=(75, 75))
        for moment in MOMENTS
        for hosts in ((0,), (1,), (0, 1))
    ]
    late = [Fault("late", "preparing", (1,), seconds) for seconds in (0.0, 40.0, 120.0)]
    frozen = [
        Fault("freeze", "preparing", (1,), 40.0),
        Fault("freeze", "preparing", (0,), 120.0),
        Fault("freeze", "preparing", (1,), minutes=0.25, codes=(75, None)),
        Fault("freeze", "training", (1,), minutes=0.5, codes=(75, None)),
        Fault("freeze", "training", (0,), minutes=0.5, codes=(None, 75)),
    ]
    stuck = [Fault("stuck", "training", (0,), minutes=0.25, codes=(75, 75))]
    return kills + terms + late + frozen + stuck


class Pair:
    """Two hosts that train one run.

    Args:
        folder: For the run, its caches and what the hosts print.
        fault: Whose moment says what is trained.
        caches: Folder with what was compiled before.
    """

    def __init__(self, folder: Path, fault: Fault, caches: Path) -> None:
        self.run, self._folder = folder / "run", folder
        port = _free_port()
        self._held: list[int] = []
        self.ends: dict[int, float] = {}
        self.hosts = [
            self._start(host, port, fault, caches, stuck=fault.kind == "stuck") for host in (0, 1)
        ]

    def _start(
        self, host: int, port: int, fault: Fault, cache: Path, *, stuck: bool
    ) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "geoself_jax.train", *SMALL, *MOMENTS[fault.moment]]
        words += [f"--workdir={self.run}", f"--config.distributed.coordinator=127.0.0.1:{port}"]
        words += ["--config.distributed.processes=2", f"--config.distributed.process={host}"]
        words += [f"--config.distributed.stuck_minutes={fault.minutes}"]
        out: int = os.open(self._folder / f"out{host}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        error = os.open(self._folder / f"error{host}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if stuck and host == 0:
            os.close(error)
            reader, error = os.pipe()  # that nobody reads
            self._held.append(reader)
            _fill(error, leaving=1500)
        started = subprocess.Popen(
            words, stdout=out, stderr=error, env=_environment(cache), cwd=HERE
        )
        os.close(out)
        os.close(error)
        return started

    def printed(self, host: int) -> str:
        """What a host printed on standard error; of a stuck one nobody knows."""
        return (self._folder / f"error{host}.txt").read_text(errors="replace")

    def shown(self) -> str:
        """What host 0 printed on standard output."""
        return (self._folder / "out0.txt").read_text(errors="replace")

    def wait_for(self, is_there: Callable[["Pair"], bool], seconds: float = 600) -> None:
        """Waits until a moment has come."""
        until = time.monotonic() + seconds
        while not is_there(self):
            if time.monotonic() > until or any(p.poll() is not None for p in self.hosts):
                raise RuntimeError(f"the moment never came: {self.printed(0)[-2000:]}")
            time.sleep(0.005)

    def wait(self, hosts: Sequence[int], began: float, seconds: float) -> None:
        """Waits for the end of hosts, and notes when it was."""
        while len(self.ends) < len(hosts):
            for host in hosts:
                if host not in self.ends and self.hosts[host].poll() is not None:
                    self.ends[host] = time.monotonic() - began
            if time.monotonic() - began > seconds:
                return
            time.sleep(0.02)

    def close(self) -> None:
        """Ends what still runs."""
        for process in self.hosts:
            process.kill()
            process.wait()
        for reader in self._held:
            os.close(reader)


def has_come(moment: str) -> Callable[[Pair], bool]:
    """Whether a run is at a moment, as seen from outside."""

    def is_there(pair: Pair) -> bool:
        if moment == "preparing":
            return "devices:" in pair.shown()
        if moment == "compiling":
            return "training pseudo_label" in pair.shown()
        if moment == "saving":
            last = pair.run / "checkpoints/last"
            return any(not path.name.isdecimal() for path in last.glob("*")) and (
                len(list(last.glob("*"))) > 1
            )
        metrics = pair.run / "metrics.jsonl"
        return metrics.is_file() and metrics.read_bytes().count(b"\n") >= 5

    return is_there


def strike(pair: Pair, fault: Fault) -> None:
    """Does what the fault says, at once."""
    if fault.kind == "late":
        _slow_down(pair.hosts[fault.hosts[0]].pid, fault.seconds)
    number = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "freeze": signal.SIGSTOP}
    for host in fault.hosts:
        if fault.kind in number:
            pair.hosts[host].send_signal(number[fault.kind])
    if fault.kind == "freeze" and fault.seconds:
        time.sleep(fault.seconds)
        for host in fault.hosts:
            pair.hosts[host].send_signal(signal.SIGCONT)


def tried(fault: Fault, folder: Path, caches: Path, whole: "Whole | None") -> Row:
    """One fault, and the same command after it, unless `whole` is None."""
    row, fresh = Row(fault.name), folder / "caches"
    pair = Pair(folder, fault, fresh if fault.moment == "compiling" else caches)
    try:
        pair.wait_for(has_come(fault.moment))
        before = [len(pair.printed(host).splitlines()) for host in (0, 1)]
        began = time.monotonic()
        strike(pair, fault)
        forever = fault.kind == "freeze" and not fault.seconds
        pair.wait([host for host in (0, 1) if not (forever and host in fault.hosts)], began, 900)
        if forever:
            for host in fault.hosts:
                pair.hosts[host].send_signal(signal.SIGCONT)
            pair.wait((0, 1), began, 900)
        row.codes = [process.poll() for process in pair.hosts]
        row.seconds = [round(pair.ends.get(host, -1.0), 1) for host in (0, 1)]
        for host in (0, 1):
            row.lines.append(pair.printed(host).splitlines()[before[host] :])
        printed = pair.printed(0) + pair.printed(1)
    finally:
        pair.close()
    row.right = all(want in (None, code) for want, code in zip(fault.codes, row.codes, strict=True))
    row.right &= not any(word in printed for word in ("Traceback", "stack trace", "what()"))
    if fault.kind in ("kill", "term") and whole is not None:
        row.resumed = whole.is_equal(fault, folder, caches)
        row.right &= row.resumed
    return row


class Whole:
    """Runs without a fault, one for each way to train."""

    def __init__(self, folder: Path, caches: Path) -> None:
        self._folder, self._caches = folder, caches
        self._runs: dict[tuple[str, ...], Path] = {}

    def is_equal(self, fault: Fault, folder: Path, caches: Path) -> bool:
        """Whether the same command ends in the weights of the run without a fault."""
        words = MOMENTS[fault.moment]
        if words not in self._runs:
            made = self._folder / f"whole{len(self._runs)}"
            made.mkdir()
            self._runs[words] = _ended(made, fault, self._caches)
        return _same(self._runs[words], _ended(folder, fault, caches))


def _ended(folder: Path, fault: Fault, caches: Path) -> Path:
    """The run of a folder, trained to its end."""
    pair = Pair(folder, replace(fault, kind="none", minutes=10.0), caches)
    try:
        pair.wait((0, 1), time.monotonic(), 900)
        if [process.poll() for process in pair.hosts] != [0, 0]:
            raise RuntimeError(pair.printed(0)[-2000:] + pair.printed(1)[-2000:])
    finally:
        pair.close()
    return pair.run


def _same(a: Path, b: Path) -> bool:
    import jax

    one, two = (jax.tree.leaves(load_trained(folder, "last").variables) for folder in (a, b))
    pairs = zip(one, two, strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def _slow_down(process: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        os.kill(process, signal.SIGSTOP)
        time.sleep(0.45)
        os.kill(process, signal.SIGCONT)
        time.sleep(0.05)


def _fill(pipe: int, leaving: int) -> None:
    """Fills a pipe until only some bytes fit."""
    import fcntl

    size = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    page = 4096  # a page is free only when all of it was read: writes are as long as one
    for _ in range(size // page - 1):
        os.write(pipe, b"-" * page)
    os.write(pipe, b"-" * (page - leaving))


def _environment(cache: Path) -> dict[str, str]:
    quick = version("jaxlib").startswith("0.10.")
    own = {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_cpu_use_fusion_emitters=false" if quick else "",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "XDG_CACHE_HOME": str(cache),
        "PYTHONPATH": str(HERE),
        "PYTHONWARNINGS": "ignore",
    }
    return {name: value for name, value in os.environ.items() if "JAX" not in name} | own


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _chosen(only: str, host: str, moment: str) -> Iterator[Fault]:
    for fault in faults():
        if only and fault.kind not in only.split(","):
            continue
        if host and ",".join(map(str, fault.hosts)) != host:
            continue
        if not moment or fault.moment in moment.split(","):
            yield fault


def main(argv: Sequence[str]) -> int:
    """Tries the faults, prints the table; returns 1 where one did not end as it should."""
    parser = cli.Parser(prog="python -m benchmarks.host_faults", description=__doc__)
    parser.add_argument("--only", default="", help="kinds: kill,term,late,freeze,stuck")
    parser.add_argument("--host", default="", help="0, 1 or 0,1")
    parser.add_argument("--moment", default="", help=", ".join(MOMENTS))
    parser.add_argument("--ends-only", action="store_true", help="does not run the command again")
    parser.add_argument("--json", default="", help="file for the rows")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    chosen = list(_chosen(flags.only, flags.host, flags.moment))
    if not chosen:
        raise usage_error("no such fault", "wanted one that the help names", "see --help")
    rows = []
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        (top / "caches").mkdir()
        whole = None if flags.ends_only else Whole(top, top / "caches")
        for number, fault in enumerate(chosen):
            folder = top / f"fault{number}"
            folder.mkdir()
            row = tried(fault, folder, top / "caches", whole)
            rows.append(row)
            print(_line(row), flush=True)
            for host, lines in enumerate(row.lines):
                for line in lines:
                    print(f"    host {host}: {line}", flush=True)
            if flags.json:  # of an hour's work each row is kept
                facts = {"machine": machine(), "rows": [asdict(row) for row in rows]}
                Path(flags.json).write_text(json.dumps(facts, indent=1))
            if row.right:
                shutil.rmtree(folder)
            elif flags.debug:
                shutil.copytree(folder, Path(tempfile.gettempdir()) / f"host_fault_{number}")
    return int(not all(row.right for row in rows))


def _line(row: Row) -> str:
    codes, seconds = (" ".join(map(str, values)) for values in (row.codes, row.seconds))
    equal = {None: "", True: "same weights", False: "OTHER WEIGHTS"}[row.resumed]
    return f"{'ok ' if row.right else 'BAD'} {row.fault} | {codes} | {seconds} s | {equal}"


if __name__ == "__main__":
    cli.run(main)
