"""The rows by their numbers."""

from benchmarks.reliability import counts, kills, stops
from benchmarks.reliability.row import Row

ROWS: dict[str, Row] = {
    "1": Row(
        "kill -9 at any time, also within a save",
        "the same command continues; the weights are those of the unbroken run, bit for bit; no "
        "saved step is lost",
        60,
        kills.kill,
    ),
    "2": Row(
        "SIGTERM or SIGINT in each phase",
        "exit code 75 with the step that was saved; a second signal ends it at once; the same "
        "command continues to the same weights",
        0,
        stops.stop,
    ),
    "3": Row(
        "stopped at each step, across the stages' border and both lower rates",
        "the weights are the same bit for bit, and each step has one line of metrics",
        20,
        stops.stop_at_each_step,
    ),
    "8": Row(
        "continued on another number of devices",
        "the same number gives the same bits; another differs by rounding",
        0,
        counts.change_count,
    ),
}
