"""Row `keep`: a machine that goes while its run is copied, and brought back elsewhere."""

import os
import random
import shutil
import signal
import tarfile
import time
from pathlib import Path

from benchmarks.reliability.lab import Lab, digests, steps_of
from benchmarks.reliability.life import At, Life, run
from benchmarks.reliability.tally import Tally

SEED = 24
_PLACES = {
    "geoself_jax.train.backup.keeper.pack": (1, 6),
    "geoself_jax.train.backup.stores.FolderStore.put": (2, 7),  # the first is of the marker
    "shutil.copyfile": (2, 7),
    "geoself_jax.train.backup.keeper.contents": (10, 60),
}
"""Functions within which the machine goes, and which of their calls."""


def copy(lab: Lab, count: int, tally: Tally) -> None:
    """Killed while it packs, while it copies and between; each life is on another machine."""
    folder, dice = lab.new("keep"), random.Random(SEED)
    config = lab.config("keep", length=60, call=2, save_minutes=0.0)
    whole = folder / "whole"
    run("train", f"--config={config}", f"--workdir={whole}", log=folder / "log.txt")
    wanted = digests(whole)
    store, best = folder / "store", -1
    for life_number in range(count):
        place = folder / f"machine{life_number}"
        place.mkdir()
        where = dice.choice(list(_PLACES))
        later = dice.choice((0, None, 0.002, 0.01))
        fault = At(where, dice.randint(*_PLACES[where]), "SIGKILL", later)
        words = [f"--store={store}", f"--workdir={place / 'run'}", "--minutes=0.005"]
        words += ["--", f"--config={config}"]
        life = Life("keep", words, place / "log.txt", faults=(fault,))
        ended = life.wait()
        _end_children(place)
        kept = _step_in(store, folder / f"look{life_number}")
        good = ended.code in (0, -9) and kept >= best and not ended.has_traceback
        tally.check(
            good, f"life {life_number}: {ended.code}: step {kept} after {best}: {ended.line}"
        )
        best = max(best, kept)
        shutil.rmtree(place)
    place = folder / "last"
    place.mkdir()
    words = [f"--store={store}", f"--workdir={place / 'run'}", "--", f"--config={config}"]
    ended = run("keep", *words, log=place / "log.txt")
    same = ended.code == 0 and digests(place / "run") == wanted
    tally.check(same, f"the last life: {ended.code}: {ended.line}")
    left = [p.name for p in store.iterdir() if p.name not in ("run.tar", "machine.txt")]
    tally.note(f"{count} lives, step {best} was the last in the store; left there: {len(left)}")


def _end_children(place: Path) -> None:
    """The training outlives its keeper in a session of its own: its machine is gone."""
    for each in os.listdir("/proc"):
        if not each.isdigit():
            continue
        try:
            with open(f"/proc/{each}/cmdline", "rb") as stream:
                words = stream.read()
        except OSError:
            continue
        if f"--workdir={place}/run".encode() in words.split(b"\0"):
            os.kill(int(each), signal.SIGKILL)
    time.sleep(0.1)


def _step_in(store: Path, look: Path) -> int:
    """The step of the copy in the store, which is whole if it is there."""
    if not (store / "run.tar").exists():
        return -1
    with tarfile.open(store / "run.tar") as archive:
        archive.extractall(look, filter="data")
    steps = steps_of(look)
    shutil.rmtree(look)
    return steps[-1] if steps else -1
