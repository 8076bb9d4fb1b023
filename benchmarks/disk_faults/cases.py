"""Each fault for each command: what it is, how the command ended, and what is wrong with that."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.disk_faults.commands import ELSEWHERE, PIPED, Command
from benchmarks.disk_faults.looking import (
    Files,
    files_in,
    is_whole,
    wrong_files,
    wrong_words,
)
from benchmarks.disk_faults.places import Memory, mounted, used
from benchmarks.disk_faults.within import Change, Moment, can_refuse
from benchmarks.reliability.life import Ended, Life
from geoself_jax.core.errors import DONE, WORKDIR

START = Moment()
WRITTEN = Moment("geoself_jax.core.disk.to_disk")
SHARES = (0.0, 0.3, 0.6, 0.9)


@dataclass
class Row:
    """A case.

    Attributes:
        fault: The command, and what happens to its disk.
        codes: Its exit code; None where it hung.
        seconds: That it took.
        lines: What is wrong, and its error.
        right: Whether nothing is wrong.
        fitted: Whether the command was done, as what it writes had room after all.
    """

    fault: str
    codes: list[int | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    right: bool = False
    fitted: bool = False

    @classmethod
    def of(cls, fault: str, ended: Ended, wrong: str, *, fitted: bool = False) -> "Row":
        """The row of a command that has ended."""
        line = ended.line if ended.code else ""
        seconds = [round(ended.seconds, 1)]
        return cls(fault, [ended.code], seconds, [wrong, line], not wrong, fitted)


@dataclass(frozen=True)
class Fault:
    """What happens to a disk.

    Attributes:
        name: In words.
        kind: Of `looking.WORDS`.
        has_older: Whether something is there that the command replaces.
        share: Of the space needed that is free; negative: as much as wanted.
        change: What else happens, by `within`, and when; `no files` and `read only` at the start
            are done from outside.
        holds_all: Whether temporary files and caches are on the disk too.
    """

    name: str
    kind: str
    has_older: bool = True
    share: float = -1.0
    change: tuple[str, Moment] | None = None
    holds_all: bool = False


def faults(command: Command, *, all_of_them: bool) -> Iterator[Fault]:
    """The faults of a command: two, or all."""
    for number, share in enumerate(SHARES if all_of_them else SHARES[::2]):
        older = number % 2 == 0
        name = f"{share:.0%} of the space free, {'replacing' if older else 'new'}"
        yield Fault(name, "full", older, share)
    if not all_of_them:
        return
    opened = Moment(command.opened)
    yield Fault("read-only once it is opened", "read only", True, -1, ("read only", opened))
    yield Fault("larger than files may be", "limit", True, -1, ("limit", START))
    if not can_refuse() and command.name not in ELSEWHERE:
        yield Fault("quota, seen at the end", "quota", True, -1, ("quota at sync", START))
    if not can_refuse() and command.name not in PIPED:
        yield Fault("quota", "quota", False, -1, ("quota", START))
    yield Fault("no more files", "no files", False)
    yield Fault("read-only at the start", "read only", True)
    yield Fault("one full disk for all", "full", False, 0.0, None, True)
    yield Fault("read-only before it is moved", "read only", True, -1, ("read only", WRITTEN))


class Tried:
    """Faults of one command, on a disk of its own.

    Args:
        command: The command.
        place: The disk.
        log: For what it prints.
    """

    def __init__(self, command: Command, place: Memory, log: Path) -> None:
        self._command, self._place, self._log = command, place, log
        self._out = place.folder / "out"
        self.usual, self._needed = 0.0, 0
        self._whole: Files = {}
        self._largest = 0

    def whole(self) -> Row:
        """The command without a fault, by which what it needs is known."""
        self._reset(older=False)
        before = used(self._place.folder)
        ended = self._ended(())
        self.usual, self._whole = ended.seconds, files_in(self._out)
        self._needed = used(self._place.folder) - before
        self._largest = max((size for size, _ in self._whole.values()), default=0)
        wrong = "" if ended.code == DONE else f"exit code {ended.code}"
        return Row.of(f"{self._command.name}: no fault", ended, wrong)

    def once(self, fault: Fault) -> Row:
        """The command with a fault."""
        self._reset(older=fault.has_older)
        before = files_in(self._out)
        self._prepare(fault)
        ended = self._ended(self._changes(fault), self._variables(fault))
        with contextlib.suppress(OSError):
            self._place.free_all()
        name = f"{self._command.name}: {fault.name}"
        after = files_in(self._out)
        if fault.change == ("read only", WRITTEN):  # nothing can be removed: the next one does so
            after = {name: found for name, found in after.items() if ".partial" not in name}
        if is_whole(ended, after, self._whole) and fault.share > 0:
            return Row.of(name, ended, "", fitted=True)
        codes = (WORKDIR,) if fault.kind == "read only" and self._command.verb == "detect" else ()
        wrong = wrong_words(ended, fault.kind, self._place.folder, codes)
        wrong = wrong or wrong_files(before, after, self._whole, self._command.grows)
        if not wrong and ended.seconds > 3 * self.usual + self._command.seconds:
            wrong = f"it took {ended.seconds:.0f} s"
        return Row.of(name, ended, wrong)

    def after_all(self) -> Row:
        """The same command in the folder that the last fault has left, now that there is room."""
        self._place.free_all()
        ended, after = self._ended(()), files_in(self._out)
        wrong = "" if is_whole(ended, after, self._whole) else f"exit code {ended.code}"
        wrong = wrong or wrong_files({}, after, self._whole, self._older_names())
        return Row.of(f"{self._command.name}: once there is room", ended, wrong)

    def _older_names(self) -> tuple[str, ...]:
        return (*self._command.grows, "notes.txt")

    def _reset(self, *, older: bool) -> None:
        self._place.free_all()
        for path in self._place.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._out.mkdir()
        if older or "OUT/run" in " ".join(self._command.words):
            self._command.older(self._out)

    def _prepare(self, fault: Fault) -> None:
        if fault.share >= 0:
            self._place.leave(fault.share, self._needed)
        elif fault.kind == "no files":
            self._place.take_no_more_files()
        elif fault.change is None:
            self._place.read_only()

    def _changes(self, fault: Fault) -> tuple[Change, ...]:
        if fault.change is None:
            return ()
        kind, moment = fault.change
        return (Change(kind, moment, self._place, self._largest // 2),)

    def _variables(self, fault: Fault) -> dict[str, str]:
        if not fault.holds_all:
            return {}
        names = {"TMPDIR": "", "XDG_CACHE_HOME": "cache", "JAX_COMPILATION_CACHE_DIR": "compiled"}
        return {name: os.path.join(self._place.folder, part) for name, part in names.items()}

    def _ended(self, changes: tuple[Change, ...], variables: dict[str, str] | None = None) -> Ended:
        words = self._command.words_in(self._out)
        life = Life(self._command.verb, words, self._log, faults=changes, variables=variables)
        return life.wait(60 + self._command.seconds)


def tried(command: Command, folder: Path, *, all_of_them: bool) -> Iterator[Row]:
    """The rows of a command, as they end.

    Args:
        command: The command.
        folder: For its disk and its log.
        all_of_them: Whether to try all faults, or two shares of free space.
    """
    name = command.name.replace(" ", "-")
    with mounted(Memory(folder / f"disk-{name}")) as place:
        one = Tried(command, place, folder / f"log-{name}.txt")
        yield one.whole()
        for fault in faults(command, all_of_them=all_of_them):
            yield one.once(fault)
        yield one.after_all()
