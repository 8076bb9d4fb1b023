"""Both notebooks, executed top to bottom where nothing was before, one after the other."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
import types
from pathlib import Path

import nbformat
import pytest
from browsers import Tab, browser
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

from geoself_jax import load_lifter
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.export.folder import FILES
from geoself_jax.prepare import example_command
from geoself_jax.runtime import cli

ROOT = Path(__file__).resolve().parents[2]
TRAIN, USE = "train_on_your_cameras", "evaluate_export"
NOTEBOOKS = {
    name: nbformat.read(ROOT / f"notebooks/{name}.ipynb", as_version=nbformat.NO_CONVERT)
    for name in (TRAIN, USE)
}
RESULTS = {
    TRAIN: {
        "image/png": {"look", "curve", "evaluate", "picture"},
        "text/html": {"inspect", "view"},
        "text/markdown": {"export"},
        "table": {"recordings", "prepare", "inspect", "evaluate", "export", "lift", "take"},
    },
    USE: {
        "image/png": {"picture", "live"},
        "text/html": {"view", "labelled"},
        "text/markdown": {"card"},
        "table": {"files", "lift", "joints", "labelled", "outside"},
    },
}
SILENT = {"setup", "settings", "train", "recordings", "model"}
"""Cells whose work is reported in lines, or not at all where it is done already."""


def source_of(name, cell_id):
    (source,) = (cell.source for cell in NOTEBOOKS[name].cells if cell.id == cell_id)
    return source


def printed(cell):
    return "".join(o.text for o in cell.outputs if o.get("name") == "stdout")


def results(cell, kind):
    return [o.data[kind] for o in cell.outputs if kind in o.get("data", {})]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """What the notebooks need of the repository, where they may write."""
    folder = tmp_path_factory.mktemp("place").resolve() / "repository"
    for part in ("configs", "examples"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "notebooks").mkdir()
    return folder


@pytest.fixture(scope="module")
def executed(place):
    """The code cells of each notebook by id after a quick run; the second uses what the first made.

    Each of them trains where there is no export: a second time would take a quarter of a minute.
    """
    done = {}
    resources = {"metadata": {"path": str(place / "notebooks")}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOSELF_QUICK", "1")
        patch.setenv("JAX_PLATFORMS", "cpu")
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # compiling is most of the time
        patch.setenv("IPYTHONDIR", str(place / ".ipython"))  # nobody's startup files or history
        patch.delenv("MPLBACKEND", raising=False)
        for name in (TRAIN, USE):
            notebook = nbformat.from_dict(NOTEBOOKS[name])
            NotebookClient(notebook, timeout=300, resources=resources).execute()
            done[name] = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    return done


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_code_cell_runs_in_order(executed, name):
    cells = executed[name]
    assert [cell.execution_count for cell in cells.values()] == [*range(1, len(cells) + 1)]
    assert cells["setup"].outputs == []  # nothing was installed
    if name == TRAIN:
        assert "done: 20 steps" in "".join(o.text for o in cells["train"].outputs if "text" in o)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_result_is_a_picture_a_page_or_a_table(executed, name):
    cells, wanted = executed[name], RESULTS[name]
    for kind in ("image/png", "text/html", "text/markdown"):
        for cell in wanted[kind]:
            assert any(len(found) > 4000 for found in results(cells[cell], kind)), (cell, kind)
    for cell in wanted["table"]:
        assert len(printed(cells[cell]).splitlines()) >= 3, cell
    assert {*cells} - set().union(*wanted.values()) <= SILENT | {"unlabelled"}


def test_one_person_learns_nothing_from_another_and_is_lifted(executed):
    cells = executed[TRAIN]
    people = [line.split()[:2] for line in printed(cells["recordings"]).splitlines()[-3:]]
    assert people == [["train", "anna"], ["train", "bela"], ["test", "mona"]]
    assert "nothing in common with" in printed(cells["inspect"])
    assert "without 3D labels" in printed(cells["evaluate"])
    assert "MPJPE" not in printed(cells["evaluate"])
    joints = [line.split()[0] for line in printed(cells["lift"]).splitlines()[-17:]]
    assert tuple(joints) == H36M_17.joint_names


def test_the_export_is_whole_and_lifts(executed, place):
    folder = place / "runs/quick/export"
    assert {path.name for path in folder.iterdir()} >= set(FILES)
    info = load_lifter(folder).info
    assert info["scores"]["evaluation"]["data"].endswith("test.npz")
    assert (folder.parent / "export.zip").stat().st_size > 10_000


def test_an_export_is_checked_and_scored_with_and_without_ground_truth(executed):
    cells = executed[USE]
    lines = printed(cells["files"]).splitlines()
    assert len(lines) >= 4 and all(line.endswith("as exported") for line in lines)
    scores = [line for line in printed(cells["unlabelled"]).splitlines() if ": triang" in line]
    assert len(scores) == 1 and scores[0].startswith("without 3D labels: triang")
    assert "MPJPE" not in printed(cells["unlabelled"])
    for word in ("MPJPE", "mona", "without 3D labels"):
        assert word in printed(cells["labelled"]), word


def test_outside_the_package_the_answer_is_the_same(executed):
    output = printed(executed[USE]["outside"])
    off = [float(mm) for mm in re.findall(r"largest difference .*: (\S+) mm", output)]
    runtimes = 3 if importlib.util.find_spec("onnxruntime") else 2
    assert len(off) == runtimes and max(off) < 0.05, output


def test_the_page_of_a_cell_moves_in_a_browser_and_reaches_nothing_of_the_notebook(
    executed, tmp_path
):
    (page,) = results(executed[TRAIN]["view"], "text/html")
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>mine</title>{page}", encoding="utf-8")
    with browser() as opened:
        tab = Tab(opened, path)
        frame = tab.page.frames[1]
        frame.wait_for_selector("body[data-state=ready]")
        seen = "document.querySelector('#body').toDataURL()"
        first = frame.evaluate(seen)
        frame.evaluate(
            "() => { const s = document.querySelector('#slider'); s.value = 15;"
            " s.dispatchEvent(new Event('input')); }"
        )
        frame.wait_for_function(f"first => {seen} !== first", arg=first)
        reach = "() => { try { return parent.document.title } catch (e) { return 'refused' } }"
        assert frame.evaluate(reach) == "refused"
        assert tab.wrong == [] and len(tab.requests) == 1


def test_all_is_written_below_runs(executed, place):
    found = {path.name for path in place.iterdir() if not path.name.startswith(".")}
    assert found == {"configs", "examples", "notebooks", "runs"}
    assert not list((place / "notebooks").iterdir())


@pytest.mark.parametrize("quick", ["0", "1"])
def test_without_an_export_one_is_trained_from_the_recordings(quick, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOSELF_QUICK", quick)
    names = {"os": os, "Path": Path}
    exec(source_of(USE, "settings"), names)
    called = {}
    names["command"] = lambda verb, *flags: called.setdefault(verb, [str(flag) for flag in flags])
    exec(source_of(USE, "model"), names)
    assert [*called] == ["train", "export"]
    parser = cli.Parser()
    for flag in ("--config", "--workdir"):
        parser.add_argument(flag)
    flags, overrides = cli.parse(parser, called["train"])
    config = cli.load_config(str(ROOT / flags.config), overrides)
    assert config.data.train == f"{names['work']}/train.npz"
    assert config.schedule.length == (20 if quick == "1" else 1000)
    assert called["export"][:2] == [f"--workdir={flags.workdir}", f"--out={names['model']}"]


@pytest.mark.parametrize("start", [".", "notebooks", ".."])
@pytest.mark.parametrize("installed", [True, False])
def test_setup_finds_the_repository_and_installs_only_what_is_missing(
    start, installed, place, monkeypatch
):
    calls = []

    class Shell:
        def run_line_magic(self, name, line):
            calls.append((name, line, Path.cwd()))

    def version(name):
        if not installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return "0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.chdir(place / start)
    code = TransformerManager().transform_cell(source_of(TRAIN, "setup"))
    exec(code, {"get_ipython": Shell})
    assert Path.cwd() == place
    wanted = ("pip", "install -q -r requirements.txt -e .", place)
    assert calls == ([] if installed else [wanted])


def test_setup_says_what_to_do_where_there_is_no_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = TransformerManager().transform_cell(source_of(TRAIN, "setup"))
    with pytest.raises(AssertionError, match="clone or upload"):
        exec(code, {})


@pytest.mark.parametrize("around", ["", "lab/"])
def test_an_uploaded_zip_is_unpacked_wherever_its_folders_are(
    around, tmp_path, monkeypatch, capsys
):
    example_command.main([f"--out={tmp_path}/mine/{around}", "--people=1", "--frames=50"])
    monkeypatch.chdir(tmp_path)
    shutil.make_archive("upload", "zip", "mine")

    class Files:  # what Colab has: it asks, writes here, and names what it wrote
        @staticmethod
        def upload():
            return {"upload.zip": b""}

    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(files=Files))
    names = {"upload": True, "recordings": Path("unpacked"), "quick": False}
    exec(source_of(TRAIN, "recordings"), names)
    assert names["recordings"] == Path("unpacked") / around
    assert (names["recordings"] / "Calib.toml").is_file()
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[-2:]] == [
        ["train", "anna"],
        ["test", "mona"],
    ]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_without_the_quick_switch_it_writes_elsewhere(name, monkeypatch):
    monkeypatch.delenv("GEOSELF_QUICK", raising=False)
    names = {"os": os, "Path": Path}
    exec(source_of(name, "settings"), names)
    assert not names["quick"] and not names["upload"]
    assert names["work"] == Path("runs/my_cameras")  # of both: the second uses the first's export


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_committed_notebooks_are_clean_and_their_cells_short(name):
    notebook = NOTEBOOKS[name]
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
            assert len(cell.source.splitlines()) <= 22, cell.id
            assert before.cell_type == "markdown" and len(before.source.splitlines()) == 1


def test_both_notebooks_are_set_up_alike():
    assert source_of(TRAIN, "setup") == source_of(USE, "setup")
