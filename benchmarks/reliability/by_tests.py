"""Rows whose cases are tests: they are run, and counted one by one."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.reliability.lab import ROOT, Lab
from benchmarks.reliability.row import Test
from benchmarks.reliability.tally import Tally

SECONDS = 1800


def tests(files: Sequence[str], words: str = "") -> Test:
    """A test that runs tests; a case is one of them.

    Args:
        files: Of tests.
        words: pytest's -k.
    """

    def test(lab: Lab, count: int, tally: Tally) -> None:
        report = lab.new("tests") / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0"]
        command += [f"--junitxml={report}", *(["-k", words] if words else []), *files]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
        if not report.exists():
            tally.check(False, f"pytest: {done.returncode}: {done.stdout[-200:]}")
            return
        _count(report, tally)

    return test


def _count(report: Path, tally: Tally) -> None:
    skipped = 0
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        if "skipped" in kinds:
            skipped += 1
            continue
        name = f"{case.get('classname')}: {case.get('name')}"
        found = next((c for c in case if c.tag in ("failure", "error")), None)
        why = re.sub(r"\s+", " ", found.get("message", "") if found is not None else "")
        tally.check(found is None, f"{name}: {why[:150]}")
    if skipped:
        tally.note(f"{skipped} more skipped: what they need is not installed")
