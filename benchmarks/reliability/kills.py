"""Row 1: a training that is killed over and over ends in the weights of one that never was."""

import random
import socket
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.reliability.lab import Lab, digests, logged_steps, steps_of
from benchmarks.reliability.life import At, Ended, Life
from benchmarks.reliability.tally import Tally

SEED = 24
_SAVE = "geoself_jax.runtime.checkpoints.save"


class Setting(NamedTuple):
    """Where a run computes.

    Attributes:
        name: In words.
        devices: CPU devices of each process.
        hosts: Processes.
    """

    name: str
    devices: int
    hosts: int


SETTINGS = (Setting("one device", 1, 1), Setting("four devices", 4, 1), Setting("two hosts", 1, 2))


def kill(lab: Lab, count: int, tally: Tally) -> None:
    """Lives, half of them on one device; a case is a life."""
    dice = random.Random(SEED)
    for setting in SETTINGS:
        share = count - 2 * (count // 4) if setting is SETTINGS[0] else count // 4
        _kill_on(lab, setting, share, dice, tally)


def _kill_on(lab: Lab, setting: Setting, lives: int, dice: random.Random, tally: Tally) -> None:
    config = lab.config("kills", length=40, pretrain=10, call=2, save_minutes=0.0)
    folder = lab.new("kills")
    started = time.monotonic()
    first = _start(setting, config, folder / "whole", folder, ())
    _end(first)
    first = _start(setting, config, folder / "whole2", folder, ())
    began = time.monotonic()
    ends = _end(first)
    usual = time.monotonic() - began
    if any(ended.code for ended in ends):
        tally.check(False, f"{setting.name}: the unbroken run: {ends[0].code}: {ends[0].line}")
        return
    wanted = digests(folder / "whole")
    tally.check(digests(folder / "whole2") == wanted, f"{setting.name}: two unbroken runs differ")
    finished = inside = 0
    run = folder / "run0"
    for number in range(lives):
        before = steps_of(run)[-1:] if run.exists() else []
        in_save = dice.random() < 0.4
        fault = At(_SAVE, dice.randint(1, 6), "SIGKILL", dice.uniform(0.001, 0.12))
        life = _start(setting, config, run, folder, (fault,) if in_save else ())
        if not in_save:
            _let_live(life, dice.uniform(0.2, 1.0) * usual)
            for one in life:
                one.kill()
        ends = _end(life, partner=in_save)
        inside += in_save
        problem = _problem(ends, run, before)
        if all(ended.code == 0 for ended in ends):
            finished += 1
            problem = problem or _difference(run, wanted)
            run = folder / f"run{number + 1}"
        tally.check(not problem, f"{setting.name}, life {number}: {problem}")
    if steps_of(run) if run.exists() else False:
        ends = _end(_start(setting, config, run, folder, ()))
        finished += 1
        problem = f"{ends[0].code}: {ends[0].line}" if ends[0].code else _difference(run, wanted)
        tally.check(not problem, f"{setting.name}, last life: {problem}")
    tally.note(
        f"{setting.name}: {lives} lives, {inside} aimed within a save, {finished} runs ended in "
        f"the unbroken run's weights, {time.monotonic() - started:.0f} s"
    )


def _let_live(lives: list[Life], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and all(life.is_alive() for life in lives):
        time.sleep(0.005)


def _start(
    setting: Setting, config: Path, run: Path, folder: Path, faults: tuple[At, ...]
) -> list[Life]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lives = []
    for host in range(setting.hosts):
        mine = run if host == 0 else f"{run}-of-host-{host}"
        words = [f"--config={config}", f"--workdir={mine}"]
        if setting.hosts > 1:
            words += [
                f"--config.distributed.coordinator=127.0.0.1:{port}",
                f"--config.distributed.processes={setting.hosts}",
                f"--config.distributed.process={host}",
            ]
        log = folder / f"host{host}.txt"
        here = faults if host == 0 else ()
        lives.append(Life("train", words, log, devices=setting.devices, faults=here))
    return lives


def _end(lives: list[Life], *, partner: bool = False) -> list[Ended]:
    """Waits for all; with `partner` the others are killed with the first, as a job's are."""
    ends = [lives[0].wait()]
    if partner and ends[0].code != 0:
        for life in lives[1:]:
            life.kill()
    return ends + [life.wait() for life in lives[1:]]


def _problem(ends: list[Ended], run: Path, before: list[int]) -> str:
    """What is not as after a kill: another exit code, a traceback, steps lost."""
    for ended in ends:
        if ended.code not in (0, -9):
            return f"exit code {ended.code}: {ended.line}"
        if ended.has_traceback or "damaged" in ended.output:
            return f"it says: {ended.line}"
    now = steps_of(run)[-1:] if run.exists() else []
    return f"step {before} is lost, {now} is there" if now < before else ""


def _difference(run: Path, wanted: dict[str, str]) -> str:
    """How a run that ended differs from the unbroken one."""
    if digests(run) != wanted:
        return "the weights differ"
    steps = logged_steps(run)
    if steps != sorted(set(steps)) or steps[-1] != 50:
        return f"metrics of steps {steps}"
    left = [path.name for path in run.rglob("*") if "orbax-checkpoint-tmp" in path.name]
    return f"left: {left}" if left else ""
