"""Row 8: a run that continues on another number of devices, and how exact that is."""

from pathlib import Path

import numpy as np

from benchmarks.reliability.lab import Lab, digests
from benchmarks.reliability.life import At, run
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import INTERRUPTED

COUNTS = (1, 2, 4, 8)
MOST = 1e-3
"""Largest difference of a weight between numbers of devices, relative to the largest weight."""


def change_count(lab: Lab, count: int, tally: Tally) -> None:
    """The unbroken run on each number, then one run that moves 1, 2, 4, 1."""
    config = lab.config("counts", length=40, call=5)
    folder = lab.new("counts")
    for devices in COUNTS:
        for again in ("", "b"):
            _train(config, folder / f"on{devices}{again}", folder, devices)
        same = digests(folder / f"on{devices}") == digests(folder / f"on{devices}b")
        tally.check(same, f"{devices} devices: two runs differ")
        tally.measured[f"{devices} and {devices} CPU devices"] = "0" if same else "more than 0"
    for devices in COUNTS[1:]:
        off = _apart(folder / "on1", folder / f"on{devices}")
        tally.check(off < MOST, f"1 and {devices} devices differ by {off:.1e}")
        tally.measured[f"1 and {devices} CPU devices"] = f"{off:.1e}"
    moved = folder / "moved"
    for devices, until in ((1, 2), (2, 2), (4, 2), (1, 0)):
        fault = At("geoself_jax.train.progress.Progress.show", until, "SIGTERM")
        faults = (fault,) if until else ()
        code = _train(config, moved, folder, devices, faults)
        tally.check(code == (INTERRUPTED if until else 0), f"on {devices}: exit code {code}")
    off = _apart(folder / "on1", moved)
    tally.check(off < MOST, f"moved 1, 2, 4, 1: differs by {off:.1e}")
    tally.measured["1 CPU device, and 1, 2, 4, 1 of them in turn"] = f"{off:.1e}"
    by_pmap = folder / "pmap"
    _train(config, by_pmap, folder, 4, (), "--config.parallel=pmap")
    off = _apart(folder / "on4", by_pmap)
    tally.check(off < MOST, f"jit and pmap on 4 devices differ by {off:.1e}")
    tally.measured["4 CPU devices by jit and by pmap"] = f"{off:.1e}"


def _train(
    config: Path, there: Path, folder: Path, devices: int, faults: tuple[At, ...] = (), *more: str
) -> int | None:
    words = (f"--config={config}", f"--workdir={there}", *more)
    return run("train", *words, log=folder / "log.txt", devices=devices, faults=faults).code


def _apart(one: Path, other: Path) -> float:
    """Largest difference of two runs' weights, relative to the largest weight."""
    import jax

    from geoself_jax.runtime.restore import load_trained

    a, b = (load_trained(run).variables["params"] for run in (one, other))
    pairs = list(zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))
    worst = max(float(np.abs(np.asarray(x) - np.asarray(y)).max()) for x, y in pairs)
    return worst / max(float(np.abs(np.asarray(x)).max()) for x, _ in pairs)
