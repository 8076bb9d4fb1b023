"""Runs rows of the table of faults: real processes, real kills, real files.

    python -m benchmarks.reliability --row=3
    python -m benchmarks.reliability --row=1 --n=200 --json=kills.json
    python -m benchmarks.reliability --row=all --update

With `--update` the results go to docs/reliability.json, and docs/reliability.md is written from it.
"""

import argparse
import datetime
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from benchmarks.reliability import page
from benchmarks.reliability.lab import ROOT, Lab, set_environment
from benchmarks.reliability.life import QUICKLY
from benchmarks.reliability.row import Row
from benchmarks.reliability.rows import ROWS
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import nearest_name


def main() -> int:
    """Runs the rows, prints the table; 1 where a case failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--row", default="all", help=f"all, or some of {', '.join(ROWS)}")
    parser.add_argument("--n", type=int, default=None, help="cases; the row's own number else")
    parser.add_argument("--json", type=Path, help="write the results here")
    parser.add_argument("--update", action="store_true", help="write docs/reliability.*")
    parser.add_argument("--folder", type=Path, help="keep all files here")
    flags = parser.parse_args()
    names = list(ROWS) if flags.row == "all" else flags.row.split(",")
    for name in names:
        if name not in ROWS:
            parser.error(f"--row={name}: no such row - {nearest_name(name, ROWS)}")
    results = {}
    signal.signal(signal.SIGTERM, _leave)
    with tempfile.TemporaryDirectory(prefix="reliability_") as place:
        folder = (flags.folder or Path(place)).resolve()
        set_environment(folder)
        lab = Lab(folder)
        for name in names:
            results[name] = result(ROWS[name], lab, flags.n)
            if flags.json:
                flags.json.write_text(json.dumps(results, indent=2) + "\n")
            print(page.line(name, ROWS[name], results[name]), flush=True)
            if flags.update:
                page.update(ROOT / "docs", {name: results[name]})
    return int(any(found["failed"] for found in results.values()))


def _leave(number: int, _: Any) -> None:
    """Ends with what was started, so that the folder can be removed."""
    for process in multiprocessing.active_children():
        process.kill()
        process.join()
    sys.exit(128 + number)


def result(row: Row, lab: Lab, count: int | None) -> dict[str, Any]:
    """One row's result, for JSON; one that raises has failed, and the others are run."""
    tally, started = Tally(), time.monotonic()
    os.chdir(lab.folder)
    os.environ[QUICKLY] = str(int(not row.as_users))
    try:
        row.test(lab, row.count if count is None else count, tally)
    except Exception as error:
        traceback.print_exc()
        last = traceback.format_exception_only(error)[-1]
        tally.check(False, f"the row itself ended: {last}")
    return {
        **_without_folders(tally.as_dict(), lab.folder),
        "seconds": round(time.monotonic() - started),
        "commit": _commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _without_folders(found: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Names of this machine's folders are nobody else's."""
    text = json.dumps(found).replace(str(folder), "LAB").replace(str(ROOT), "REPOSITORY")
    shown: dict[str, Any] = json.loads(text.replace(sys.prefix, "PYTHON"))
    return shown


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
