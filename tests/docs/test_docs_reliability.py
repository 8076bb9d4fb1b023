"""docs/reliability.md is what its results say, and each row of it can be run."""

import json
import re

from pages import ROOT

from benchmarks.reliability import page
from benchmarks.reliability.rows import ROWS
from benchmarks.reliability.tally import Tally

RESULTS = json.loads((ROOT / "docs/reliability.json").read_text())
TEXT = (ROOT / "docs/reliability.md").read_text()


def test_the_page_is_what_the_results_say():
    assert page.page(RESULTS) == TEXT


def test_every_row_is_on_the_page_once_with_its_command():
    numbers = {str(number) for number in range(1, 31)}
    assert numbers < set(ROWS)
    named = re.findall(
        r"^\| (\w+) \| .*`python -m benchmarks\.reliability --row=(\w+)`", TEXT, re.M
    )
    assert named == [(name, name) for name in ROWS]
    assert set(RESULTS) <= set(ROWS)


def test_no_failure_is_left_out_of_a_count():
    for name, found in RESULTS.items():
        assert found["n"] == found["passed"] + found["failed"], name
        assert bool(found["reasons"]) == bool(found["failed"]), name
        assert found["n"] or found["not_run"], name


def test_a_result_that_fails_is_shown_with_its_reason():
    tally = Tally()
    assert tally.check(True, "fine") and not tally.check(False, "lost\n a | step")
    found = {**tally.as_dict(), "seconds": 3, "commit": "c0ffee"}
    shown = page.page({"8": found})
    assert "| 2 | 1 | 1 | 3 | c0ffee |" in shown and "* row 8: failed: lost a / step\n" in shown
    assert page.page({}) != shown
