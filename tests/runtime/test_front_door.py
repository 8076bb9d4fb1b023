"""Commands that are interrupted, or whose standard streams are closed, full or narrow."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from fake_cloud import listening
from processes import environment

# Runs a command and signals it after a function, or when a module is looked for to be imported.
AT = """
import os, pkgutil, runpy, signal, sys
number, place, verb = getattr(signal, sys.argv[1]), sys.argv[2], sys.argv[3]
owner, _, name = place.rpartition(".")
sys.argv = [f"{verb}.py", *sys.argv[4:]]
if owner:
    from geoself_jax.runtime.signals import end_at_once
    end_at_once()  # as a command does before it imports
    owner = pkgutil.resolve_name(owner)
    original = getattr(owner, name)
    def signalled(*values, **options):
        result = original(*values, **options)
        os.kill(os.getpid(), number)
        return result
    setattr(owner, name, signalled)
else:
    class Finder:
        def find_spec(self, wanted, *_):
            if wanted == name:
                os.kill(os.getpid(), number)
    sys.meta_path.insert(0, Finder())
runpy.run_module(f"geoself_jax.{verb}", run_name="__main__", alter_sys=True)
"""
FLAGS = {
    "export": ("--workdir={run}", "--out={out}/export"),
    "lift": (
        *("--model={export}", "--keypoints={data}", "--clip=clip0", "--camera=cam0"),
        "--out={out}/poses.csv",
    ),
    "inspect": ("--data={data}", "--html={out}/report.html"),
    "evaluate": ("--model={export}", "--data={data}", "--json={out}/scores.json"),
    "view": ("--data={data}", "--clip=clip0", "--out={out}/page.html"),
    "example": ("--out={out}/example", "--people=1", "--frames=60"),
}
PLACES = [
    ("export", "jax"),
    ("export", "geoself_jax.runtime.restore.load_trained"),
    ("export", "geoself_jax.export.compare.live_cases"),
    ("lift", "geoself_jax.lift.lifter.pack"),
    ("lift", "geoself_jax.data.poses.csv_file.write_rows"),
    ("inspect", "jax"),
    ("inspect", "geoself_jax.inspect.html_report.page"),
    ("evaluate", "geoself_jax.evaluate.scores.predict_recording"),
    ("view", "geoself_jax.data.files.npz.read_arrays"),
    ("example", "geoself_jax.prepare.example_recording.write_pose2sim"),
]
LINE = "error: interrupted - no unfinished file is left - run it again"


@pytest.fixture
def filled(tiny_run, tiny_export, tiny_file, tmp_path):
    """A command's flags by its name; what they write is in a folder of its own."""
    (tmp_path / "out").mkdir()
    paths = {"run": tiny_run, "export": tiny_export, "data": tiny_file, "out": tmp_path / "out"}
    return lambda verb: [word.format(**paths) for word in FLAGS[verb]]


def run(*words, shell="", **variables):
    """A Python process; `shell` redirects its streams."""
    words = [*listening(), sys.executable, *words]
    if shell:
        words = ["bash", "-c", f'"$@" {shell}', "bash", *words]
    return subprocess.run(
        words,
        env=environment(quick_compile=True) | variables,
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.parametrize(("verb", "place"), PLACES)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_command_with_a_line_and_leaves_nothing(
    verb, place, name, filled, tmp_path
):
    done = run("-c", AT, name, place, verb, *filled(verb))
    assert done.returncode == 128 + getattr(signal, name), done.stderr
    assert "Traceback" not in done.stderr and done.stderr.splitlines()[-1] == LINE
    assert list((tmp_path / "out").iterdir()) == []


def test_an_export_that_was_to_be_replaced_is_there_again(filled, tiny_export, tmp_path):
    there = tmp_path / "out" / "export"
    shutil.copytree(tiny_export, there)
    done = run("-c", AT, "SIGTERM", "pathlib.Path.rename", "export", *filled("export"))
    assert done.returncode == 143 and done.stderr.splitlines()[-1] == LINE
    assert list((tmp_path / "out").iterdir()) == [there]
    for path in tiny_export.iterdir():
        assert (there / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_as_good_as_one_that_nobody_reads(closed, filled, tmp_path):
    done = run("-m", "geoself_jax.lift", *filled("lift"), shell=closed)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    text = (tmp_path / "out" / "poses.csv").read_text()
    assert text.startswith("frame,") and text.count("\n") == 41


def test_a_full_disk_on_standard_output_is_74(filled):
    done = run("-m", "geoself_jax.inspect", *filled("inspect")[:1], shell="> /dev/full")
    errors = [line for line in done.stderr.splitlines() if "took" not in line]
    assert done.returncode == 74 and len(errors) == 2, done.stderr
    assert errors[0].startswith("inspecting ") and errors[1].startswith("error: ")


def test_help_that_nobody_reads_on_is_141():
    done = run("-m", "geoself_jax.prepare", "--help", shell="| true; exit ${PIPESTATUS[0]}")
    assert done.returncode in (0, 141) and done.stderr == ""


def test_a_narrow_encoding_escapes_what_it_lacks(tiny_arrays, tmp_path):
    import numpy as np

    path = tmp_path / "täst.npz"
    names = [name.replace("pelvis", "beckenä") for name in tiny_arrays["joint_names"].tolist()]
    np.savez(path, **(tiny_arrays | {"joint_names": np.array(names)}))
    for encoding in ("ascii", "ascii:strict"):
        done = run("-m", "geoself_jax.inspect", f"--data={path}", PYTHONIOENCODING=encoding)
        assert "Error" not in done.stderr and "t\\xe4st" in done.stdout, done.stderr


@pytest.mark.parametrize("shell", ["2>&1 | head -n 1", "2> /dev/full > /dev/full"])
def test_a_training_that_nobody_reads_goes_on(shell, tiny_file, tmp_path):
    flags = ["--config=synthetic", f"--config.data.train={tiny_file}"]
    flags += ["--config.model.width=8", "--config.model.root_width=8", "--config.schedule.batch=8"]
    flags += ["--config.schedule.length=30", "--config.schedule.call=5"]
    status = "; exit ${PIPESTATUS[0]}"
    words = ("-m", "geoself_jax.train", *flags, f"--workdir={tmp_path / 'run'}")
    done = run(*words, shell=shell + status)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines][-1] == 30
    assert os.listdir(tmp_path / "run" / "checkpoints" / "last") == ["30"]
