"""README is short and plain, and keeps its two commands and its one table of results."""

import re

import pytest
from pages import ROOT, anchors, blocks, shell_blocks, tokens

README = (ROOT / "README.md").read_text()
START = """\
python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt -e . &&
  .venv/bin/python -m geoself_jax.train --config=configs/synthetic.py --workdir=runs/synthetic &&
  .venv/bin/python -m geoself_jax.evaluate --workdir=runs/synthetic --data=synthetic:test &&
  .venv/bin/python -m geoself_jax.export --workdir=runs/synthetic --out=runs/synthetic/export
"""
TESTS = (
    "python3 -m venv .venv && .venv/bin/pip install -q -r requirements-test.txt -e . && "
    ".venv/bin/python -m pytest -q -n 2 --dist loadfile\n"
)
WORDS, SENTENCE, RESULTS = 900, 30, 5


def sentences(text):
    """Sentences of paragraphs, list items and cells; code in a line counts as one word."""
    for token in tokens(text):
        if token.type != "inline":
            continue
        said = "".join(
            {"code_inline": "CODE", "softbreak": " ", "hardbreak": ". ", "text": child.content}.get(
                child.type, ""
            )
            for child in token.children
        )
        yield from re.split(r"(?<=[.!?])\s+", said)


def result_rows(text):
    """Rows of the table under the heading Results, its head and rule aside."""
    section = text.split("\n## Results\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


def test_the_whole_file_has_at_most_900_words():
    assert len(README.split()) <= WORDS


def test_no_sentence_is_longer_than_30_words():
    assert [s for s in sentences(README) if len(s.split()) > SENTENCE] == []


@pytest.mark.parametrize("around", ["{}", "* {}", "| a |\n| --- |\n| {} |", "[{}](x.md)", "> {}"])
def test_a_longer_sentence_would_be_found(around):
    text = around.format("word " * SENTENCE + "end.")
    assert [len(s.split()) for s in sentences(text) if len(s.split()) > SENTENCE] == [SENTENCE + 1]


def test_the_command_of_start_is_there_word_for_word():
    assert START in shell_blocks(README)


def test_the_command_of_the_tests_is_there_behind_its_marker():
    assert f"<!-- test command -->\n```\n{TESTS}```\n" in README
    assert README.count("<!-- test command -->") == 1


def test_there_are_at_most_five_results_without_commits_and_footnotes():
    rows = result_rows(README)
    assert 0 < len(rows) <= RESULTS
    assert not [row for row in rows if re.search(r"\[\d+\]|\b(?=\w*\d)[0-9a-f]{7,}\b", row)]


def test_results_say_what_they_must_not_be_compared_with():
    section = README.split("\n## Results\n")[1].split("\n## ")[0]
    assert "simulated" in section and "not comparable" in section


def test_your_own_recording_is_before_line_60():
    assert README.splitlines().index("## Your own recording") < 60
    assert {"start", "your-own-recording", "results", "limits"} <= {*anchors(README)}


def test_the_picture_moves_and_is_small():
    (shown,) = re.findall(r"!\[[^]]+\]\((\S+)\)", README)
    image = pytest.importorskip("PIL.Image", reason="pillow is not installed")
    with image.open(ROOT / shown) as picture:
        assert picture.n_frames > 1
    assert (ROOT / shown).stat().st_size < 1_500_000


def test_the_python_example_runs_on_an_export(tmp_path, tiny_export, monkeypatch, capsys):
    (example,) = (block.text for block in blocks(README) if block.language == "python")
    (tmp_path / "runs/synthetic").mkdir(parents=True)
    (tmp_path / "runs/synthetic/export").symlink_to(tiny_export, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    assert "(37, 17, 3)" in capsys.readouterr().out
