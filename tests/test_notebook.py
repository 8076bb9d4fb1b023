import importlib.metadata
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

from geoself_jax import load_lifter
from geoself_jax.exporting import FILES
from geoself_jax.skeleton import H36M_17

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = nbformat.read(ROOT / "notebooks/quickstart.ipynb", as_version=nbformat.NO_CONVERT)
PICTURES = {"data", "curve", "ranked", "pose", "lifted"}
TABLES = {"settings", "evaluate", "export", "lift"}


def source_of(name):
    (source,) = (cell.source for cell in NOTEBOOK.cells if cell.id == name)
    return source


def printed(cell):
    return "".join(o.text for o in cell.outputs if o.get("name") == "stdout")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """What the notebook needs of the repository, where it may write."""
    folder = tmp_path_factory.mktemp("place").resolve() / "repository"
    shutil.copytree(ROOT / "configs", folder / "configs")
    (folder / "notebooks").mkdir()
    return folder


@pytest.fixture(scope="module")
def executed(copy):
    """The notebook's code cells by id after a quick run in the copy."""
    notebook = nbformat.from_dict(NOTEBOOK)
    resources = {"metadata": {"path": str(copy / "notebooks")}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOSELF_QUICK", "1")
        patch.setenv("JAX_PLATFORMS", "cpu")
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # compiling is most of the time
        patch.setenv("IPYTHONDIR", str(copy / ".ipython"))  # nobody's startup files or history
        patch.delenv("MPLBACKEND", raising=False)
        NotebookClient(notebook, timeout=300, resources=resources).execute()
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}


def test_every_code_cell_runs_in_order(executed):
    assert [cell.execution_count for cell in executed.values()] == [*range(1, len(executed) + 1)]
    assert len(executed) == len(PICTURES | TABLES) + 2  # and setup and train
    assert executed["setup"].outputs == []  # nothing was installed
    assert "done: 20 steps" in printed(executed["train"])


def test_pictures_and_tables_come_out(executed):
    for name in PICTURES:
        pictures = [o.data for o in executed[name].outputs if "data" in o]
        assert any(len(data.get("image/png", "")) > 4000 for data in pictures), name
    for name in TABLES:
        assert len(printed(executed[name]).splitlines()) > 3, name


def test_the_table_has_both_protocols_and_what_needs_no_label(executed):
    table = printed(executed["evaluate"])
    for word in ("MPJPE", "P-MPJPE", "mean of actions", "all poses", "without 3D labels"):
        assert word in table, word


def test_the_export_is_whole_and_lifts(executed, copy):
    folder = copy / "runs/quickstart-quick/export"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert load_lifter(folder).info["scores"]["evaluation"]["data"] == "synthetic:test"
    joints = [line.split()[0] for line in printed(executed["lift"]).splitlines()[1:]]
    assert tuple(joints) == H36M_17.joint_names


def test_all_is_written_below_runs(executed, copy):
    assert {path.name for path in copy.iterdir() if not path.name.startswith(".")} == {
        "configs",
        "notebooks",
        "runs",
    }
    assert not list((copy / "notebooks").iterdir())


@pytest.mark.parametrize("start", [".", "notebooks", ".."])
@pytest.mark.parametrize("installed", [True, False])
def test_setup_finds_the_repository_and_installs_only_what_is_missing(
    start, installed, copy, monkeypatch
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
    monkeypatch.chdir(copy / start)
    code = TransformerManager().transform_cell(source_of("setup"))
    exec(code, {"get_ipython": Shell})
    assert Path.cwd() == copy
    wanted = ("pip", "install -q -r requirements.txt -e .", copy)
    assert calls == ([] if installed else [wanted])


def test_setup_says_what_to_do_where_there_is_no_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = TransformerManager().transform_cell(source_of("setup"))
    with pytest.raises(AssertionError, match="clone or upload"):
        exec(code, {})


def test_without_the_quick_switch_the_networks_are_the_experiments_own(monkeypatch):
    monkeypatch.delenv("GEOSELF_QUICK", raising=False)
    monkeypatch.chdir(ROOT)
    names = {"os": os, "Path": Path}
    exec(source_of("settings"), names)
    own = names["load_config"]("configs/synthetic.py", [])
    config = names["config"]
    assert config.model == own.model and config.objective == own.objective
    assert 1000 <= config.schedule.length < own.schedule.length
    assert names["run"].parent == Path("runs")


def test_the_committed_notebook_is_clean():
    assert (NOTEBOOK.nbformat, NOTEBOOK.nbformat_minor) == (4, 5)
    nbformat.validate(NOTEBOOK)
    assert NOTEBOOK.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in NOTEBOOK.cells}) == len(NOTEBOOK.cells)
    for before, cell in zip(NOTEBOOK.cells, NOTEBOOK.cells[1:], strict=False):
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
            assert before.cell_type == "markdown" and len(before.source.splitlines()) == 1
