"""docs/wrong_inputs.md is what the commands say; nothing is written by any of them."""

import shlex

import jaxtyping
import pytest
from pages import ROOT

from benchmarks.wrong_cases import GROUPS
from benchmarks.wrong_files import make_sound, make_wrong
from benchmarks.wrong_inputs import said, shown
from geoself_jax.core.errors import GeoselfError
from geoself_jax.runtime import cli

WRONG = [(title, wrong) for title, wrongs in GROUPS.items() for wrong in wrongs]
TABLE = (ROOT / "docs/wrong_inputs.md").read_text()


def row(wrong):
    """Exit code and line of the table, the line as it is there."""
    start = f"| {wrong.what} | `{wrong.command}` | "
    found = [line for line in TABLE.splitlines() if line.startswith(start)]
    assert len(found) == 1, start
    code, line = found[0].removeprefix(start).removesuffix(" |").split(" | ", 1)
    return int(code), line


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A folder with the files that the commands name."""
    folder = (tmp_path_factory.mktemp("wrong") / "lab").resolve()
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(jaxtyping.config, "jaxtyping_disable", True)
        make_sound(folder)
        make_wrong(folder)
        yield folder


def test_there_are_many_wrong_inputs_each_said_of_once():
    assert len({wrong.command for _, wrong in WRONG}) == len(WRONG) >= 60
    assert TABLE.count("\n| ") == len(WRONG) + 2 * len(GROUPS)


@pytest.mark.parametrize("wrong", [wrong for _, wrong in WRONG], ids=lambda wrong: wrong.command)
def test_a_wrong_input_is_refused_as_the_table_says(wrong, lab, monkeypatch):
    monkeypatch.chdir(lab)
    before = sorted(lab.rglob("*"))
    verb, *words = shlex.split(wrong.command)
    with pytest.raises(GeoselfError) as error:
        cli.main_of(verb)(words)
    code, line = row(wrong)
    assert (error.value.code, shown(str(error.value), lab)) == (code, line)
    assert len(str(error.value).split(" - ")) >= 2
    assert sorted(lab.rglob("*")) == before


def test_a_process_says_the_same(lab):
    _, first = WRONG[0]
    assert said(first, lab) == row(first)
