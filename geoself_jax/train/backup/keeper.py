"""A run's folder outlives its machine: packed into a store as it trains, brought back later."""

import contextlib
import errno
import signal
import socket
import subprocess
import sys
import tarfile
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from geoself_jax.core import disk
from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError, data_error
from geoself_jax.core.partial import partial
from geoself_jax.runtime.signals import SIGNALS
from geoself_jax.train.backup.stores import Store

PACKED = "run.tar"
MARKER = "machine.txt"
_PASSING = (
    ".orbax-checkpoint-tmp",
    ".lock",
    ".tmp",
    ".partial",
)  # leavings of a save, of a process

Contents = frozenset[tuple[str, int, int]]


def contents(folder: Path) -> Contents:
    """Name, size and time of each file of a run's folder, except temporary ones."""
    found = set()
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        try:
            facts = path.stat()
        except FileNotFoundError:  # an earlier checkpoint, removed just now
            continue
        if path.is_file() and not _is_passing(name):
            found.add((name, facts.st_size, facts.st_mtime_ns))
    return frozenset(found)


def _is_passing(name: str) -> bool:
    return any(part in name for part in _PASSING)


def newest_step(folder: Path) -> int:
    """Of the checkpoints that a run continues from; -1 where there is none."""
    found = (folder / "checkpoints/last").glob("*")
    return max((int(path.name) for path in found if path.name.isdecimal()), default=-1)


def pack(folder: Path, to: Path) -> None:
    """Writes a run's folder, which may be in use, into one file.

    A checkpoint that is removed meanwhile starts it again; one that is cut short has a digest that
    tells.
    """

    def lasting(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if _is_passing(member.name) else member

    for attempt in range(5):
        try:
            with tarfile.open(to, "w") as archive:
                archive.add(folder, ".", filter=lasting)
            return
        except FileNotFoundError:
            if attempt == 4 or not folder.exists():
                raise
            time.sleep(1)


@dataclass
class Keeper:
    """A run's folder and its copy in a store.

    Only what has changed since the start is copied: of several hosts each has a folder, but one
    writes to it.
    """

    store: Store
    folder: Path
    _kept: Contents = frozenset()

    def restore(self) -> str:
        """Brings the folder from the store unless the one here is as far; says what it did.

        What was here is moved aside. The store is written to first: better now than after an hour.

        Raises:
            GeoselfError: The copy is damaged (65); the store or the disk here refuses (74).
        """
        try:
            done = self._restored()
        except OSError as error:
            if disk.errno_of(error) not in disk.OF_WRITING:
                raise
            raise self._refused(error) from error
        self._kept = contents(self.folder)
        return done

    def _refused(self, error: OSError) -> GeoselfError:
        """The error of the disk that the run's folder is on."""
        safe = "what is there and in the store stays as it was"
        return disk.refused(self.folder, error, safe=safe)

    def _restored(self) -> str:
        with self._scratch() as scratch:
            marker = scratch / MARKER
            marker.write_text(f"{socket.gethostname()} {time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n")
            self.store.put(marker)
            done = "starting: the store has no run yet"
            if PACKED in self.store.names():
                done = self._bring(scratch)
        return done

    def _bring(self, scratch: Path) -> str:
        self.store.get(PACKED, scratch / PACKED)
        try:
            with tarfile.open(scratch / PACKED) as archive:
                archive.extractall(scratch / "run", filter="data")
        except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
            if isinstance(error, OSError) and disk.errno_of(error) in disk.OF_WRITING:
                raise
            raise _unpackable(error) from error
        there = newest_step(scratch / "run")
        if self.folder.exists() and newest_step(self.folder) >= there:
            return f"{self.folder} is as far as the store's copy, step {there}: it is left as it is"
        if self.folder.exists() and any(self.folder.iterdir()):
            count = len(list(self.folder.parent.glob(f"{self.folder.name}.before-*")))
            self.folder.rename(self.folder.with_name(f"{self.folder.name}.before-{count + 1}"))
        (scratch / "run").rename(self.folder)
        return f"brought {self.folder} from the store, step {there}"

    def keep(self) -> str:
        """Copies the folder into the store if it has changed; says what it did, or nothing."""
        now = contents(self.folder)
        if now == self._kept:
            return ""
        with self._scratch() as scratch:
            packed, step = scratch / PACKED, newest_step(self.folder)
            pack(self.folder, packed)
            self.store.put(packed)
        self._kept = now
        return f"step {step} is in the store" if step >= 0 else "no checkpoint to keep yet"

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        """Next to the folder, so that a rename moves it."""
        with partial(self.folder.with_name(f"{self.folder.name}.keep")) as place:
            place.mkdir()
            yield place


def _unpackable(error: Exception) -> GeoselfError:
    """The error where the store's copy is damaged (65), or the disk refuses it (74)."""
    if isinstance(error, OSError) and error.errno is not None and not _is_of_the_copy(error):
        why, do = str(error), "check the disk; nothing here was changed"
        return GeoselfError(f"the store's {PACKED} cannot be unpacked", why, do, INPUT_OUTPUT)
    reason = (str(error).splitlines() or [type(error).__name__])[-1]
    return data_error(
        f"the store's {PACKED} is not a run that keep wrote",
        reason,
        f"nothing here was changed: take {PACKED} out of the store, or give another --store",
    )


def _is_of_the_copy(error: OSError) -> bool:
    """Whether names in the archive are at fault: too long, or a file where a folder is wanted."""
    return error.errno in (errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


def train_and_keep(command: Sequence[str], keeper: Keeper, seconds: float) -> int:
    """Runs a training to its end, keeping its folder now and then and at the end.

    The first SIGINT, SIGTERM or SIGHUP reaches the training as one SIGTERM; it is in a session of
    its own, so as not to get the terminal's as well. Later ones do nothing: what sends them kills.

    Returns:
        Its exit code, 128 + n if signal n ended it; where that is 0 but the end could not be kept,
        that of input and output (74).
    """
    asked: list[int] = []
    running: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if not asked and running:
            running[0].send_signal(signal.SIGTERM)
        asked.append(number)

    for number in SIGNALS:
        signal.signal(number, pass_on)
    running.append(subprocess.Popen(command, start_new_session=True))
    if asked:
        running[0].send_signal(signal.SIGTERM)
    while True:
        try:
            code = running[0].wait(seconds)
            break
        except subprocess.TimeoutExpired:
            _tell(keeper)
    code = code if code >= 0 else 128 - code
    return code if _tell(keeper) or code else INPUT_OUTPUT


def _tell(keeper: Keeper) -> bool:
    """Keeps, and says what came of it; whether the store has all there is."""
    try:
        done = keeper.keep()
    except (GeoselfError, OSError, tarfile.TarError) as error:
        if disk.errno_of(error) in disk.OF_WRITING:
            error = disk.refused(keeper.folder.parent, error, do="it is tried again")
        line = str(GeoselfError("not kept", str(error), "what was kept before stays", INPUT_OUTPUT))
        _say(f"error: {line}")
        return False
    if done:
        _say(f"kept: {done}")
    return True


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more, as when a connection broke
        print(line, file=sys.stderr, flush=True)
