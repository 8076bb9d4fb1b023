"""Row 30: runs, checkpoints and exports of earlier versions."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from benchmarks.reliability.by_tests import tests
from benchmarks.reliability.lab import ROOT, Lab, digests, logged_steps
from benchmarks.reliability.life import At, run, run_fresh
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import INTERRUPTED

COMMITS = ("HEAD~20", "HEAD~100", "HEAD~250", "HEAD~400")
"""Versions of which a run is made, besides those of tests/compat; there is no release yet."""


def read(lab: Lab, count: int, tally: Tally) -> None:
    """A run stopped half-way by an earlier version is ended, scored, exported and lifted with."""
    folder = lab.new("older")
    tests(["tests/train/test_compat.py"])(lab, count, tally)
    for name in COMMITS[: count or None]:
        commit = _commit(name)
        if not commit:
            tally.note(f"{name}: no such commit here")
            continue
        tree = folder / commit
        _unpacked(commit, tree)
        made = _trained(tree, lab, folder / f"run-{commit}")
        if made:
            tally.note(f"{name} ({commit}): {made}")
            continue
        _used(f"{name} ({commit})", folder / f"run-{commit}", folder, lab, tally)
    _continued_here(lab, folder, tally)


def _commit(name: str) -> str:
    words = ["git", "rev-parse", "--verify", "--short=10", f"{name}^{{commit}}"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def _unpacked(commit: str, to: Path) -> None:
    packed = to.with_suffix(".tar")
    with packed.open("wb") as stream:
        subprocess.run(
            ["git", "archive", commit, "geoself_jax", "configs"],
            cwd=ROOT,
            stdout=stream,
            check=True,
        )
    with tarfile.open(packed) as archive:
        archive.extractall(to, filter="data")
    packed.unlink()


_OLD = """
from geoself_jax.core.config import *

def get_config():
    return Config(
        data=DataConfig(train={data!r}, validation_share=0.2),
        model=ModelConfig(width=16, blocks=1, layers=1, root_width=16, root_blocks=1),
        schedule=ScheduleConfig(length=20, batch=32, call=5, validate=2),
    )
"""


def _trained(tree: Path, lab: Lab, run_folder: Path) -> str:
    """Trains by an earlier version; why it could not, or nothing."""
    config = tree / "tiny_config.py"
    config.write_text(_OLD.format(data=str(lab.data)))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "geoself_jax.train",
            f"--config={config}",
            f"--workdir={run_folder}",
        ],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return f"does not train here: {done.stderr[-160:]}" if done.returncode else ""


def _used(name: str, run_folder: Path, folder: Path, lab: Lab, tally: Tally) -> None:
    """Evaluate, export, lift, and the same training command, which is already done."""
    made = folder / f"used-{run_folder.name}"
    made.mkdir()
    log = made / "log.txt"
    config = made / "tiny_config.py"
    config.write_text(_OLD.format(data=str(lab.data)))
    export = made / "export"
    commands = {
        "evaluate": (f"--workdir={run_folder}", f"--data={lab.data}"),
        "export": (f"--workdir={run_folder}", f"--out={export}"),
        "lift": (f"--model={export}", f"--keypoints={lab.data}", "--camera=cam0", "--clip=clip0",
                 f"--out={made / 'poses.csv'}"),
        "train": (f"--config={config}", f"--workdir={run_folder}"),
    }  # fmt: skip
    for verb, words in commands.items():
        ended = run(verb, *words, log=log)
        one_line = (
            ended.code not in (None, 0) and not ended.has_traceback and "version" in ended.line
        )
        tally.check(ended.code == 0 or one_line, f"{name}: {verb}: {ended.code}: {ended.line}")


def _continued_here(lab: Lab, folder: Path, tally: Tally) -> None:
    """Stopped by a process of one kind, ended by one of another: the weights are the same."""
    config = lab.config("older")
    whole, half = folder / "whole", folder / "half"
    run("train", f"--config={config}", f"--workdir={whole}", log=folder / "log.txt")
    fault = At("geoself_jax.train.progress.Progress.show", 2, "SIGTERM")
    words = (f"--config={config}", f"--workdir={half}")
    stopped = run("train", *words, log=folder / "log.txt", faults=(fault,))
    shutil.copytree(half, folder / "moved")
    ended = run_fresh("train", words[0], f"--workdir={folder / 'moved'}", cwd=folder)
    same = ended.code == 0 and digests(folder / "moved") == digests(whole)
    logged = same and logged_steps(folder / "moved") == logged_steps(whole)
    good = stopped.code == INTERRUPTED and logged
    tally.check(good, f"a copied folder: {stopped.code}, {ended.code}: {ended.line}")
