"""Outputs never destroy inputs: every known way to try, as real processes, bytes compared."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
from processes import run_python

from geoself_jax.core.errors import DONE, USAGE, WORKDIR, GeoselfError
from geoself_jax.export import folder as export_folder
from geoself_jax.runtime import cli, outputs
from geoself_jax.runtime.outputs import check_folder, check_outputs, check_outside, check_store

CONFIG = """
from geoself_jax.core.config import *

def get_config():
    return Config(data=DataConfig(train="data/lab.npz"))
"""


def snapshot(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refused(call, *arguments, code=WORKDIR, **options):
    with pytest.raises(GeoselfError) as error:
        call(*arguments, **options)
    assert error.value.code == code
    return str(error.value)


@pytest.fixture(scope="module")
def lab(tiny_file, tiny_run, tiny_export, tmp_path_factory):
    """A folder with a recording under several names, a detector's folder, a run, an export."""
    lab = tmp_path_factory.mktemp("lab")
    (lab / "data").mkdir()
    shutil.copy(tiny_file, lab / "data/lab.npz")
    (lab / "link.npz").symlink_to("data/lab.npz")
    os.link(lab / "data/lab.npz", lab / "hard.npz")
    os.link(lab / "data/lab.npz", lab / "hard.html")
    (lab / "set").mkdir()
    np.savez(lab / "set/data_3d_h36m.npz", other=np.zeros(3))
    (lab / "set_link").symlink_to("set")
    (lab / "seen").mkdir()
    body = [x for joint in range(17) for x in (100 + 7 * joint, 100 + 11 * joint, 0.9)]
    (lab / "seen/0.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": body}]}))
    (lab / "config.py").write_text(CONFIG)
    shutil.copytree(tiny_run, lab / "run")
    shutil.copytree(tiny_export, lab / "export")
    poses = run_python(
        *("-m", "geoself_jax.lift", f"--model={lab / 'export'}", "--camera=cam0", "--clip=clip0"),
        *(f"--keypoints={lab / 'data/lab.npz'}", f"--out={lab / 'poses.npz'}"),
        quick_compile=True,
    )
    assert poses.returncode == DONE, poses.stderr
    os.link(lab / "poses.npz", lab / "poses.html")
    return lab


LIFT = "lift --model=export --keypoints=data/lab.npz --camera=cam0 --clip=clip0"
REFUSED = [
    "prepare --input data/lab.npz --output=data/lab.npz",
    "prepare --input data/lab.npz --output=./set/../data/lab.npz",
    "prepare --input data/lab.npz --output=link.npz",
    "prepare --input link.npz --output=data/lab.npz",
    "prepare --input data/lab.npz --output=hard.npz",
    "prepare --format=human36m --input set --output=set/data_3d_h36m.npz",
    "prepare --format=human36m --input set_link --output=set/data_3d_h36m.npz",
    "prepare --format=human36m --input set --output=set_link/data_3d_h36m.npz",
    "prepare --input data/lab.npz --output=export/sample.npz",
    "prepare --input data/lab.npz --output=run/checkpoints/new.npz",
    "inspect --data=data/lab.npz --json=data/lab.npz",
    "inspect --data=data/lab.npz --html=link.npz",
    "inspect --data=synthetic:test --frames=50 --against=data/lab.npz --html=hard.html",
    "inspect --data=data/lab.npz --json=run/run.json",
    "inspect --data=data/lab.npz --json=/dev/null",
    "train --config=config.py --workdir=export",
    "train --config=config.py --workdir=data",
    "train --config=config.py --workdir=run/checkpoints",
    "evaluate --workdir=run --data=data/lab.npz --json=data/lab.npz",
    "evaluate --workdir=run --data=data/lab.npz --report=hard.npz",
    "evaluate --model=export --data=data/lab.npz --json=export/model.json",
    "evaluate --model=export --data=data/lab.npz --report=run/report.html",
    "export --workdir=run --out=run",
    "export --workdir=run --out=run/checkpoints",
    "export --workdir=run --out=data",
    f"{LIFT} --out=data/lab.npz",
    f"{LIFT} --out=export/sample.npz",
    f"{LIFT} --out=export/model.json",
    f"{LIFT} --out=run/evaluation.json",
    "lift --model=export --keypoints=seen --fps=25 --fov=60 --image-size=9x9 --skeleton=h36m_17 "
    "--out=seen/0.json",
    "view --poses poses.npz --out=poses.html",
    "view --data=data/lab.npz --out=hard.html",
    "view --poses poses.npz --out=run/examples.png",
    "example --out=data",
    "example --out=run/checkpoints/lab",
    "keep --store=run/copies --workdir=run -- --config=config.py",
    "keep --store=export --workdir=new -- --config=config.py",
    "keep --store=store --workdir=export -- --config=config.py",
]


@pytest.mark.parametrize("words", REFUSED)
def test_a_command_whose_output_would_destroy_something_is_73(lab, words, monkeypatch):
    monkeypatch.chdir(lab)
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    verb, *arguments = words.split()
    before = snapshot(lab)
    assert "nothing" in refused(cli.main_of(verb), arguments)
    assert snapshot(lab) == before
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize("words", {words.split()[0]: words for words in REFUSED}.values())
def test_a_process_whose_output_would_destroy_something_touches_nothing(lab, words):
    verb, *arguments = words.split()
    before = snapshot(lab)
    done = run_python("-m", f"geoself_jax.{verb}", *arguments, cwd=lab)
    assert done.returncode == WORKDIR, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "nothing" in errors[0], done.stderr
    assert snapshot(lab) == before


def test_what_a_command_wrote_before_is_replaced_and_the_command_says_so(lab, tmp_path):
    for words, out in (
        ("prepare --input data/lab.npz --output={}", "a.npz"),
        ("view --poses poses.npz --out={}", "a.html"),
        (f"{LIFT} --out={{}}", "b.npz"),
    ):
        place = tmp_path / out
        for said in (False, True):
            verb, *arguments = words.format(place).split()
            done = run_python("-m", f"geoself_jax.{verb}", *arguments, cwd=lab, quick_compile=True)
            assert done.returncode == DONE, done.stderr
            assert (f"replaced {place}" in done.stdout) == said, done.stdout


def test_an_earlier_output_among_the_inputs_is_replaced_only_where_it_is_known_to_be_one(tmp_path):
    (tmp_path / "old.npz").write_bytes(b"ours")
    given = [("--output", tmp_path / "old.npz")], {"--input": [tmp_path]}
    assert "among the inputs" in refused(check_outputs, *given)
    assert check_outputs(*given, ours=lambda p: p.read_bytes() == b"ours")
    assert check_outputs([("--output", tmp_path / "new.npz")], {"--input": [tmp_path]}) == set()


def test_a_member_of_an_input_folder_is_found_by_its_other_names_too(tmp_path):
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "x.npz").write_bytes(b"x")
    (tmp_path / "in/deep/linked.npz").symlink_to(tmp_path / "x.npz")
    (tmp_path / "in/deep/loop").symlink_to(tmp_path / "in")
    inputs = {"--input": [tmp_path / "in"]}
    assert "among the inputs" in refused(check_outputs, [("--o", tmp_path / "x.npz")], inputs)


def test_a_loop_of_links_is_followed_once(tmp_path, monkeypatch):
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/deep/loop").symlink_to(tmp_path / "in")
    (tmp_path / "out.npz").write_bytes(b"x")
    listed, scandir = [], os.scandir

    def listing(folder):
        listed.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", listing)
    outputs = [("--o", tmp_path / "out.npz")]
    assert check_outputs(outputs, {"--input": [tmp_path / "in"]}) == {tmp_path / "out.npz"}
    assert len(listed) == 3  # in, deep, and the loop, which ends there


def test_two_outputs_of_one_path_are_64(tmp_path):
    wanted = [("--html", tmp_path / "a"), ("--json", tmp_path / "b/../a")]
    assert "--html and --json" in refused(check_outputs, wanted, {}, code=USAGE)


def test_an_output_that_is_a_folder_a_pipe_or_a_device_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        assert "nothing was touched" in refused(check_outputs, [("--out", path)], {})


def test_a_run_is_not_started_on_what_is_left_of_another(tmp_path):
    (tmp_path / "metrics.jsonl").write_text("{}")
    assert "'metrics.jsonl' but no run.json" in refused(check_folder, "--workdir", tmp_path, {})
    (tmp_path / "run.json").write_text("{}")
    check_folder("--workdir", tmp_path, {"--data": [tmp_path / "lab.npz"]})


def test_a_build_that_holds_its_own_input_is_not_replaced(tmp_path):
    (tmp_path / "1.0.0").mkdir()
    (tmp_path / "1.0.0/a.npz").write_bytes(b"a")
    given = {"--input": [tmp_path / "1.0.0/a.npz"]}
    assert "holds the input" in refused(check_outside, "--data-dir", tmp_path / "1.0.0", given)
    check_outside("--data-dir", tmp_path / "2.0.0", given)


def test_a_store_and_a_run_hold_not_each_other(tmp_path):
    refused(check_store, tmp_path / "run/store", tmp_path / "run")
    refused(check_store, tmp_path, tmp_path / "run")
    check_store(tmp_path / "store", tmp_path / "run")


def test_the_names_of_an_export_are_those_that_export_writes():
    names = next(names for kind, names in outputs.OWNED.values() if kind == "export")
    assert set(names) == set(export_folder.ALL)
