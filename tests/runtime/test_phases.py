"""A command says what it does: at once, while it works, and without disturbing what is printed."""

import io
import os
import signal
import subprocess
import sys

import pytest
from processes import ROOT, environment
from terminal import in_terminal, screen_of
from test_front_door import AT

from geoself_jax.runtime import display, messages, phases, usual_times
from geoself_jax.runtime.bar import Phase

LINE = "error: interrupted - no unfinished file is left - run it again"
ALARM = "E0000 00:00:1796014000.1 12 slow_operation_alarm.cc:73] compiling is slow"

# A command whose phase goes on until its counter was drawn, prints, and goes on until the next.
COMMAND = """
import os, sys, time, warnings
from geoself_jax.runtime import cli, phases
def main(argv):
    cli.parse(cli.Parser(prog="try"), argv)
    phases.begin("try", "trying")
    with phases.phase("thinking"):
        time.sleep(1.3)
        warnings.warn("odd")
        print("an answer")
        os.write(2, b"ALARM\\n" + b"*" * 30 + b"\\nfrom elsewhere\\n")
        time.sleep(1.3)
    with phases.phase("counting", 7, "sheep") as bar:
        bar.update(3)
        time.sleep(1.1)
    return 3
cli.run(main)
""".replace("ALARM", ALARM)
FLAGS = {
    "example": ["--out=lab"],
    "prepare": ["--input", "a", "--output=b.npz"],
    "inspect": ["--data=synthetic:test"],
    "train": ["--config=synthetic", "--workdir=run"],
    "evaluate": ["--workdir=run", "--data=synthetic:test"],
    "export": ["--workdir=run", "--out=export"],
    "lift": ["--model=export", "--keypoints=synthetic:test", "--out=poses.npz"],
    "view": ["--data=synthetic:test", "--out=page.html"],
    "tfds_build": ["--dataset=geoself_human36m", "--manual-dir=a"],
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or writes the user's cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("verb", FLAGS)
def test_the_first_line_comes_before_anything_slow_is_imported(verb, tmp_path):
    for name in ("numpy", "jax"):  # to import either ends the process
        (tmp_path / "ahead" / name).mkdir(parents=True)
        (tmp_path / "ahead" / name / "__init__.py").write_text("import os\nos._exit(99)\n")
    done = subprocess.run(
        [sys.executable, "-m", f"geoself_jax.{verb}", *FLAGS[verb]],
        env=environment() | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "ahead"), str(ROOT)])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 99 and done.stdout == "", done.stderr
    (line,) = done.stderr.splitlines()
    assert line.partition(" ")[0].endswith("ing")


def test_on_a_terminal_a_counter_and_a_bar_are_drawn_and_what_is_printed_stands_alone(tmp_path):
    session = in_terminal("-c", COMMAND, cache=tmp_path / "cache")
    assert session.code == 3
    assert "thinking: 1 s" in session.written and "3/7" in session.written
    shown = [line for line in session.screen if "took" not in line]
    assert shown == ["trying", "warning: odd", "an answer", "from elsewhere"]
    (kept,) = (tmp_path / "cache/geoself_jax/messages").iterdir()
    assert kept.name == "try.txt" and ALARM in kept.read_text()


def test_quiet_draws_nothing_and_says_how_long_a_phase_took(tmp_path):
    session = in_terminal("-c", COMMAND, "--quiet", cache=tmp_path / "cache")
    assert session.code == 3 and "\r" not in session.written.replace("\r\n", "\n")
    assert "thinking: " not in session.written and "thinking took 2." in session.written


def test_a_phase_that_was_long_says_the_next_time_how_long_it_usually_is(tmp_path):
    cache = tmp_path / "cache"
    first = in_terminal("-c", COMMAND, cache=cache)
    assert "usually" not in first.written
    assert "thinking: 1 s, usually 3 s" in in_terminal("-c", COMMAND, cache=cache).written


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("within", ["thinking: 1 s", "3/7"])
def test_a_signal_while_something_is_drawn_leaves_the_terminal_clean(within, number, tmp_path):
    cache = tmp_path / "cache"
    session = in_terminal("-c", COMMAND, cache=cache, signal_at=within, number=number)
    assert session.code == 128 + number
    assert session.screen[-1] == LINE and session.written.endswith(LINE + "\r\n")
    assert not any("thinking: " in line or "3/7" in line for line in session.screen)
    names = [path.name for path in (cache / "geoself_jax/messages").iterdir()]
    assert names in ([], ["try.txt"])  # none of this process


def test_ctrl_c_while_training_prepares_saves_what_there_is(tiny_file, tmp_path):
    flags = ["--config=synthetic", f"--config.data.train={tiny_file}", "--config.model.width=8"]
    flags += ["--config.model.root_width=8", "--config.schedule.length=30"]
    place = "geoself_jax.train.run.triangulate_in_units"
    words = ["-c", AT, "SIGINT", place, "train", *flags, f"--workdir={tmp_path / 'run'}"]
    session = in_terminal(*words, cache=tmp_path / "cache")
    assert session.code == 75, session.screen
    assert "interrupted: saved step 0 of 30" in session.screen[-1]
    assert (tmp_path / "run/checkpoints/last/0").is_dir()


def test_where_no_terminal_is_a_long_phase_of_a_command_leaves_a_line(monkeypatch, capsys):
    monkeypatch.setattr(phases, "LONG_SECONDS", 0.0)
    with phases.command():
        phases.begin("try", "trying")
        with phases.phase("counting", 7000, "sheep") as bar:
            bar.update(7000)
        with pytest.raises(ValueError), phases.phase("failing"):
            raise ValueError
    with phases.phase("called by another program"):
        pass
    printed = capsys.readouterr()
    first, second = printed.err.splitlines()
    assert (
        first == "trying" and second.startswith("counting 7,000 sheep took 0.") and not printed.out
    )


def test_a_phase_within_another_does_not_count_to_what_is_left(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(phases.time, "monotonic", lambda: now[0])
    with phases.phase("training", 100, "steps") as outer:
        with phases.phase("compiling"):
            now[0] += 50
        assert outer.seconds == 0
        outer.update(10)
        now[0] += 2
        assert outer.seconds == 2 and "10/100 steps, 5/s, 0:18 left" in outer.text(120)


@pytest.fixture
def training(monkeypatch):
    """A bar in the midst of a training, ten minutes after its start."""
    now = [100.0]
    monkeypatch.setattr(phases.time, "monotonic", lambda: now[0])
    bar = Phase("training", 4000, "steps", 0)
    bar.update(250)
    now[0] += 6.58
    bar.note, bar.more = "held-out 232.4 mm (best 210.1 at 200)", "loss 1.2"
    return bar


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (59, "250/4000, 1:39 left, held-out 232.4 mm (best 210.1 at 200)"),
        (69, "250/4000 steps, 1:39 left, held-out 232.4 mm (best 210.1 at 200)"),
        (79, "250/4000 steps, 38/s, 1:39 left, held-out 232.4 mm (best 210.1 at 200)"),
        (80, "training: 250/4000 steps, 38/s, 1:39 left, held-out 232.4 mm (best 210.1 at 200)"),
        (99, "250/4000 steps, 38/s, 1:39 left, held-out 232.4 mm (best 210.1 at 200), loss 1.2"),
        (119, "| 250/4000 steps, 38/s, 1:39 left, held-out 232.4 mm (best 210.1 at 200), loss 1.2"),
    ],
)
def test_a_narrow_terminal_shows_steps_score_and_time_left_first(training, columns, shown):
    text = training.text(columns)
    assert text.endswith(shown) and len(text) <= columns
    assert text.startswith("training") == (columns > 79)
    assert text.startswith("training |") == (columns == 119)


def test_what_fits_no_terminal_is_cut_and_nothing_done_has_no_rate(training):
    assert training.text(20) == "250/4000, 1:39 left,"
    assert Phase("reading", 3, "clips", 0).text(19) == "reading: 0/3 clips"
    assert Phase("reading", 0, "clips", 0).text(40).endswith("0/0 clips")


def test_remembered_times_survive_whatever_the_file_holds(tmp_path):
    usual_times.remember("compiling", 12.34)
    assert usual_times.usual_seconds("compiling") == 12.3
    (path,) = (tmp_path / "cache/geoself_jax").iterdir()
    for text in ("[", "[1]", '{"compiling": "12"}', '{"compiling": NaN}', '{"compiling": true}'):
        path.write_text(text)
        assert usual_times.usual_seconds("compiling") is None
    path.write_text('{"compiling": 5, "other": "' + "x" * 2**16 + '"}')
    assert usual_times.usual_seconds("compiling") is None


def test_without_a_private_cache_folder_nothing_is_kept(tmp_path):
    (tmp_path / "cache/geoself_jax").mkdir(parents=True, mode=0o777)
    (tmp_path / "cache/geoself_jax").chmod(0o777)
    usual_times.remember("compiling", 12.0)
    assert usual_times.usual_seconds("compiling") is None
    assert list((tmp_path / "cache/geoself_jax").iterdir()) == []


def test_messages_that_nobody_keeps_are_not_touched_in_another_program(capfd):
    messages.keep("try")
    os.write(2, b"as ever\n")
    assert capfd.readouterr().err == "as ever\n"


ABORTED = """
import os
from geoself_jax.runtime import cli, phases
def main(argv):
    phases.begin("try", "trying")
    os.write(2, b"ALARM\\nF0000 00:00:1796014000.1 12 client.h:80] another task died\\nterminate")
    os.kill(os.getpid(), NUMBER)
cli.run(main)
""".replace("ALARM", ALARM)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL])
def test_what_a_library_writes_as_it_aborts_the_process_is_shown(number, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", ABORTED.replace("NUMBER", str(int(number)))],
        env=environment() | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == -number and ALARM not in done.stderr
    lines = done.stderr.splitlines()
    assert lines[0] == "trying" and lines[-1] == "terminate"
    assert lines[-2].endswith("another task died")
    assert ("Fatal Python error: Aborted" in lines) == (number == signal.SIGABRT)
    (kept,) = (tmp_path / "cache/geoself_jax/messages").iterdir()
    assert kept.name == "try.txt" and ALARM in kept.read_text()


def test_the_last_word_of_a_process_that_is_gone_is_shown_by_the_next_command(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    folder = tmp_path / "cache/geoself_jax/messages"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    (folder / f"train-{gone.pid}.txt").write_text(f"another task died\n{ALARM}\n")
    (folder / f"lift-{os.getpid()}.txt").write_text("at work\n")
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "--quiet"],
        env=environment() | {"XDG_CACHE_HOME": str(folder.parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr.splitlines()[0] == "the last train ended with: another task died"
    names = {path.name for path in folder.iterdir()}
    assert names == {"train.txt", "try.txt", f"lift-{os.getpid()}.txt"}


def test_a_program_that_runs_a_command_has_its_standard_error_back(tmp_path):
    code = (
        "import contextlib, os, sys\n"
        "from geoself_jax.runtime import cli, phases\n"
        "before, open_before = sys.stderr, len(os.listdir('/proc/self/fd'))\n"
        "for _ in range(2):\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        cli.is_command = lambda: False\n"
        "        cli.run(lambda argv: phases.begin('try', 'trying'))\n"
        "    print(sys.stderr is before, len(os.listdir('/proc/self/fd')) - open_before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment() | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("True 0\n" * 2, "trying\n" * 2)


def test_a_phase_may_outlive_its_command():
    with phases.command():
        phases.begin("try", "trying")
        late = phases.phase("counting")
        late.__enter__()
    late.__exit__(None, None, None)


def test_lines_written_together_take_the_drawn_line_away_too():
    stream = io.StringIO()
    drawn = display.Display(lambda columns: "bar")
    drawn._stream = stream
    drawn.draw()
    display._Above(stream, drawn).writelines(["one\n", "two\n"])
    assert screen_of(stream.getvalue()) == ["one", "two"]


def test_a_screen_shows_what_was_written_over():
    assert screen_of("one\r\nbar: 5 s\r        \rtwo\r\n") == ["one", "two"]
