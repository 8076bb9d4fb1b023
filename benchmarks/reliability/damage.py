"""Rows 4 and 5: damaged checkpoints, read as evaluation and training read them."""

import random
import shutil
from pathlib import Path

import jax

from benchmarks.reliability.lab import Lab
from benchmarks.reliability.life import run
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.runtime import checkpoints
from geoself_jax.runtime.restore import load_trained

SEED = 24


def _run(lab: Lab) -> tuple[Path, Path]:
    """A run with two checkpoints, and a folder for damaged ones."""
    folder = lab.new("damage")
    config = lab.config("damage", call=10, save_minutes=0.0)
    words = (f"--config={config}", f"--workdir={folder / 'run'}")
    run("train", *words, log=folder / "log.txt")
    return folder / "run", folder


class _Known:
    """Digests of the weights that a run's checkpoints hold, by step."""

    def __init__(self, whole: Path) -> None:
        self.by_step = {}
        for path in (whole / "checkpoints/last").iterdir():
            alone = whole.parent / f"only{path.name}"
            shutil.copytree(whole, alone)
            for other in (alone / "checkpoints/last").iterdir():
                if other.name != path.name:
                    shutil.rmtree(other)
            self.by_step[int(path.name)] = checkpoints.digest(load_trained(alone).variables)

    def problem(self, damaged: Path, *, must_fall_back: bool) -> str:
        """What is wrong with what is loaded; empty where it is as it was, or refused."""
        try:
            found = load_trained(damaged)
        except GeoselfError as error:
            return "" if error.code == DATA else f"exit code {error.code}: {error}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        step = int(found.facts["step"])
        if self.by_step.get(step) != checkpoints.digest(found.variables):
            return f"SILENT: other weights are taken for those of step {step}"
        newest = step == max(self.by_step)
        return "the damage is not noticed" if newest and must_fall_back else ""


def flip(lab: Lab, count: int, tally: Tally) -> None:
    """One bit anywhere in the newest checkpoint."""
    whole, _ = _run(lab)
    known, dice = _Known(whole), random.Random(SEED)
    newest = whole / f"checkpoints/last/{max(known.by_step)}"
    files = sorted(path for path in newest.rglob("*") if path.is_file() and path.stat().st_size)
    for case in range(count):
        path = dice.choice(files)
        content = bytearray(path.read_bytes())
        place, bit = dice.randrange(len(content)), dice.randrange(8)
        content[place] ^= 1 << bit
        before = path.read_bytes()
        path.write_bytes(content)
        problem = known.problem(whole, must_fall_back=False)
        path.write_bytes(before)
        name = path.relative_to(newest)
        tally.check(not problem, f"case {case}: {name} byte {place} bit {bit}: {problem}")
    tally.note(f"{len(files)} files; each read gave the weights as saved, or an earlier step's")
    jax.clear_caches()


def destroy(lab: Lab, count: int, tally: Tally) -> None:
    """Each file of the newest checkpoint cut, emptied, removed; then odd folders."""
    whole, folder = _run(lab)
    known = _Known(whole)
    newest = whole / f"checkpoints/last/{max(known.by_step)}"
    files = sorted(path for path in newest.rglob("*") if path.is_file())
    for path in files[: count or None]:
        content = path.read_bytes()
        for way in ("cut", "emptied", "removed"):
            if way == "removed":
                path.unlink()
            else:
                path.write_bytes(content[: len(content) // 2] if way == "cut" else b"")
            problem = known.problem(whole, must_fall_back=False)
            tally.check(not problem, f"{path.relative_to(newest)} {way}: {problem}")
            path.write_bytes(content)
    _odd_folders(whole, known, newest, tally)
    _refused_alone(folder, known, tally)


def _odd_folders(whole: Path, known: _Known, newest: Path, tally: Tally) -> None:
    last = whole / "checkpoints/last"
    for name in ("99", "notes", "0012", "-5", "30.orbax-checkpoint-tmp", "1e3"):
        (last / name).mkdir()
        problem = known.problem(whole, must_fall_back=False)
        tally.check(not problem, f"an empty folder {name}: {problem}")
        shutil.rmtree(last / name)
    (last / "readme.txt").write_text("mine")
    tally.check(not known.problem(whole, must_fall_back=False), "a file of somebody else's")
    (last / "readme.txt").unlink()
    (newest / "odd.bin").write_bytes(b"x")
    tally.check(not known.problem(whole, must_fall_back=False), "a file within the checkpoint")


def _refused_alone(folder: Path, known: _Known, tally: Tally) -> None:
    """With no other checkpoint it is refused, and nothing is deleted."""
    alone = folder / f"only{max(known.by_step)}"
    files = sorted(p for p in (alone / "checkpoints/last").rglob("*") if p.parent.name == "d")
    for path in files:
        content = bytearray(path.read_bytes())
        if len(content) < 1000:
            continue
        content[len(content) // 2] ^= 16
        path.write_bytes(content)
    listed = sorted(alone.rglob("*"))
    try:
        load_trained(alone)
        tally.check(False, "the only checkpoint is damaged: read all the same")
    except GeoselfError as error:
        kept = sorted(alone.rglob("*")) == listed
        good = error.code == DATA and "nothing was deleted" in str(error) and kept
        tally.check(good, f"the only checkpoint is damaged: {error.code}: {error}")
