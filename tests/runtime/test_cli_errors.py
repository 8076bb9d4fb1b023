"""Commands given wrong input, as real processes: exit code, one line, and quickly."""

import os
import resource
import signal
import subprocess
import sys

import pytest
from processes import ROOT, environment

from geoself_jax.core.errors import DATA, INPUT_OUTPUT, MISSING, USAGE, GeoselfError
from geoself_jax.runtime import cli, signals

CONFIG = """
from geoself_jax.core.config import *

def get_config():
    return Config(data=DataConfig(train={train!r}){more})
"""


@pytest.fixture
def config_file(tmp_path):
    """Writes a configuration file."""

    def write(train="nowhere.npz", more="", text=CONFIG):
        path = tmp_path / "config.py"
        path.write_text(text.format(train=str(train), more=more))
        return f"--config={path}"

    return write


@pytest.fixture
def no_jax(tmp_path):
    """Where an import of jax ends a process at once with 99."""
    folder = tmp_path / "no_jax"
    (folder / "jax").mkdir(parents=True)
    (folder / "jax/__init__.py").write_text("import os\nos._exit(99)\n")
    return folder


def train(*arguments, ahead=None):
    """`python -m geoself_jax.train ARGUMENTS` and its seconds of CPU."""
    env = environment()
    if ahead is not None:
        env["PYTHONPATH"] = os.pathsep.join([str(ahead), env["PYTHONPATH"]])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "geoself_jax.train", *map(str, arguments)],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def assert_one_line(done, code, *words):
    assert done.returncode == code, done.stderr
    *begun, line = done.stderr.splitlines()
    assert line.startswith("error: ") and len(begun) <= 1, done.stderr
    assert all(first.startswith("training --config=") for first in begun), done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--config.schedule.lenght=5", ["config.schedule.lenght", "did you mean 'length'?"]),
        ("--config.schedule.batch=many", ["config.schedule.batch='many'", "type int"]),
        ("--wrokdir=x", ["--wrokdir=x", "did you mean '--workdir'?"]),
    ],
)
def test_a_misuse_is_64_at_once_and_without_jax(config_file, no_jax, tmp_path, argument, words):
    given = [config_file(), argument]
    if "wrokdir" not in argument:
        given.append(f"--workdir={tmp_path / 'run'}")
    done, seconds = train(*given, ahead=no_jax)
    assert_one_line(done, USAGE, *words)
    assert seconds < 1
    assert not (tmp_path / "run").exists()


def test_help_needs_no_jax(no_jax):
    done, seconds = train("--help", ahead=no_jax)
    assert done.returncode == 0 and "--workdir" in done.stdout and done.stderr == ""
    assert seconds < 1


def test_a_missing_data_file_is_66(config_file, tmp_path):
    done, _ = train(config_file(tmp_path / "none.npz"), f"--workdir={tmp_path / 'run'}")
    assert_one_line(done, MISSING, "none.npz", "no such file")
    assert not (tmp_path / "run").exists()


def test_a_cut_data_file_is_65_and_debug_shows_where(config_file, tiny_file, tmp_path):
    path = tmp_path / "cut.npz"
    path.write_bytes(tiny_file.read_bytes()[:-500])
    done, _ = train(config_file(path), f"--workdir={tmp_path / 'run'}", "--debug")
    assert done.returncode == DATA
    assert "Traceback" in done.stderr and "npz.py" in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"error: {path} - not a whole .npz")


def _run(monkeypatch, capsys, main, *arguments):
    monkeypatch.setattr(sys, "argv", ["x", *arguments])
    handlers = {number: signal.getsignal(number) for number in signals.SIGNALS}
    with pytest.raises(SystemExit) as ended:
        cli.run(main)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return ended.value.code, capsys.readouterr().err


def test_an_error_is_one_line_and_with_debug_a_traceback_too(monkeypatch, capsys):
    def main(argv):
        raise GeoselfError("what", "why", "do this", DATA)

    code, text = _run(monkeypatch, capsys, main)
    assert (code, text) == (DATA, "error: what - why - do this\n")
    code, text = _run(monkeypatch, capsys, main, "--debug")
    assert code == DATA and "Traceback" in text and text.endswith("error: what - why - do this\n")


def test_an_error_of_the_disk_is_one_line_with_its_file(monkeypatch, capsys):
    def main(argv):
        raise OSError(28, "No space left on device", "/a\nb")

    code, text = _run(monkeypatch, capsys, main)
    assert code == INPUT_OUTPUT
    assert text.startswith("error: /a b - the disk is full: ") and text.count("\n") == 1


def test_control_c_is_one_line_and_130(monkeypatch, capsys):
    def main(argv):
        raise KeyboardInterrupt

    code, text = _run(monkeypatch, capsys, main)
    assert code == 130 and text.count("\n") == 1 and "Traceback" not in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (", modle=1", ["Config(modle=...)", "did you mean 'model'?"]),
        (", model=ModelConfig(widht=3)", ["ModelConfig(widht=...)", "did you mean 'width'?"]),
        (", model=ModelConfig(width='3')", ["config.model.width='3'", "type int"]),
        (", schedule=ScheduleConfig(call=0)", ["config.schedule.call=0", "in [1, 10000]"]),
        (", model=3", ["config.model=3", "table of keys"]),
        (", seed=1/0", ["line 5", "ZeroDivisionError"]),
        (", seed=", ["line 5", "SyntaxError"]),
        (", seed=unknown_name", ["line 5", "NameError", "unknown_name"]),
    ],
)
def test_a_fault_in_a_configuration_file_is_64_and_named(config_file, more, words):
    path = config_file(more=more).removeprefix("--config=")
    with pytest.raises(GeoselfError) as error:
        cli.load_config(path, [])
    assert error.value.code == USAGE and str(error.value).isprintable()
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("text", ["", "def get_config(): return 3", "get_config = 5"])
def test_a_configuration_file_without_a_config_is_64(config_file, text):
    path = config_file(text=text).removeprefix("--config=")
    with pytest.raises(GeoselfError, match="wanted a file with get_config") as error:
        cli.load_config(path, [])
    assert error.value.code == USAGE


def test_a_configuration_file_that_is_not_there_is_66(tmp_path):
    for path in (tmp_path / "none.py", tmp_path):
        with pytest.raises(GeoselfError) as error:
            cli.load_config(str(path), [])
        assert error.value.code == MISSING


def test_keys_are_set_in_the_order_given_with_or_without_an_equals_sign(config_file):
    parser = cli.Parser(prog="x")
    parser.add_argument("--config")
    words = [config_file(), "--config.seed", "3", "--config.seed=4", "--config.data.train=a b"]
    flags, overrides = cli.parse(parser, words)
    config = cli.load_config(flags.config, overrides)
    assert config.seed == 4 and config.data.train == "a b"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--config.seed"], "no value"),
        (["--confg=x"], "did you mean '--config'?"),
        (["--conf=x"], "did you mean '--config'?"),
        (["stray"], "no flag stands before it"),
        ([], "--config"),
    ],
)
def test_wrong_flags_are_64(words, hint):
    parser = cli.Parser(prog="x")
    parser.add_argument("--config", required="stray" not in words)
    with pytest.raises(GeoselfError) as error:
        cli.parse(parser, words)
    assert error.value.code == USAGE and hint in str(error.value)
