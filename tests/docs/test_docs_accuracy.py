"""The tables of docs/accuracy.md are those that their runs give, and its figures are there."""

import json
import re

import pytest
from pages import ROOT

from benchmarks.ablation import report
from benchmarks.ablation.tables import TABLES, rows_of
from geoself_jax.core.errors import GeoselfError

PAGE = ROOT / "docs/accuracy.md"
TEXT = PAGE.read_text()
FOUND = sorted(
    path for path in PAGE.with_suffix("").glob("*.json") if path.stem.split("-")[0] in TABLES
)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_a_table_is_that_of_its_runs(path):
    saved = json.loads(path.read_text())
    table = report.table(report.summary(saved["results"]), saved["notes"])
    assert f"<!-- {path.stem} -->\n{table}\n<!-- end of {path.stem} -->" in TEXT
    commits = {run["commit"] for found in saved["results"].values() for run in found}
    assert all(re.fullmatch(r"[0-9a-f]{7,}", commit) for commit in commits)  # none with changes
    table, size = path.stem.split("-")[:2]
    assert set(saved["results"]) <= {row.name for row in rows_of(table, "train.npz", "", size)}


def test_the_page_has_the_tables_and_figures_that_it_speaks_of():
    assert len(FOUND) >= 3
    assert set(re.findall(r"<!-- ([a-z]+-[a-z0-9-]+) -->", TEXT)) == {path.stem for path in FOUND}
    scores = json.loads((PAGE.with_suffix("") / "scores.json").read_text())
    assert report.score_table(scores) in TEXT


def test_a_table_is_put_between_its_marks_and_nowhere_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x -->\nold\n<!-- end of x -->\nb\n")
    report.put_into_page(page, "x", "new")
    assert page.read_text() == "a\n<!-- x -->\nnew\n<!-- end of x -->\nb\n"
    with pytest.raises(GeoselfError, match="no <!-- y -->"):
        report.put_into_page(page, "y", "new")
