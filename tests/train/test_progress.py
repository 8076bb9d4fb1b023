"""What a run reports: its log, its metrics, TensorBoard's events, how often it validates."""

import itertools
import json
import re
import struct
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from geoself_jax.core.config import OptimizerConfig, ScheduleConfig
from geoself_jax.core.optimizer import learning_rate
from geoself_jax.core.shown_lengths import units_for
from geoself_jax.runtime import run_log
from geoself_jax.train import loop
from geoself_jax.train import progress as reported
from geoself_jax.train.pictures import is_picture_due
from geoself_jax.train.schedule import Stages


def events_of(folder):
    """TensorBoard's events: records of length, checksum, bytes, checksum."""
    from tensorboardX.proto.event_pb2 import Event

    (path,) = (folder / "tensorboard").iterdir()
    data, at = path.read_bytes(), 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        yield Event.FromString(data[at + 12 : at + 12 + size])
        at += 16 + size


@pytest.fixture(scope="module")
def rows(tiny_run):
    return [json.loads(line) for line in (tiny_run / "metrics.jsonl").read_text().splitlines()]


def test_metrics_have_times_rates_the_score_and_the_best_so_far(rows, tiny_config):
    assert all(early["time"] <= late["time"] for early, late in itertools.pairwise(rows))
    assert all(row["steps_per_second"] > 0 for row in rows)
    rate = learning_rate(tiny_config.optimizer, 0, 20)
    assert [row["learning_rate"] for row in rows] == [
        pytest.approx(float(rate(row["step"] - 1))) for row in rows
    ]
    first, *validated = rows  # of the first step, to show early that it works
    assert first["step"] == 1 and "validation_triangulation_mm" not in first
    scores = [row["validation_triangulation_mm"] for row in validated]
    for count, row in enumerate(validated, 1):
        assert row["best_triangulation_mm"] == min(scores[:count])
        assert row["best_step"] == validated[int(np.argmin(scores[:count]))]["step"]


def test_tensorboard_has_the_metrics_the_configuration_and_pictures(tiny_run, rows):
    found = {}
    for event in events_of(tiny_run):
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, value))
    names = {name for row in rows for name in row} - {"step", "time"}
    assert (
        names <= found.keys()
        and {"loss", "gradient_norm", "learning_rate", "steps_per_second"} <= names
    )
    ((_, text),) = found["configuration/text_summary"]
    assert '"learning_rate": 0.001' in text.tensor.string_val[0].decode()
    pictures = found["held_out_poses"]
    assert [step for step, _ in pictures] == [5, 10, 15, 20]  # each a tenth further
    assert all(value.image.encoded_image_string.startswith(b"\x89PNG") for _, value in pictures)


def test_the_log_of_a_run_has_a_line_with_its_time_for_each_validation(tiny_run, rows):
    lines = (tiny_run / "log.txt").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", line) for line in lines)
    validated = [line for line in lines if "held-out" in line and " of 20: " in line]
    assert len(validated) == len(rows) - 1
    last = rows[-1]
    best = f"(best {last['best_triangulation_mm']:.1f} at {last['best_step']})"
    assert (
        f"step 20 of 20: held-out {last['validation_triangulation_mm']:.1f} mm {best}"
        in (validated[-1])
    )
    assert any("training transform on 160 instants" in line for line in lines)


@pytest.mark.parametrize(
    ("length", "call", "validate", "period"),
    [
        (4000, 50, 20, 200),
        (100_000, 50, 20, 1000),
        (20, 5, 2, 5),
        (30, 50, 20, 50),
        (410, 10, 3, 20),
    ],
)
def test_a_run_validates_twenty_times_or_as_often_as_it_has_calls(length, call, validate, period):
    schedule = ScheduleConfig(length=length, call=call, validate=validate)
    training = SimpleNamespace(
        config=SimpleNamespace(schedule=schedule), stages=Stages(0, length, call)
    )
    assert loop.period_of(training) == period
    due = [d for d in range(call, length + call, call) if loop.is_due(training, d - call, d)]
    assert len(due) >= min(20, -(-length // call)) or due == [call]


def test_a_picture_is_due_once_in_each_tenth():
    stages = Stages(0, 1000, 10)
    due = [done for done in range(20, 1001, 20) if is_picture_due(stages, done - 20, done)]
    assert due == list(range(100, 1001, 100))


def test_the_rate_of_stage_one_is_constant_and_then_as_configured():
    rate = learning_rate(OptimizerConfig(schedule="step", learning_rate=0.01), 10, 40)
    assert [round(float(rate(s)), 6) for s in (0, 9, 10, 25, 39)] == [0.01, 0.01, 0.01, 0.001, 1e-4]


def test_what_is_printed_while_a_run_is_logged_is_printed_too_and_an_error_is_logged(
    tmp_path, capsys
):
    before = sys.stdout, sys.stderr
    with pytest.raises(ValueError), run_log.logged(tmp_path):
        print("out", end="")
        print("side")
        print("warning: odd", file=sys.stderr)
        run_log.log("for the log alone")
        raise ValueError("broken")
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr() == ("outside\n", "warning: odd\n")
    lines = (tmp_path / "log.txt").read_text().splitlines()
    wanted = ["outside", "warning: odd", "for the log alone", "error: broken"]
    assert [line[20:] for line in lines] == wanted
    run_log.log("afterwards")
    assert len((tmp_path / "log.txt").read_text().splitlines()) == 4


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path, capsys):
    (tmp_path / "log.txt").mkdir()
    with run_log.logged(tmp_path):
        print("all the same")
    assert capsys.readouterr().out == "all the same\n"


def test_two_runs_in_threads_of_one_program_keep_a_log_each(tmp_path, capsys):
    before, both, ended = (sys.stdout, sys.stderr), threading.Barrier(2), threading.Event()

    def one(name):
        (tmp_path / name).mkdir()
        if name == "second":
            both.wait(60)
        with run_log.logged(tmp_path / name):
            if name == "first":
                both.wait(60)
            both.wait(60)
            sys.stdout.write(f"of the {name}\n")
            run_log.log(f"for the {name} alone")
            if name == "second":
                ended.wait(60)
                sys.stdout.write("later\n")
        ended.set()

    threads = [threading.Thread(target=one, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = {
        name: [line[20:] for line in (tmp_path / name / "log.txt").read_text().splitlines()]
        for name in ("first", "second")
    }
    assert found["first"] == ["of the first", "for the first alone"]
    assert found["second"] == ["of the second", "for the second alone", "later"]
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "later",
        "of the first",
        "of the second",
    ]
    sys.stdout, sys.stderr = before


def test_lines_written_together_are_logged_and_one_without_an_end_is_not_kept_whole(tmp_path):
    with run_log.logged(tmp_path):
        sys.stdout.writelines(["one\n", "two\n"])
        for _ in range(3):
            sys.stdout.write("\r" + "x" * run_log.LONGEST)
        print()
    lines = [line[20:] for line in (tmp_path / "log.txt").read_text().splitlines()]
    assert lines == ["one", "two", "x" * run_log.LONGEST]


def test_a_log_that_cannot_be_begun_leaves_no_bar_and_no_file_open(
    tiny_config, tmp_path, monkeypatch
):
    closed = []

    class Full(reported.workdir.MetricsLog):
        def describe(self, *_):
            raise OSError(28, "No space left on device")

        def close(self):
            closed.append(True)
            super().close()

    monkeypatch.setattr(reported.workdir, "MetricsLog", Full)
    training = SimpleNamespace(config=tiny_config, folder=tmp_path, stages=Stages(0, 20, 5))
    with pytest.raises(OSError, match="No space"):
        reported.Progress(training, 0, reported.Best())
    assert closed == [True] and reported.phases._STACK == []


@pytest.mark.parametrize(
    ("size", "score", "least", "shown"),
    [
        (1.7, 64.321, 45.67, "held-out 64.3 mm (best 45.7 at 5)"),
        (0.08, 2.3457, 1.2, "held-out 2.35 mm (best 1.20 at 5)"),
        (0.0025, 0.064321, 0.04567, "held-out 64.3 µm (best 45.7 at 5)"),
        (34.0, 1234.5, 987.6, "held-out 1.23 m (best 0.988 at 5)"),
    ],
)
def test_scores_are_shown_in_the_unit_of_the_body(
    size, score, least, shown, tiny_config, tmp_path, capsys
):
    training = SimpleNamespace(config=tiny_config, folder=tmp_path, stages=Stages(0, 20, 5))
    with reported.Progress(training, 0, reported.Best(least, 5)) as progress:
        progress.show_units(units_for(size).error)
        progress.write(5, {"validation_triangulation_mm": score}, reported.Best(least, 5))
    line = next(text for text in capsys.readouterr().err.splitlines() if text.startswith("step 5"))
    assert f" {shown}, " in line


@pytest.mark.parametrize(
    ("score", "metres", "said"),
    [(None, 1.0, False), (99_000.0, 1.0, False), (101_000.0, 1.0, True), (101_000.0, 2.0, False)],
)
def test_held_out_poses_a_hundred_bodies_off_are_a_run_that_has_diverged(score, metres, said):
    line = reported.far_off(20, score, metres)
    assert bool(line) == said
    assert not said or "step 20: held-out poses are 1e+02 m off - training has diverged" in line
