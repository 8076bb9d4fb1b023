"""python -m benchmarks.ablation, as it is called: what it refuses, and how it stops."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.ablation.__main__ import main
from geoself_jax.errors import DATA, MISSING, USAGE, GeoselfError

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def data(tiny_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    for name in ("train", "dev"):
        shutil.copy(tiny_file, folder / f"{name}.npz")
    return folder


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (["--table=papr"], USAGE, "invalid choice"),
        (["--table=paper", "--seed=1"], USAGE, "did you mean '--seeds'"),
        (["--table=paper", "--seeds=0"], USAGE, "--seeds=0"),
        (["--table=paper", "--jobs=0"], USAGE, "--jobs=0"),
        (["--table=paper", "--only=nosuchrow"], USAGE, "rows: re-projection"),
        (["--table=paper", "--only=DLT", "--page=x.md"], USAGE, "--page with --only"),
        (["--table=paper", "--config.seed=1"], USAGE, "--config.seed"),
        (["--table=paper", "--data=nowhere"], MISSING, "nowhere"),
        (["--table=decide", "--size=full", "--show"], MISSING, "decide, size full, float32"),
        (["--table=scores"], MISSING, "no row has been run"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_one_line(flags, code, line, data, tmp_path):
    with pytest.raises(GeoselfError) as caught:
        main([f"--data={data}", f"--out={tmp_path}", *flags])
    assert caught.value.code == code and line in str(caught.value)
    assert not list(tmp_path.glob("*.json"))


def test_a_page_is_changed_only_by_its_own_data_and_only_where_it_wants_the_table(data, tmp_path):
    run = {"seed": 0, "refused": "too few", "commit": "0123abc", "config": {}}
    show = [f"--data={data}", f"--out={tmp_path}", "--table=paper", "--show"]
    with pytest.raises(GeoselfError):
        main(show)  # nothing there yet

    from benchmarks.ablation.running import Bench
    from benchmarks.ablation.tables import rows_of

    bench = Bench(f"{data}/train.npz", f"{data}/dev.npz", tmp_path)
    row = rows_of("paper", f"{data}/train.npz", "", "small")[0]
    bench._path(row).write_text(json.dumps(run))
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(GeoselfError) as caught:
        main([*show, f"--page={page}"])
    assert caught.value.code == DATA and not page.with_suffix("").exists()
    page.write_text("<!-- paper-small -->\n<!-- end of paper-small -->")
    assert main([*show, f"--page={page}"]) == 0
    assert "refused: too few" in page.read_text()
    other = page.with_suffix("") / "paper-small.json"
    other.write_text(json.dumps({"data": "another"}))
    with pytest.raises(GeoselfError, match="is of another"):
        main([*show, f"--page={page}"])
    assert json.loads(other.read_text()) == {"data": "another"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_stopped_while_rows_train_it_ends_with_all_its_processes_and_can_go_on(
    number, data, tmp_path
):
    command = [sys.executable, "-m", "benchmarks.ablation", "--table=paper", "--size=tiny"]
    flags = [f"--data={data}", f"--out={tmp_path}", "--seeds=1", "--only=learning rate", "--jobs=2"]
    started = subprocess.Popen([*command, *flags], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("*.run/run.json")):  # a row's only call is being compiled
        assert time.monotonic() < deadline and started.poll() is None
        time.sleep(0.05)
    started.send_signal(number)
    _, told = started.communicate(timeout=120)
    assert started.returncode == 128 + signal.SIGINT
    assert told.count("stopped; the same command runs what is not done yet") == 1
    assert not _processes_with(str(tmp_path))
    assert not [path for path in tmp_path.glob("*.json") if len(path.stem) == 16]
    if number == signal.SIGTERM:  # once is enough
        return
    again = subprocess.run([*command, *flags], cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0 and "learning rate 1e-2" in again.stdout
    results = [json.loads(p.read_text()) for p in tmp_path.glob("*.json") if len(p.stem) == 16]
    assert len(results) == 2 and any(found["minutes"] is None for found in results)


def _processes_with(text: str) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if text in words and int(place.parent.name) != os.getpid():
            found.append(words)
    return found
