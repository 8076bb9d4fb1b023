"""Rows 11 and 12: losses that are no numbers, and runs that do not converge."""

from pathlib import Path

import jax
import numpy as np

from benchmarks.reliability.lab import Lab, digests, steps_of
from benchmarks.reliability.life import Ended, run
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import DIVERGED, USAGE
from geoself_jax.runtime.restore import load_trained

_POISON = """
import numpy as np
from geoself_jax.train import loop
from {config} import get_config as sound

def get_config():
    original, calls = loop.compile_call, []
    def poisoning(*arguments):
        advance = original(*arguments)
        def call(state, data, given):
            calls.append(1)
            if len(calls) in {calls}:
                center = data.camera.center * np.nan
                data = data._replace(camera=data.camera._replace(center=center))
            return advance(state, data, given)
        return call
    loop.compile_call = poisoning
    return sound()
"""


def poison(lab: Lab, count: int, tally: Tally) -> None:
    """Cameras that are not finite for one call, and for all that follow."""
    folder = lab.new("poison")
    lab.config("poison", call=1, save_minutes=0.0, objective_name="transform")
    calls = {"once, at step 7": "(7,)", "twice": "(7, 8)", "from step 13 on": "range(13, 99)"}
    for number, (what, which) in enumerate(calls.items()):
        path = folder / f"poison{number}.py"
        head = f"import sys\nsys.path.insert(0, {str(lab.folder)!r})\n"
        path.write_text(head + _POISON.format(config="poison", calls=which))
        there = folder / f"run{number}"
        words = (f"--config={path}", f"--workdir={there}")
        ended = run("train", *words, log=folder / "log.txt")
        last = "range" in which
        good = ended.code == (DIVERGED if last else 0)
        tally.check(good, f"NaN {what}: exit code {ended.code}: {ended.line}")
        tally.check(_is_finite(there), f"NaN {what}: the weights saved are not finite")
        if last:
            kept = steps_of(there)[-1]
            tally.check(kept in (12, 13, 14), f"NaN {what}: the step kept is {kept}")
        else:
            skipped = sum('"skipped": 1.0' in x for x in _lines(there))
            tally.check(skipped == len(eval(which)), f"NaN {what}: {skipped} skipped")


def _lines(run: Path) -> list[str]:
    return (run / "metrics.jsonl").read_text().splitlines()


def _is_finite(run: Path) -> bool:
    weights = load_trained(run).variables
    return all(bool(np.isfinite(leaf).all()) for leaf in jax.tree.leaves(weights))


def diverge(lab: Lab, count: int, tally: Tally) -> None:
    """Rates of learning beyond sense, and the paper's loss without its stage one."""
    folder = lab.new("diverge")
    config = lab.config("diverge", length=200, call=20, objective_name="transform")
    ended = _train(config, folder, "huge", "--config.optimizer.learning_rate=1e30")
    tally.check(ended.code == USAGE, f"learning rate 1e30: {ended.code}: {ended.line}")
    for rate, clip in ((1000, 0), (1000, 1), (30, 0)):
        words = (f"--config.optimizer.learning_rate={rate}", f"--config.optimizer.clip_norm={clip}")
        name = f"rate{rate}_{clip}"
        ended = _train(config, folder, name, *words)
        says = ended.code == DIVERGED or "warning" in ended.output
        why = f"learning rate {rate}, clip {clip}: {ended.code} without a warning: {ended.line}"
        tally.check(says and not ended.has_traceback, why)
        if steps_of(folder / name):
            tally.check(_is_finite(folder / name), f"learning rate {rate}: weights not finite")
    ended = _train(config, folder, "alone", "--config.schedule.pretrain=0")
    tally.check(ended.code == 0 and bool(digests(folder / "alone")), f"no stage one: {ended.line}")


def _train(config: Path, folder: Path, name: str, *words: str) -> Ended:
    given = (f"--config={config}", f"--workdir={folder / name}", *words)
    return run("train", *given, log=folder / "log.txt")
