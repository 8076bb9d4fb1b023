"""The tables of docs/accuracy/animals.md are those of their runs."""

import json
import re

import pytest
from pages import ROOT

from benchmarks.animals.__main__ import table

PAGE = ROOT / "docs/accuracy/animals.md"
TEXT = PAGE.read_text()
FOUND = sorted(PAGE.parent.glob("animals-*.json"))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_a_table_is_that_of_its_runs(path):
    saved = json.loads(path.read_text())
    assert f"<!-- {path.stem} -->\n{table(saved)}\n<!-- end of {path.stem} -->" in TEXT
    for row in saved["rows"].values():
        assert re.fullmatch(r"[0-9a-f]{7,}", row["commit"])  # none with changes
        assert row["commit"] in TEXT


def test_every_table_of_the_page_has_its_runs():
    assert FOUND
    names = set(re.findall(r"<!-- (animals-[a-z]+) -->", TEXT))
    assert names == {path.stem for path in FOUND}
