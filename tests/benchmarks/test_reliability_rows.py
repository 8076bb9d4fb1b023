"""The table of faults counts a row that raises, and goes on with the others."""

import json
import os
import sys

import pytest

from benchmarks.reliability import __main__ as command
from benchmarks.reliability.row import Row


def raising(lab, count, tally):
    tally.check(True, "")
    raise OSError(f"{lab.folder}: no such\nfile")


def passing(lab, count, tally):
    tally.check(True, "")


def without_a_json(lab, count, tally):
    """As one whose process is lost."""
    assert json.loads((lab.folder.parent / "found.json").read_text()).keys() == {"1", "2"}
    raise KeyboardInterrupt


@pytest.fixture
def rows(monkeypatch):
    """Three rows in place of the table's."""
    tests = {"1": raising, "2": passing, "3": without_a_json}
    monkeypatch.setattr(command, "ROWS", {n: Row("x", "y", 1, t) for n, t in tests.items()})
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.chdir(".")


def test_a_row_that_raises_has_failed_and_the_rows_after_it_run(rows, tmp_path, monkeypatch):
    words = ["--row=all", f"--json={tmp_path / 'found.json'}", f"--folder={tmp_path / 'lab'}"]
    monkeypatch.setattr(sys, "argv", ["reliability", *words])
    with pytest.raises(KeyboardInterrupt):
        command.main()
    found = json.loads((tmp_path / "found.json").read_text())
    assert [(row["passed"], row["failed"]) for row in found.values()] == [(1, 1), (1, 0)]
    assert found["1"]["reasons"] == ["the row itself ended: OSError: LAB: no such file"]
