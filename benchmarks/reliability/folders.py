"""Row 7: two runs in one folder, and the lock of a process that is gone."""

from benchmarks.reliability.lab import Lab, digests
from benchmarks.reliability.life import At, Life, run
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import WORKDIR


def share(lab: Lab, count: int, tally: Tally) -> None:
    """The second of two at once is refused; of a dead one the folder is taken over."""
    folder = lab.new("folders")
    config = lab.config("folders", length=30, save_minutes=0.0)
    other = lab.config("folders_other", length=40, save_minutes=0.0)
    words = (f"--config={config}", f"--workdir={folder / 'run'}")
    whole = (f"--config={config}", f"--workdir={folder / 'whole'}")
    run("train", *whole, log=folder / "log.txt")
    stuck = At("geoself_jax.train.loop.validated", 2, "sleep")
    for again in (config, other, config):
        first = Life("train", words, folder / "first.txt", faults=(stuck,))
        first.wait_for("after the start")
        second = run("train", f"--config={again}", words[1], log=folder / "second.txt")
        said = second.code == WORKDIR and f"process {first.pid}" in second.output
        tally.check(said, f"at once: {second.code}: {second.line}")
        first.kill()
        first.wait()
    refused = run("train", f"--config={other}", words[1], log=folder / "log.txt")
    named = refused.code == WORKDIR and "config.schedule.length=30, not 40" in refused.output
    tally.check(named, f"another configuration: {refused.code}: {refused.line}")
    (folder / "run/.lock").write_text("999999")
    ended = run("train", *words, log=folder / "log.txt")
    same = ended.code == 0 and digests(folder / "run") == digests(folder / "whole")
    tally.check(same, f"a dead process's lock: {ended.code}: {ended.line}")
