"""Row 29: one process that trains for 20,000 calls, and one that saves over and over."""

import os
import time
from pathlib import Path

import numpy as np

from benchmarks.reliability.lab import Lab, steps_of
from benchmarks.reliability.life import Life
from benchmarks.reliability.tally import Tally

MOST_GROWTH = 0.05
"""Of the memory, from the first fifth of the calls to the end."""


def soak(lab: Lab, count: int, tally: Tally) -> None:
    """Memory and open files while calls are made, then while states are saved."""
    folder = lab.new("soak")
    settings = {
        "calls": (count, {"validate": 10**6, "save_minutes": 1000.0}),
        "saves": (max(count // 50, 20), {"validate": 10, "save_minutes": 0.0}),
    }
    for name, (calls, schedule) in settings.items():
        config = lab.config(f"soak_{name}", length=calls, call=1, batch=4, **schedule)
        words = [f"--config={config}", f"--workdir={folder / name}"]
        life = Life("train", words, folder / f"{name}.txt")
        started = time.monotonic()
        memory, opened = _watched(life)
        ended = life.wait(3600)
        steps = steps_of(folder / name)[-1:]
        tally.check(ended.code == 0 and steps == [calls], f"{name}: {ended.code}: {ended.line}")
        if len(memory) < 10:
            tally.check(False, f"{name}: only {len(memory)} looks at the process")
            continue
        early, late = (
            float(np.median(part)) for part in (memory[len(memory) // 5 :][:5], memory[-5:])
        )
        grown = late / early - 1
        tally.check(grown < MOST_GROWTH, f"{name}: memory grew by {100 * grown:.1f} %")
        # A save opens files and closes them: one that stays open is there between saves too.
        more = min(opened[-20:]) - min(opened[len(opened) // 5 :][:20])
        tally.check(more <= 2, f"{name}: {more} more files are open")
        tally.note(
            f"{name}: {calls} in {time.monotonic() - started:.0f} s, memory {early:.0f} MiB after "
            f"a fifth, {late:.0f} at the end ({100 * grown:+.1f} %), {opened[-1]} open files"
        )


def _watched(life: Life) -> tuple[list[float], list[int]]:
    """MiB and open files, looked at each half second once it trains."""
    life.wait_for("after the start")
    memory, opened = [], []
    place = Path(f"/proc/{life.pid}")
    while life.is_alive():
        try:
            pages = int((place / "statm").read_text().split()[1])
            files = len(os.listdir(place / "fd"))
        except (OSError, IndexError):
            break
        memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
        opened.append(files)
        time.sleep(0.5)
    return memory[:-1], opened[:-1]
