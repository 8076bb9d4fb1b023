"""The table of docs/train.md on fine-tuning is that of its runs."""

import json

from pages import ROOT

from benchmarks.finetune import table


def test_the_table_is_that_of_the_runs():
    saved = json.loads((ROOT / "docs/accuracy/finetune.json").read_text())
    assert table(saved["results"]) in (ROOT / "docs/train.md").read_text()
    kinds = {(found["row"], found["kind"]) for found in saved["results"]}
    assert len(kinds) == len(saved["results"]) == 18
