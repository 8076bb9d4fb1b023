"""Each command on a disk that is full, read-only or used up, at each of its writes.

    python -m benchmarks.disk_faults --json=disk_faults.json
    python -m benchmarks.disk_faults --only=lift --all

Each command runs once without a fault, by which it is known how much it writes. Then its disk, a
tmpfs of our own, has 0, 30, 60 and 90 % of that free, takes no more files, is read-only, or turns
so while the command has its file open. A quota is planted: the kernel answers writes of 512 bytes
and more, or only the sync at the end as network disks do, with EDQUOT (a filter of system calls).
An ext4 in a file turns read-only under a training's open files by an error of its own.

A case is right where the command ends in one line with 74, no traceback, the file's name and the
reason, in 15 s more than usual; what was there before is there byte for byte, and nothing else by
half. At the end of a command's faults, and after each fault of a training, the same command is done
once the disk is in order; a training in the weights of an unbroken run. Of a command's further
outputs two faults are tried; all with --all.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks.disk_faults import places
from benchmarks.disk_faults.cases import Row, tried
from benchmarks.disk_faults.commands import Inputs, commands
from benchmarks.disk_faults.trainings import full_and_used_up, kept, read_only
from benchmarks.disk_faults.within import can_refuse
from benchmarks.reliability.lab import Lab, set_environment
from benchmarks.reliability.life import QUICKLY

AT_ONCE = 2
"""Commands that are tried at once."""

Job = Callable[[], Iterator[Row]]


def jobs(inputs: Inputs, only: str, *, all_of_them: bool) -> Iterator[Job]:
    """All that is tried, or what is of some commands; the longest first."""
    wanted, folder = [name for name in only.split(",") if name], inputs.folder
    if not wanted or "train" in wanted:
        yield partial(full_and_used_up, inputs, folder / "disk-train", all_of_them=all_of_them)
        yield partial(read_only, inputs, folder / "disk-ext4", all_of_them=all_of_them)
    if not wanted or "keep" in wanted:
        yield partial(kept, inputs, folder / "disk-keep", all_of_them=all_of_them)
    seen: set[str] = set()
    for command in commands(inputs):
        if not wanted or command.name in wanted or command.verb in wanted:
            every = all_of_them or command.verb not in seen
            yield partial(tried, command, folder, all_of_them=every)
            seen.add(command.verb)


def main() -> int:
    """Tries all faults, prints a line for each; 1 where one did not end as it should."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("--only", default="", help="commands: train,lift,view mp4")
    parser.add_argument("--all", action="store_true", help="all faults of each output of a command")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("--folder", type=Path, help="keep the inputs here")
    flags = parser.parse_args()
    why, rows, out = places.why_not(), [], flags.json and flags.json.resolve()
    if not why:
        with tempfile.TemporaryDirectory(prefix="disk_faults_") as made:
            rows = _run((flags.folder or Path(made)).resolve(), flags.only, flags.all)
    notes = [f"not run: {why}"] if why else _notes(rows)
    print("\n".join(notes))
    if out:
        facts = {"rows": [asdict(row) for row in rows], "notes": notes, "not_run": why}
        out.write_text(json.dumps(facts, indent=1) + "\n")
    return int(not all(row.right for row in rows))


def _run(folder: Path, only: str, all_of_them: bool) -> list[Row]:
    folder.mkdir(exist_ok=True)
    set_environment(folder)
    os.environ[QUICKLY] = "1"
    os.chdir(folder)
    every = jobs(Inputs(Lab(folder)), only, all_of_them=all_of_them)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [row for rows in pool.map(_shown, every) for row in rows]


def _shown(job: Job) -> list[Row]:
    rows = []
    for row in job():
        rows.append(row)
        print(_line(row), flush=True)
    return rows


def _line(row: Row) -> str:
    verdict = "ok " if row.right else "BAD"
    said = "fitted" if row.fitted else " | ".join(filter(None, row.lines))
    return f"{verdict} {row.fault} | {row.codes[0]} | {row.seconds[0]} s | {said}"


def _notes(rows: list[Row]) -> list[str]:
    fitted = sum(row.fitted for row in rows)
    notes = [f"{len(rows)} cases, of which {fitted} had room after all"]
    if why := can_refuse():
        notes.append(f"quotas were not tried: {why}")
    return notes


if __name__ == "__main__":
    sys.exit(main())
