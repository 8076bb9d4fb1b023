"""python -m benchmarks.ablation, as it is called: what it refuses, and how it stops."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from processes import ROOT, environment

from benchmarks.ablation.__main__ import main
from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError


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
        (["--table=paper", "--page=x.md"], USAGE, "--page without --show"),
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
    table = page.with_suffix("") / "paper-small.json"
    saved = json.loads(table.read_text())
    more = {name: [*runs, *runs] for name, runs in saved["results"].items()}
    for changed, line in (({"data": "x"}, "other data"), ({"results": more}, "more seeds")):
        table.write_text(json.dumps(saved | changed))
        with pytest.raises(GeoselfError, match=line):
            main([*show, f"--page={page}"])
        assert json.loads(table.read_text()) == saved | changed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_stopped_while_rows_train_it_ends_with_all_its_processes_and_can_go_on(
    number, data, tmp_path
):
    command = [sys.executable, "-m", "benchmarks.ablation", "--table=paper", "--size=tiny"]
    how: dict[str, Any] = {"cwd": ROOT, "env": environment(quick_compile=True), "text": True}
    how["stderr"] = subprocess.PIPE
    flags = [f"--data={data}", f"--out={tmp_path}", "--seeds=1", "--only=learning rate", "--jobs=2"]
    started = subprocess.Popen([*command, *flags], **how)
    try:
        deadline = time.monotonic() + 300
        while not list(tmp_path.glob("*.run/run.json")):  # a row's only call is being compiled
            assert time.monotonic() < deadline and started.poll() is None
            time.sleep(0.05)
        began = _processes_with(str(tmp_path))
        started.send_signal(number)
        _, output = started.communicate(timeout=300)
    finally:
        for process in [started.pid, *_processes_with(str(tmp_path))]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    assert len(began) == 3  # the command and its two
    assert started.returncode == 128 + signal.SIGINT
    assert output.count("stopped; the same command runs what is not done yet") == 1
    assert not [path for path in tmp_path.glob("*.json") if len(path.stem) == 16]
    if number == signal.SIGTERM:  # once is enough
        return
    again = subprocess.run([*command, *flags], **how, stdout=subprocess.PIPE)
    assert again.returncode == 0, again.stderr
    assert "| learning rate 1e-2 | " in again.stdout
    results = [json.loads(p.read_text()) for p in tmp_path.glob("*.json") if len(p.stem) == 16]
    assert len(results) == 2 and any(found["minutes"] is None for found in results)


def _processes_with(text: str) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().decode(errors="replace")
        except OSError:
            continue
        number = int(place.parent.name)
        if text in words and number != os.getpid():
            found.append(number)
    return found
