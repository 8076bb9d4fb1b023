"""Row `reading`: evaluate and export while the run that they read saves."""

from benchmarks.reliability.lab import Lab, digests
from benchmarks.reliability.life import Life, run
from benchmarks.reliability.tally import Tally


def read(lab: Lab, count: int, tally: Tally) -> None:
    """A run saves as often as it can; others read it, and it ends as if alone."""
    folder = lab.new("reading")
    config = lab.config("reading", length=6000, call=2, validate=20, save_minutes=0.0)
    run_folder = folder / "run"
    writer = Life("train", [f"--config={config}", f"--workdir={run_folder}"], folder / "run.txt")
    writer.wait_for("after the start")
    while_running = 0
    for number in range(count):
        which = ("last", "best")[number % 4 == 3]
        out = folder / f"out{number}"
        words: tuple[str, ...]
        if number % 2:
            words = ("export", f"--workdir={run_folder}", f"--out={out}")
        else:
            words = (
                "evaluate",
                f"--workdir={run_folder}",
                f"--data={lab.data}",
                f"--json={out}.json",
            )
        ended = run(*words, f"--checkpoint={which}", log=folder / "log.txt")
        alive = writer.is_alive()
        while_running += alive
        good = ended.code == 0 and not ended.has_traceback and "damaged" not in ended.output
        tally.check(good, f"{words[0]} {which}, {number}: {ended.code}: {ended.line}")
    tally.check(writer.is_alive(), f"the run ended before its readers: {writer.output()[-200:]}")
    writer.kill(15)
    ended = writer.wait()
    clean = "damaged" not in ended.output and not ended.has_traceback
    tally.check(ended.code == 75 and clean, f"the run: {ended.code}: {ended.line}")
    tally.check(bool(digests(run_folder)), "the run has no checkpoint")
    tally.note(f"{while_running} of {count} read while the run saved")
