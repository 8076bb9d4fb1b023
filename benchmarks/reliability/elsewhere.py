"""Rows that are benchmarks of their own: they are run where they are there."""

import importlib.util
import json
import subprocess
import sys
from typing import Any

from benchmarks.reliability.lab import ROOT, Lab
from benchmarks.reliability.row import Test
from benchmarks.reliability.tally import Tally

SECONDS = 3600


def module(name: str, *words: str) -> Test:
    """A test that runs `python -m benchmarks.NAME` and counts the cases of its JSON."""

    def test(lab: Lab, count: int, tally: Tally) -> None:
        if importlib.util.find_spec(f"benchmarks.{name}") is None:
            tally.not_run = f"benchmarks.{name} is not here"
            return
        out = lab.new(name) / "results.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", f"--json={out}", *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
        if not out.exists():
            tally.check(False, f"exit code {done.returncode}: {(done.stdout + done.stderr)[-200:]}")
            return
        _count(json.loads(out.read_text()), tally, name)
        if done.returncode and not tally.failures:
            tally.check(False, f"exit code {done.returncode}: {done.stdout[-200:]}")

    return test


def _count(found: Any, tally: Tally, where: str) -> None:
    """Cases of `host_faults` and `disk_faults` say whether they are `right`; `flips` what is `bad`.

    A benchmark that has `notes` of its own tells no more of each case.
    """
    if isinstance(found, dict) and "bad" in found and "changes" in found:
        bad = [str(each) for each in found["bad"]]
        tally.passed += int(found["changes"]) - len(bad)
        for each in bad:
            tally.check(False, each)
        return
    tally.not_run = found.get("not_run", "")
    for line in found.get("notes", ()):
        tally.note(line)
    for row in found["rows"]:
        tally.check(row["right"], f"{where}: {row['fault']}: {row['codes']}: {row['lines']}")
        if "notes" not in found:
            tally.note(f"{row['fault']}: seconds to the end of each host: {row['seconds']}")
