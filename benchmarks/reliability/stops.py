"""Rows 2 and 3: a training that is asked to stop, at each phase and at each step."""

import signal
from pathlib import Path

from benchmarks.reliability.lab import Lab, digests, logged_steps, steps_of
from benchmarks.reliability.life import At, run
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import INTERRUPTED

PHASES = {
    "reading": ("geoself_jax.data.sources.load", 1),
    "triangulating": ("geoself_jax.train.run.triangulate_in_units", 1),
    "checking the recording": ("geoself_jax.train.run.check_before_training", 1),
    "compiling a call": ("geoself_jax.train.loop.compile_call", 1),
    "validating": ("geoself_jax.train.loop.validated", 2),
    "saving": ("geoself_jax.runtime.checkpoints.save", 3),
    "calibrating uncertainties": ("geoself_jax.evaluate.held_out.HeldOut.score", 3),
}
"""Function within which the signal comes, and its call."""
_BEFORE_THE_LOOP = ("reading",)


def stop(lab: Lab, count: int, tally: Tally) -> None:
    """A signal in each phase, by each of two signals; then a second signal."""
    config = lab.config("stops", call=2, save_minutes=0.0, model_uncertainty=True, pretrain=6)
    folder = lab.new("stops")
    whole = folder / "whole"
    run("train", f"--config={config}", f"--workdir={whole}", log=folder / "log.txt")
    wanted = digests(whole)
    cases = [(phase, name) for phase in PHASES for name in ("SIGTERM", "SIGINT")]
    for phase, name in cases[: count or None]:
        there = folder / f"{phase} {name}".replace(" ", "_")
        problem = _stopped(config, there, folder, phase, name)
        tally.check(not problem, f"{name} while {phase}: {problem}")
        again = run("train", f"--config={config}", f"--workdir={there}", log=folder / "log.txt")
        good = again.code == 0 and digests(there) == wanted
        tally.check(good, f"continued after {phase}, {name}: {again.code}: {again.line}")
    for phase in ("compiling a call", "saving", "validating")[: count or None]:
        problem = _stopped_twice(config, folder / f"twice_{phase}".replace(" ", "_"), folder, phase)
        tally.check(not problem, f"two signals while {phase}: {problem}")


def _stopped(config: Path, there: Path, folder: Path, phase: str, name: str) -> str:
    place, number = PHASES[phase]
    fault = At(place, number, name)
    words = (f"--config={config}", f"--workdir={there}")
    ended = run("train", *words, log=folder / "log.txt", faults=(fault,))
    signalled = 128 + getattr(signal, name)
    if ended.has_traceback:
        return f"a traceback: {ended.line}"
    if phase in _BEFORE_THE_LOOP:
        return "" if ended.code == signalled else f"exit code {ended.code}: {ended.line}"
    if ended.code != INTERRUPTED:
        return f"exit code {ended.code}: {ended.line}"
    said = f"saved step {steps_of(there)[-1]} of"
    return "" if said in ended.output else f"not the step that is saved: {ended.line}"


def _stopped_twice(config: Path, there: Path, folder: Path, phase: str) -> str:
    """The second ends it at once, and what was saved is whole."""
    words = (f"--config={config}", f"--workdir={there}")
    place, number = PHASES[phase]
    stuck = At(place, number, "SIGTERM", 0, 1.5)
    held = At(place, number, "sleep")  # armed first, so that the signal comes before
    ended = run("train", *words, log=folder / "log.txt", faults=(held, stuck))
    if ended.code not in (128 + signal.SIGTERM, -signal.SIGTERM):
        return f"exit code {ended.code}: {ended.line}"
    if ended.seconds > 60:
        return f"it took {ended.seconds:.0f} s"
    again = run("train", *words, log=folder / "log.txt")
    return "" if again.code == 0 else f"not continued: {again.code}: {again.line}"


def stop_at_each_step(lab: Lab, count: int, tally: Tally) -> None:
    """Stopped after step k and continued, across the border of the stages and both lower rates."""
    config = lab.config(
        "steps", length=12, pretrain=8, call=1, validate=4, optimizer_schedule="step"
    )
    folder = lab.new("steps")
    whole = folder / "whole"
    run("train", f"--config={config}", f"--workdir={whole}", log=folder / "log.txt")
    wanted, lines = digests(whole), logged_steps(whole)
    for step in range(1, 1 + (count or 20)):
        there = folder / f"at{step}"
        words = (f"--config={config}", f"--workdir={there}")
        fault = At("geoself_jax.train.progress.Progress.show", step, "SIGTERM")
        stopped = run("train", *words, log=folder / "log.txt", faults=(fault,))
        at = steps_of(there)[-1]
        again = run("train", *words, log=folder / "log.txt")
        problem = ""
        if stopped.code not in (INTERRUPTED, 0) or again.code:
            problem = f"{stopped.code}, {again.code}: {stopped.line}; {again.line}"
        elif digests(there) != wanted:
            problem = f"stopped at {at}: the weights differ"
        elif logged_steps(there) != lines:
            problem = f"stopped at {at}: metrics of {logged_steps(there)}"
        tally.check(not problem, f"step {step}: {problem}")
