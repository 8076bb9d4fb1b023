"""Rows that are benchmarks of their own: they are run where they are there."""

import importlib.util
import json
import subprocess
import sys

from benchmarks.reliability.lab import ROOT, Lab
from benchmarks.reliability.row import Test
from benchmarks.reliability.tally import Tally

SECONDS = 3600


def module(name: str, *words: str) -> Test:
    """A test that runs `python -m benchmarks.NAME` and takes its JSON.

    Each entry of the JSON with a key `good`, `passed` or `ok` is a case.
    """

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


def _count(found: object, tally: Tally, where: str) -> None:
    if isinstance(found, dict):
        verdicts = [
            found[key] for key in ("good", "passed", "ok") if isinstance(found.get(key), bool)
        ]
        if verdicts:
            what = {key: value for key, value in found.items() if isinstance(value, str | int)}
            tally.check(all(verdicts), f"{where}: {what}")
            return
        for key, value in found.items():
            _count(value, tally, f"{where}: {key}")
    elif isinstance(found, list):
        for value in found:
            _count(value, tally, where)
