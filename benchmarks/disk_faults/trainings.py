"""Trainings whose disk goes wrong at each of their writes, and that go on once it is in order."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.disk_faults.cases import SHARES, Row
from benchmarks.disk_faults.commands import Inputs
from benchmarks.disk_faults.looking import files_in, left_over, wrong_words
from benchmarks.disk_faults.places import Disk, Ext4, Memory, mounted, used
from benchmarks.disk_faults.within import Change, Moment, can_refuse
from benchmarks.reliability.lab import digests, steps_of
from benchmarks.reliability.life import Ended, Life
from geoself_jax.core.errors import DONE

SECONDS = 15.0
_SAVE = "geoself_jax.runtime.checkpoints.save"
_HALF = 30_000
MOMENTS = {
    "its record": Moment("geoself_jax.runtime.workdir.write_record"),
    "its sample": Moment("geoself_jax.train.keep_sample.write_sample"),
    "its first save": Moment(_SAVE),
    "its log is opened": Moment("geoself_jax.runtime.workdir.keep_lines"),
    "metrics": Moment("geoself_jax.runtime.workdir.MetricsLog.write"),
    "the save of the best": Moment("geoself_jax.train.saving.Saver.save_best"),
    "a save": Moment(_SAVE, 2),
    "within a save": Moment("geoself_jax.runtime.checkpoints.digest", 2),
    "a save is synced": Moment("geoself_jax.core.disk.entry_to_disk", 2),
}
"""When a disk goes wrong, as the function that writes."""
_OF_NEW_RUNS = ("its record", "its sample", "its first save")
_LARGE = ("its record", "its sample", "a save")
"""Writes of more than a quota or a limit would let pass."""
_OPEN = ("metrics", "a save", "within a save")
"""Moments at which a run has files open."""


class Training:
    """A run that is trained on a disk.

    Args:
        inputs: With the configuration, half of its run, and all of it.
        disk: For the run.
        log: For what it prints.
    """

    def __init__(self, inputs: Inputs, disk: Disk, log: Path) -> None:
        self._inputs, self.disk, self._log = inputs, disk, log
        self._run, self._wanted = disk.folder / "run", digests(inputs.run)
        self._before, self._usual = used(disk.folder), SECONDS

    def once(
        self,
        name: str,
        kind: str,
        *,
        is_new: bool,
        change: Change | None = None,
        disturb: Callable[[], None] = lambda: None,
    ) -> Iterator[Row]:
        """A training with a fault, and the same command once the disk is in order."""
        self._reset(is_new=is_new)
        before = files_in(self._run)
        disturb()
        ended = self._ended(() if change is None else (change,))
        self._free()
        wrong = wrong_words(ended, kind, self.disk.folder, ())
        wrong = wrong or self._lost(before, is_read_only=kind == "read only")
        if not wrong and ended.seconds > 3 * self._usual + SECONDS:
            wrong = f"it took {ended.seconds:.0f} s"
        said = f"train: {name}, {'a new run' if is_new else 'continued'}"
        yield Row.of(said, ended, wrong)
        again = self._ended(())
        self._usual = again.seconds
        wrong = "" if again.code == DONE else f"exit code {again.code}"
        if not wrong and digests(self._run) != self._wanted:
            wrong = "the weights are others than those of an unbroken run"
        wrong = wrong or left_over(files_in(self._run))
        yield Row.of(f"{said}; once in order", again, wrong)

    def needed(self) -> int:
        """Bytes of the disk that all of the run takes."""
        self._reset(is_new=True)
        self._ended(())
        return used(self.disk.folder) - self._before

    def _reset(self, *, is_new: bool) -> None:
        self._free()
        shutil.rmtree(self._run, ignore_errors=True)
        if not is_new:
            shutil.copytree(self._inputs.half, self._run)
            os.sync()  # an earlier command's files are on the disk by now

    def _free(self) -> None:
        self.disk.free_all()
        (self.disk.folder / "ballast").unlink(missing_ok=True)

    def _lost(self, before: dict[str, tuple[int, str]], *, is_read_only: bool) -> str:
        """What is not as it was: a checkpoint that is gone without a newer one, or leavings."""
        after = files_in(self._run)
        steps = [int(name.split("/")[2]) for name in before if name.startswith("checkpoints/last/")]
        if steps and max(steps) > max(steps_of(self._run), default=-1):
            return f"step {max(steps)} is lost"
        for name, found in before.items():
            if name.startswith("checkpoints/") and after.get(name, found) != found:
                return f"{name} is changed"
        return "" if is_read_only else left_over(after)  # there nothing can be removed

    def _ended(self, changes: Sequence[Change]) -> Ended:
        words = [f"--config={self._inputs.config}", f"--workdir={self._run}"]
        return Life("train", words, self._log, faults=changes).wait(60)


def full_and_used_up(inputs: Inputs, place: Path, *, all_of_them: bool) -> Iterator[Row]:
    """A disk that is full, takes no files, or whose quota is used up."""
    shares = ((True, SHARES if all_of_them else SHARES[1::2]), (False, (0.4,)))
    with mounted(Memory(place)) as disk:
        one = Training(inputs, disk, place.with_suffix(".txt"))
        needed = one.needed()
        for is_new, free in shares:
            for share in free:
                shrink = _shrunk(disk, share, needed)
                name = f"{share:.0%} of the space free"
                yield from one.once(name, "full", is_new=is_new, disturb=shrink)
        for name, kind, disturb in (
            ("no more files", "no files", disk.take_no_more_files),
            ("read-only at the start", "read only", disk.read_only),
        ):
            yield from one.once(name, kind, is_new=kind == "read only", disturb=disturb)
        for name, moment in MOMENTS.items():
            large = name in _LARGE if all_of_them else name == "a save"
            for words, kind, change in _changes(moment, disk, is_large=large):
                is_new = name in _OF_NEW_RUNS
                yield from one.once(f"{words} at {name}", kind, is_new=is_new, change=change)


def _shrunk(disk: Memory, share: float, needed: int) -> Callable[[], None]:
    return lambda: disk.leave(share, needed)


def _changes(moment: Moment, disk: Disk, *, is_large: bool) -> Iterator[tuple[str, str, Change]]:
    yield "full", "full", Change("fill", moment, disk)
    if is_large:
        yield "nearly full", "full", Change("fill", moment, disk, _HALF)
        yield "larger than files may be", "limit", Change("limit", moment, disk, 1024)
    if is_large and not can_refuse():
        yield "quota", "quota", Change("quota", moment, disk)


def read_only(inputs: Inputs, place: Path, *, all_of_them: bool) -> Iterator[Row]:
    """A disk that turns read-only while the run has files open, as after an error of its own."""
    try:
        ext4 = Ext4(place)
    except OSError as error:
        yield Row(f"train: read-only while it runs: not run: {error}", right=True)
        return
    with mounted(ext4) as disk:
        one = Training(inputs, disk, place.with_suffix(".txt"))
        for name, moment in MOMENTS.items():
            if name not in _OPEN and not all_of_them:
                continue
            change = Change("read only", moment, disk)
            is_new = name in _OF_NEW_RUNS
            yield from one.once(f"read-only at {name}", "read only", is_new=is_new, change=change)


def kept(inputs: Inputs, place: Path, *, all_of_them: bool) -> Iterator[Row]:
    """`keep` with a store, or a folder of the run, on a disk that is full or read-only."""
    with mounted(Memory(place)) as disk:
        for where in ("store", "run"):
            one = _Kept(inputs, disk, where, place.with_suffix(".txt"))
            needed = one.needed()
            for share in (0.0, 0.5, 0.9) if all_of_them else (0.5,):
                name = f"{share:.0%} of the space free"
                yield from one.once(name, "full", _shrunk(disk, share, needed))
            yield from one.once("read-only at the start", "read only", disk.read_only)


class _Kept:
    """`keep`, of whose two folders one is on a disk of ours."""

    def __init__(self, inputs: Inputs, disk: Memory, where: str, log: Path) -> None:
        self._inputs, self._disk, self._where, self._log = inputs, disk, where, log
        self._safe = log.with_suffix(".safe")

    def needed(self) -> int:
        """Bytes of our disk that are written."""
        self._reset()
        before = used(self._disk.folder)
        self._ended()
        return used(self._disk.folder) - before

    def once(self, name: str, kind: str, disturb: Callable[[], None]) -> Iterator[Row]:
        """A fault, and the same command once the disk is in order."""
        self._reset()
        before = files_in(self._disk.folder)
        disturb()
        ended = self._ended()
        self._disk.free_all()
        wrong = wrong_words(ended, kind, self._disk.folder, ())
        after = files_in(self._disk.folder)
        lost = [path for path in before if path not in after and "/checkpoints/" not in path]
        wrong = wrong or left_over(after) or (f"{lost[0]} is gone" if lost else "")
        if not wrong and self._where == "store":
            path = "store/run.tar"
            wrong = "" if before[path] == after[path] else f"{path} is changed"
        yield Row.of(f"keep: the {self._where}'s disk: {name}", ended, wrong)
        again = self._ended()
        same = again.code == DONE and digests(self._run) == digests(self._inputs.run)
        wrong = "" if same else "other weights, or no end"
        yield Row.of(f"keep: the {self._where}'s disk: {name}; once in order", again, wrong)

    @property
    def _run(self) -> Path:
        return (self._disk.folder if self._where == "run" else self._safe) / "run"

    @property
    def _store(self) -> Path:
        return (self._disk.folder if self._where == "store" else self._safe) / "store"

    def _reset(self) -> None:
        self._disk.free_all()
        for path in (self._run, self._store):
            shutil.rmtree(path, ignore_errors=True)
            path.parent.mkdir(exist_ok=True)
        shutil.copytree(self._inputs.half, self._run)
        self._store.mkdir()
        (self._store / "run.tar").write_bytes(self._inputs.packed.read_bytes())

    def _ended(self) -> Ended:
        words = [f"--store={self._store}", f"--workdir={self._run}", "--minutes=10"]
        words += ["--", f"--config={self._inputs.config}"]
        variables = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # as the others here
        return Life("keep", words, self._log, variables=variables).wait(120)
