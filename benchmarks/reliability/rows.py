"""The rows by their numbers."""

from benchmarks.reliability import (
    accelerators,
    calibrations,
    counts,
    damage,
    diverging,
    folders,
    formats,
    hostile_files,
    huge,
    kept_copies,
    kills,
    odd_files,
    older,
    soak,
    stops,
    while_saving,
)
from benchmarks.reliability.by_tests import tests
from benchmarks.reliability.elsewhere import module
from benchmarks.reliability.planted import PLANTED
from benchmarks.reliability.row import Row

_TRAINING = {
    "1": Row(
        "kill -9 at any time, also within a save",
        "the same command continues; the weights are those of the unbroken run, bit for bit; no "
        "saved step is lost",
        60,
        kills.kill,
        as_users=True,
    ),
    "2": Row(
        "SIGTERM or SIGINT in each phase",
        "exit code 75 with the step that was saved; a second signal ends it at once; the same "
        "command continues to the same weights",
        0,
        stops.stop,
        as_users=True,
    ),
    "3": Row(
        "stopped at each step, across the stages' border and both lower rates",
        "the weights are the same bit for bit, and each step has one line of metrics",
        20,
        stops.stop_at_each_step,
        as_users=True,
    ),
    "4": Row(
        "a bit of a checkpoint flipped",
        "never other weights without a word: named, and an earlier step is taken",
        200,
        damage.flip,
    ),
    "5": Row(
        "a file of a checkpoint cut, emptied or removed; odd folders among checkpoints",
        "as for a flipped bit; with no other checkpoint refused (65), nothing deleted",
        0,
        damage.destroy,
    ),
    "6": Row(
        "disk full, quota, read only, at each write",
        "one line (74) with what is needed and free; what was saved stays",
        0,
        module("disk_faults"),
    ),
    "7": Row(
        "two runs in one folder; the lock of a process that is gone",
        "the second is refused (73); the folder of a dead one is taken over",
        0,
        folders.share,
    ),
    "8": Row(
        "continued on another number of devices",
        "the same number gives the same bits; another differs by rounding",
        0,
        counts.change_count,
        as_users=True,
    ),
    "9": Row(
        "one of several hosts killed, frozen, late or not started",
        "every host ends in one line (69, 75), and the same command continues",
        0,
        module("host_faults"),
    ),
    "11": Row(
        "a loss that is no number",
        "skipped and counted; three in a row end it (70); saved weights are finite",
        0,
        diverging.poison,
    ),
    "12": Row(
        "learning rates beyond sense; no stage one",
        "a warning or 70; saved weights are finite",
        0,
        diverging.diverge,
    ),
}
_OTHERS = {
    "23": Row(
        "files that are empty or of one frame; names with spaces, quotes, lines",
        "done, or refused in one line (64, 65, 66)",
        0,
        odd_files.odd,
    ),
    "24": Row("files that claim 5 to 800 GB", "refused; memory stays below 500 MiB", 0, huge.claim),
    "25": Row(
        "hostile pickles, archives, HDF5, MATLAB, XML, YAML; names that are markup",
        "refused (65), nothing is run, no process crashes",
        3000,
        hostile_files.hostile,
    ),
    "26": Row(
        "footage from which cameras cannot be found",
        "refused with the reason (65), or right to 2 degrees",
        0,
        calibrations.degenerate,
    ),
    "27": Row(
        "an accelerator that is not there or in use",
        "one line (69, 64); export needs none",
        0,
        accelerators.ask,
    ),
    "28": Row(
        "clouds and clusters that fail at each call",
        "the exact calls, the exit code of what failed, and no machine left",
        0,
        tests(["tests/launch", "tests/train/test_backup.py"]),
    ),
    "29": Row(
        "20,000 calls in one process, then 400 saves",
        "memory grows by less than 5 %, no file stays open",
        20_000,
        soak.soak,
    ),
    "30": Row(
        "runs of earlier versions",
        "scored, exported, lifted with and continued, or refused with the version",
        0,
        older.read,
        as_users=True,
    ),
    "flips": Row(
        "a byte of each region of each file of a run and an export changed",
        "never another pose without a word",
        0,
        module("flips"),
    ),
    "keep": Row(
        "`keep` killed while it packs and copies",
        "the store's copy is whole and never older; another machine ends the run in the same bits",
        12,
        kept_copies.copy,
        as_users=True,
    ),
    "archive": Row(
        "a store whose run.tar is not what `keep` wrote",
        "nothing outside of the run's folder is written; one line",
        0,
        hostile_files.archive,
    ),
    "reading": Row(
        "evaluate and export while the run saves",
        "they read a whole checkpoint; the run goes on",
        12,
        while_saving.read,
    ),
    "formats": Row(
        "mutated files of each format in the readers of the parent process",
        "read, or refused in one line within 2 s; memory is bounded",
        50_000,
        formats.fuzz,
    ),
}


def _place(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (99, name)


_ALL = _TRAINING | PLANTED | _OTHERS
ROWS: dict[str, Row] = {name: _ALL[name] for name in sorted(_ALL, key=_place)}
