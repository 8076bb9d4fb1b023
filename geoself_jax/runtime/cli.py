"""What all commands share: flags, `--config.a.b=value`, one-line errors and exit codes."""

import argparse
import atexit
import contextlib
import dataclasses
import importlib
import os
import re
import runpy
import shlex
import shutil
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from geoself_jax import __version__
from geoself_jax.core import config as settings
from geoself_jax.core import disk
from geoself_jax.core.config import Config, as_dict, from_dict, in_points, replace_at
from geoself_jax.core.errors import (
    INPUT_OUTPUT,
    UNAVAILABLE,
    GeoselfError,
    missing_error,
    nearest_name,
    one_line,
    usage_error,
)
from geoself_jax.core.float32 import for_this_process
from geoself_jax.core.unfinished import remove_unfinished
from geoself_jax.runtime import messages, phases
from geoself_jax.runtime.flag_hints import meant
from geoself_jax.runtime.signals import end_at_once, is_command
from geoself_jax.runtime.standard_streams import (
    drop,
    open_standard_streams,
    unread_streams_are_dropped,
)

VERBS = {
    "detect": "2D joints in videos, by a detector of your choice",
    "prepare": "your calibration and your detector's files as one recording",
    "calibrate": "where cameras stand, from the joints that they see; or their repair",
    "inspect": "what is wrong with a recording, before it costs a day",
    "train": "trains a lifting network from several views, without 3D labels",
    "evaluate": "scores of a run or an export, with ground truth or without",
    "export": "a run's networks as files that other programs run",
    "lift": "one camera's 2D joints to 3D joints over time",
    "triangulate": "all cameras' 2D joints to 3D joints over time, without a network",
    "view": "poses as a page, an image or a film",
    "example": "a made-up recording as a lab would have it, to try the others on",
    "keep": "trains where machines come and go: copies the run to a store",
    "tfds_build": "builds a TensorFlow Dataset from your files",
}
"""The commands, in the order of use, with a line about each."""


def main_of(verb: str) -> Callable[[Sequence[str]], int]:
    """The `main` of a command: `python -m geoself_jax.VERB`."""
    name = f"geoself_jax.{verb}"
    package = importlib.import_module(name)
    if hasattr(package, "__path__"):
        package = importlib.import_module(f"{name}.__main__")
    main: Callable[[Sequence[str]], int] = package.main
    return main


def program(verb: str) -> str:
    """How the user started a command: `geoself VERB` or `python -m geoself_jax.VERB`.

    With the path that they typed, where the name alone finds another program or none.
    """
    if sys.argv and Path(sys.argv[0]).stem == "geoself":
        return f"{_as_typed(sys.argv[0], 'geoself')} {verb}"
    typed = sys.orig_argv[0] if sys.orig_argv else ""
    return f"{_as_typed(typed, 'python')} -m geoself_jax.{verb}"


def _as_typed(typed: str, name: str) -> str:
    """A program as a shell takes it, relative to the current folder where it lies below."""
    if os.path.basename(typed) == typed:
        return shlex.quote(typed or name)
    found = shutil.which(name)
    if found and _place(found) == _place(typed):
        return name
    with contextlib.suppress(OSError, ValueError):  # the folder is gone, or it lies elsewhere
        return shlex.quote(str(Path(typed).relative_to(Path.cwd())))
    return shlex.quote(typed)


def _place(program: str) -> tuple[str, str]:
    """What a path leads to, and from which folder: an environment's links to another's Python."""
    return os.path.realpath(os.path.dirname(program)), os.path.realpath(program)


def then(verb: str, *flags: str) -> str:
    """`now: geoself VERB FLAGS`, the command to go on with, as a shell takes it.

    Args:
        verb: Of the command.
        flags: With their paths.
    """
    return " ".join(["now:", program(verb), *map(shlex.quote, flags)])


_REQUIRED = re.compile(r"the following arguments are required: (.*)", re.DOTALL)
_NO_NUMBER = re.compile(r"argument (\S+): invalid (int|float) value: '(.*)'", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """argparse whose errors are ours, and that takes no shortened flags: a typo is a typo.

    Args:
        examples: Arguments of whole commands, with which the help ends, a line each.
        options: argparse's.
    """

    def __init__(self, *, examples: Sequence[str] = (), **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})
        self.examples = tuple(examples)

    def format_help(self) -> str:
        """Adds the examples to the help of argparse, which would refill them."""
        lines = "".join(f"  {self.prog} {example}\n" for example in self.examples)
        return super().format_help() + (f"\nexamples:\n{lines}" if lines else "")

    def error(self, message: str) -> None:  # type: ignore[override]
        """Raises in place of printing the usage."""
        number = _NO_NUMBER.fullmatch(message)
        if number:
            flag, kind, text = number.groups()
            wanted = "a whole number" if kind == "int" else "a number"
            raise usage_error(f"{flag}={text}", f"wanted {wanted}", in_points(text))
        required = _REQUIRED.fullmatch(message)
        if required:
            first = required[1].split(",")[0]
            raise usage_error(required[1], "required", f"write {first}=..., see {self.prog} --help")
        raise usage_error(message, "", f"see {self.prog} --help")


def parse(parser: Parser, argv: Sequence[str]) -> tuple[argparse.Namespace, list[tuple[str, str]]]:
    """Flags, and the dotted configuration keys in the order given.

    Raises:
        GeoselfError: Unknown flag (64).
    """
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--quiet", action="store_true", help="plain lines with times, no bars")
    parser.add_argument("--version", action="version", version=f"geoself_jax {__version__}")
    flags, overrides, rest = [], [], list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--config."):
            flags.append(word)
            continue
        key, equals, value = word.removeprefix("--config.").partition("=")
        if not equals:
            if not rest:
                raise usage_error(word, "no value", f"write {word}=VALUE")
            value = rest.pop(0)
        overrides.append((key, value))
    options = [o for action in parser._actions for o in action.option_strings]
    for word in flags:  # before argparse, which would first miss the flag that was meant
        name = word.split("=")[0]
        if name.startswith("--") and name not in options:
            raise usage_error(word, "no such flag", meant(word, options))
    known, unknown = parser.parse_known_args(flags)
    if unknown:
        why = "no such flag" if unknown[0].startswith("-") else "no flag stands before it"
        raise usage_error(unknown[0], why, meant(unknown[0], options))
    phases.set_quiet(known.quiet)
    return known, overrides


def configurations() -> dict[str, Path]:
    """The configurations that come with the package, by name.

    They are a folder of the installed package; in a checkout, that folder stands next to it.
    """
    package = Path(__file__).parents[1]
    folders = (package / "configs", package.parent / "configs")
    folder = next((folder for folder in folders if folder.is_dir()), folders[0])
    return {path.stem: path for path in sorted(folder.glob("[a-z]*.py"))}


def load_config(path: str | Path, overrides: Sequence[tuple[str, str]]) -> Config:
    """The configuration of a file's `get_config()`, with keys replaced.

    Args:
        path: A file, or the name of a configuration that comes with the package: `synthetic`.
        overrides: Dotted keys and their values as text, replaced in this order.

    Raises:
        GeoselfError: No such file or name (66); it cannot be run, has no `get_config`, an unknown
            key or a wrong value (64).
    """
    known = configurations()
    if str(path) in known or not Path(path).is_file():
        if str(path) not in known:
            near = nearest_name(Path(path).stem, known)
            raise missing_error(f"--config={path}", "no such file or configuration", near)
        path = known[str(path)]
    path = str(path)
    if not path.endswith(".py"):
        why = "wanted a configuration's name, or a .py file with get_config()"
        raise usage_error(f"--config={path}", why, f"known: {', '.join(configurations())}")
    try:
        get_config = runpy.run_path(path).get("get_config")
        config = get_config() if callable(get_config) else None
    except (Exception, SystemExit) as error:  # it is the user's program: anything can happen
        raise _config_error(path, error) from error
    if not isinstance(config, Config):
        raise usage_error(
            f"--config={path}",
            "wanted a file with get_config() that returns a geoself_jax.core.config.Config",
            "define get_config() in it",
        )
    config = from_dict(Config, as_dict(config))  # a dataclass does not check types
    for key, value in overrides:
        config = replace_at(config, key, value)
    return config


def _config_error(path: str, error: BaseException) -> GeoselfError:
    """What a configuration file's own error means; a misspelt key gets the nearest name."""
    if isinstance(error, GeoselfError):
        return error
    unknown = re.match(
        r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error)
    )
    group = getattr(settings, unknown[1], None) if unknown else None
    if unknown and dataclasses.is_dataclass(group):
        near = nearest_name(unknown[2], [f.name for f in dataclasses.fields(group)])
        return usage_error(f"--config={path}: {unknown[1]}({unknown[2]}=...)", "no such key", near)
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        line = frame.lineno if frame.filename == path else line
    return usage_error(
        f"--config={path}: line {line or '?'}",
        f"{type(error).__name__}: {error}",
        "fix the file (--debug shows more)",
    )


def refuse_overrides(overrides: Sequence[tuple[str, str]]) -> None:
    """For commands that take no configuration: the run's own is used.

    Raises:
        GeoselfError: A `--config.` flag was given (64).
    """
    if overrides:
        raise usage_error(
            f"--config.{overrides[0][0]}",
            "this command uses the run's configuration",
            "leave it out",
        )


def run(main: Callable[[Sequence[str]], int]) -> None:
    """Runs a command and exits with its code; an error is one line unless --debug is given.

    A signal ends it with 128 + its number and one line, a reader of its output that has gone
    (`| head`) with 141, whatever it is writing.
    """
    end_at_once()
    if is_command():
        for_this_process()
    open_standard_streams()
    warnings.showwarning = _show
    with messages.own_standard_error(), unread_streams_are_dropped(output=False), phases.command():
        code = _code_of(main, sys.argv[1:])
    if is_command():
        _end(code)
    raise SystemExit(code)


def _end(code: int) -> None:
    """Ends the process, unless a thread still works: all is written, all that is registered done.

    Python would take a second more to take apart what jax has loaded.
    """
    others = (t for t in threading.enumerate() if t is not threading.main_thread())
    if any(not thread.daemon for thread in others):
        return
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _code_of(main: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    try:
        code = _main_code(main, argv)
        sys.stdout.flush()
    except BrokenPipeError:  # of `| head`: nobody reads on
        drop(sys.stdout)
        code = 141  # 128 + SIGPIPE, as a shell has it
    except KeyboardInterrupt:  # of a library that sets a handler of its own
        code = _said(GeoselfError("interrupted", "no unfinished file is left", "run it again", 130))
    except ModuleNotFoundError as error:
        if "--debug" in argv or (error.name or "").startswith("geoself_jax"):
            _fall(error)
        code = _said(_not_installed(error))
    except (GeoselfError, OSError) as error:
        code = _said(error, argv)
    except Exception as error:
        code = _said(_fall(error), argv)
    try:
        sys.stdout.flush()
    except OSError:  # what failed once would fail at the very end again
        drop(sys.stdout)
    return code


def _fall(error: Exception) -> GeoselfError:
    """Raises an error of the program; of several hosts, all end with it, or by a lost one."""
    hosts = _watched_hosts()
    if hosts is None:
        raise error
    if type(error).__name__ != "JaxRuntimeError":
        hosts.leave_for_all(1, "".join(traceback.format_exception(error)))
    found: GeoselfError = hosts.failed(error)
    return found


def _main_code(main: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    """What main returns, or argparse's own end after --help and --version."""
    try:
        return main(argv)
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        return ended.code or 0


def _not_installed(error: ModuleNotFoundError) -> GeoselfError:
    return GeoselfError(
        f"{error.name} is not installed in {sys.executable}",
        "another Python has this package's dependencies, or none has",
        "activate its environment (. .venv/bin/activate), or install them",
        UNAVAILABLE,
    )


def _show(message: Warning | str, category: type[Warning], *where: Any, **_: Any) -> None:
    """Prints a warning of ours as one line, others as Python does."""
    ours = category is UserWarning
    line = one_line(message)
    text = f"warning: {line}\n" if ours else warnings.formatwarning(message, category, *where[:2])
    sys.stderr.write(text)


def _said(error: GeoselfError | OSError, argv: Sequence[str] = ()) -> int:
    """Prints an error's lines; returns the exit code.

    Of several hosts, the one that failed ends at once, and the others with it: the usual way out
    waits minutes for hosts that wait for this one.
    """
    code, hosts = error.code if isinstance(error, GeoselfError) else INPUT_OUTPUT, _watched_hosts()
    if hosts is not None and not hosts.has_word():
        threading.Event().wait()  # another thread ends the process, with words of its own
    if "--debug" in argv:
        traceback.print_exception(error)
    for line in _lines(error):
        print(f"error: {line}", file=sys.stderr)
    if hosts is not None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):  # nobody reads it, or its disk is full
                stream.flush()
        hosts.say_error(code, error, "; ".join(_lines(error)))
        remove_unfinished()
        os._exit(code)
    return code


def _watched_hosts() -> ModuleType | None:
    """`lost_hosts`, where this is one of several hosts."""
    hosts = sys.modules.get("geoself_jax.runtime.lost_hosts")
    return hosts if hosts is not None and hosts.is_watching() else None


def _lines(error: GeoselfError | OSError) -> tuple[str, ...]:
    if isinstance(error, GeoselfError):
        return error.lines
    written = error.filename2 or error.filename
    if written and disk.errno_of(error) in disk.OF_WRITING:
        return disk.refused(str(written), error).lines
    name, why = error.filename or "input/output", error.strerror or str(error)
    if name == "input/output" and "No usable temporary" in why:  # tempfile's, of all that it tries
        return disk.no_temporary_files().lines
    return GeoselfError(str(name), why, "check the path and the disk", INPUT_OUTPUT).lines
